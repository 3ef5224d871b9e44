"""A raw FTP client for dialogues: says exactly the bytes that a test wants said, and shows exactly
what came back. Data connections in all forms: EPSV, PASV, PORT, EPRT; plain, TLS, TLS that
resumes."""

import contextlib
import re
import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

IP_BIND_ADDRESS_NO_PORT = 24  # ip(7); Python has no name for it
NEW_SESSION_TICKET = 4  # handshake message type, RFC 8446 4


@dataclass
class Reply:
    code: int
    lines: list

    @property
    def text(self):
        return "\n".join(self.lines)

    def __str__(self):
        return self.text


class Closed(AssertionError):
    """The server ended the control connection where a reply was expected."""


@dataclass
class Transfer:
    first: Reply = None  # 1xx, or the refusal
    final: Reply = None
    data: bytes = b""
    resumed: bool = None  # None: not TLS
    tickets: int = 0  # NewSessionTicket messages that came on the data connection
    error: Exception = None  # what the data connection threw
    clean_end: bool = False  # the server said close_notify (TLS) or FIN

    @property
    def code(self):
        return (self.final or self.first).code


class Control:
    def __init__(self, host, port, context=None, source=None, timeout=20):
        self.host, self.port, self.context, self.source = host, port, context, source
        self.timeout = timeout
        self.sock = socket.create_connection((host, port), timeout,
                                             (source, 0) if source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_tls = False
        self.is_protected = False
        self.resumes = True  # data connections offer the control connection's session
        self.banner = None
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    @property
    def is_ipv6(self):
        return self.sock.family == socket.AF_INET6

    # Lines

    def send_raw(self, data):
        self.sock.sendall(data)

    def send(self, line):
        if isinstance(line, str):
            line = line.encode()
        self.send_raw(line + b"\r\n")

    def read_line(self):
        while b"\n" not in self._pending:
            piece = self._receive()
            if not piece:
                raise Closed(f"the server closed the connection; unread: {self._pending!r}")
            self._pending += piece
        line, self._pending = self._pending.split(b"\n", 1)
        assert line.endswith(b"\r"), f"a reply line without CR: {line!r}"
        return line[:-1].decode("utf-8", "surrogateescape")

    def _receive(self):
        try:
            return self.sock.recv(65536)
        except (ConnectionError, ssl.SSLEOFError):
            return b""

    def read_reply(self):
        """One reply, multi-line form included (RFC 959 4.2)."""
        first = self.read_line()
        assert re.match(r"[1-6]\d\d[ -]", first), f"not a reply: {first!r}"
        lines = [first]
        if first[3] == "-":
            while not lines[-1].startswith(first[:3] + " "):
                lines.append(self.read_line())
        return Reply(int(first[:3]), lines)

    def expect_reply(self, *codes):
        reply = self.read_reply()
        assert reply.code in codes, f"wanted {codes}, got: {reply}"
        return reply

    def command(self, line):
        self.send(line)
        return self.read_reply()

    def expect(self, line, *codes):
        reply = self.command(line)
        assert reply.code in codes, f"{line!r}: wanted {codes}, got: {reply}"
        return reply

    def has_reply(self, within=0.0):
        """Whether anything is there to be read."""
        if self._pending or (self.is_tls and self.sock.pending()):
            return True
        return bool(select.select([self.sock], [], [], within)[0])

    def is_closed(self, within=10.0):
        """Reads whatever comes until the server closes; false when it stays open."""
        self.sock.settimeout(within)
        try:
            while self._receive():
                pass
        except TimeoutError:
            return False
        return True

    # Session

    def start_tls(self, context=None):
        self.context = context or self.context
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)
        self.is_tls = True

    def auth_tls(self, context=None):
        self.expect("AUTH TLS", 234)
        self.start_tls(context)

    def log_in(self, user, password):
        reply = self.expect(f"USER {user}", 331, 230)
        if reply.code == 331:
            reply = self.expect(f"PASS {password}", 230)
        return reply

    def protect(self):
        self.expect("PBSZ 0", 200)
        self.expect("PROT P", 200)
        self.is_protected = True

    # Data connections

    def epsv(self):
        reply = self.expect("EPSV", 229)
        match = re.search(r"\(\|\|\|(\d+)\|\)", reply.text)
        assert match, reply
        return self.host, int(match[1])

    def pasv(self):
        reply = self.expect("PASV", 227)
        match = re.search(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)", reply.text)
        assert match, reply
        numbers = [int(x) for x in match.groups()]
        return ".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5]

    def dial(self, address, source=None):
        """TCP to a passive port, from the control connection's own address by default."""
        source = source or self.sock.getsockname()[0]
        data = socket.socket(self.sock.family)
        data.settimeout(self.timeout)
        # The port is chosen when it is known whereto: thousands of connections, few numbers.
        data.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        try:
            data.bind((source, 0))
            data.connect(address[:2])
        except BaseException:
            data.close()
            raise
        return data

    def listen_active(self, use_eprt=None):
        """Listens and announces it with PORT or EPRT; returns the listening socket."""
        host = self.sock.getsockname()[0]
        listener = socket.create_server((host, 0), family=self.sock.family)
        listener.settimeout(self.timeout)
        port = listener.getsockname()[1]
        if use_eprt or (use_eprt is None and self.is_ipv6):
            self.expect(f"EPRT |{2 if self.is_ipv6 else 1}|{host}|{port}|", 200)
        else:
            self.expect(f"PORT {host.replace('.', ',')},{port >> 8},{port & 255}", 200)
        return listener

    def protect_data(self, data, session=None, context=None):
        """TLS on a data connection as a client does it, resuming the control session."""
        if session is None and self.resumes:
            session = self.sock.session
        return (context or self.context).wrap_socket(
            data, server_hostname=self.host, session=session, suppress_ragged_eofs=False)

    def start(self, command, mode="epsv"):
        """Opens a data connection and gives the command; raises Refused when no 1xx comes."""
        return RunningTransfer(self, command, mode)

    def transfer(self, command, payload=None, mode="epsv"):
        """A whole transfer: returns its Transfer, whatever the outcome."""
        try:
            running = self.start(command, mode)
        except Refused as refusal:
            return Transfer(first=refusal.reply, final=refusal.reply)
        return running.finish(payload)

    def download(self, path, **options):
        done = self.transfer(f"RETR {path}", **options)
        assert done.code == 226, f"RETR {path}: {done.first} {done.final} {done.error!r}"
        return done.data

    def upload(self, path, payload, verb="STOR", **options):
        done = self.transfer(f"{verb} {path}", payload, **options)
        assert done.code == 226, f"{verb} {path}: {done.first} {done.final} {done.error!r}"
        return done

    def listing(self, command="MLSD", **options):
        done = self.transfer(command, **options)
        assert done.code == 226, f"{command}: {done.first} {done.final} {done.error!r}"
        text = done.data.decode("utf-8", "surrogateescape")
        assert text == "" or text.endswith("\r\n"), f"lines of a listing end in CRLF: {text!r}"
        return text.split("\r\n")[:-1]


