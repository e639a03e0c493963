#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""pauses.py SOCKET: stops the emulated processors and lets them go on, again and again, until the emulator ends.

Each stop makes the processors leave translated code although no interrupt has come (docs/emulators.md). Prints how often.
"""
import socket
import sys
import time

EVERY = 0.02  # seconds


def connect(path):
    for _ in range(100):
        try:
            monitor = socket.socket(socket.AF_UNIX)
            monitor.connect(path)
            return monitor
        except OSError:
            time.sleep(0.1)
    sys.exit(f"pauses: nobody listens at {path}")


def main():
    monitor = connect(sys.argv[1])
    monitor.setblocking(False)
    pauses = 0
    try:
        while True:
            time.sleep(EVERY)
            try:
                while monitor.recv(1 << 16):
                    pass
                break
            except BlockingIOError:
                pass
            monitor.sendall(b"stop\ncont\n")
            pauses += 1
    except (BrokenPipeError, ConnectionResetError):
        pass
    print(pauses)


main()
