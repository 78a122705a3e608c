#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# OAUTHBEARER with a server that takes nothing else: the programs of Cyrus,
# mbsync, Postfix in its chroot, and a client that has no libsasl2 and uses
# `exoauth token --format`. Then one that takes both, and hosts that send the
# response on a line of its own. Postfix needs root, the rest does not.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

PATH=$PATH:/usr/lib/cyrus/bin
need_cmd dovecot imtest smtptest pop3test mbsync
relay=relay@contoso.test
bob=bob@contoso.test
rig_init
rig_as_start
# shellcheck disable=SC2034 # for lib/mail.sh
RIG_MX_PORT=$(rig_port)
rig_dovecot_start oauthbearer
[[ $(id -u) == 0 ]] && rig_mx_start
server=$RIG/log/dovecot.log

# by_command MECHANISM: a login with what the command prints
by_command()
{
    exo token "$relay" --format "${1,,}" | python3 -c '
import socket, ssl, sys
port, ca, mech = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection(("localhost", int(port)), 60) as plain:
    imap = context.wrap_socket(plain, server_hostname="localhost")
    lines = imap.makefile("r")
    lines.readline()
    imap.sendall(f"a AUTHENTICATE {mech} {sys.stdin.read().rstrip()}\r\n".encode())
    while (line := lines.readline()) and not line.startswith(("a ", "+ ")):
        pass
    print(line[:4])' "$RIG_IMAPS_PORT" "$RIG_CA" "$1"
}

ok 'login' rig_login "$relay"
mkdir -p "$RIG/mail/$relay"/{new,cur,tmp}
printf 'From: bob\nSubject: waiting\n\nHello.\n' >"$RIG/mail/$relay/new/1.1.x"
[[ $(id -u) == 0 ]] && chown -R nobody:nogroup "$RIG/mail/$relay"

# ----- a server that takes OAUTHBEARER only

like "$(rig_cyrus imtest "$relay" OAUTHBEARER "$RIG_IMAPS_PORT" -s)" 'Authenticated' \
    'imtest -m OAUTHBEARER'
like "$(rig_cyrus imtest "$relay" '' "$RIG_IMAPS_PORT" -s)" 'Authenticated' \
    'imtest finds the mechanism by itself'
like "$(rig_cyrus pop3test "$relay" OAUTHBEARER "$RIG_POP3S_PORT" -s)" 'Authenticated' \
    'pop3test'
ok 'mbsync, OAUTHBEARER' rig_mbsync "$relay" OAUTHBEARER
unlike "$ERR" 'Warning' 'without a warning after the login'
is "$(cat "$RIG"/mbsync/INBOX/*/* 2>/dev/null | grep -c '^Subject: waiting')" 1 \
    'and the message is here'
ok 'mbsync, any mechanism' rig_mbsync "$relay" '*'
ok 'a client of its own with exoauth token --format oauthbearer' \
    by_command OAUTHBEARER
is "$OUT" 'a OK' 'is let in'
unlike "$(rig_cyrus imtest "$relay" XOAUTH2 "$RIG_IMAPS_PORT" -s)" 'Authenticated' \
    'XOAUTH2 is not what this server takes'
for protocol in imap pop3; do
    like "$(<"$server")" "$protocol-login: .*user=<$relay>, method=OAUTHBEARER" \
        "the server saw OAUTHBEARER ($protocol)"
done
is "$(rig_as_count)" 1 'one token request for all of it'

# The server's word on a wrong token: a challenge, then its answer.
good=$(exo token "$relay")
rig_publish "$relay" "$(printf 'x%.0s' {1..1500})"
out=$(rig_cyrus imtest "$relay" OAUTHBEARER "$RIG_IMAPS_PORT" -s)
like "$out" 'S: \+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuI.*C: AQ==' \
    'imtest, wrong token: the challenge is answered by ^A'
like "$out" 'NO \[AUTHENTICATIONFAILED\]' 'and the words of the server come'
like "$(rig_cyrus pop3test "$relay" OAUTHBEARER "$RIG_POP3S_PORT" -s)" '-ERR \[AUTH\]' \
    'pop3test, wrong token'
exits 1 'mbsync, wrong token: it fails and does not hang' \
    rig_mbsync "$relay" OAUTHBEARER
like "$ERR" 'AUTHENTICATIONFAILED' 'and shows the words of the server'
ok 'the good one again' exo refresh "$relay"
is "$(rig_published "$relay" token)" "$good" 'without a request'

# ----- Postfix

