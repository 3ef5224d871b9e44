#!/usr/bin/env python3
"""How many logins and small transfers a second a server on this machine serves, over plain FTP.

    SALLYPORT_PASSWORD=... bench/sessions.py 127.0.0.1:3021 demo --sessions 200 --parallel 8

Each session logs in, uploads one file, downloads it again, compares and quits. The work is bounded by
--sessions; addresses other than loopback are refused.
"""

import argparse
import asyncio
import os
import sys
import time


class Session:
    """One FTP session, as little as it takes."""

    def __init__(self, host, port):
        self.host, self.port = host, port

    async def reply(self):
        while True:
            line = await self.reader.readline()
            if not line:
                raise ConnectionError("the server closed the connection")
            if line[:3].isdigit() and line[3:4] == b" ":
                return line.decode(errors="replace").rstrip()

    async def ask(self, command, code):
        self.writer.write(f"{command}\r\n".encode())
        answer = await self.reply()
        if not answer.startswith(code):
            raise ConnectionError(f"{command.split()[0]}: {answer}")
        return answer

    async def login(self, user, password):
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        await self.reply()
        await self.ask(f"USER {user}", "331")
        await self.ask(f"PASS {password}", "230")
        await self.ask("TYPE I", "200")

    async def transfer(self, command, content=None):
        answer = await self.ask("EPSV", "229")
        reader, writer = await asyncio.open_connection(self.host, int(answer.split("|")[3]))
        await self.ask(command, "150")
        if content is not None:
            writer.write(content)
            await writer.drain()
            writer.write_eof()
        received = await reader.read(-1)
        writer.close()
        answer = await self.reply()
        if not answer.startswith("226"):
            raise ConnectionError(answer)
        return received


async def one_session(options, number, times):
    session = Session(*options.server)
    content = os.urandom(options.size)
    begin = time.monotonic()
    await session.login(options.user, options.password)
    times["login"] += time.monotonic() - begin
    begin = time.monotonic()
    await session.transfer(f"STOR bench-{number % options.parallel}", content)
    if await session.transfer(f"RETR bench-{number % options.parallel}") != content:
        raise ConnectionError("another content came back")
    times["transfers"] += time.monotonic() - begin
    await session.ask(f"DELE bench-{number % options.parallel}", "250")
    await session.ask("QUIT", "221")
    session.writer.close()


async def lane(options, first, times):
    for number in range(first, options.sessions, options.parallel):
        await one_session(options, number, times)


async def run(options):
    times = {"login": 0.0, "transfers": 0.0}
    begin = time.monotonic()
    await asyncio.gather(*(lane(options, i, times) for i in range(options.parallel)))
    seconds = time.monotonic() - begin
    print(f"{options.sessions} sessions in {seconds:.2f} s: {options.sessions / seconds:.0f}/s, "
          f"{options.parallel} at a time")
    print(f"a login took {times['login'] / options.sessions * 1000:.1f} ms, an upload with its "
          f"download {times['transfers'] / options.sessions * 1000:.1f} ms on average")


def server(text):
    host, _, port = text.rpartition(":")
    if host not in ("127.0.0.1", "localhost", "[::1]"):
        raise argparse.ArgumentTypeError("only a server on this machine, such as 127.0.0.1:3021")
    return host.strip("[]"), int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", type=server)
    parser.add_argument("user")
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--size", type=int, default=10240, help="bytes of each file")
    options = parser.parse_args()
    options.password = os.environ.get("SALLYPORT_PASSWORD")
    if options.password is None:
        sys.exit("set SALLYPORT_PASSWORD to the password of that user")
    try:
        asyncio.run(run(options))
    except (OSError, ConnectionError) as problem:
        sys.exit(f"{problem} (is plain_ftp = yes set?)")


main()
