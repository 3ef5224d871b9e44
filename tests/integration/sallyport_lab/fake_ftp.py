"""FTP servers of every kind of badness, for the doctor: a small honest server whose replies a test
replaces. Each connection has a thread; everything ends with the server."""

import contextlib
import socket
import ssl
import threading

GREETING = b"220 fake FTP server ready\r\n"


class FakeServer:
    """replies: what to answer to a verb instead: bytes, or a function of (session, argument) that
    returns bytes, or None for what an honest server says. A banner is the verb ""."""

    def __init__(self, replies=None, certificate=None, implicit=False, address="127.0.0.1",
                 listen=None):
        self.replies = replies or {}
        self.implicit = implicit
        self.files = {}
        self.commands = []  # of all sessions, in the order of arrival
        self.connections = 0
        self.logins = 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self._open = []
        self._listener = listen or socket.create_server((address, 0))
        self.address, self.port = self._listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread that waits in accept holds the socket: shutting down wakes it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._run, args=(sock,), daemon=True).start()

    def _run(self, sock):
        with contextlib.suppress(OSError, ValueError):
            Session(self, sock).run()
        sock.close()

    def verbs(self):
        return [line.split(" ")[0].upper() for line in self.commands]


class Session:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.passive = None
        self.active = None
        self.offset = 0
        self.is_tls = False

    def say(self, answer):
        self.sock.sendall(answer)

    def start_tls(self):
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.server._open.append(self.sock)
        self.is_tls = True

    def run(self):
        if self.server.implicit:
            self.start_tls()
        if not self.replaced("", ""):
            self.say(GREETING)
        pending = b""
        while True:
            while b"\n" not in pending:
                piece = self.sock.recv(4096)
                if not piece:
                    return
                pending += piece
            line, pending = pending.split(b"\n", 1)
            line = line.strip().decode("latin-1")
            self.server.commands.append(line)
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            if self.replaced(verb, argument):
                continue
            handler = getattr(self, "do_" + verb.lower(), None)
            if not handler:
                self.say(b"500 Unknown command\r\n")
            elif handler(argument) == "end":
                return

    def replaced(self, verb, argument):
        answer = self.server.replies.get(verb)
        if callable(answer):
            answer = answer(self, argument)
        if answer is None:
            return False
        self.say(answer)
        return True

    def do_quit(self, _):
        self.say(b"221 Bye\r\n")
        return "end"

    def do_feat(self, _):
        offers = b" AUTH TLS\r\n PBSZ\r\n PROT\r\n" if self.server.context else b""
        self.say(b"211-Features:\r\n EPSV\r\n" + offers + b"211 End\r\n")

    def do_auth(self, _):
        if not self.server.context:
            self.say(b"502 Not implemented\r\n")
            return
        self.say(b"234 Go on\r\n")
        self.start_tls()

    def do_user(self, _):
        self.say(b"331 Password?\r\n")

    def do_pass(self, _):
        self.server.logins += 1
        self.say(b"230 Welcome\r\n")

    def ok(self, _):
        self.say(b"200 Ok\r\n")

    do_pbsz = do_prot = do_type = do_noop = do_opts = ok

    def do_syst(self, _):
        self.say(b"215 UNIX Type: L8\r\n")

    def do_pwd(self, _):
        self.say(b'257 "/" is here\r\n')

    def do_stat(self, _):
        self.say(b"213-Status\r\n213 End\r\n")

    def _listen(self):
        if self.passive:
            self.passive.close()
        self.passive = socket.create_server((self.server.address, 0))
        self.passive.settimeout(10)
        self.server._open.append(self.passive)
        return self.passive.getsockname()[1]

    def do_epsv(self, _):
        self.say(b"229 Extended (|||%d|)\r\n" % self._listen())

    def do_pasv(self, _):
        port = self._listen()
        host = self.server.address.replace(".", ",")
        self.say(f"227 Passive ({host},{port // 256},{port % 256})\r\n".encode())

    def do_port(self, argument):
        numbers = argument.split(",")
        self.active = (".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5]))
        self.say(b"200 Ok\r\n")

    def do_eprt(self, argument):
        parts = argument.split("|")
        self.active = (parts[2], int(parts[3]))
        self.say(b"200 Ok\r\n")

    def data(self):
        """The data connection, TLS included, after the 150."""
        if self.active:
            sock = socket.create_connection(self.active, 10)
            self.active = None
        else:
            sock, _ = self.passive.accept()
        self.server._open.append(sock)
        sock.settimeout(10)
        self.say(b"150 Here\r\n")
        if self.is_tls:
            sock = self.server.context.wrap_socket(sock, server_side=True)
            self.server._open.append(sock)
        return sock

    def finish(self, sock):
        if isinstance(sock, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                sock = sock.unwrap()
        sock.close()
        self.say(b"226 Done\r\n")

    def do_list(self, _):
        sock = self.data()
        lines = [f"-rw-r--r-- 1 u g {len(content)} Jan 1 2020 {name}\r\n"
                 for name, content in self.server.files.items()]
        sock.sendall("".join(lines).encode())
        self.finish(sock)

    def do_rest(self, argument):
        self.offset = int(argument)
        self.say(b"350 Go on\r\n")

    def do_stor(self, name):
        sock = self.data()
        content = b""
        while piece := sock.recv(65536):
            content += piece
        self.server.files[name] = content
        self.finish(sock)

    def do_retr(self, name):
        if name not in self.server.files:
            self.say(b"550 No such file\r\n")
            return
        sock = self.data()
        sock.sendall(self.server.files[name][self.offset:])
        self.offset = 0
        self.finish(sock)

    def do_dele(self, name):
        known = self.server.files.pop(name, None)
        self.say(b"250 Gone\r\n" if known is not None else b"550 No such file\r\n")

    def do_mdtm(self, _):
        self.say(b"213 20200101000000\r\n")
