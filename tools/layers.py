#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks who may include whom, and what core/ may not contain. docs/architecture.md explains why.

A rule belongs to a folder or, where a file needs more or less than its folder, to the file; the
longest match counts. Each word of a rule is a folder or a header. A file may always include from
its own folder. Tests may include everything and are not looked at.
"""
import os
import re
import sys

BASE = "core/lib core/log.h machine/machine.h"
STATE = "core/hypervisor.h core/lp.h core/trace.h"

MAY_INCLUDE = {
    "abi": "core/lib/types.h",
    "machine": "core/lib/types.h",
    "machine/x86": BASE,
    "boot": BASE + " machine/x86",
    "backend": "abi core/lib/types.h core/intercept/intercept.h",
    "backend/svm": BASE + " abi backend machine/x86/cpu.h machine/x86/registers.h core/vp/vp.h",
    "loader": BASE + " core/hypervisor.h core/vp/vp.h",
    # Pure: no knowledge of VPs, partitions, clocks or the machine.
    "core/lib": "",
    "core/scheduler": "core/lib",
    "core/statistics": "core/lib abi/hv_stats.h",
    "core/interrupt": "core/lib abi",
    "core/eventlog": "core/lib abi",
    "core/intercept/intercept.h": "core/lib core/intercept/intercepts.def core/intercept/classes.def",
    "core/intercept/insn": "core/lib core/intercept/insn.h",
    "core/memory/walk": "core/lib core/memory/walk.h",
    # The objects, from the bottom up.
    "core/memory": BASE + " abi/hv_status.h backend/backend.h",
    "core/partition/partition.h": "abi core/lib core/memory core/statistics core/scheduler",
    "core/vp/vp.h": "abi backend/backend.h core/lib core/partition core/scheduler core/statistics"
                    " core/interrupt core/intercept/insn.h core/intercept/intercept.h",
    "core/partition": BASE + " " + STATE + " abi core/memory core/statistics core/interrupt core/vp",
    "core/vp": BASE + " " + STATE + " abi core/memory core/partition core/interrupt core/intercept",
    "core/intercept": BASE + " " + STATE + " abi core/vp core/interrupt core/partition"
                      " core/hypercall/hypercall.h",
    "core/hypercall": BASE + " " + STATE + " abi core/memory core/partition core/vp core/interrupt"
                      " core/intercept core/scheduler core/lp_eventlog.h",
    # These sit between objects and say so by being listed.
    "core/memory/share.c": BASE + " core/memory core/partition/partition.h",
    "core/interrupt/doorbell": BASE + " abi core/partition/partition.h core/vp/vp.h",
    # The top: state, run loop, order of the start.
    "core": BASE + " abi backend/backend.h core",
    "core/main.c": BASE + " abi backend/backend.h core loader/loader.h",
    "core/log": "core/lib machine/machine.h core/trace.h",
    "core/options": "core/lib core/log.h",
    # The monitor: a program of the root's, which shares a table with the hypervisor and no code.
    "hvstat/lib": "abi/counters.def",
    "hvstat": "hvstat/lib",
}

# What a file of core/ may not contain, comments and strings aside; and who may all the same.
FORBIDDEN = [
    ("assembly", re.compile(r"\b(__asm__|asm)\b"), ()),
    ("a conditional", re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else)\b(?! \w+_H$)", re.M),
     ("core/lib/string.c",)),  # the compilers' ways to say "not a call of itself"
    ("the name of a vendor's extension", re.compile(r"\b(svm|vmx)\w*"), ("core/main.c",)),
]
DROP = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def sources():
    for top in ("abi", "boot", "machine", "backend", "core", "loader", "hvstat"):
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield os.path.join(folder, name)


def covers(rule, path):
    """A rule's word stands for a folder, a file, or all files that begin with it and . or _."""
    return path == rule or path.startswith((rule + "/", rule + ".", rule + "_"))


def rule_of(path):
    return max((rule for rule in MAY_INCLUDE if covers(rule, path)), key=len, default=None)


def check(path, errors):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    rule = rule_of(path)
    if rule is None:
        errors.append(f"{path}: its folder has no rule in tools/layers.py")
        return
    allowed = MAY_INCLUDE[rule].split()
    own = os.path.dirname(path) if os.path.isdir(rule) else rule
    for header in INCLUDE.findall(text):
        same = os.path.dirname(header) == own or covers(own, header)
        if not same and not any(covers(word, header) for word in allowed):
            errors.append(f"{path}: may not include {header} (rule {rule}: {MAY_INCLUDE[rule] or 'nothing'})")
    if path.startswith("core/"):
        code = DROP.sub(lambda m: '""' if m[0][0] == '"' else " ", text)
        for what, pattern, exempt in FORBIDDEN:
            found = pattern.search(INCLUDE.sub("", code))
            if found and path not in exempt:
                errors.append(f"{path}: contains {what}: {found[0].strip()}")


def cycle(headers, path, trail):
    """The first circle of headers that include one another, below `path`; None if there is none."""
    if path in trail:
        return trail[trail.index(path):] + [path]
    for header in headers.pop(path, []) if path not in trail else []:
        found = cycle(headers, header, trail + [path])
        if found:
            return found
    return None


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    errors, count = [], 0
    for path in sources():
        count += 1
        check(path, errors)
    headers = {}
    for path in sources():
        if path.endswith(".h"):
            with open(path, encoding="utf-8") as file:
                headers[path] = INCLUDE.findall(file.read())
    while headers:
        found = cycle(headers, next(iter(headers)), [])
        if found:
            errors.append("headers include one another: " + " > ".join(found))
    print("\n".join(errors) or f"{count} files include only what they may")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
