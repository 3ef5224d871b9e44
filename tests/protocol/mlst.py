"""A strict parser of what MLST and MLSD answer, after the grammar of RFC 3659 7.2 and 2.3:

    facts          = 1*( fact ";" )
    fact           = factname "=" value
    factname       = "Size" / "Modify" / "Create" / "Type" / "Unique" / "Perm" / "Lang" /
                     "Media-Type" / "CharSet" / os-depend-fact / local-fact
    os-depend-fact = <IANA assigned OS name> "." token
    type-val       = "File" / "cdir" / "pdir" / "dir" / os-type
    os-type        = "OS." os-name "=" os-kind
    perm-val       = *( "a" / "c" / "d" / "e" / "f" / "l" / "m" / "p" / "r" / "w" )
    time-val       = 14DIGIT [ "." 1*DIGIT ]
    entry          = [ facts ] SP pathname"""

import calendar
import re
from dataclasses import dataclass

FACT = re.compile(r"([A-Za-z0-9][A-Za-z0-9.+-]*)=([^;\x00-\x1f\x7f]*);")
TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?")
VALUES = {
    "type": r"(?i:file|cdir|pdir|dir|OS\.[A-Za-z0-9]+=[^;]+)",
    "size": r"\d+",
    "perm": r"(?i:[acdeflmprw]*)",
    "unique": r"[^;]+",
    "unix.mode": r"[0-7]{3,5}",
    "unix.owner": r"[^; ]+",
    "unix.group": r"[^; ]+",
}


@dataclass
class Entry:
    facts: dict
    name: str

    def __getattr__(self, fact):
        return self.facts[fact.replace("_", ".")]


def time_value(text):
    """Seconds since 1970 of a time-val, which is in UTC."""
    match = TIME.fullmatch(text)
    assert match, f"no time-val: {text!r}"
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    assert 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60, text
    return calendar.timegm((year, month, day, hour, minute, second))


def parse(line):
    facts, blank, name = line.partition(" ")
    assert blank and name, f"no blank before the name: {line!r}"
    found = {}
    end = 0
    for match in FACT.finditer(facts):
        assert match.start() == end, f"not facts: {facts!r}"
        end = match.end()
        fact, value = match[1].lower(), match[2]
        assert fact not in found, f"{fact} twice: {line!r}"
        if fact in ("modify", "create"):
            time_value(value)
        else:
            assert fact in VALUES, f"an unknown fact: {fact}"
            assert re.fullmatch(VALUES[fact], value), f"{fact}={value!r}"
        found[fact] = value
    assert end == len(facts), f"not facts: {facts!r}"
    return Entry(found, name)


def listing(control, command="MLSD"):
    """The entries of MLSD by name."""
    entries = [parse(line) for line in control.listing(command)]
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names), f"a name twice: {names}"
    return {entry.name: entry for entry in entries}


def one(control, argument=""):
    """The entry of MLST: a reply of three lines, the one in the middle begins with a blank."""
    reply = control.expect(f"MLST {argument}" if argument else "MLST", 250)
    assert len(reply.lines) == 3, reply
    assert reply.lines[0].startswith("250-")
    assert reply.lines[1].startswith(" ")
    assert reply.lines[2].startswith("250 ")
    return parse(reply.lines[1][1:])
