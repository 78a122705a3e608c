#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What a mail server says, in greetings, capabilities, refusals and challenges,
# is shown by exoauth test, connect and the plugin as text, and never as a
# command to type. outside.sh has the others.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/rig.sh"

need_cmd python3
src=${EXO_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
outside() { python3 "$src/tests/lib/outside.py" "$@"; }
alice=alice@contoso.test
rig_init
rig_conf log
rig_account "$alice"
rig_publish "$alice" "$(openssl rand -hex 60)"
rig_daemon mailsrv python3 "$RIG_HERE/mailsrv.py" "$RIG"
rig_wait 20 test -s "$RIG/mailsrv.port" || bail 'the mail server does not run'
port=$(<"$RIG/mailsrv.port")

run() { rig_sasl timeout 60 "$RIG_EXO" "$@" --config "$RIG_CONF" >>"$RIG/said" 2>&1 </dev/null; }
texts=$(outside texts | wc -l)
turn=0
for how in '' refuse=auth refuse=later refuse=challenge refuse=bye folder=no \
    garbage=greeting mechs=; do
    turn=$((turn + 1))
    for ((i = 0; i < texts; i++)); do
        # Each text three times, and all of them in a challenge.
        [[ $how == refuse=challenge || $(((i + turn) % 3)) == 0 ]] || continue
        protos=(imap pop3 smtp)
        proto=${protos[(i + turn) / 3 % 3]}
        outside text "$i" >"$RIG/hostile"
        printf '%s\n' "$proto implicit hostile $how" >"$RIG/mode"
        run test "$alice" "$proto" --server localhost --port "$port" --tls implicit \
            --timeout 10 --ca-file "$RIG_CA"
        [[ $how ]] || continue
        run connect "$proto" localhost "$port" "$alice" --tls implicit \
            --timeout 10 --ca-file "$RIG_CA"
    done
    isnt "$(wc -c <"$RIG/said")" 0 "${how:-a login}: something was said"
    is "$(outside check "$RIG/said")" '' "${how:-a login}: is text and no command"
    [[ $how != refuse=challenge ]] || like "$(<"$RIG/said")" \
        "run. touch canary.*; if it stays so, run: exoauth refresh $alice --force" \
        'what the plugin says keeps its own command'
    rm -f "$RIG/said"
done
