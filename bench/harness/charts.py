"""Plots as SVG, written by hand: bars for the rows of the table, lines for the growth."""

import math
import os
from html import escape

from .figures import Summary
from .report import number
from .table import ALL, BETTER, HIGHER, ROWS

COLOURS = {"sallyport": "#0b6e4f", "vsftpd": "#8d99ae", "pureftpd": "#c08497", "proftpd": "#d9a441",
           "pyftpd": "#7b8cde", "limit": "#3d3d3d"}
STYLE = ("<style>text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:14px}"
         ".small{font-size:10px;fill:#555}.end{text-anchor:end}.middle{text-anchor:middle}"
         "line,polyline{stroke-width:1}</style>")

# file name: (title, rows, figure)
BARS = {
    "bulk-rate": ("1 GiB files: rate", ("downloads", "uploads", "tls"), "rate"),
    "bulk-cpu": ("1 GiB files: CPU of the server", ("downloads", "uploads", "tls"), "cpu"),
    "small-rate": ("files of 10 KiB and logins: rate",
                   ("small", "small-tls", "logins", "logins-tls"), "rate"),
    "small-cpu": ("files of 10 KiB and logins: CPU of the server",
                  ("small", "small-tls", "logins", "logins-tls"), "cpu"),
    "commands-rate": ("commands: rate", ("commands", "pipelined"), "rate"),
    "listings": ("listing of 100,000 entries: time", ("listings",), "time_s"),
    "memory": ("memory of an idle session", ("memory",), "kib"),
}
LEFT, WIDTH, BAR, GAP = 190, 820, 11, 12


def _svg(width, height, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}">\n{STYLE}\n'
            f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(body)
            + "\n</svg>\n")


