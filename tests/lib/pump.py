#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""pump.py: a client of exoauth connect that moves bytes.

    pump.py socket|pipe UP DOWN HOW COMMAND...

Runs COMMAND with a socket or pipes as its stdin and stdout, reads the line that
greets it, sends UP bytes and receives DOWN bytes at the same time. HOW:

    both     as fast as it goes       slow     begins to read after a while
    gone     leaves at once           closed   stops reading in the middle
    idle     says nothing for a while, then NOOP

Exit status 0: all bytes came, in order, and COMMAND ended as it should.
"""
import os
import socket
import subprocess
import sys
import threading
import time

KIND, UP, DOWN, HOW = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
BLOCK = bytes(range(256)) * 256


def start(command):
    if KIND == "socket":
        mine, theirs = socket.socketpair()
        child = subprocess.Popen(command, stdin=theirs, stdout=theirs)
        theirs.close()
        return child, mine.makefile("rb"), mine.makefile("wb", 0), mine
    child = subprocess.Popen(command, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, bufsize=0)
    return child, os.fdopen(os.dup(child.stdout.fileno()), "rb"), child.stdin, None


def peak(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    return 0


def send(out):
    left = UP
    while left > 0:
        left -= out.write(BLOCK[:left])


def receive(source):
    got = 0
    while got < DOWN:
        data = source.read(min(65536, DOWN - got))
        if not data:
            sys.exit(f"the end after {got} bytes")
        first = got % 256
        if data != (BLOCK + BLOCK)[first:first + len(data)]:
            sys.exit(f"other bytes after {got}")
        got += len(data)


def main():
    child, source, out, mine = start(sys.argv[5:])
    greeting = source.readline()
    if not greeting.startswith(b"* PREAUTH "):
        sys.exit(f"greeted by {greeting!r}")
    if HOW == "gone":
        source.close()
        out.close()
        if mine:
            mine.close()
        else:
            child.stdout.close()
        sys.exit(child.wait(60))
    if HOW == "closed":
        source.read(100000)
        source.close()
        child.stdout.close()
        sys.exit(child.wait(60))
    if HOW == "idle":
        time.sleep(4)
        out.write(b"a NOOP\r\nb LOGOUT\r\n")
        said = source.read()
        sys.exit(child.wait(60) or b"b OK" not in said)
    sender = threading.Thread(target=send, args=(out,))
    sender.start()
    if HOW == "slow":
        time.sleep(2)
    receive(source)
    sender.join()
    grown = peak(child.pid)
    if grown > 64 * 1024:
        sys.exit(f"{grown} KiB of memory")
    print(f"{grown} KiB of memory at most")
    if source.read(1):
        sys.exit("more than there should be")
    sys.exit(child.wait(60))


main()
