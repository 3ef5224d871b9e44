"""Thousands of sessions from many loopback addresses. Run as a program of its own (several of them
share the processors better than threads), steered by lines on standard input:

    logs every session in, prints "ready"; waits for "go"; does the transfers; prints a JSON report.

With "transfers": 0 the sessions stay parked until standard input ends."""

import asyncio
import hashlib
import json
import re
import resource
import socket
import ssl
import subprocess
import sys
import time

LOGINS_AT_ONCE = 50


class Session:
    def __init__(self, plan, index, source):
        self.plan, self.index, self.source = plan, index, source
        self.context = plan["context"]
        self.reader = self.writer = None

    async def reply(self, *wanted):
        while True:
            line = await asyncio.wait_for(self.reader.readline(), 90)
            if line[3:4] == b" " and line[:3].isdigit():
                break
            if not line:
                raise ConnectionError("the server closed the session")
        if wanted and int(line[:3]) not in wanted:
            raise RuntimeError(f"wanted {wanted}: {line.decode().strip()}")
        return line.decode()

    async def command(self, text, *wanted):
        self.writer.write(text.encode() + b"\r\n")
        return await self.reply(*wanted)

    async def tcp(self, port):
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((self.source, 0))
        await asyncio.get_running_loop().sock_connect(sock, (self.plan["host"], port))
        return sock

    async def log_in(self):
        sock = await self.tcp(self.plan["port"])
        self.reader, self.writer = await asyncio.open_connection(
            sock=sock, ssl=self.context, server_hostname=self.context and self.plan["host"])
        await self.reply(220)
        await self.command("USER " + self.plan["user"], 331)
        await self.command("PASS " + self.plan["password"], 230)
        if self.context:
            await self.command("PBSZ 0", 200)
            await self.command("PROT P", 200)
        await self.command("TYPE I", 200)

    async def open_data(self, command):
        """TCP first, then the command, TLS after the mark: as clients do it."""
        answer = await self.command("EPSV", 229)
        port = int(re.search(r"\|\|\|(\d+)\|", answer)[1])
        if port not in self.plan["passive_ports"]:
            raise RuntimeError(f"port {port} lies outside the range")
        sock = await self.tcp(port)
        await self.command(command, 150, 125)
        return await asyncio.open_connection(
            sock=sock, ssl=self.context, server_hostname=self.context and self.plan["host"])

    async def transfer(self, round_number):
        name = f"{self.source}-{self.index}-{round_number}.bin"
        seed = hashlib.sha256(name.encode()).digest()
        payload = seed * (self.plan["bytes"] // len(seed))

        reader, writer = await self.open_data("STOR " + name)
        writer.write(payload)
        await writer.drain()
        writer.close()
        await self.reply(226)

        reader, writer = await self.open_data("RETR " + name)
        got = await asyncio.wait_for(reader.read(), 90)
        writer.close()
        await self.reply(226)
        if got != payload:
            raise RuntimeError(f"{name}: {len(got)} bytes that are not its own")


async def run(plan):
    plan["context"] = ssl.create_default_context(cafile=plan["root"]) if plan["tls"] else None
    plan["passive_ports"] = set(plan["passive_ports"])
    sessions = [Session(plan, index, source)
                for source in plan["sources"] for index in range(plan["sessions_each"])]
    turn = asyncio.Semaphore(LOGINS_AT_ONCE)

    async def log_in(session):
        async with turn:
            await session.log_in()

    async def transfers(session):
        for round_number in range(plan["transfers"]):
            await session.transfer(round_number)

    begin = time.monotonic()
    await asyncio.gather(*(log_in(session) for session in sessions))
    print("ready", flush=True)
    login_s = time.monotonic() - begin
    await asyncio.to_thread(sys.stdin.readline)

    begin = time.monotonic()
    outcomes = await asyncio.gather(*(transfers(s) for s in sessions), return_exceptions=True)
    errors = [repr(outcome) for outcome in outcomes if outcome is not None]
    print(json.dumps({"sessions": len(sessions), "errors": errors, "login_s": login_s,
                      "transfer_s": time.monotonic() - begin}), flush=True)


class Swarm:
    """The other side: starts the programs and steers them."""

    def __init__(self, server, sources, sessions_each, transfers, size=8192, tls=True, processes=2,
                 user="alice", password="correct horse battery"):
        port = server.implicit if tls else server.explicit
        plan = {"host": server.host, "port": port, "tls": tls,
                "root": str(server.authority.root), "passive_ports": list(server.passive_ports),
                "sessions_each": sessions_each, "transfers": transfers, "bytes": size,
                "user": user, "password": password}
        self._programs = []
        for index in range(processes):
            mine = plan | {"sources": sources[index::processes]}
            program = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
            program.stdin.write(json.dumps(mine) + "\n")
            program.stdin.flush()
            self._programs.append(program)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self._programs:
            program.kill()
            program.communicate()

    def wait_until_logged_in(self):
        for program in self._programs:
            line = program.stdout.readline()
            assert line == "ready\n", f"a swarm ended before it was logged in: {line!r}"

    def go(self):
        """Starts the transfers; returns (sessions, errors, seconds of the slowest program)."""
        for program in self._programs:
            program.stdin.write("go\n")
            program.stdin.flush()
        reports = [json.loads(program.stdout.readline()) for program in self._programs]
        return (sum(r["sessions"] for r in reports), [e for r in reports for e in r["errors"]],
                max(r["transfer_s"] for r in reports))


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(run(json.loads(sys.stdin.readline())))


if __name__ == "__main__":
    main()
