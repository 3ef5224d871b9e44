"""How a check is written. Each names the section that it checks and says in one sentence what is asked
there; it is run in every mode in which it has a meaning.

Most checks are rows of a table with a dialogue, one step a line:

    RNFR old -> 350            the command, and the codes that may answer it (several: 226/225)
    PWD -> 257 "/"             behind the codes: a regular expression that the reply must match
    LIST -> 150 226            a transfer: the mark and the end (passive, protected as the mode is)

The others are functions with the same two words in a decorator."""

import re
from dataclasses import dataclass, field

import pytest

MODES = ("plain", "explicit", "implicit")
TLS = ("explicit", "implicit")
STATES = ("connected", "ready", "named", "logged in")


@dataclass
class Row:
    """One check. state: where its dialogue begins. files: what lies in the home before it."""

    section: str
    name: str
    sentence: str
    dialogue: str
    state: str = "logged in"
    user: str = "alice"
    modes: tuple = MODES
    files: dict = field(default_factory=dict)

    def steps(self):
        for line in self.dialogue.strip().splitlines():
            command, _, answer = line.strip().rpartition(" -> ")
            match = re.fullmatch(r"(\d\d\d(?:/\d\d\d)*)(?: (\d\d\d(?:/\d\d\d)*))?(?: (.+))?", answer)
            assert command and match, f"{self.name}: not a step: {line!r}"
            first, last, pattern = match.groups()
            yield command, codes_of(first), codes_of(last), pattern


def codes_of(text):
    return tuple(int(code) for code in text.split("/")) if text else None


def _identity(section, name):
    return f"{section.split(';')[0].replace(' ', '-')}:{name}"


def dialogues(*rows):
    """A test function for the rows of a table."""
    names = [row.name for row in rows]
    assert len(names) == len(set(names)), f"a name is there twice: {sorted(names)}"

    @pytest.mark.parametrize("gate, row", [
        pytest.param(mode, row, id=f"{mode}-{_identity(row.section, row.name)}")
        for row in rows for mode in row.modes], indirect=["gate"])
    def test(gate, row):
        gate.fill(row.files)
        control = gate.begin(row.state, row.user)
        for command, codes, last, pattern in row.steps():
            said = f"RFC {row.section}: {row.sentence}\n{command}"
            reply = run_step(control, command, codes, last, said)
            assert not pattern or re.search(pattern, reply.text, re.DOTALL), \
                f"{said}: wanted {pattern!r} in:\n{reply}"
    return test


def run_step(control, command, codes, last, said):
    if last is None:
        reply = control.command(command)
        assert reply.code in codes, f"{said}: wanted {codes}, got:\n{reply}"
        return reply
    done = control.transfer(command)
    assert done.first.code in codes, f"{said}: wanted {codes}, got:\n{done.first}"
    assert done.final.code in last, f"{said}: wanted {last}, got:\n{done.final} {done.error!r}"
    return done.final


def rfc(section, sentence, modes=MODES):
    """Marks a test function: the section that it checks, what is asked there, and the modes."""
    def decorate(function):
        function.__doc__ = f"RFC {section}: {sentence}"
        mark = pytest.mark.parametrize("gate", modes, indirect=True,
                                       ids=[f"{mode}-{section.replace(' ', '-')}" for mode in modes])
        return mark(function)
    return decorate
