#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What became of the experiment (docs/bench-seed.md): tables, verdicts and pictures.

tools/bench_seed.py FOLDER: reads native.log and trivium.log of the emulated machine and experiment.tsv and
experiment-shares.tsv of the simulator, and leaves emulator.svg and simulator.svg there. What is missing is a failure.
"""
import csv
import os
import re
import statistics
import sys

sys.dont_write_bytecode = True  # no files beside the sources
import plot_shares  # noqa: E402

GUESTS = ["high1", "high2", "low1", "low2"]
# As published: elapsed in units of the native machine's; minutes, and the bound in minutes that follows from the guest with
# too few processors.
PUBLISHED = {"native": (1.00, 90, None), "full": (1.17, 105, None), "half": (1.63, 147, None),
             "none": (4.08, 370, 294), "weights": (2.56, 230, 220), "reserve": (3.00, 270, 196)}
IDEAL = {"none": 2, "weights": 1.5, "reserve": 4 / 3}
PAIRS = {"none": ("pair1", "pair2"), "weights": ("pair2", "pair3"), "reserve": ("pair3", "pair4")}
WORDS = {"none": "four of them, no priority", "weights": "the same, weights 2:1: the high pair",
         "reserve": "the same, reserves of 50 %: the high pair"}
passed = failed = 0


def verdict(good, words):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
    print(f"{'ok  ' if good else 'FAIL'} {words}")


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def head(title):
    print(f"\n{title}")
    print(f"{'':44}{'elapsed':>9}{'stretch':>9}{'ideal':>9}{'ours/':>8}{'Hyper-V:':>10}{'its/':>8}")
    print(f"{'':44}{'s':>9}{'':>9}{'s':>9}{'ideal':>8}{'stretch':>10}{'ideal':>8}")


def row(words, seconds, native, ideal, published):
    stretch, minutes, bound = PUBLISHED.get(published, (None, None, None))
    cells = [f"{seconds:.2f}", f"{seconds / native:.2f}" if native else "-", f"{ideal:.2f}" if ideal else "-",
             f"{seconds / ideal:.2f}" if ideal else "-", f"{stretch:.2f}" if stretch else "-",
             f"{minutes / bound:.2f}" if bound else "-"]
    print(f"{words:44}{cells[0]:>9}{cells[1]:>9}{cells[2]:>9}{cells[3]:>8}{cells[4]:>10}{cells[5]:>8}")


# ---- Simulator

def simulator(folder):
    """The program itself judges; here is its table."""
    mine = {r["setting"]: r for r in rows_of(os.path.join(folder, "experiment.tsv")) if r["policy"] == "trivium"}
    seconds = {setting: float(r["seconds"]) for setting, r in mine.items()}
    native = seconds["native"]
    head("Simulator, 4 LPs")
    row("native, 4 CPUs", native, native, None, "native")
    row("one 4-VP guest", seconds["four VPs"], native, None, "full")
    row("one 2-VP guest", seconds["two VPs"], native, None, "half")
    for setting, factor in IDEAL.items():
        row(WORDS[setting], seconds[setting], native, factor * seconds["two VPs"], setting)
    plot_shares.draw_simulated(rows_of(os.path.join(folder, "experiment-shares.tsv")),
                               os.path.join(folder, "simulator.svg"))


# ---- Emulator: what the logs say

class Log:
    """ends: (round, who) -> s; results: of all programs; times: round -> rows of counters by name.

    Rounds with several guests are made in cycles: their names are ROW-CYCLE.
    """

    def __init__(self):
        self.ends, self.results, self.partition, self.times, self.head = {}, set(), {}, {}, {}

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                self.line(line.strip())

    def line(self, line):
        if found := re.match(r"SEED (\S+) (\S+) (\d+) TASKS-DONE ms=(\d+) .*result=(\d+)\.$", line):
            name, who, partition, ms, result = found.groups()
            self.ends[name, who] = int(ms) / 1000
            self.results.add(result)
            self.partition[who] = partition
        elif found := re.match(r"SEED-TIMES (\S+) (\".*)$", line):
            cells = next(csv.reader([found[2]]))
            if cells[0].startswith("(PDH"):
                self.head[found[1]] = cells
                self.times[found[1]] = []
            elif len(cells) == len(self.head[found[1]]) and all(cells[1:]):
                self.times[found[1]].append(dict(zip(self.head[found[1]], cells)))

    def last(self, name):
        return max((ms for (part, _), ms in self.ends.items() if part == name), default=0)

    def high(self, name):
        return max(self.ends[name, who] for who in GUESTS[:2])

    def cycles(self):
        return sorted({int(name.split("-")[1]) for name, _ in self.ends if "-" in name})

    def elapsed(self, row, cycle):
        name = f"{row}-{cycle}"
        return self.last(name) if row == "none" else self.high(name)

    def pair(self, row, cycle):
        """What two guests alone took before and after the row."""
        return [self.last(f"{name}-{cycle}") for name in PAIRS[row]]

    def part(self, row, cycle):
        """The elapsed time, of the ideal bound."""
        return self.elapsed(row, cycle) / (IDEAL[row] * sum(self.pair(row, cycle)) / 2)


def amount(row_of_times, pattern):
    return sum(float(value) for key, value in row_of_times.items() if re.search(pattern, key))


def columns(log, name):
    """Seconds since the first sample, and the run time in seconds of each guest and of the root, idle time, the hypervisor's."""
    patterns = [rf"\(({who}|partition {log.partition[who]}):Hv VP \d+\)\\VpTotalRunTime" for who in GUESTS]
    patterns += [r"\(Root VP \d+\)\\VpTotalRunTime", r"\\LpC1RunTime", r"\\LpHypervisorRunTime"]
    samples = log.times[name]
    lps = sum(1 for key in samples[0] if key.endswith("LpGlobalTime"))
    return [[amount(s, r"LpGlobalTime") / lps / 1e7] + [amount(s, p) / 1e7 for p in patterns] for s in samples], lps


