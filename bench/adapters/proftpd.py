"""ProFTPD, standalone, a process per session."""

TITLE = "ProFTPD"
KIND = "peer"
TLS = ("none", "explicit")
LISTS = ("LIST", "NLST", "MLSD")
PROCESSES_PER_SESSION = 1
SET = ("UseSendfile on, DelayEngine off, UseReverseDNS off, no logs, no scoreboard, AuthUserFile with a"
       " DES hash, no limits; TLS: mod_tls, TLS 1.2 and 1.3, TLSCACertificateFile is the one"
       " certificate (without it every session parses the system's bundle, 42 ms)")

PLAIN = """ServerName bench
ServerType standalone
DefaultServer on
DefaultAddress {host}
SocketBindTight on
Port {port}
UseIPv6 off
User nobody
Group nogroup
PidFile {folder}/proftpd.pid
ScoreboardFile none
DelayEngine off
UseReverseDNS off
UseFtpUsers off
RequireValidShell off
AuthPAM off
AuthOrder mod_auth_file.c
AuthUserFile {users}
SystemLog none
TransferLog none
WtmpLog off
UseLastlog off
UseSendfile on
UseEncoding off
ServerIdent off
MaxInstances none
MaxClients none
MaxClientsPerHost none
MaxConnectionsPerHost none
MaxLoginAttempts 10
TimeoutIdle 0
TimeoutNoTransfer 0
TimeoutLogin 0
TimeoutStalled 0
PassivePorts {first} {last}
AllowOverwrite on
DefaultRoot ~
Umask 022
DirFakeUser on ftp
DirFakeGroup on ftp
TCPBacklog 255
<Directory />
  AllowOverwrite on
</Directory>
"""

SECURE = """TLSEngine on
TLSRequired off
TLSProtocol TLSv1.2 TLSv1.3
TLSECCertificateFile {certificate}
TLSECCertificateKeyFile {key}
TLSCACertificateFile {certificate}
TLSVerifyClient off
TLSRenegotiate none
TLSLog none
TLSSessionTickets on
TLSStapling off
"""


def start(context):
    users = context.write("users", f"{context.user}:{context.hash}:{context.uid}:{context.gid}::"
                          f"{context.root}:/bin/sh\n", 0o600)
    text = PLAIN.format(host=context.host, port=context.port, folder=context.folder, users=users,
                        first=context.passive[0], last=context.passive[-1])
    if context.tls != "none":
        modules = context.peer.path("/usr/lib/proftpd")
        text = (f"ModulePath {modules}\nLoadModule mod_tls.c\n" + text
                + SECURE.format(certificate=context.certificate, key=context.key))
    return {"command": [context.peer.path("/usr/sbin/proftpd"), "-n", "-q", "-c",
                        context.write("proftpd.conf", text)]}