def break_off(sock):
    """A reset, as of who gives up: the plain end of a data connection would be the end of a file."""
    if sock is None or sock.fileno() < 0:
        return
    sock = socket.socket(fileno=sock.detach())  # TLS says no word of it
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Refused(Exception):
    def __init__(self, reply):
        super().__init__(str(reply))
        self.reply = reply


@dataclass
class RunningTransfer:
    """A transfer whose 1xx mark has been read and whose data connection is up."""

    control: Control
    command: str
    mode: str = "epsv"
    result: Transfer = field(default_factory=Transfer)
    data: socket.socket = None

    def __post_init__(self):
        try:
            self._bring_up()
        except Refused:
            raise
        except BaseException:
            break_off(self.data)
            raise

    def _bring_up(self):
        if self.mode in ("epsv", "pasv"):
            self.data = self.control.dial(getattr(self.control, self.mode)())
            self._give_command()
        else:
            with self.control.listen_active(self.mode == "eprt") as listener:
                self._give_command()
                self.data, _ = listener.accept()
        self.data.settimeout(self.control.timeout)
        if self.control.is_protected:
            self._handshake()

    def _give_command(self):
        self.result.first = self.control.command(self.command)
        if self.result.first.code >= 200:
            if self.data:
                self.data.close()
            raise Refused(self.result.first)

    def _handshake(self):
        # Python's own debugging hook: the only way to see which messages arrive inside TLS.
        self.control.context._msg_callback = self._see_message
        try:
            self.data = self.control.protect_data(self.data)
            self.result.resumed = self.data.session_reused
        except OSError as error:
            self.result.error = error

    def _see_message(self, connection, direction, _version, content_type, message_type, _data):
        if (connection is not self.control.sock and direction == "read" and content_type == 22
                and message_type == NEW_SESSION_TICKET):
            self.result.tickets += 1

    def read(self, limit=1 << 16):
        """Some bytes of a download; b'' at the end."""
        piece = self.data.recv(limit)
        self.result.data += piece
        return piece

    def finish(self, payload=None):
        """Moves the rest, closes, reads the final reply."""
        if self.result.error is None:
            try:
                self._move(payload)
            except OSError as error:
                self.result.error = error
                break_off(self.data)
            except BaseException:
                break_off(self.data)
                raise
        self.data.close()
        self.result.final = self.control.read_reply()
        return self.result

    def _move(self, payload):
        if payload is not None:
            self.data.sendall(payload)
            self._end_upload()
            return
        pieces = [self.result.data]
        while piece := self.data.recv(1 << 18):
            pieces.append(piece)
        self.result.data = b"".join(pieces)
        self.result.clean_end = True  # a missing close_notify raises SSLEOFError
        if isinstance(self.data, ssl.SSLSocket):
            with contextlib.suppress(OSError):  # the server has all it needs and may be gone
                self.data.unwrap()

    def _end_upload(self):
        if isinstance(self.data, ssl.SSLSocket):
            self.data = self.data.unwrap()  # waits for the server's close_notify
        else:
            self.data.shutdown(socket.SHUT_WR)
            assert self.data.recv(1) == b""
        self.result.clean_end = True


class Background:
    """Runs fn in a thread; result() gives what it returned or raises what it raised."""

    def __init__(self, fn, *args):
        self._outcome = None
        self._error = None
        self.seconds = None
        self._thread = threading.Thread(target=self._run, args=(fn, args), daemon=True)
        self._thread.start()

    def _run(self, fn, args):
        begin = time.monotonic()
        try:
            self._outcome = fn(*args)
        except BaseException as error:  # handed to the thread that asks
            self._error = error
        self.seconds = time.monotonic() - begin

    def result(self, timeout=60):
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"still running after {timeout} s"
        if self._error:
            raise self._error
        return self._outcome
