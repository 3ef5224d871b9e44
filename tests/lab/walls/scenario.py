"""One scenario as its test tells it: build a town, start servers, put up walls, let the doctor look, and
say whom it has to blame."""

import json
import os
import subprocess
import time
from pathlib import Path

from sallyport_lab.daemon import BUILD, PASSWORD, SALLYPORT

from .certificates import HOST
from .servers import USER, Options
from .town import HIDDEN, SERVER, Town

HERE = Path(__file__).resolve().parent
KEPT = Path(os.environ.get("SALLYPORT_LAB_KEEP") or BUILD.parent / "lab")  # of what went wrong


class Scenario:
    def __init__(self, name, certificates, record):
        self.name, self.certificates, self.record = name, certificates, record
        self.names = {HOST: [SERVER]}
        self._town = None
        self._resolver = None

    # The world

    def build(self, **options):
        self._town = Town(**options)
        return self._town

    @property
    def town(self):
        return self._town or self.build()

    @property
    def wall(self):
        return self.town.wall

    @property
    def site(self):
        return self.town.site

    def remove(self):
        if self._town:
            self._town.remove()

    def serve(self, kind, certificate=None, **options):
        chain, key = certificate or self.certificates.good()
        return kind(self.town, Options(certificate=chain, key=key, **options)).start()

    def simulate(self, cause, *options, port=21, passive=None):
        """A box in the client's way that plays a cause which no packet filter can: the wall takes the
        server's address, `sallyport doctor simulate` answers there, and the server is behind it at an
        address that only the box knows."""
        self.town.hides_server()
        process = self.town.start(
            "wall", SALLYPORT, "doctor", "simulate", cause, "--listen", f"{SERVER}:{port}",
            "--server", f"{HIDDEN}:{port}", *options,
            *(["--passive-ports", f"{passive[0]}-{passive[1]}"] if passive else []),
            log="simulate.log")
        self.town.wait_for_listener("wall", port, process, "simulate.log")

    def talk(self, words, port, after=0):
        """No FTP server: whoever connects is told these words, after so many seconds."""
        process = self.town.start("server", "/usr/bin/python3", HERE / "talker.py", str(port),
                                  str(after), words, log="talker.log")
        self.town.wait_for_listener("server", port, process, "talker.log")

    def _resolve(self):
        file = self.town.folder / "names.json"
        file.write_text(json.dumps(self.names))
        if not self._resolver:
            self._resolver = self.town.start("resolver", "/usr/bin/python3", HERE / "resolver.py",
                                             file, log="resolver.log")
            self.town.wait_for_line("resolver.log", "ready", self._resolver)

    # The examination

    def examine(self, host=HOST, *options, user=USER, password=PASSWORD, quick=True, trust=True,
                node="client"):
        self._resolve()
        words = [SALLYPORT, "doctor", host, "--json", *(["--quick"] if quick else []),
                 *(["--user", user] if user else ["--no-login"]),
                 *(["--ca", self.certificates.root] if trust else []), *options]
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    "HOME": str(self.town.folder)}
        if user and password is not None:
            settings["SALLYPORT_PASSWORD"] = password
        begin = time.monotonic()
        done = subprocess.run(self.town.command(node, *words), capture_output=True, text=True,
                              timeout=280, stdin=subprocess.DEVNULL, check=False,
                              env=settings)
        seconds = time.monotonic() - begin
        assert done.stdout.startswith("{"), f"{done.returncode}: {done.stdout}{done.stderr}"
        return Answer(self, done, seconds, " ".join(map(str, words)))


