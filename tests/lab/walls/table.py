"""What `./dev lab` prints: every scenario with the cause that was due and the one that was named, and
how many were right."""

import json

TARGET = 95  # percent


def results(reporter):
    """(name, result) of each scenario that came as far as an answer."""
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == "lab" and report.when == "call":
                    yield report.nodeid.split("::", 1)[1], json.loads(value)


def show(reporter):
    rows = sorted(results(reporter), key=lambda row: (row[1]["expected"], row[0]))
    if not rows:
        return
    reporter.section("what the doctor found", "=")
    for name, row in rows:
        is_right = row["expected"] == row["got"]
        words = "" if is_right else "  WRONG" if row["expected"] != "healthy" else "  FALSE ALARM"
        words += "".join(f"; {fact}" for fact in row["missing"])
        reporter.write_line(f"{row['expected']:8} {row['got']:9} {row['seconds']:6.1f} s  {name}{words}")
    sick = [row for _, row in rows if row["expected"] != "healthy"]
    healthy = [row for _, row in rows if row["expected"] == "healthy"]
    right = sum(row["expected"] == row["got"] for row in sick)
    complete = sum(row["expected"] == row["got"] and not row["missing"] for row in sick)
    alarms = sum(row["got"] != "healthy" for row in healthy)
    share = 100 * right / len(sick) if sick else 100
    reporter.write_line("")
    reporter.write_line(f"right root cause: {right} of {len(sick)} ({share:.1f} %; target {TARGET} %),"
                        f" {complete} with all their facts")
    reporter.write_line(f"healthy servers: {len(healthy)}, false alarms: {alarms}")