def _text(x, y, text, kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _legend(summary, y):
    out, x = [], LEFT
    for name, server in summary.servers.items():
        out.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{COLOURS[name]}"/>')
        out.append(_text(x + 14, y, server["title"]))
        x += 26 + 7 * len(server["title"])
    return out


def _bar_group(summary, cell, figure, unit, y):
    """The bars of one measurement, the longest of them over the whole width."""
    key = cell.tls, cell.workload, cell.phase
    values = [(name, summary.median(key, name, figure)) for name in summary.servers]
    values = [(name, value) for name, value in values if value is not None]
    if not values:
        return [], y
    longest = max(value for _, value in values) or 1
    kind = "TLS" if cell.tls != "none" else "plain"
    middle = y + len(values) * BAR / 2
    out = [_text(LEFT - 8, middle, f"{cell.title}, {kind}", "end"),
           _text(LEFT - 8, middle + 12, unit, "small end")]
    for name, value in values:
        length = max(1, value / longest * (WIDTH - LEFT - 70))
        out.append(f'<rect x="{LEFT}" y="{y:.1f}" width="{length:.1f}" height="{BAR - 1}"'
                   f' fill="{COLOURS[name]}"/>')
        out.append(_text(LEFT + length + 4, y + BAR - 2, number(value), "small"))
        y += BAR
    return out, y + GAP


def bars(result, title, rows, figure):
    summary = Summary(result)
    better = "more is better" if BETTER[figure] == HIGHER else "less is better"
    body, y = [], 62
    for row in ROWS:
        for cell in row.cells if row.name in rows else []:
            if figure in row.units and figure in cell.figures:
                group, y = _bar_group(summary, cell, figure, row.units[figure], y)
                body += group
    if not body:
        return None
    head = [_text(16, 24, f"{title} ({better})", "title"), *_legend(summary, 46)]
    return _svg(WIDTH, y + 4, head + body)


class Axes:
    """A field with logarithmic axes."""

    def __init__(self, x, y, width, height, xs, ys):
        self.x, self.y, self.width, self.height = x, y, width, height
        self.x_range, self.y_range = self._decades(xs), self._decades(ys)

    @staticmethod
    def _decades(values):
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return low, max(high, low + 1)

    @staticmethod
    def _place(value, limits):
        return (math.log10(value) - limits[0]) / (limits[1] - limits[0])

    def point(self, x, y):
        return (self.x + self._place(x, self.x_range) * self.width,
                self.y + self.height - self._place(y, self.y_range) * self.height)

    def grid(self):
        out = []
        for power in range(self.x_range[0], self.x_range[1] + 1):
            x, _ = self.point(10 ** power, 10 ** self.y_range[0])
            out.append(f'<line x1="{x:.1f}" y1="{self.y}" x2="{x:.1f}" y2="{self.y + self.height}"'
                       ' stroke="#ddd"/>')
            out.append(_text(x, self.y + self.height + 14, f"{10 ** power:,}", "small middle"))
        for power in range(self.y_range[0], self.y_range[1] + 1):
            _, y = self.point(10 ** self.x_range[0], 10 ** power)
            out.append(f'<line x1="{self.x}" y1="{y:.1f}" x2="{self.x + self.width}" y2="{y:.1f}"'
                       ' stroke="#ddd"/>')
            out.append(_text(self.x - 4, y + 3, f"{10 ** power:g}", "small end"))
        return out


def _growth_points(summary, prefix, tls, figure):
    """{server: [(how many, value)]}, what is above zero."""
    found = {}
    for cell in ALL["growth"].cells:
        if cell.workload.startswith(prefix) and cell.tls == tls:
            key = cell.tls, cell.workload, ""
            for server in summary.values.get(key, {}):
                value = summary.median(key, server, figure)
                if value and value > 0:
                    found.setdefault(server, []).append((int(cell.workload.split("-")[1]), value))
    return found


def _panel(summary, x, title, prefix, tls, figure):
    points = _growth_points(summary, prefix, tls, figure)
    everything = [point for line in points.values() for point in line]
    if len(everything) < 2:
        return []
    axes = Axes(x, 74, 320, 240, [p[0] for p in everything], [p[1] for p in everything])
    out = [_text(x, 62, title), *axes.grid()]
    for server, line in points.items():
        places = [axes.point(*point) for point in line]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[server]}"/>')
        out += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{COLOURS[server]}"/>'
                for px, py in places]
    return out


def growth(result, title, prefix, panels):
    summary = Summary(result)
    body = []
    for place, (caption, tls, figure) in enumerate(panels):
        body += _panel(summary, 70 + place * 390, caption, prefix, tls, figure)
    if not body:
        return None
    head = [_text(16, 24, title + " (both axes logarithmic)", "title"), *_legend(summary, 44)]
    return _svg(WIDTH, 340, head + body)


def _charts(result):
    for name, (title, rows, figure) in BARS.items():
        yield name, bars(result, title, rows, figure)
    yield "growth-sessions", growth(
        result, "Idle FTPS sessions", "sessions-",
        [("memory, MiB", "explicit", "growth_mib"), ("CPU s to log in", "explicit", "open_cpu_s")])
    yield "growth-transfers", growth(
        result, "Simultaneous downloads of 16 MiB", "transfers-",
        [("CPU s, plain", "none", "cpu_s"), ("CPU s, TLS", "explicit", "cpu_s")])
    yield "growth-transfers-memory", growth(
        result, "Simultaneous downloads of 16 MiB", "transfers-",
        [("memory at the peak, MiB, plain", "none", "peak_mib"),
         ("memory at the peak, MiB, TLS", "explicit", "peak_mib")])


def write_all(result, folder):
    """The names of the charts that there are figures for."""
    os.makedirs(folder, exist_ok=True)
    written = []
    for name, svg in _charts(result):
        path = os.path.join(folder, name + ".svg")
        if svg:
            with open(path, "w", encoding="utf-8") as file:
                file.write(svg)
            written.append(name)
        elif os.path.exists(path):
            os.unlink(path)
    return written