class Answer:
    def __init__(self, scenario, done, seconds, command):
        self.scenario, self.seconds, self.command = scenario, seconds, command
        self.status = done.returncode
        self.text = done.stdout
        self.json = json.loads(done.stdout)
        self.causes = self.json["causes"]
        self.verdict = self.json["verdict"]
        self.evidence = self.json["evidence"]

    def blames(self, cause, within=None, severity="problem", **facts):
        """The root cause is this one, and carries these facts: a value, a set of those that will do,
        or a function that judges it."""
        root = self.causes[0] if self.causes else {}
        known = root.get("facts", {})
        missing = [f"{name} = {known.get(name)!r}, not {_words(wanted)}"
                   for name, wanted in facts.items() if not _fits(known.get(name), wanted)]
        if not _fits(root.get("severity"), severity):
            missing.append(f"severity is {root.get('severity')!r}, not {severity!r}")
        if self.status != (self.verdict == "problem"):
            missing.append(f"exit status {self.status}, and the verdict is {self.verdict}")
        if within and self.seconds > within:
            missing.append(f"took {self.seconds:.1f} s, not {within} s at most")
        self._note(cause, root.get("id", self.verdict), missing)
        return self

    def mentions(self, cause):
        """Also this one is among the causes, whatever the root is."""
        assert cause in [one["id"] for one in self.causes], self._summary()
        return self

    def leaves_out(self, what):
        """There was no time for it, and the answer says so."""
        assert what in self.evidence["conditions"]["left_out"], self._summary()
        return self

    def warns_of(self, *causes, **facts):
        """All works, and one of these is among the warnings and notes."""
        found = [one for one in self.causes if one["id"] in causes] or self.causes or [{}]
        known = found[0].get("facts", {})
        missing = [f"{name} = {known.get(name)!r}, not {_words(wanted)}"
                   for name, wanted in facts.items() if not _fits(known.get(name), wanted)]
        if self.verdict != "healthy" or self.status != 0:
            missing.append(f"the verdict is {self.verdict}, not healthy")
        self._note(set(causes), found[0].get("id", self.verdict), missing)
        return self

    def remarks(self, cause):
        """How things are here is told beside the answer."""
        assert cause in [one["id"] for one in self.json["remarks"]], self._summary()
        return self

    def is_healthy(self, within=5, notes=()):
        """Nothing is found; notes may be there of these causes only."""
        found = [one["id"] for one in self.causes
                 if one["severity"] != "note" or one["id"] not in notes]
        wrong = [] if self.seconds <= within else [
            f"took {self.seconds:.1f} s, not {within} s at most"]
        if self.status != 0:
            wrong.append(f"exit status {self.status}, not 0")
        got = found[0] if found else self.verdict
        self._note("healthy", got, wrong)
        return self

    def _note(self, expected, got, missing):
        is_right = _fits(got, expected)
        expected = "/".join(sorted(expected)) if isinstance(expected, set) else expected
        if is_right:
            expected = got
        if not is_right or missing or "SALLYPORT_LAB_KEEP" in os.environ:
            KEPT.mkdir(parents=True, exist_ok=True)
            kept = KEPT / f"{self.scenario.name}.json"
            kept.write_text(json.dumps(self.json, indent=1))
        self.scenario.record({"expected": expected, "got": got, "missing": missing,
                              "seconds": round(self.seconds, 1)})
        assert is_right and not missing, (
            f"expected {expected}, got {got}; {'; '.join(missing)}\n{self._summary()}\n"
            f"{self.command}\n{kept}")

    def _summary(self):
        return "\n".join([self.json["sentence"], *(
            f"{one['id']} {one['severity']} {one['confidence']} %: {one['title']} {one['facts']}"
            for one in self.causes)])


def _fits(value, wanted):
    if callable(wanted):
        return value is not None and bool(wanted(value))
    if isinstance(wanted, (set, frozenset)):
        return value in wanted
    return value == wanted


def _words(wanted):
    return getattr(wanted, "__doc__", None) or repr(wanted) if callable(wanted) else repr(wanted)


def near(number, tolerance):
    def is_near(value):
        return isinstance(value, (int, float)) and abs(value - number) <= tolerance
    is_near.__doc__ = f"{number} ± {tolerance}"
    return is_near


def holding(*parts):
    """A text in which all of these occur."""
    def holds(value):
        return all(str(part) in str(value) for part in parts)
    holds.__doc__ = f"a text with {', '.join(map(str, parts))}"
    return holds
