"""The results as Markdown."""

from .figures import LOUD, Summary, table
from .table import ALL


def number(value):
    if value is None:
        return "–"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    for bound, form in ((100, ".0f"), (10, ".1f"), (1, ".2f"), (0.01, ".3f")):
        if size >= bound:
            return format(value, form)
    return "0" if value == 0 else f"{value:.4f}"


def _wanted(one):
    return f"{one['sign']} {one['text'] or format(one['bound'], '.4g')}"


def _check(one, servers):
    if one["ratio"] is None:
        return f"– ({_wanted(one)})"
    if one["against"] == "processes":
        return f"1/{1 / one['ratio']:.0f} of {servers[one['than']]['title']} ({_wanted(one)})"
    if one["against"] == "value":
        return f"{number(one['ratio'])} ({_wanted(one)})"
    of = f" of {servers[one['than']]['title']}" if one["against"] == "peer" else ""
    return f"{one['ratio']:.2f}{of} ({_wanted(one)})"


def reached(line):
    """A rate that was measured while others used the machine is no verdict."""
    if line["disturbed"]:
        return "disturbed"
    verdicts = [one["reached"] for one in line["checks"]]
    if not verdicts or None in verdicts and False not in verdicts:
        return "–"
    return "yes" if all(verdicts) else "**no**"


def _join(line, against, servers):
    return "; ".join(_check(one, servers) for one in line["checks"]
                     if one["against"] in against) or ""


def tables(result):
    """A table for each row of the results."""
    servers = result["meta"]["servers"]
    titles = [server["title"] for server in servers.values()]
    out, previous = [], None
    for line in table(result):
        if line["row"] != previous:
            out += ["", f"### {line['title'][0].upper()}{line['title'][1:]}", "",
                    "| what | unit | " + " | ".join(titles)
                    + " | × the best peer (wanted) | × the limit, or itself (wanted) | reached |",
                    "|---|---|" + "---:|" * len(titles) + "---|---|---|"]
            previous = line["row"]
        out.append(f"| {line['cell']} | {line['unit']} | "
                   + " | ".join(number(value) for value in line["medians"].values())
                   + f" | {_join(line, ('peer', 'processes'), servers)}"
                   f" | {_join(line, ('limit', 'value'), servers)} | {reached(line)} |")
    return out


def _growth(result, title, prefix, tls, columns):
    """One table of the growth: sessions or transfers."""
    summary = Summary(result)
    out = []
    for cell in ALL["growth"].cells:
        if not cell.workload.startswith(prefix) or cell.tls != tls:
            continue
        for server in summary.values.get((cell.tls, cell.workload, ""), {}):
            values = [summary.median((cell.tls, cell.workload, ""), server, figure)
                      for figure, _ in columns]
            count = cell.workload.split("-")[1]
            out.append((server, int(count), values))
    if not out:
        return []
    head = ["", f"### {title}", "", "| server | how many | " + " | ".join(t for _, t in columns)
            + " |", "|---|---:|" + "---:|" * len(columns)]
    return head + [f"| {summary.servers[server]['title']} | {count:,} | "
                   + " | ".join(number(value) for value in values) + " |"
                   for server, count, values in sorted(out, key=lambda line: (line[0], line[1]))]


def growth(result):
    sessions = [("growth_mib", "memory, MiB"), ("kib", "KiB each"), ("open_cpu_s", "CPU s to log in"),
                ("noop_cpu_s", "CPU s for a NOOP on each")]
    transfers = [("cpu_s", "CPU s"), ("cpu", "CPU s/GiB"), ("rate", "GiB/s"),
                 ("peak_mib", "memory at the peak, MiB")]
    return (_growth(result, "Growth: idle sessions, TLS", "sessions-", "explicit", sessions)
            + _growth(result, "Growth: simultaneous downloads of 16 MiB, plain", "transfers-",
                      "none", transfers)
            + _growth(result, "Growth: simultaneous downloads of 16 MiB, TLS", "transfers-",
                      "explicit", transfers))


def machine(result):
    meta = result["meta"]
    it = meta["machine"]
    summary = Summary(result)
    out = [f"Measured on {it['date']} on {it['cpu']}, {it['cores']} cores,"
           f" {it['memory_gib']} GiB, {it['system']}, Linux {it['kernel']}, {it['openssl']}; commit"
           f" {it['commit']}; {meta['effort']} run, {meta['repetitions']}"
           f" repetition{'s' if meta['repetitions'] > 1 else ''},"
           f" {meta['took_s'] / 60:.0f} minutes."]
    if meta["effort"] == "quick":
        out += ["", "In a quick run 4 streams move a quarter of 1 GiB each."]
    if meta["busy_share"] > 0.2:
        out += ["", f"The machine was busy with other work when this began ({meta['busy_share']:.1f}"
                " cores). Rates and times of this run say little, and no verdict is given on them; the"
                " ratios of CPU time and the memory hold."]
    out += ["", f"{summary.loud_count} of {summary.run_count} measurements were taken while others used"
            f" more than {LOUD * 100:.0f} % of a core. Accounting: {meta['accounting']}."]
    return out


def servers(result):
    out = ["", "### Servers", ""]
    for server in result["meta"]["servers"].values():
        versions = ", ".join(f"{package} {version}" for package, version
                             in server["versions"].items())
        out.append(f"- **{server['title']}**: {server['what']} {versions + '. ' if versions else ''}"
                   f"Set: {server['set']}.")
    missing = result["meta"]["missing"]
    out += [f"- {name} was left out: {reason}" for name, reason in missing.items()]
    return out


def failures(result):
    failed = Summary(result).failures
    if not failed:
        return []
    out = ["", "### What failed", ""]
    for run in failed:
        reason = run.get("skipped") or "; ".join(run["load"].get("error_texts", [])[:2]) or "?"
        out.append(f"- {run['server']}, {run['workload']}, {run['tls']}, repetition"
                   f" {run['repetition'] + 1}: {reason}")
    return out


def markdown(result):
    lines = (machine(result) + tables(result) + growth(result) + servers(result)
             + failures(result))
    return "\n".join(lines) + "\n"
