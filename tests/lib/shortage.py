#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""shortage.py: a command with one allocation or call after the other failing.

    shortage.py --board FILE --shim SO --state DIR... [OPTION]... -- COMMAND...

Runs COMMAND once in peace and then once for each point that shortage.so counts,
with that point failing, and everything below the --state directories as it was
before. Each run is judged; what is wrong is printed, one line for each kind of
finding with the place where it was caused, and last "N points". A run may
  - not crash, hang, or leave a sanitizer's or assert()'s words;
  - exit 0 only if its output is that of the run in peace (numbers apart), the
    same files are there or a warning says what is not, and --check agrees;
  - fail only with 75, or 74 for an error of a disk, and one line on stderr,
    behind warnings, that names the fault and neither damage nor a remedy that
    replaces, moves or deletes anything;
  - leave, if it fails, no file changed but those that --owns knows;
and afterwards each --after works, with no temporary file left.

  --input FILE         standard input
  --quiet              what fails beside the answer need not be said
  --reset URL, --turn N   POST N (0) there before each run (endpoint.py, rotates)
  --spent URL          says how often the provider was asked
  --after 'WORDS'      a command line that must work afterwards, with the state
                       as the run left it, wherever that or the provider changed
  --check 'SHELL'      after exit 0; prints what is not as it should be
  --owns PATH[=TEXT]   files (a regular expression, from the top of the state)
                       that a failed run may change; with TEXT: if it says so
  --says CODE=TEXT     a failure with CODE that says TEXT is right, too
  --share /N           each N-th point, where EXO_SHORTAGE_POINTS says nothing;
                       with EXO_HALF=0 every other one of these, with 1 the rest
  --fine TEXT          words of the command that look wrong and are not; of both
                       one that nothing needs is a finding where all is tried
  --mask TEXT          what differs from run to run in the words of the command
  --kinds alloc|call   only these
  --step N             each N-th allocation of libraries (499)
  --alike N            of points with one stack the first N (1) and the last
EXO_SHORTAGE_POINTS=all tries all of them, N or N-M these, /N each N-th, and
EXO_SHORTAGE_SHOW=1 prints each run.
"""
import collections
import ctypes
import errno
import mmap
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
import urllib.request

TEXTS = {
    errno.ENOMEM: "memory", errno.EMFILE: "open files", errno.ENOSPC: "No space",
    errno.EIO: "Input/output", errno.EAGAIN: "temporarily unavailable",
    errno.ENOBUFS: "uffer space|memory", errno.ENOLCK: "locks|lock",
    errno.ENOSYS: "not implemented|random",
}
DISK = (errno.EIO, errno.ENOSPC, errno.ENOSYS)
# An answer that is lost on its way is lost.
LINE = re.compile(r"(recv|send|poll|getsockopt|getpeername) \d+ libcurl")
# Who asked another process knows no more.
LOST = re.compile(r"ended without a reply, its log says why; run: exoauth|"
                  r"the request was cut short; try again, or run: exoauth")
WRONG = re.compile(
    r"damaged|refused|does not hold|chown|chmod|mv |rm -|right key|"
    r"(?<!cannot )remove|"
    r"somebody else|internal|malformed|absolute path|not found|[Nn]o such|"
    r"there is no|there are no|does not exist|unsafe|invalid|unknown|syntax|"
    r"ermission denied|not configured|incomplete|too large|not allowed|"
    r"older than|rolled back|exoauth rekey|exoauth import|CAP_SETUID")
CRASH = re.compile(r"AddressSanitizer|runtime error:|[Aa]ssertion|free\(\)|"
                   r"malloc\(\)|corrupted|stack smashing")
TEMP = re.compile(r"/\.tmp\.|/\.exoauth\.[^/]*\.\d+$")
BOARD = struct.Struct("=9q")
TEXT = 4096
POINTS = 32768
SIZE = TEXT + 8 * POINTS


class Board:
    """What shortage.so reads and writes."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as out:
            out.write(bytes(SIZE))
        os.chmod(path, 0o666)
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), SIZE)

    def set(self, want, kinds, step, record):
        self.map[:TEXT] = BOARD.pack(want, 0, 0, kinds, step, 0, 0, record, 0) + \
            bytes(TEXT - BOARD.size)

    def ways(self, count):
        return struct.unpack(f"={count}Q", self.map[TEXT:TEXT + 8 * count])

    def get(self):
        _, count, fired, *_, pid = BOARD.unpack(self.map[:BOARD.size])
        text = self.map[BOARD.size:TEXT].split(b"\0", 1)[0].decode()
        return count, fired, pid, text


