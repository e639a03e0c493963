#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts lines and finds what is too long: functions over 60 lines, files over 600.

Tables (.def) are exempt. Without an argument prints one line for `make lint`; `--all` prints a
table by folder and the longest functions.
"""
import os
import re
import sys

MAX_FUNCTION, MAX_FILE = 60, 600
HYPERVISOR = ("abi", "boot", "machine", "backend", "core", "loader")
OTHERS = ("hvctl", "hvstat", "tests", "image")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
NAME = re.compile(r"(\w+)\s*\(")


def files(tops):
    for top in tops:
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield os.path.join(folder, name)


def functions(lines):
    """(name, first line, length) of functions: `{` and `}` alone in column 0, signature above."""
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number - 1
            while start > 0 and lines[start][:1] in ("\t", " "):
                start -= 1
        elif line == "}" and start is not None:
            name = NAME.search(lines[start])
            yield (name[1] if name else lines[start], start + 1, number - start + 1)
            start = None


def measure(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    code = sum(1 for line in COMMENT.sub("", text).split("\n") if line.strip())
    found = list(functions(text.split("\n"))) if path.endswith((".c", ".h")) else []
    return {"path": path, "lines": text.count("\n"), "code": code, "functions": found}


def by_folder(measured):
    folders = {}
    for m in measured:
        row = folders.setdefault(os.path.dirname(m["path"]), [0, 0, 0, 0])
        for i, value in enumerate((1, m["lines"], m["code"], len(m["functions"]))):
            row[i] += value
    print(f"{'folder':24}{'files':>7}{'lines':>8}{'code':>8}{'functions':>11}")
    for folder, row in folders.items():
        print(f"{folder:24}{row[0]:7}{row[1]:8}{row[2]:8}{row[3]:11}")


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    hypervisor = [measure(path) for path in files(HYPERVISOR)]
    others = [measure(path) for path in files(OTHERS)]
    everything = hypervisor + others
    long_ones = sorted(((f[2], f[0], m["path"], f[1]) for m in everything for f in m["functions"]),
                       reverse=True)
    errors = [f"{path}:{line}: {name}() has {length} lines, {MAX_FUNCTION} are allowed"
              for length, name, path, line in long_ones if length > MAX_FUNCTION]
    errors += [f"{m['path']}: {m['lines']} lines, {MAX_FILE} are allowed"
               for m in everything if m["lines"] > MAX_FILE and not m["path"].startswith("abi/")]
    if "--all" in sys.argv[1:]:
        by_folder(everything)
        for length, name, path, line in long_ones[:15]:
            print(f"{length:4} {name} ({path}:{line})")
    lengths = sorted(f[2] for m in hypervisor for f in m["functions"])
    longest = max(((f[2], f[0], m["path"]) for m in hypervisor for f in m["functions"]))
    file = max((m["lines"], m["path"]) for m in hypervisor if not m["path"].startswith("abi/"))
    c = [m for m in hypervisor if not m["path"].endswith(".S")]
    assembly = sum(m["lines"] for m in hypervisor if m["path"].endswith(".S"))
    print("\n".join(errors) if errors else
          f"hypervisor: {sum(m['lines'] for m in c)} lines of C ({sum(m['code'] for m in c)} of code)"
          f" and {assembly} of assembly; {len(lengths)} functions, median"
          f" {lengths[len(lengths) // 2]}, longest {longest[1]} {longest[0]}; longest file"
          f" {file[1]} {file[0]}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
