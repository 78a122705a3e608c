#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""keys.py: presses keys on a pseudo-terminal.

    keys.py PROMPT KEYS FILE CMD [ARG]...

Runs CMD on a pseudo-terminal of its own, waits for PROMPT, sends KEYS (with
Python's escapes, such as \\t) and waits until FILE is there. Then it ends CMD.
Several prompts and their keys are separated by ";;".
Exit status: 0 FILE is there, 1 it is not, after 20 seconds or when CMD ended;
what was on the terminal is on stderr then.
"""
import os
import pty
import select
import signal
import sys
import time


def main():
    prompt, keys, path = sys.argv[1:4]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[4], sys.argv[4:])
    todo = list(zip(prompt.split(";;"), keys.split(";;")))
    seen, end = b"", time.monotonic() + 20
    while time.monotonic() < end and not os.path.exists(path):
        if select.select([fd], [], [], 0.1)[0]:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data
        if todo and todo[0][0].encode() in seen:
            seen = seen.split(todo[0][0].encode(), 1)[1]
            os.write(fd, todo.pop(0)[1].encode().decode("unicode_escape")
                     .encode())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not os.path.exists(path):
        print(repr(seen), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
