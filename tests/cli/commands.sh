#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Every command line of exoauth that README, HACKING, doc/design.md or a manual
# page prints is
# one that the program takes: command, options, values, keys, number of words.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need_cmd python3
EXO=${EXO_BUILDDIR:?run it by make check, or set EXO_BUILDDIR}/exoauth
need_file "$EXO" 'run: make'
src=${EXO_SRCDIR:-$(dirname "$0")/../..}
keys=$(tap_dir)/keys
need_file "$EXO_BUILDDIR/tests/lib/tables" 'run: make check TESTS='
"$EXO_BUILDDIR/tests/lib/tables" | sed -n 's/^\(conf\|account\) //p' >"$keys"
ok 'there are keys' test "$(wc -l <"$keys")" -ge 40

check() { python3 "$src/tests/lib/commands.py" "$EXO" "$keys" "$@"; }

# What must be found wrong is found wrong.
cat >"$(tap_dir)/wrong.7" <<'END'
.Bd -literal
$ exoauth lgoin alice@contoso.com
# exoauth login alice@contoso.com --devise
$ exoauth token alice@contoso.com --format xml
# exoauth login alice@contoso.com --set tennant=x
# exoauth show
$ exoauth token a \e
    b
password_command = "exoauth token --min-ttl"
.Ed
.Ql exoauth statsu Ar account .
END
check "$(tap_dir)/wrong.7" >"$(tap_dir)/found"
is "$(cut -f1 "$(tap_dir)/found" | sort | uniq -c | tr -s ' ')" ' 8 bad' \
    'eight mistakes'

found=0
while IFS=$'\t' read -r verdict place text reason; do
    found=$((found + 1))
    is "${reason:-$verdict}" ok "$place: exoauth $text"
done < <(check "$src"/README "$src"/HACKING "$src"/doc/design.md "$src"/man/*.[1-8])
ok 'many are found' test "$found" -ge 60
