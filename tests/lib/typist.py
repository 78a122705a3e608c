#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""typist.py: a person at a terminal, with a shell that does job control.

    typist.py [STEP]... -- COMMAND [ARG]...

Runs COMMAND as the foreground job of a terminal of its own. A STEP is
TEXT=>WHAT: once TEXT was printed and the terminal does not echo, WHAT is done:

  KEYS          typed as they are; \\x03 is Ctrl-C, \\x1a Ctrl-Z
  kill:SIGNAL   the job gets that signal
  run:COMMAND   sh(1) runs it, and what it prints is printed

A job that stops is put into the foreground again, in the terminal's mode of
before, as a shell does that has read commands meanwhile. stdout gets what the
terminal showed, and then, a line each: "stopped, echo on" (or off), what run:
printed, "ended 0", "ended SIGINT", "echo on". Exit status: the job's, 128 + n
for a signal, 99 if it did not end within 20 seconds after the last step.
"""
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time


def echo(fd):
    return "on" if termios.tcgetattr(fd)[3] & termios.ECHO else "off"


def shell(argv, pipe):
    """The leader of the session: without one no job can be stopped."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    mode = termios.tcgetattr(0)
    job = os.fork()
    if job == 0:
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.setpgid(0, 0)
        os.close(pipe)
        while os.tcgetpgrp(0) != os.getpgrp():
            time.sleep(0.01)
        os.execvp(argv[0], argv)
    os.setpgid(job, job)
    os.tcsetpgrp(0, job)
    os.write(pipe, f"job {job}\n".encode())
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if not os.WIFSTOPPED(status):
            break
        os.write(pipe, f"stopped, echo {echo(0)}\n".encode())
        termios.tcsetattr(0, termios.TCSADRAIN, mode)
        os.tcsetpgrp(0, job)
        os.kill(job, signal.SIGCONT)
    code = os.waitstatus_to_exitcode(status)
    name = signal.Signals(-code).name if code < 0 else code
    os.write(pipe, f"ended {name}\necho {echo(0)}\n".encode())
    os._exit(128 - code if code < 0 else code)


def main():
    split = sys.argv.index("--")
    steps = [step.split("=>", 1) for step in sys.argv[1:split]]
    ours, theirs = os.pipe()
    pid, fd = pty.fork()
    if pid == 0:
        os.close(ours)
        shell(sys.argv[split + 1:], theirs)
    os.close(theirs)
    shown, said, at, end, printed = b"", b"", 0, time.time() + 20, ""
    open_fds = [fd, ours]
    while open_fds and time.time() < end:
        for ready in select.select(open_fds, [], [], 0.05)[0]:
            try:
                part = os.read(ready, 4096)
            except OSError:
                part = b""
            if not part:
                open_fds.remove(ready)
            elif ready == fd:
                shown += part
            else:
                said += part
        if not steps or fd not in open_fds:
            continue
        found = shown.find(steps[0][0].encode(), at)
        if found < 0 or echo(fd) == "on":
            continue
        at, what = len(shown), steps.pop(0)[1]
        end = time.time() + 20
        if what.startswith("kill:"):
            job = int(said.split()[1])
            os.kill(job, signal.Signals[what[5:]])
        elif what.startswith("run:"):
            printed += subprocess.run(["sh", "-c", what[4:]], text=True,
                                      stdout=subprocess.PIPE).stdout
            at = found
        else:
            os.write(fd, what.encode().decode("unicode_escape").encode())
    print(shown.decode(errors="replace"))
    print(printed + said.decode(), end="")
    if open_fds:
        os.kill(int(said.split()[1]), signal.SIGKILL)
        os.waitpid(pid, 0)
        return 99
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


sys.exit(main())
