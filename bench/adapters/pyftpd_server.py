"""The server of the adapter pyftpd:
pyftpd_server.py HOST PORT FOLDER USER PASSWORD FIRST_PASSIVE LAST_PASSIVE [PEM]"""

import logging
import os
import socket
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer


def handler_class(pem):
    if not pem:
        return type("Handler", (FTPHandler,), {"dtp_handler": type("Data", (DTPHandler,), {})})
    from pyftpdlib.handlers import TLS_DTPHandler, TLS_FTPHandler
    return type("Handler", (TLS_FTPHandler,), {
        "dtp_handler": type("Data", (TLS_DTPHandler,), {}), "certfile": pem,
        "tls_control_required": True, "tls_data_required": True})


def main():
    host, port, folder, user, password, first, last = sys.argv[1:8]
    handler = handler_class(sys.argv[8] if len(sys.argv) > 8 else None)
    logging.disable(logging.CRITICAL)
    handler.authorizer = DummyAuthorizer()
    handler.authorizer.add_user(user, password, folder, perm="elradfmwMT")
    handler.dtp_handler.ac_in_buffer_size = handler.dtp_handler.ac_out_buffer_size = 256 * 1024
    handler.dtp_handler.timeout = 300
    handler.timeout = 0
    handler.banner = "bench"
    handler.passive_ports = range(int(first), int(last))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, int(port)))
    listener.listen(1024)
    listener.setblocking(False)
    for _ in range(len(os.sched_getaffinity(0)) - 1):  # before any event loop exists
        if os.fork() == 0:
            break
    server = FTPServer(listener, handler, backlog=1024)
    server.max_cons = 100000
    server.max_cons_per_ip = 0
    server.serve_forever(handle_exit=False)


main()
