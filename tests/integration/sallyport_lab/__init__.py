"""What the integration tests stand on: ports, certificates, the daemon, raw and real clients."""