class State:
    """Directories, and how they were. The first one names the paths."""

    def __init__(self, tops):
        self.tops = tops

    def read(self):
        found = {}
        for top in self.tops:
            self._read(top, found)
        return found

    def _read(self, path, found):
        try:
            st = os.lstat(path)
        except FileNotFoundError:
            return
        data = None
        if stat.S_ISLNK(st.st_mode):
            data = os.readlink(path)
        elif stat.S_ISREG(st.st_mode):
            with open(path, "rb") as file:
                data = file.read()
        found[path] = (st.st_mode, st.st_uid, st.st_gid, data)
        if stat.S_ISDIR(st.st_mode):
            for name in os.listdir(path):
                self._read(f"{path}/{name}", found)

    def restore(self, before):
        now = self.read()
        for path in sorted(set(now) - set(before), reverse=True):
            (os.rmdir if stat.S_ISDIR(now[path][0]) else os.unlink)(path)
        for path in sorted(before):
            mode, uid, gid, data = before[path]
            old = now.get(path)
            if old == before[path]:
                continue
            if old and (stat.S_IFMT(old[0]) != stat.S_IFMT(mode) or
                        stat.S_ISLNK(mode)):
                (shutil.rmtree if stat.S_ISDIR(old[0]) else os.unlink)(path)
            if stat.S_ISDIR(mode):
                os.makedirs(path, exist_ok=True)
            elif stat.S_ISLNK(mode):
                os.symlink(data, path)
            elif stat.S_ISREG(mode):
                if os.path.exists(path):
                    os.chmod(path, 0o600)  # a key is read-only
                with open(path, "wb") as file:
                    file.write(data)
            else:
                continue
            os.lchown(path, uid, gid)
            if not stat.S_ISLNK(mode):
                os.chmod(path, stat.S_IMODE(mode))


class Run:
    pass