def rises(table, lps):
    """(seconds, share of all LPs of each) of each interval."""
    begin = table[0][0]
    return [(after[0] - begin, [(a - b) / (after[0] - before[0]) / lps for a, b in zip(after[1:], before[1:])])
            for before, after in zip(table, table[1:]) if after[0] > before[0]]


def together(table, rise, seconds):
    """What each had while all worked: from the first whole second on, to before the first of them has ended."""
    begin = next(i for i, (_, shares) in enumerate(rise) if min(shares[:4]) > 0.05) + 1
    inside = [row for row in table[begin:] if row[0] <= table[begin][0] + seconds - 2]
    passed_time = inside[-1][0] - inside[0][0]
    return [(b - a) / passed_time for a, b in zip(inside[0][1:], inside[-1][1:])]


# ---- Emulator: table and verdicts

def judge_elapsed(log, name):
    parts = [log.part(name, cycle) for cycle in log.cycles()]
    # Nothing is faster than a bound that was measured under the same conditions.
    verdict(0.95 <= statistics.median(parts) <= 1.05, f"{name}: elapsed, of the ideal bound: "
            f"{', '.join(f'{part:.3f}' for part in parts)}, expected {'a median of ' if len(parts) > 1 else ''}0.95 to 1.05")


def promised(name, left):
    """LPs that one of the first and one of the second pair is to have, of those that the root leaves."""
    if name == "weights":
        return left / 3, left / 6
    reserve = 0.5 if name == "reserve" else 0
    rest = (left - 2 * reserve) / 4
    return reserve + rest, rest


def judge_shares(log, row):
    """Means of all cycles; the picture is of the first."""
    had, all_rises = [], []
    for cycle in log.cycles():
        name = f"{row}-{cycle}"
        table, lps = columns(log, name)
        rise = rises(table, lps)
        had.append(together(table, rise, min(log.ends[name, who] for who in GUESTS)))
        all_rises.append(rise)
    *had, root, idle, hypervisor = [sum(values) / len(values) for values in zip(*had)]
    left = lps - root
    print(f"     {row}: of {lps} LPs the guests had {sum(had):.3f}, the root {root:.3f}, nobody {idle:.3f}; in all this the hypervisor {hypervisor:.3f}")
    verdict(sum(had) >= 0.95 * left, f"{row}: the guests had {100 * sum(had) / left:.1f} % of what the root left, expected at least 95 %")
    for i, who in enumerate(GUESTS):
        wanted = promised(row, left)[i // 2]
        verdict(abs(had[i] / wanted - 1) <= 0.05, f"{row}: {who} had {had[i]:.3f} LPs, promised are {wanted:.3f}, "
                f"expected {0.95 * wanted:.3f} to {1.05 * wanted:.3f}")
    return plot_shares.SETTINGS[row], [[(second, shares[i]) for second, shares in all_rises[0]] for i in range(5)]  # and the root


def emulator(folder):
    log = Log()
    for name in ("native", "trivium"):
        log.read(os.path.join(folder, name + ".log"))
    native = log.last("native")
    head("Emulated machine, 2 LPs, Linux guests: half the VPs of the published experiment")
    row("native, 2 CPUs (a machine of its own)", native, native, None, "native")
    row("root partition, 2 VPs", log.last("root"), native, None, None)
    row("one 2-VP guest", log.last("two"), native, None, "full")
    row("one 1-VP guest", log.last("one"), native, None, "half")
    pairs = [log.last(f"pair{i}-{cycle}") for cycle in log.cycles() for i in (1, 2, 3, 4)]
    row("two 1-VP guests, the median", statistics.median(pairs), native, None, None)
    for name, factor in IDEAL.items():
        cycle = sorted(log.cycles(), key=lambda c: log.part(name, c))
        cycle = cycle[len(cycle) // 2]
        row(WORDS[name], log.elapsed(name, cycle), native, factor * sum(log.pair(name, cycle)) / 2, name)
    print("Seconds are thousands of millions of instructions that were executed on both LPs together. Two 1-VP guests, one for each LP, took\n"
          + ", ".join(f"{seconds:.2f}" for seconds in pairs) + " s; the ideal of a row is from those right before and after it.\n")
    verdict(len(log.results) == 1, "every program on every machine has the same result")
    panels = []
    for name in IDEAL:
        judge_elapsed(log, name)
        panels.append(judge_shares(log, name))
    plot_shares.draw(os.path.join(folder, "emulator.svg"), "Emulated machine: four 1-VP guests on 2 LPs, share of all LPs",
                     plot_shares.GUESTS + ["root"], panels)


def main():
    folder = sys.argv[1]
    for part in (emulator, simulator):
        try:
            part(folder)
        except (KeyError, IndexError, StopIteration, FileNotFoundError, ZeroDivisionError, statistics.StatisticsError) as error:
            verdict(False, f"{part.__name__}: no complete run: {error!r}; see {folder}")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
