# SPDX-License-Identifier: BSD-2-Clause
"""The picture of what guests have of the processors over time: one panel for each setting, one line for each guest."""
import os

COLOURS = ["#1f5fa8", "#8fd0ff", "#c8553d", "#ffc04d", "#bbbbbb"]
WIDTH, LEFT, PANEL, GAP, TOP = 760, 60, 130, 50, 60


def text(x, y, words, anchor="middle", size=11):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{words}</text>'


def polyline(points, index):
    """Every other one is dashed: those with the same share lie on each other."""
    return (f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" '
            f'stroke="{COLOURS[index]}" stroke-width="2"{" stroke-dasharray=" + chr(34) + "6 6" + chr(34) if index % 2 else ""}/>')


def panel(top, title, lines, last):
    """lines: one list of (seconds, share) for each guest."""
    def at(second, share):
        return LEFT + (WIDTH - LEFT - 15) * second / last, top + PANEL * (1 - min(share, 1))
    parts = [text(LEFT, top - 6, title, "start", 12)]
    for percent in (0, 25, 50, 75, 100):
        _, y = at(0, percent / 100)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 15}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(text(LEFT - 6, y + 4, f"{percent} %", "end"))
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500) if last / s <= 12)
    for second in range(0, int(last) + 1, step):
        parts.append(text(at(second, 0)[0], top + PANEL + 15, f"{second} s"))
    parts += [polyline([at(*point) for point in line], i) for i, line in enumerate(lines)]
    return parts


def draw(path, title, names, panels):
    """names: of the lines; panels: (title, lines)."""
    parts = [text(LEFT, 18, title, "start", 14)]
    for i, name in enumerate(names):
        x = LEFT + 110 * i
        parts.append(f'<rect x="{x}" y="27" width="10" height="10" fill="{COLOURS[i]}"/>')
        parts.append(text(x + 14, 36, name, "start"))
    last = max(point[0] for _, lines in panels for line in lines for point in line)
    for i, (words, lines) in enumerate(panels):
        parts += panel(TOP + i * (PANEL + GAP), words, lines, last)
    height = TOP + len(panels) * (PANEL + GAP) - 20
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                   'font-family="sans-serif" fill="#222">\n<rect width="100%" height="100%" fill="white"/>\n'
                   + "\n".join(parts) + "\n</svg>\n")


SETTINGS = {"none": "no priority", "weights": "the first two with twice the weight",
            "reserve": "the first two with a reserve of 50 % for each VP"}
GUESTS = ["guest 1, high", "guest 2, high", "guest 3", "guest 4"]


def draw_simulated(rows, path):
    """rows: of build/sim/experiment-shares.tsv."""
    panels = []
    for setting, words in SETTINGS.items():
        mine = [row for row in rows if row["policy"] == "trivium" and row["setting"] == setting]
        panels.append((words, [[(float(row["time"]), float(row["share"])) for row in mine if row["guest"] == guest]
                               for guest in "0123"]))
    draw(path, "Simulated: four 2-VP guests on 4 LPs, share of all LPs", GUESTS, panels)
