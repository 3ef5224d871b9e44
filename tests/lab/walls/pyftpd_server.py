"""The server of servers.Pyftpdlib."""

import argparse
import logging

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer


class ImplicitHandler(TLS_FTPHandler):
    """TLS from the first byte; pyftpdlib knows AUTH only."""

    def handle(self):
        self.secure_connection(self.ssl_context)

    def handle_ssl_established(self):
        super().handle()

    def ftp_AUTH(self, line):
        self.respond("503 TLS is already there.")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    for name in ("home", "user", "password", "passive", "pem", "external", "banner"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--tls", choices=("none", "explicit", "implicit"))
    parser.add_argument("--idle", type=int, default=300)
    parser.add_argument("--permissions", default="elradfmwMT")
    parser.add_argument("--tls-required", default="yes")
    parser.add_argument("--most-connections", type=int, default=100)
    return parser.parse_args()


def main():
    given = arguments()
    base = {"none": FTPHandler, "explicit": TLS_FTPHandler, "implicit": ImplicitHandler}[given.tls]
    handler = type("Handler", (base,), {})
    if given.tls != "none":
        handler.certfile = given.pem
        handler.tls_control_required = handler.tls_data_required = given.tls_required == "yes"
    logging.disable(logging.CRITICAL)
    handler.authorizer = DummyAuthorizer()
    handler.authorizer.add_user(given.user, given.password, given.home, perm=given.permissions)
    first, last = map(int, given.passive.split("-"))
    handler.passive_ports = range(first, last + 1)
    handler.timeout = given.idle
    handler.auth_failed_timeout = 1
    if given.external:
        handler.masquerade_address = given.external
    if given.banner:
        handler.banner = given.banner
    server = FTPServer(("::", given.port), handler)
    server.max_cons = given.most_connections
    server.serve_forever(handle_exit=False)


main()
