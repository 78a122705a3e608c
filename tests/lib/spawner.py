#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""spawner.py: what Postfix's spawn(8) does, for as long as one client lives.

    spawner.py SOCKET EXOAUTH CONFIG CLIENT [ARG]...

Becomes CLIENT. A child of it listens on SOCKET, starts EXOAUTH serve for each
connection, which is its stdin, stdout and stderr, and ends with the client.
"""
import os
import socket
import subprocess
import sys


def spawn(listener, command, client):
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    listener.settimeout(0.05)
    while os.getppid() == client:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        with connection:
            subprocess.run(command, stdin=connection, stdout=connection,
                           stderr=connection, check=False)


def main():
    where, exoauth, config, *client = sys.argv[1:]
    me = os.getpid()
    if os.path.exists(where):
        os.unlink(where)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(where)
        os.chmod(where, 0o666)
        listener.listen()
        if os.fork() == 0:
            spawn(listener, [exoauth, "serve", "--config", config], me)
            os._exit(0)
    os.execv(client[0], client)


main()
