#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks what documents and comments say about the tree.

* A path in a document (in `backquotes`, or a link) or in a source file must exist.
* Each `DOC: name` that docs/reading-order.md visits is in a source comment once, and the reverse.
"""
import glob
import os
import re
import subprocess
import sys

TOPS = "abi|backend|bench|boot|core|docs|hvctl|hvstat|image|loader|machine|scripts|tests|tools"
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"^(?:{TOPS})/[\w./*-]*$")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
IN_SOURCE = re.compile(rf"(?<![\w/.-])(?:{TOPS})/[\w./-]*\w\.(?:c|h|S|def|md|sh|py|conf|config|ld)\b")
ANCHOR = re.compile(r"\bDOC: ([\w-]+)")
WALK = "docs/reading-order.md"


def files():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    names = listed.stdout.split("\n") if listed.returncode == 0 else glob.glob("**/*", recursive=True)
    return sorted(name for name in set(names) if os.path.isfile(name) and not name.startswith("build/"))


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        return ""


def paths_of_document(path, text):
    for quoted in QUOTED.findall(text):
        word = quoted.split(":")[0].split(" ")[0]
        if PATH.match(word):
            yield word
    for link in LINK.findall(text):
        if "://" not in link:
            yield os.path.normpath(os.path.join(os.path.dirname(path), link))


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    errors, anchors, count = [], {}, 0
    for path in files():
        text = read(path)
        document = path.endswith(".md")
        for word in set(paths_of_document(path, text) if document else IN_SOURCE.findall(text)):
            count += 1
            if not glob.glob(word):
                errors.append(f"{path}: there is no {word}")
        if not document and not path.endswith(".py"):
            for name in ANCHOR.findall(text):
                anchors.setdefault(name, []).append(path)
    visited = set(ANCHOR.findall(read(WALK)))
    errors += [f"{WALK}: no source comment says DOC: {name}" for name in sorted(visited - set(anchors))]
    errors += [f"{places[0]}: {WALK} does not visit DOC: {name}"
               for name, places in sorted(anchors.items()) if name not in visited]
    errors += [f"DOC: {name} stands in {' and '.join(places)}: must be once"
               for name, places in sorted(anchors.items()) if len(places) > 1]
    print("\n".join(errors) or f"{count} paths exist, {len(anchors)} anchors are in place")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
