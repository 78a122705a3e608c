#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""ask.py: a client of the local protocol that also does what none should.

    ask.py [OPTION]... SOCKET <REQUEST

Sends stdin as it is, ends its half of the connection and prints what comes
back. Exit status: 0 the server closed, 1 it could not be reached, 2 it did
not close within 20 seconds.

  --as UID:GID[,GID]...  become that user first; more GIDs are supplementary
  --open                 keep our half open: what ends is the server's doing
  --nowait               do not read
  --many N               N connections, all open before the first byte; prints
                         how many replies of each kind there were
"""
import collections
import os
import socket
import sys


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(path)
    return s


def read(s):
    parts = []
    while True:
        try:
            part = s.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def main():
    args, options = sys.argv[1:], {}
    while args and args[0].startswith("--"):
        option = args.pop(0)
        options[option] = args.pop(0) if option in ("--as", "--many") else ""
    request = sys.stdin.buffer.read()
    if "--as" in options:
        uid, gids = options["--as"].split(":")
        gids = [int(g) for g in gids.split(",")]
        os.setgroups(gids[1:])
        os.setgid(gids[0])
        os.setuid(int(uid))
    try:
        socks = [connect(args[0]) for _ in range(int(options.get("--many", 1)))]
    except OSError as err:
        print(f"ask.py: {args[0]}: {err}", file=sys.stderr)
        return 1
    for s in socks:
        try:
            s.sendall(request)
            if "--open" not in options:
                s.shutdown(socket.SHUT_WR)
        except OSError:  # refused before it was all sent, which is its right
            pass
    if "--nowait" in options:
        return 0
    try:
        replies = [read(s) for s in socks]
    except TimeoutError:
        return 2
    if "--many" in options:
        for reply, n in collections.Counter(replies).items():
            print(n, reply.decode(errors="replace").replace("\n", "|"))
    else:
        sys.stdout.buffer.write(replies[0])
    return 0


sys.exit(main())
