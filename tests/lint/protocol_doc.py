#!/usr/bin/python3
"""Checks docs/protocol.md against the command tables; exit status 1 when they differ.

The head of each entry (syntax, RFC, right, what is said in which state, FEAT) comes from the row of
the command; the text behind it is written by hand. --write makes the heads anew, keeps the texts and
puts the entries into the order of the tables. Every setting that the page names must exist."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "protocol.md"
COMMANDS, SITE = "## Commands", "## SITE commands"
STRING = r'"((?:[^"\\]|\\.)*)"'
ROW = re.compile(r"^\t\{ " + STRING + r",\s*(\w+),\s*(ARG_\w+),\s*([\w |]+?),\s*([\w |]+?),\s*"
                 + STRING + r",\s*(?:" + STRING + r"|NULL),\s*" + STRING + r" \},$", re.M)
SITE_ROW = re.compile(r"^\t\{ " + STRING + r", (site_\w+), ([\w |]+), (?:true|false), " + STRING
                      + r" \},$", re.M)
ENTRY = re.compile(r"^### (.+)$", re.M)


def right(permissions):
    return " and ".join(re.findall(r"PERM_(\w+)", permissions)).lower() or "-"


def source(text):
    """RFC 959 4.1.3, or the name of a draft as it stands."""
    return "RFC " + text if text[0].isdigit() else text


def head_of(verb, arguments, flags, permissions, syntax, feature, where):
    transfer = "answered at once" if "IN_TRANSFER" in flags else "after it"
    if verb == "ABOR":
        transfer = "ends it"
    elif "IN_TRANSFER" in flags and arguments != "ARG_NONE":
        transfer += " (without argument)"
    return head(syntax, {
        "source": source(where),
        "right": right(permissions),
        "before login": "answered" if "PRE_LOGIN" in flags else "530",
        "in clear, no `plain_ftp`": "answered" if "PRE_TLS" in flags else "530",
        "during a transfer": transfer,
        "FEAT": f"`{feature}`" if feature else "-"})


def head(syntax, columns):
    return "\n".join([f"    {syntax}", "", "| " + " | ".join(columns) + " |",
                      "|" + "---|" * len(columns), "| " + " | ".join(columns.values()) + " |"])


def command_heads():
    """{verb: (head, the verb it is another name of, or None)}"""
    text = (ROOT / "src/worker/commands.c").read_text(encoding="utf-8")
    text = re.sub(r"^#ifdef .*?^#endif$", "", text, flags=re.M | re.S)  # for tests only
    heads, by_handler = {}, {}
    for verb, handler, arguments, flags, permissions, syntax, feature, where in ROW.findall(text):
        hidden = "HIDDEN" in flags
        heads[verb] = (head_of(verb, arguments, flags, permissions, syntax, feature, where),
                       handler if hidden else None)
        if not hidden:
            by_handler[handler] = verb
    count = len(re.findall(r"^\t\{ \"[A-Z0-9]+\", ", text, re.M))
    assert heads and len(heads) == count, f"{len(heads)} of {count} rows of commands.c are understood"
    return {verb: (head, by_handler.get(alias) if alias else None)
            for verb, (head, alias) in heads.items()}


def site_heads():
    text = (ROOT / "src/worker/cmd_site.c").read_text(encoding="utf-8")
    heads = {}
    for verb, _, permissions, syntax in SITE_ROW.findall(text):
        heads["SITE " + verb] = (head(syntax, {"right": right(permissions)}), None)
    assert heads, "no rows of cmd_site.c are understood"
    return heads


def texts_of(part):
    """{name: what stands behind its head}"""
    found = {}
    pieces = ENTRY.split(part)
    for name, body in zip(pieces[1::2], pieces[2::2]):
        lines = body.strip("\n").split("\n")
        while lines and (lines[0].startswith(("    ", "|")) or not lines[0].strip()):
            lines.pop(0)
        found[name.strip()] = "\n".join(lines).strip("\n")
    return found


def part_of(heads, texts):
    entries = []
    for name, (head, alias) in heads.items():
        text = f"Another name of {alias}." if alias else texts.get(name, "")
        entries.append(f"### {name}\n\n{head}\n\n{text}\n")
    return "\n".join(entries)


def settings():
    text = (ROOT / "src/settings/registry.c").read_text(encoding="utf-8")
    return set(re.findall(r'"[a-z]+",\s*"([a-z_0-9]+)"', text))


def complaints(page, made, texts, heads):
    for name, (_, alias) in heads.items():
        if name not in texts:
            yield f"{name} has no entry: run tests/lint/protocol_doc.py --write and describe it"
        elif not alias and not texts[name]:
            yield f"{name} has no text: say what it does and what it answers"
    for name in texts:
        if name not in heads:
            yield f"{name} is in no table: remove its entry"
    known = settings()
    for name in sorted(set(re.findall(r"`([a-z]+_[a-z_0-9]+)`", page)) - known):
        yield f"{name} is no setting"
    if page != made:
        yield "heads differ from the tables: run tests/lint/protocol_doc.py --write"


def main():
    page = PAGE.read_text(encoding="utf-8")
    intro, _, rest = page.partition(COMMANDS + "\n")
    commands, _, site = rest.partition(SITE + "\n")
    before_site = ENTRY.split(site)[0].strip("\n")
    heads, heads_of_site = command_heads(), site_heads()
    texts, texts_of_site = texts_of(commands), texts_of(site)
    made = (f"{intro}{COMMANDS}\n\n{part_of(heads, texts)}\n{SITE}\n\n{before_site}\n\n"
            f"{part_of(heads_of_site, texts_of_site)}")
    if "--write" in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    found = list(complaints(page, made, texts | texts_of_site, heads | heads_of_site))
    for line in found:
        print("docs/protocol.md: " + line)
    print("%d commands, %d findings" % (len(heads) + len(heads_of_site), len(found)))
    return 1 if found else 0


sys.exit(main())
