#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""`hvstat top` on a terminal of 80 columns, 24 lines and no colour: keys in, screens out.

screen_test.py HVSTAT TREE: the program, and a folder of statistics files.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

ESCAPES = re.compile(rb"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78DM])|[\x0e\x0f]|\$<\d+>")


class Terminal:
    def __init__(self, program, term="vt100"):
        self.process, self.fd = pty.fork()
        if not self.process:
            os.environ.update(TERM=term, LC_ALL="C")
            os.execv(program[0], program)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds):
        data, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
        return data

    def press(self, keys):
        """What the whole screen shows after the keys; ^L has it drawn anew."""
        os.write(self.fd, keys)
        self.read(0.15)
        os.write(self.fd, b"\x0c")
        return ESCAPES.sub(b"\n", self.read(0.3)).decode("ascii", "replace")

    def status(self):
        self.read(0.5)
        for _ in range(50):
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)
        return None


STEPS = [  # keys, what must be seen, what must not
    (b"", ["hvstat ", "2 LPs, 3 partitions, 5 VPs", "% idle", "hypercalls", "PARTITION", "HYPERC/s", "root",
           "partition 5", "partition 7"], ["VP 0"]),
    (b"\r", ["VP 0", "VP 1"], []),
    (b"\r", ["partition 7"], ["VP 1"]),
    (b"a", ["VP 0", "VP 1"], []),
    (b"a", [], ["VP 1"]),
    (b"s", ["sort RUN%", "*RUN%"], []),
    (b"r", ["sort -RUN%"], []),
    (b"ri", ["sort ID"], []),
    (b"/7", ["names that contain: 7", "partition 7"], ["partition 5"]),
    (b"\r", ["only *7"], ["partition 5"]),
    (b"x", ["intercepts", "ns each", "All"], ["HYPERC/s"]),
    (b"q", ["HYPERC/s"], []),
    (b"/\x7f99\r", ["no partition has such a name"], ["root"]),
    (b"\r\x1b[Bx", [], []),
    (b"q/\x7f\x7f\r", ["root", "partition 5"], []),
    (b" ", ["PAUSED"], []),
    (b" h", ["this help"], ["PAUSED", "HYPERC/s"]),
    (b"h+", ["HYPERC/s", "2 s  sort"], []),
    (b"kkkkj\r", ["- partition 5", "VP 0"], ["VP 1"]),
]


def main():
    hvstat, tree = sys.argv[1:]
    passed = failed = 0
    terminal = Terminal([hvstat, "--root", tree])
    terminal.read(0.5)
    for keys, seen, unseen in STEPS:
        screen = terminal.press(keys)
        wrong = [f"not there: {text}" for text in seen if text not in screen]
        wrong += [f"there: {text}" for text in unseen if text in screen]
        if wrong:
            print(f"FAIL screen after {keys}: {'; '.join(wrong)}\n{screen}")
        failed += bool(wrong)
        passed += not wrong
    os.write(terminal.fd, b"q")
    for name, wanted, got in [("quit", 0, terminal.status()),
                              ("unknown terminal", 1, Terminal([hvstat, "--root", tree], "nonsense").status())]:
        if wanted != got:
            print(f"FAIL {name}: status {got}")
        failed += wanted != got
        passed += wanted == got
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
