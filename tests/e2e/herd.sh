#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The herd: 1,000 askers at once on one socket, and 200 messages through
# spawn(8) with a hundred smtp(8) at a time. All are served, one request goes
# to the provider, and the memory of what listens stays where it was.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

relay=relay@contoso.test
bob=bob@contoso.test
crowd=1000
mails=200
rig_up
log=$(rig_postfix_log client)
rig_conf timeout 120
exolog=$RIG/exolog/exoauth.log

# ----- 1,000 logins at once on one socket

socket=$RIG/socket
rig_as_set '{"ttl": 2}'
ok 'login' rig_login "$relay"
expired() { [[ $(date +%s) -gt $(rig_published "$relay" expires) ]]; }
ok 'the token expires' rig_wait 20 expired
rig_as_set '{"ttl": 3600, "latency": 500}'
rig_daemon serve "$RIG_EXO" serve --listen "$socket" --config "$RIG_CONF"
ok 'serve --listen makes its socket' rig_wait 20 test -S "$socket"
serve=$(<"$RIG/pids/serve.pid")
memory() { awk '/^VmHWM/ { print $2 }' "/proc/$serve/status"; }
# The most processes at a time and the most memory of all of them, in kB,
# pages that are shared counted once.
watch()
{
    python3 -c '
import os, sys, time
parent, stop, most, pss_most = sys.argv[1], sys.argv[2], 0, 0
def children():
    try:
        return open(f"/proc/{parent}/task/{parent}/children").read().split()
    except OSError:
        return []
while not os.path.exists(stop):
    pids = children()
    pss = 0
    for pid in pids:
        try:
            for line in open(f"/proc/{pid}/smaps_rollup"):
                if line.startswith("Pss:"):
                    pss += int(line.split()[1])
        except OSError:
            pass
    most, pss_most = max(most, len(pids)), max(pss_most, pss)
    time.sleep(0.05)
print(most, pss_most)' "$serve" "$RIG/herd.stop" >"$RIG/herd.most"
}
rig_as_reset
before=$(memory)
watch &
watcher=$!
printf 'exoauth: 1\nget: %s\nserver: localhost\n\n' "$relay" |
    python3 "$RIG_HERE/ask.py" --many "$crowd" "$socket" >"$RIG/herd.replies" \
        2>"$RIG/herd.errors"
is "$?" 0 "$crowd connections at once are taken"
touch "$RIG/herd.stop"
wait "$watcher"
read -r most pss <"$RIG/herd.most"
after=$(memory)
diag "$most helpers at a time, $pss kB in all; the listener $before -> $after kB"
is "$(awk '/status: ok/ { n += $1 } END { print n + 0 }' "$RIG/herd.replies")" \
    "$crowd" "$crowd of $crowd are given a token"
is "$(wc -l <"$RIG/herd.replies")" 1 'all the same one'
is "$(<"$RIG/herd.errors")" '' 'without an error'
ok 'no more than 256 helpers at a time' test "$most" -le 256
# It reads requests before it makes a process, 320 at most.
ok 'the listener does not grow with the crowd (less than 1 MB)' \
    test "$((after - before))" -lt 1024
ok 'a helper takes less than 2 MB (all of them less than 512 MB)' \
    test "$pss" -lt 524288
none_left() { [[ -z $(<"/proc/$serve/task/$serve/children") ]]; }
ok 'no process is left' rig_wait 20 none_left
is "$(rig_as_count)" 1 'the provider had one request'
ok 'and the next one is served' grep -q '^status: ok' \
    <(printf 'exoauth: 1\nget: %s\n\n' "$relay" |
        python3 "$RIG_HERE/ask.py" "$socket")
unlike "$(grep -v ' info: \| debug: ' "$exolog")" '.' 'the log has no complaint'
rig_stop serve

# ----- 200 messages through spawn(8), a hundred smtp(8)

# Nothing is published in the jail any more, so every login asks; and every
# message has a connection and a login of its own.
queue=$(rig_postfix_queue client)
rig_conf chroot
rig_unpublish "$relay"
rig_postfix_conf client default_process_limit=100 \
    smtp_destination_concurrency_limit=100 \
    initial_destination_concurrency=100 smtp_destination_recipient_limit=1 \
    smtp_connection_cache_on_demand=no defer_transports=smtp
rig_postfix_start client
for ((i = 0; i < mails; i++)); do
    rig_send client "$relay" "$bob" "herd-$i"
done
all_wait() { [[ $(grep -c 'deferred transport' "$log") -ge $mails ]]; }
ok "$mails messages are in the queue" rig_wait 60 all_wait
rig_postfix_conf client defer_transports=
rig_postfix_reload client
rig_postfix_flush client
# A queue manager that ends for the reload may have taken that to its grave.
sleep 3
rig_postfix_flush client
ok 'all of them arrive' rig_mail_wait "$bob" herd- "$mails" 120
is "$(rig_mail_count "$bob" herd-)" "$mails" 'each once'
is "$(grep -c "submission-login: .*user=<$relay>, method=XOAUTH2" \
    "$RIG/log/dovecot.log")" "$mails" 'with as many logins at the server'
is "$(find "$queue$RIG_TOKENS" -type f)" '' 'nothing was published in the jail'
unlike "$(grep -v 'deferred transport' "$log")" 'status=(deferred|bounced)' \
    'no message waited for a login'
unlike "$(<"$log")" 'SASL authentication failure' 'no login failed'
unlike "$(<"$log")" '(warning|fatal|panic):' 'Postfix has no complaint at all'
diag "$(grep -oE '/smtp\[[0-9]+\].*status=sent' "$log" | grep -oE '^/smtp\[[0-9]+' |
    sort -u | wc -l) smtp(8) processes"
is "$(rig_as_count)" 1 'the provider had no further request'
