#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws the simulator's tables (build/sim/*.tsv) as SVG: tools/plot_scheduler.py FROM TO."""
import csv
import math
import os
import sys

sys.dont_write_bytecode = True  # no files beside the sources
import plot_shares  # noqa: E402

COLOURS = ["#1f5fa8", "#999999", "#c8553d", "#4f9d69"]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 320, 60, 50, 50


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def text(x, y, words, anchor="middle", size=11, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" {more}>{words}</text>'


class Plot:
    """A frame with a vertical axis, linear or logarithmic; the user draws into it."""

    def __init__(self, title, low, high, log, unit):
        self.parts, self.low, self.high, self.log = [], low, high, log
        self.parts.append(text(LEFT, 18, title, "start", 14))
        ticks = [10 ** e for e in range(round(math.log10(low)), round(math.log10(high)) + 1)] if log else \
            [low + (high - low) * i / 5 for i in range(6)]
        for tick in ticks:
            y = self.y(tick)
            self.parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 10}" y2="{y:.1f}" stroke="#ddd"/>')
            self.parts.append(text(LEFT - 6, y + 4, f"{tick:g}", "end"))
        self.parts.append(text(LEFT - 50, TOP - 12, unit, "start"))

    def y(self, value):
        value = min(max(value, self.low), self.high)
        part = (math.log(value / self.low) / math.log(self.high / self.low)) if self.log else \
            (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP)

    def legend(self, names):
        for i, name in enumerate(names):
            x = LEFT + 150 * i
            self.parts.append(f'<rect x="{x}" y="26" width="10" height="10" fill="{COLOURS[i]}"/>')
            self.parts.append(text(x + 14, 35, name, "start"))

    def bars(self, groups, names, values):
        room = (WIDTH - LEFT - 10) / len(groups)
        width = room * 0.8 / len(names)
        for g, group in enumerate(groups):
            self.parts.append(text(LEFT + room * (g + 0.5), HEIGHT - BOTTOM + 16, group))
            for i, name in enumerate(names):
                value = values.get((group, name))
                if value is None:
                    continue
                x, y = LEFT + room * (g + 0.1) + width * i, self.y(value)
                self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 1:.1f}" '
                                  f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{COLOURS[i]}"/>')

    def below(self, words):
        self.parts.append(text((LEFT + WIDTH) / 2, HEIGHT - 12, words))

    def write(self, folder, name):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                       'font-family="sans-serif" fill="#222">\n<rect width="100%" height="100%" fill="white"/>\n'
                       + "\n".join(self.parts) + "\n</svg>\n")


def compare(rows, to):
    policies = list(dict.fromkeys(row["policy"] for row in rows))
    for column, name, title, scenarios, low, high, unit in (
            ("p99", "latency.svg", "Time from wake-up to running, 99th percentile",
             ("mixed", "storms", "stealing", "devices", "half full"), 1, 100000, "µs"),
            ("worst", "fairness.svg", "Greatest error of a share over one second",
             ("equal", "weights", "mixed", "storms", "devices"), 0.01, 100, "points"),
            ("moves", "migrations.svg", "Moves of virtual processors, each second, by LP",
             ("equal", "weights", "mixed", "storms", "locks", "devices"), 1, 1000, "1/s")):
        plot = Plot(title, low, high, True, unit)
        plot.legend(policies)
        values = {(row["scenario"], row["policy"]): float(row[column]) for row in rows}
        plot.bars(scenarios, policies, values)
        plot.write(to, name)


def cost(rows, to):
    policies = list(dict.fromkeys(row["policy"] for row in rows))
    sizes = list(dict.fromkeys((row["lps"], row["vps"]) for row in rows))
    plot = Plot("Steps of a decision (nodes and entries looked at), mean", 1, 10000, True, "steps")
    plot.legend(policies)
    groups = [f"{lps} × {vps}" for lps, vps in sizes]
    plot.bars(groups, policies, {(f'{r["lps"]} × {r["vps"]}', r["policy"]): float(r["steps"]) for r in rows})
    plot.below("logical × virtual processors")
    plot.write(to, "cost.svg")


def main():
    source, to = sys.argv[1:3]
    os.makedirs(to, exist_ok=True)
    compare(read(source, "comparison.tsv"), to)
    cost(read(source, "size.tsv"), to)
    plot_shares.draw_simulated(read(source, "experiment-shares.tsv"), os.path.join(to, "shares.svg"))
    print(f"drew {to}/*.svg")


if __name__ == "__main__":
    main()
