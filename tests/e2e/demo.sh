#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/demo as a stranger meets it: every step works, and nothing of it is
# left behind, neither at the end nor after Ctrl-C in the middle.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need_root 'starting a Postfix and a Dovecot'
need_file "$EXO_SRCDIR/tests/demo"
demo=$EXO_SRCDIR/tests/demo
tmp=$(tap_dir)/tmp
mkdir -m 0755 "$tmp"
export TMPDIR=$tmp
before=$(tap_dir)/before
# The demo's directory is in its processes' arguments or working directories.
left() { pgrep -f -- "$tmp/" | grep -vx "$$"; }
ls -la /etc/postfix /etc/dovecot /etc/sasl2 2>/dev/null >"$before"
changed() { ls -la /etc/postfix /etc/dovecot /etc/sasl2 2>/dev/null | diff "$before" -; }

ok 'the demo' "$demo"
like "$OUT" 'Every step worked' 'says that every step worked'
like "$OUT" 'method=XOAUTH2' 'Dovecot saw XOAUTH2'
like "$OUT" 'none deferred' 'no message waited while the token expired'
is "$(left)" '' 'no process is left'
is "$(find "$tmp" -mindepth 1 -maxdepth 1)" '' 'no file is left'
is "$(changed)" '' "the host's mail configuration is as before"

# A shell starts what runs in the background with SIGINT ignored.
setsid env --default-signal=INT "$demo" >"$(tap_dir)/log" 2>&1 </dev/null &
pid=$!
cleanup kill -KILL -- "-$pid"
for ((i = 0; i < 1200; i++)); do
    grep -q '^7\.' "$(tap_dir)/log" && break
    sleep 0.1
done
like "$(cat "$(tap_dir)/log")" 'Start Postfix' 'a second one is under way'
kill -INT -- "-$pid"
wait "$pid"
isnt $? 0 'Ctrl-C ends it, not with success'
for ((i = 0; i < 100; i++)); do
    [[ -z $(left) ]] && break
    sleep 0.1
done
is "$(left)" '' 'no process is left'
is "$(find "$tmp" -mindepth 1 -maxdepth 1)" '' 'no file is left'