if [[ $(id -u) == 0 ]]; then
    like "$(rig_cyrus smtptest "$relay" OAUTHBEARER "$RIG_SUBMISSION_PORT" -t '')" \
        'Authenticated' 'smtptest'
    rig_postfix_client client
    ok 'published in the jail' exo refresh "$relay"
    rig_postfix_conf client smtp_sasl_mechanism_filter=oauthbearer
    rig_postfix_start client
    rig_send client "$relay" "$bob" bearer
    ok 'a chrooted smtp(8) delivers with OAUTHBEARER' \
        rig_mail_wait "$bob" bearer
    like "$(<"$server")" \
        "submission-login: .*user=<$relay>, method=OAUTHBEARER" \
        'the server saw it'
    unlike "$(<"$(rig_postfix_log client)")" 'status=(deferred|bounced)' \
        'no message waited'
    rig_publish "$relay" "$(printf 'x%.0s' {1..1500})"
    rig_send client "$relay" "$bob" wrong
    ok 'wrong token: the 535 of the server is in the log' rig_log_wait \
        'status=deferred.*said: 535 5.7.8 Authentication failed' \
        "$(rig_postfix_log client)"
    ok 'and what its challenge said' rig_log_wait \
        'localhost refused the token for .*status invalid_token.*; .*refresh' \
        "$(rig_postfix_log client)"

    # What goes over the wire is what the command prints, and the server's
    # name, which only the host program knows.
    port=$(rig_port)
    mkdir "$RIG/smtpd"
    rig_daemon smtpd python3 "$RIG_HERE/smtpd.py" "$RIG" "$port" OAUTHBEARER
    rig_wait 20 rig_listens "$port" || bail 'smtpd.py does not listen'
    ok 'a good token' exo refresh "$relay"
    rig_postfix_passwd client "[localhost]:$port $relay"
    rig_postfix_conf client "relayhost=[localhost]:$port"
    rig_postfix_reload client
    rig_send client "$relay" "$bob" wire
    rig_wait 20 test -s "$RIG/smtpd/1"
    is "$(tr '\1' '|' <"$RIG/smtpd/1")" \
        "$(exo token "$relay" --format oauthbearer | base64 -d | tr '\1' '|' |
            sed 's/,|auth=/,|host=localhost|auth=/')" \
        'the response of Postfix is that of the command, and host='
else
    skip 'Postfix with OAUTHBEARER' 'needs root'
fi

# ----- a server that takes both

rig_dovecot_stop
rig_dovecot_start 'oauthbearer xoauth2'
count() { grep -c "method=$1" "$server"; }
before=$(count OAUTHBEARER)
like "$(rig_cyrus imtest "$relay" '' "$RIG_IMAPS_PORT" -s)" 'Authenticated' 'both offered'
is "$(count OAUTHBEARER)" "$before" 'XOAUTH2 is preferred'
is "$(count XOAUTH2)" 1 'the server saw it'
rig_conf mechanisms oauthbearer xoauth2
like "$(rig_cyrus imtest "$relay" '' "$RIG_IMAPS_PORT" -s)" 'Authenticated' \
    'mechanisms: oauthbearer xoauth2'
is "$(count OAUTHBEARER)" $((before + 1)) 'turns that round'
rig_conf mechanisms oauthbearer
unlike "$(rig_cyrus imtest "$relay" XOAUTH2 "$RIG_IMAPS_PORT" -s)" 'Authenticated' \
    'mechanisms: oauthbearer, and XOAUTH2 is gone'
rig_conf mechanisms
ok 'exoauth token --format xoauth2' by_command XOAUTH2
is "$OUT" 'a OK' 'is let in, too'

# ----- the response on a line of its own

# Short enough for pop3test to put it on the line of the command.
rig_as_set '{"tokenBytes": 43}'
ok 'a short token' exo refresh "$relay" --force
for mech in XOAUTH2 OAUTHBEARER; do
    rig_conf initial_response yes
    like "$(rig_cyrus pop3test "$relay" $mech "$RIG_POP3S_PORT" -s)" \
        "C: AUTH $mech [A-Za-z0-9]{100}" "pop3test sends one line ($mech)"
    rig_conf initial_response no
    out=$(rig_cyrus pop3test "$relay" $mech "$RIG_POP3S_PORT" -s)
    like "$out" "C: AUTH $mech"$'\n''S: \+ ?'$'\n''C: [A-Za-z0-9]{100}' \
        "initial_response: no, and it sends two ($mech)"
    like "$out" 'Authenticated' 'and is let in'
    out=$(rig_cyrus imtest "$relay" $mech "$RIG_IMAPS_PORT" -s)
    like "$out" "AUTHENTICATE $mech"$'\n''S: \+ ?'$'\n' "imtest too ($mech)"
    like "$out" 'Authenticated' 'and is let in'
    ok "mbsync ($mech)" rig_mbsync "$relay" $mech
done
rig_publish "$relay" "$(printf 'x%.0s' {1..1500})"
exits 1 'mbsync, wrong token' rig_mbsync "$relay" XOAUTH2
like "$ERR" 'AUTHENTICATIONFAILED' 'the words of the server'
unlike "$ERR" 'eHh4eHh4' 'but no longer the token'
