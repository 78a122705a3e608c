#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# SECURITY names a test beside each of its promises: every promise has one, and
# every test that is named exists.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
src=${EXO_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
need_cmd python3

# Prints what is wrong with the text on standard input.
judge()
{
    python3 -c '
import os, re, sys
top = sys.argv[1]
text = sys.stdin.read().split("\nWhat is not defended\n")[0]
promises = re.findall(r"^\* (.*?)(?=^\S|^$)", text + "\n", re.M | re.S)
room = ""
for promise in promises:
    tests = re.findall(r"\b((?:unit|plugin|cli|e2e|fault)/)?((?<=/)[\w-]+|test_\w+)",
                       promise)
    if not tests:
        print("no test:", promise.split("\n")[0])
    room = ""
    for place, name in tests:
        room = place or room
        path = os.path.join(top, "tests", room + name)
        if not any(os.path.exists(path + end) for end in (".sh", ".c")):
            print("no such test:", room + name)
print(len(promises), "promises", file=sys.stderr)' "$src"
}

ok 'SECURITY is read' judge <"$src/SECURITY"
is "$OUT" '' 'each promise names tests that exist'
like "$ERR" '^[2-9][0-9] promises' 'and there are some'
ok 'a page with faults is read' judge <<'END'
* Nobody reads it. cli/seal, cli/missing
* Nothing happens.
END
is "$OUT" $'no such test: cli/missing\nno test: Nothing happens.' 'and they are found'