class Harness:
    def __init__(self, options, command):
        self.o, self.command = options, command
        self.board = Board(options["--board"])
        self.state = State(options["--state"])
        self.kinds = {"alloc": 1, "call": 2}.get(options["--kinds"], 3)
        self.before = self.state.read()
        self.found = collections.OrderedDict()
        self.used = set()
        self.chosen = os.environ.get("EXO_SHORTAGE_POINTS", options["--share"])
        # What goes on in the background becomes ours, and is waited for.
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)

    def reset(self):
        if self.o["--reset"]:
            urllib.request.urlopen(self.o["--reset"], data=self.o["--turn"].encode()).read()

    def spent(self):
        return urllib.request.urlopen(self.o["--spent"]).read() \
            if self.o["--spent"] else b""

    def children(self, until):
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                if time.monotonic() > until:
                    return False
                time.sleep(0.002)

    def execute(self, command, env, wait=40):
        run = Run()
        data = subprocess.DEVNULL
        if self.o["--input"]:
            data = open(self.o["--input"], "rb")
        child = subprocess.Popen(command, stdin=data, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=env)
        until = time.monotonic() + wait
        try:
            run.out, run.err = child.communicate(timeout=wait)
            run.hung = False
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            run.out, run.err = child.communicate()
            run.hung = True
        run.hung |= not self.children(until)
        run.pid, run.rc = child.pid, child.returncode
        run.out = run.out.decode(errors="replace")
        run.err = run.err.decode(errors="replace")
        if self.o["--mask"]:
            run.err = re.sub(self.o["--mask"], "?", run.err)
        return run

    def once(self, want, record=0):
        """One run from the beginning, with that point failing."""
        self.state.restore(self.before)
        self.reset()
        asked = self.spent()
        self.board.set(want, self.kinds, int(self.o["--step"]), record)
        env = {**os.environ, "LD_PRELOAD": self.o["--shim"],
               "EXO_SHORTAGE": self.board.path}
        run = self.execute(self.command, env)
        run.count, run.fired, pid, run.text = self.board.get()
        run.elsewhere = pid != run.pid
        run.now = self.state.read()
        run.asked = self.spent() != asked
        return run

    def changed(self, run):
        return sorted(p for p in set(self.before) | set(run.now)
                      if self.before.get(p) != run.now.get(p)
                      and not p.endswith(".lock"))

    def name(self, path):
        top = os.path.dirname(self.o["--state"][0])
        return os.path.relpath(path, top)

    def owned(self, path, run):
        for rule in self.o["--owns"]:
            where, _, text = rule.partition("=")
            if re.search(where, self.name(path)):
                self.used.add(("--owns", rule))
                return not text or re.search(text, run.err + run.out)
        return False

    def said(self, run):
        """Whether a rule knows this failure, which would be a finding else."""
        for rule in self.o["--says"]:
            code, text = rule.split("=", 1)
            if run.rc == int(code) and re.search(text, run.err):
                self.used.add(("--says", rule))
                return True
        return False

    def fault(self, run, error, last):
        # A process that died of it has said why in its log.
        if run.elsewhere and run.rc == 75 and LOST.search(last):
            return None
        if not re.search(TEXTS.get(error, "."), last):
            return f"exit {run.rc}, wrong cause: {last}"
        if run.rc not in ((74, 75) if error in DISK else (75,)):
            return f"exit {run.rc}: {last}"
        if "; " not in last:
            return f"no remedy: {last}"
        if re.search(r"exoauth login", last):
            return f"a remedy that spends: {last}"
        return None

    def judge_failure(self, run, error):
        told = self.peace.err.splitlines()  # instructions, too
        lines = [line for line in run.err.splitlines() if line not in told]
        if not lines:
            yield f"exit {run.rc} without a word"
            return
        if any(not line.startswith("exoauth: ") for line in lines):
            yield f"not a line of ours: {run.err!r}"
        fault = self.fault(run, error, lines[-1])
        if fault and not self.said(run):
            yield fault
        for path in self.changed(run):
            if not self.owned(path, run):
                yield f"exit {run.rc}, but {self.name(path)} changed: {run.err!r}"

    def judge_success(self, run):
        if self.plain(run.out) != self.plain(self.peace.out):
            yield f"exit 0 with other output: {run.out!r}"
        missing = {p for p in self.peace.now if not TEMP.search(p)} ^ \
            {p for p in run.now if not TEMP.search(p)}
        if missing and not run.err and not self.o["--quiet"]:
            yield "exit 0 in silence, but not as it should be: " + \
                " ".join(sorted(map(self.name, missing)))
        if self.o["--check"]:
            said = subprocess.run(["bash", "-c", self.o["--check"]],
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            if said.stdout:
                yield "exit 0, but " + said.stdout.decode().strip()

    @staticmethod
    def plain(text):
        return re.sub(r"\d+", "N", text)

    def judge_after(self, run):
        if not self.changed(run) and not run.asked:
            return
        lost = LINE.match(run.text) and run.asked
        for words in [] if lost else self.o["--after"]:
            after = self.execute(["bash", "-c", words], dict(os.environ))
            if after.rc != 0:
                yield f"lost: {words.split('/')[-1]}: {after.err.strip()}"
        left = [self.name(p) for p in self.state.read() if TEMP.search(p)]
        if left:
            yield "left over: " + re.sub(r"[0-9a-f]{16}", "X", " ".join(left))

    def judge(self, run):
        what, error = run.text.split(" ")[:2] if run.text else ("", "0")
        if run.hung:
            yield "hangs"
        if run.rc < 0 or run.rc >= 128 or CRASH.search(run.err):
            yield f"crash: exit {run.rc} {run.err.strip()[:200]}"
        elif run.rc != 0:
            yield from self.judge_failure(run, int(error))
        else:
            yield from self.judge_success(run)
        wrong = WRONG.search(run.err)
        words = run.err
        for rule in self.o["--fine"] if wrong else []:
            if re.search(rule, words):
                self.used.add(("--fine", rule))
            words = re.sub(rule, "", words)
        wrong = WRONG.search(words)
        if wrong and not WRONG.search(self.peace.err):
            yield f"exit {run.rc}, calls it {wrong.group()!r}: {run.err.strip()}"
        yield from self.judge_after(run)

    def note(self, number, run, finding):
        key = re.sub(r"\d+", "N", finding)
        entry = self.found.setdefault(key, [finding, []])
        entry[1].append((number, run.text))

    def points(self):
        chosen = self.chosen
        if chosen == "all":
            return range(1, self.peace.count + 1)
        if chosen and chosen[0] != "/":
            return range(int(chosen.split("-")[0]),
                         int(chosen.split("-")[-1]) + 1)
        ways = self.board.ways(min(self.peace.count, POINTS))
        hits = collections.defaultdict(list)
        for number, way in enumerate(ways, 1):
            hits[way].append(number)
        alike = int(self.o["--alike"])
        points = sorted({n for way in hits.values()
                         for n in way[:alike] + way[-1:]})[::int(chosen[1:] or 1)]
        half = os.environ.get("EXO_HALF")
        return points[int(half)::2] if half and chosen == self.o["--share"] else points

    def main(self):
        self.peace = self.once(0, 1)
        if self.peace.rc != 0 or self.peace.count == 0:
            print(f"in peace: exit {self.peace.rc}, {self.peace.count} points:",
                  self.peace.err)
            return
        for finding in self.judge_success(self.peace):
            print(f"in peace: {finding}")
        ran = 0
        for number in self.points():
            run = self.once(number)
            # How often a wait is cut in pieces is not the same each time.
            if not run.fired and run.rc == 0:
                continue
            ran += run.fired
            findings = list(self.judge(run)) if run.fired else [
                f"not reached: exit {run.rc}: {run.err.strip()}"]
            for finding in findings:
                self.note(number, run, finding)
            if os.environ.get("EXO_SHORTAGE_SHOW"):
                print(f"{number} {' '.join(run.text.split(' ')[:2])} rc {run.rc} "
                      f"out {run.out!r} err {run.err!r} {findings}", flush=True)
        for finding, hits in self.found.values():
            print(f"{len(hits)} x {finding}")
            for number, text in hits[:int(self.o["--places"])]:
                print(f"    at {number}: {self.place(text)}")
        # Only who has tried everything can tell.
        if self.chosen in ("", "/1", "all"):
            self.judge_rules()
        self.state.restore(self.before)
        self.reset()
        print(f"{ran} of {self.peace.count} points")

    def judge_rules(self):
        for option in "--says", "--fine":
            for rule in self.o[option]:
                if (option, rule) not in self.used:
                    print(f"never needed: {option} {rule!r}")

    def place(self, text):
        what, error, *frames = text.split(" ")
        names = []
        for frame in frames:
            module, at = frame.rsplit("+", 1)
            if module != "exoauth" or not shutil.which("addr2line"):
                names.append(frame)
                continue
            program = next((w for w in self.command if
                            os.path.basename(w) == "exoauth"), self.command[0])
            names.append(subprocess.run(
                ["addr2line", "-fse", program, at], capture_output=True,
                text=True, check=False).stdout.replace("\n", " ").strip())
        return f"{what} ({os.strerror(int(error))}) < " + " < ".join(names[:9])


def main():
    options = {"--board": "", "--shim": "", "--state": [], "--input": "",
               "--reset": "", "--turn": "0", "--spent": "", "--after": [], "--check": "",
               "--owns": [], "--says": [], "--kinds": "all", "--step": "499",
               "--alike": "1", "--fine": [], "--share": "", "--mask": "", "--places": "3",
               "--quiet": False}
    args = sys.argv[1:]
    while args and args[0] != "--":
        option = args.pop(0)
        if option not in options:
            sys.exit(__doc__)
        if option == "--quiet":
            options[option] = True
        elif isinstance(options[option], list):
            options[option].append(args.pop(0))
        else:
            options[option] = args.pop(0)
    if len(args) < 2 or not options["--board"] or not options["--state"]:
        sys.exit(__doc__)
    Harness(options, args[1:]).main()


main()
