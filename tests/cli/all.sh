#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/all itself, in a project whose build and tests are stand-ins: what it
# counts, which tests a name means, that each long step says what runs and how
# far it is, and that Ctrl-C is answered wherever it comes.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need_cmd python3 make

top=$TAP_DIR/top
mkdir -p "$top"/tests/{lib,unit,cli} "$top/src"
cp "$EXO_SRCDIR"/tests/all "$top/tests/"
cp "$EXO_SRCDIR"/tests/lib/{build,open,progress}.sh "$top/tests/lib/"
touch "$top"/src/{a,b,c}.c
printf '#!/bin/sh\nexit 0\n' >"$top/autogen.sh"
cat >"$top/configure" <<'SH'
#!/bin/sh
pwd >"$SAYS/builddir"
mkdir -p tests/unit
cp "$(dirname "$0")/Makefile.there" Makefile
echo "$TMPDIR" >"$SAYS/tmpdir"
SH
cat >"$top/Makefile.there" <<'SH'
all:
	@echo '  CC       src/a.lo'; echo '  CC       src/b.lo'; sleep $${BUILD:-0}
list-test-programs:
	@printf '%s\n' tests/unit/test_one tests/unit/test_two
check:
	@sleep $${CHECK:-0}
	@for t in $(TESTS); do \
	    printf '1..1\nok 1 - it\n' >$$t.log; echo ':test-result: PASS' >$$t.trs; done
SH
printf '#!/bin/bash\necho "ok 1 - script"; sleep "${SCRIPT:-0}"; echo 1..1\n' >"$top/tests/cli/script.sh"
chmod 0755 "$top/autogen.sh" "$top/configure"
export SAYS=$TAP_DIR

# What is set for the run that this one is part of is not for it.
unset EXO_KEEP EXO_TIMEOUT EXO_JOBS EXO_CONFIGURE_FLAGS
export EXO_PROGRESS=1
all() { env -u EXO_BUILDDIR "$top/tests/all" --no-deps "$@" 2>&1; }
summary() { tail -n 1 <<<"$OUT"; }
ways=1
[[ $(id -u) != 0 ]] || ways=2 # and as nobody

ok 'everything' all
like "$(summary)" "^$((2 + ways)) passed, 0 failed" 'programs and scripts are counted'
ok 'the name of a program' all unit/test_two
like "$(summary)" '^1 passed, 0 failed' 'is that program'
like "$OUT" 'check: unit/test_two ' 'and no other'
ok 'a part of two names' all unit/
like "$(summary)" '^2 passed, 0 failed' 'is both'
exits 1 'a name of none' all unit/ moon
like "$OUT" 'no test has moon in its path' 'is said'
ok 'the temporary files of the build' test -n "$(<"$TAP_DIR/tmpdir")"
is "$(dirname "$(<"$TAP_DIR/tmpdir")")" "$(dirname "$(<"$TAP_DIR/builddir")")" 'are beside it'
not_ok 'and gone' test -e "$(<"$TAP_DIR/tmpdir")"

# Ctrl-C as a terminal sends it, when what matches REGEX has come.
interrupted()
{
    env -u EXO_BUILDDIR python3 - "$1" "$top/tests/all" >"$TAP_DIR/said" <<'PY'
import os, pty, re, signal, sys
pid, fd = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[2], [sys.argv[2], "--no-deps"])
out, sent = b"", False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    out += data
    if not sent and re.search(sys.argv[1].encode(), out):
        sent = os.write(fd, b"\x03")
print(out.decode(), "status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
    OUT=$(<"$TAP_DIR/said")
}
stops()
{
    like "$OUT" 'stopped by a signal' "$1: it says that it stopped"
    like "$OUT" 'status 130$' 'and exits 130'
    not_ok 'and leaves nothing' test -e "$(dirname "$(<"$TAP_DIR/builddir")")"
}
BUILD=60 interrupted 'the build: [0-9]+ s: 2 of 3 files:'
stops 'Ctrl-C in the build'
CHECK=60 interrupted 'make check: [1-9][0-9]* s: 0 of 2 programs are done, 0 points passed'
stops 'Ctrl-C in make check'
SCRIPT=60 interrupted 'tests: [0-9]+ s: cli/script.sh: ok 1 - script;'
stops 'Ctrl-C in a script'
