#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the documents that are made from the tables in the sources; `make docs`.

With --check writes nothing and fails if a file differs from what would be written; `make lint`.
A table that cannot be found or is empty is an error: an empty document would look like the truth.
"""
import glob
import os
import re
import sys

HEAD = "<!-- Made by tools/gen_docs.py (make docs) from {0}. Do not edit. -->\n# {1}\n\n"
BEGIN, END = "<!-- begin: made by tools/gen_docs.py -->\n", "<!-- end -->\n"
OBJECTS = {"HV": "hypervisor", "LP": "logical processor", "PT": "partition", "VP": "virtual processor"}
NOT_COUNTED = "core/statistics/not_counted.def"
MACROS = {"hypervisor": "HV", "lp": "LP", "partition": "PT", "vp": "VP"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def texts(pattern):
    return {path: read(path) for path in sorted(glob.glob(pattern, recursive=True))}


def rows(path, macro, fields):
    """The rows `macro(a, b, …)` of a .def file; a string literal is one field."""
    word = r'\s*("[^"]*"|[\w.]+)\s*'
    pattern = re.compile(rf"^{macro}\({','.join([word] * fields)}\)", re.M)
    found = [[field.strip('"') for field in match] for match in pattern.findall(read(path))]
    if not found:
        sys.exit(f"gen_docs: no {macro} rows in {path}")
    return found


def enum(path, name):
    """{enumerator: value} of one enum."""
    body = re.search(rf"enum {name} {{(.*?)}};", read(path), re.S)
    found = re.findall(r"(\w+) = (0x[0-9A-Fa-f]+)", body[1]) if body else []
    if not found:
        sys.exit(f"gen_docs: no enum {name} in {path}")
    return {key: int(value, 16) for key, value in found}


def table(header, lines):
    out = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    out += ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]
    return "\n".join(out) + "\n"


def code(text):
    return f"`{text}`" if text else ""


class Facts:
    """Everything that the documents are made of."""

    def __init__(self):
        self.sources = texts("core/**/*.c") | texts("core/**/*.h") | texts("machine/**/*.c")
        self.tests = texts("tests/**/*.[chS]") | texts("tests/**/*.def") | texts("tests/**/*.sh")
        self.tests |= texts("tests/**/*.py")
        self.calls = rows("abi/hypercalls.def", "HYPERCALL", 9)
        self.call_codes = {int(row[0], 16) for row in self.calls}
        self.known_calls = enum("abi/hv_hypercall.h", "hv_call_code")
        self.intercepts = rows("core/intercept/intercepts.def", "INTERCEPT", 3)
        self.counters = rows("abi/counters.def", "COUNTER", 5)
        self.reasons = dict(rows(NOT_COUNTED, "REASON", 2))
        self.absent = {(row[0], row[1]): row[2] for row in rows(NOT_COUNTED, "NOT_COUNTED", 3)}
        self.kept = self.find_kept()
        self.msrs = self.find_msrs()
        self.properties = self.find_properties()

    def definition(self, pattern):
        """(file, comment above) of the first source line that matches."""
        full = re.compile(r"(?:/\*((?:(?!\*/).)*)\*/\n)?" + pattern, re.S | re.M)
        for path, text in self.sources.items():
            found = full.search(text) if re.search(pattern, text, re.M) else None
            if found:
                comment = re.sub(r"\s*\n \*\s*", " ", found[1] or "").strip()
                return path, "" if comment.startswith(("----", "DOC:")) else comment
        return "", ""

    def tested_by(self, *words):
        pattern = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(words) + r")(?![A-Za-z0-9_])")
        return [path for path, text in self.tests.items() if pattern.search(text)]

    def find_kept(self):
        """{(object, name): file} of the counters that some source line changes."""
        kept = {}
        operators = r"\s*(?:\+\+|--|[-+|]?=(?!=))"
        macro = re.compile(r"(&?)\bstat_(hypervisor|lp|partition|vp)\([^;{},]*,\s*(\w+)\s*\)(" + operators + ")?")
        direct = re.compile(r"(?:(&)[\w.>-]*)?\bstats\[STAT_(HV|LP|PT|VP)_(\w+)\](" + operators + ")?")
        # A table of slots stands for code that changes each of them.
        table = re.compile(r"static const u16 \w+\[\w*\] = \{([^}]*)\}")
        for path, text in self.sources.items():
            for slots in table.findall(text):
                for kind, name in re.findall(r"\bSTAT_(HV|LP|PT|VP)_(\w+)\b", slots):
                    kept.setdefault((kind, name), path)
            for address, kind, name, operator in macro.findall(text):
                if address or operator:
                    kept.setdefault((MACROS[kind], name), path)
            for address, kind, name, operator in direct.findall(text):
                if address or operator:
                    kept.setdefault((kind, name), path)
        for _, counter, _ in self.intercepts:
            for suffix in ("Count", "Time"):
                kept.setdefault(("VP", counter + suffix), "core/intercept/dispatch.c")
        for row in self.calls:
            kept.setdefault(("VP", row[8] + "Hypercalls"), "core/hypercall/entry.c")
        known = {(row[0], row[2]) for row in self.counters}
        strange = sorted(set(kept) - known)
        if strange:
            sys.exit(f"gen_docs: counters that abi/counters.def does not have: {strange}")
        wrong = sorted((known - set(kept)) ^ set(self.absent))
        if wrong:
            sys.exit(f"gen_docs: counters that nothing changes, or that change in spite of {NOT_COUNTED}: {wrong}")
        return kept

    def find_msrs(self):
        """{number: (name, read, write)}: synthetic MSRs that are known, and their handlers."""
        names = re.findall(r"#define (HV_X64_MSR_\w+)\s+(0x400[0-9A-Fa-f]{5})\b", read("abi/hv_msr.h"))
        text = read("core/vp/msrs.c")
        row = re.compile(r"\[(0x\w+)(?: \.\.\. (0x\w+))?\] = {(\w+), (\w+), (\w+)}")
        handlers = {}
        for first, last, _, get, put in row.findall(text):
            for low in range(int(first, 16), int(last or first, 16) + 1):
                handlers[0x40000000 + low] = (get != "NULL", put != "NULL")
        if not handlers:
            sys.exit("gen_docs: no MSR rows in core/vp/msrs.c")
        known = {int(number, 16): name for name, number in names}
        for number in handlers:
            if number not in known and 0x40000090 < number < 0x4000009f:
                known[number] = f"HV_X64_MSR_SINT{number & 15}"
        return {n: (known.get(n, "?"), *handlers.get(n, (False, False))) for n in sorted({*known, *handlers})}

    def find_properties(self):
        """[(code, name, get, set, early, file)] of all that are known."""
        row = re.compile(r"{(HV_PARTITION_PROPERTY_\w+),\s*(\w+),\s*(\w+),\s*(\w+)}")
        case = re.compile(r"case (HV_PARTITION_PROPERTY_\w+):")
        found = {}
        for path, text in self.sources.items():
            for name, early, get, put in row.findall(text):
                found[name] = (get != "NULL", put != "NULL", early == "true", path)
            for name in case.findall(text):
                found.setdefault(name, (True, False, False, path))
        if not found:
            sys.exit("gen_docs: no property rows in core/")
        known = enum("abi/hv_property.h", "hv_partition_property_code")
        return [(value, name, *found.get(name, (False, False, False, ""))) for name, value in known.items()]

    def enumerator(self, number):
        return next((name for name, value in self.known_calls.items() if value == number), "HVCALL_?")


def short(paths):
    """At most three files, then how many more."""
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(code(path) for path in paths[:3]) + more or "—"


def status(answered, tests):
    return ("tested" if tests else "answered, no test names it") if answered else "absent"


def reference_hypercalls(f):
    lines = []
    for number, name, form, header, element, out, target, privilege, family in f.calls:
        _, note = f.definition(rf"^enum hv_status call_{name}\(struct call \*call\)\n{{")
        lines.append((number, name, form, header, element, out, target,
                      privilege.replace("PRIV_", ""), family, note))
    return (HEAD.format("abi/hypercalls.def", "Hypercalls") +
            "Sizes are bytes; what the columns mean is said at the head of `abi/hypercalls.def`, what the\n"
            "structures hold in `abi/hv_hypercall.h`. The note is the comment at the handler.\n\n" +
            table(("Code", "Call", "Form", "Header", "Element", "Output", "Target", "Privilege",
                   "Counter: …Hypercalls", "Note"), lines))


def reference_intercepts(f):
    lines = []
    for kind, counter, handler in f.intercepts:
        path, note = f.definition(rf"^enum outcome {handler}\(struct vp \*vp, struct intercept \*intercept\)\n{{")
        lines.append((kind, f"{counter}Count, {counter}Time", code(handler), code(path), note))
    return (HEAD.format("core/intercept/intercepts.def", "Intercepts") +
            "Every reason for which the hypervisor gets control from a running virtual processor. Which event of\n"
            "the hardware becomes which kind is the table in `backend/svm/exits.c`.\n\n" +
            table(("Kind", "Counters", "Handler", "File", "Note"), lines))


def reference_counters(f):
    out = HEAD.format("abi/counters.def", "Counters")
    out += ("The index is the 64-bit slot of the object's 4 KiB statistics page. Units: EVENTS only grow, NS100 is\n"
            "time in 100 ns, PAGES are 4 KiB, NUMBER and INDEX are present values. A counter\n"
            f"without a file reads 0, for the reason in `{NOT_COUNTED}`.\n")
    for key, title in OBJECTS.items():
        mine = [row for row in f.counters if row[0] == key]
        out += f"\n## {title.capitalize()}: {len(mine)}, of which {kept_of(f, key)} are kept\n\n"
        out += table(("Index", "Name", "Unit", "Meaning", "Kept in"),
                     [(row[1], row[2], row[3], row[4], where_kept(f, key, row[2])) for row in mine])
    return out


def where_kept(f, key, name):
    """The file, or why there is none."""
    return code(f.kept.get((key, name))) or f.reasons[f.absent[key, name]]


def kept_of(f, key):
    return sum(1 for row in f.counters if row[0] == key and (key, row[2]) in f.kept)


def access(get, put):
    return {(True, True): "read, write", (True, False): "read", (False, True): "write"}.get((get, put), "absent")


def reference_msrs(f):
    architectural = re.findall(r"#define (MSR_\w+)\s+(0x\w+)", read("core/vp/architectural_msrs.c"))
    out = HEAD.format("abi/hv_msr.h and core/vp/msrs.c", "Model-specific registers")
    out += "## Synthetic\n\nAn absent one, like one without the privilege, is #GP.\n\n"
    out += table(("MSR", "Name", "Answered"),
                 [(f"0x{n:08x}", code(name), access(get, put)) for n, (name, get, put) in f.msrs.items()])
    out += ("\n## x2APIC\n\n0x800 to 0x8ff: the virtual APIC's registers, table in `core/interrupt/vapic_registers.c`.\n"
            "\n## Architectural\n\nHandled by name in `core/vp/architectural_msrs.c`. Besides these, the root reaches the\n"
            "processor's own except where `backend/svm/maps.c` stops it, and a child the few that the world switch exchanges\n"
            "(same file); of a child, MTRRs keep what is written and have no effect.\n\n")
    return out + table(("MSR", "Name"), [(number, code(name)) for name, number in architectural])


def tlfs_map(f):
    out = HEAD.format("the tables in abi/ and core/", "What of the TLFS is where")
    out += ("TLFS: Microsoft's Hypervisor Top-Level Functional Specification. *tested* means that a file under `tests/`\n"
            "names it; *answered, no test names it* that it exists all the same; *absent* that clients get a refusal.\n")
    lines = []
    for row in f.calls:
        path, _ = f.definition(rf"^enum hv_status call_{row[1]}\(struct call \*call\)\n{{")
        tests = f.tested_by(rf"(?:call_)?{row[1]}", f.enumerator(int(row[0], 16)))
        lines.append((row[0], row[1], code(path), short(tests), status(True, tests)))
    lines += [(f"0x{value:04x}", code(name), "—", "—", "absent")
              for name, value in f.known_calls.items() if value not in f.call_codes]
    lines.sort()
    out += "\n## Hypercalls\n\n" + table(("Code", "Call", "File", "Tests", "Status"), lines)
    lines = []
    for value, name, get, put, early, path in f.properties:
        tests = f.tested_by(name) if path else []
        lines.append((f"0x{value:08x}", code(name.replace("HV_PARTITION_PROPERTY_", "")),
                      access(get, put) + (" before initialization" if early else ""), code(path) or "—", short(tests),
                      status(path, tests)))
    out += "\n## Partition properties\n\n"
    out += table(("Code", "Property", "Access", "File", "Tests", "Status"), lines)
    lines = []
    for number, (name, get, put) in f.msrs.items():
        tests = f.tested_by(name) if get or put else []
        lines.append((f"0x{number:08x}", code(name), access(get, put), short(tests), status(get or put, tests)))
    out += "\n## Synthetic MSRs (`core/vp/msrs.c`)\n\n" + table(("MSR", "Name", "Access", "Tests", "Status"), lines)
    out += "\n## Intercepts (`core/intercept/handlers.c`)\n\n"
    out += table(("Kind", "Handler", "Counter pair"), [(k, code(h), c) for k, c, h in f.intercepts])
    out += "\n## Statistics counters (names in [reference/counters.md](reference/counters.md))\n\n"
    return out + table(("Object", "Known", "Kept"), [
        (title, sum(1 for row in f.counters if row[0] == key), kept_of(f, key)) for key, title in OBJECTS.items()])


def caveats(f):
    out = BEGIN + "### Hypercalls that Linux or the TLFS knows and nobody answers\n\n"
    out += "They return `HV_STATUS_INVALID_HYPERCALL_CODE`.\n\n"
    out += "".join(f"- 0x{value:04x} {name}\n" for name, value in sorted(f.known_calls.items(), key=lambda x: x[1])
                   if value not in f.call_codes)
    out += "\n### Partition properties without an answer\n\nThey return `HV_STATUS_UNKNOWN_PROPERTY`.\n\n"
    out += "".join(f"- 0x{p[0]:08x} {p[1].replace('HV_PARTITION_PROPERTY_', '')}\n" for p in f.properties if not p[5])
    out += "\n### Synthetic MSRs without an answer\n\nAccess to them is #GP.\n\n"
    out += "".join(f"- 0x{n:08x} {name}\n" for n, (name, get, put) in f.msrs.items() if not get and not put)
    out += "\n### Counters that read 0\n\nThey have a slot and a name; the hypervisor has no event for them, for these reasons.\n\n"
    out += table(("Object", "Known", "Counted", "Reads 0"), [
        (title, sum(1 for r in f.counters if r[0] == key), kept_of(f, key), sum(1 for a in f.absent if a[0] == key))
        for key, title in OBJECTS.items()])
    for reason, text in f.reasons.items():
        names = [f"{OBJECTS[key]} {name}" for (key, name), why in f.absent.items() if why == reason]
        out += f"\n- {text[0].upper()}{text[1:]} ({len(names)}): {', '.join(names)}."
    return out + "\n" + END


def documents():
    f = Facts()
    hand = read("CAVEATS.md")
    if hand.count(BEGIN) != 1 or hand.count(END) != 1:
        sys.exit("gen_docs: CAVEATS.md has lost the lines that mark its generated part")
    return {
        "docs/reference/hypercalls.md": reference_hypercalls(f),
        "docs/reference/intercepts.md": reference_intercepts(f),
        "docs/reference/counters.md": reference_counters(f),
        "docs/reference/msrs.md": reference_msrs(f),
        "docs/tlfs-map.md": tlfs_map(f),
        "CAVEATS.md": hand[:hand.index(BEGIN)] + caveats(f) + hand[hand.index(END) + len(END):],
    }


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    made = documents()
    stale = [path for path, text in made.items() if not os.path.exists(path) or read(path) != text]
    if "--check" in sys.argv[1:]:
        print("\n".join(f"{path} is not what the sources say: run make docs" for path in stale)
              or f"{len(made)} generated documents are current")
        return 1 if stale else 0
    for path in stale:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(made[path])
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
