#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A token that the server refuses although it has not expired: revoked at the
# provider. The login that meets it fails, the next one has a new token, for
# one request, over each protocol and with each mechanism, whoever is asked.
# And a server that refuses everything: twenty logins, one request a minute.
#
# A token that is less than a minute old is not replaced, so what the plugin
# asks (a helper, a socket, spawn(8)) is shown a clock that is ahead.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

PATH=$PATH:/usr/lib/cyrus/bin
need_cmd dovecot imtest smtptest pop3test faketime
alice=alice@contoso.test
relay=relay@contoso.test
bob=bob@contoso.test
rig_init
rig_as_start
# shellcheck disable=SC2034 # for lib/mail.sh
RIG_MX_PORT=$(rig_port)
rig_dovecot_start 'xoauth2 oauthbearer'
[[ $(id -u) == 0 ]] && rig_mx_start

# The program, with a clock that stands still, so many seconds after `now`.
# Not by way of faketime(1), which would stand between the plugin and its
# child.
# shellcheck disable=SC2016 # it is the inner shell's, and holds ld.so's $LIB
preload=$(faketime -f +1s sh -c 'echo "$LD_PRELOAD"')
cat >"$RIG/bin/ahead" <<END
#!/bin/sh
LD_PRELOAD='$preload' FAKETIME="\$(cat "$RIG/etc/ahead")"
FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC
export LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC TZ
exec "$RIG_EXO" "\$@"
END
chmod 0755 "$RIG/bin/ahead"
ahead() { date -u -d "@$((now + $1))" '+%F %T' >"$RIG/etc/ahead"; }
# A token that is not a second old.
token_of_now() { exo refresh "$relay" --force && now=$(date +%s); }

# login PROGRAM MECHANISM USER: what it prints
login()
{
    local program=$1 mech=$2 user=$3 bye=quit port=$RIG_POP3S_PORT tls=(-s)
    case $program in
    imtest) bye='. logout' port=$RIG_IMAPS_PORT ;;
    smtptest) port=$RIG_SUBMISSION_PORT tls=(-t '') ;;
    esac
    printf '%s\n' "$bye" | rig_sasl timeout 60 "$program" -m "$mech" \
        -a "$user" -u "$user" "${tls[@]}" -p "$port" localhost 2>&1 |
        tr -d '\r'
}

serial() { rig_published "$1" serial; }
is_new() { [[ $(serial "$1") -gt $2 ]]; }
revoke()
{
    rig_curl "$RIG_AS/revoke" -d "token=$(rig_published "$1" token)" "${@:2}"
}
revoke_relay() { revoke "$relay" -d client_id=relay-app -d "client_secret=$RIG_SECRET"; }

# revoked PROGRAM MECHANISM HOW
revoked()
{
    local old before
    old=$(serial "$relay")
    before=$(rig_as_count)
    revoke_relay
    like "$(login "$1" "$2" "$relay")" \
        'AUTHENTICATIONFAILED|-ERR \[AUTH\]|535 5\.7\.8' \
        "$1, $2, $3: a revoked token is refused"
    ok "$1, $2, $3: a new one is published" rig_wait 20 is_new "$relay" "$old"
    like "$(login "$1" "$2" "$relay")" Authenticated \
        "$1, $2, $3: the next login succeeds"
    is "$(rig_as_count)" $((before + 1)) "$1, $2, $3: one token request"
}

programs=(imtest pop3test)
if [[ $(id -u) == 0 ]]; then
    programs+=(smtptest)
else
    skip 'smtptest' 'needs root: a Postfix behind the submission'
fi

# ----- a helper that the plugin starts

ok 'login' rig_login "$relay"
now=$(date +%s)
rig_conf helper "$RIG/bin/ahead"
later=0
for program in "${programs[@]}"; do
    for mech in XOAUTH2 OAUTHBEARER; do
        # Each renewal is at the clock of the one before.
        later=$((later + 70))
        ahead $later
        revoked "$program" $mech helper
    done
    # Not further ahead than a reader takes for a clock that is wrong.
    [[ $later -lt 200 ]] && continue
    ok 'a token of now' token_of_now
    later=0
done

# ----- a socket, and a refresh token that rotates

rig_conf helper none
rig_conf socket "$RIG/socket"
rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'login of a person' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"
now=$(date +%s)
ahead 70
rig_daemon serve "$RIG/bin/ahead" serve --listen "$RIG/socket" \
    --config "$RIG_CONF"
ok 'serve --listen' rig_wait 20 test -S "$RIG/socket"
old=$(serial "$alice")
rig_as_reset
revoke "$alice" -d client_id=device-app
unlike "$(login imtest OAUTHBEARER "$alice")" Authenticated \
    'a revoked token of a person is refused'
ok 'a new one is published' rig_wait 20 is_new "$alice" "$old"
like "$(login imtest OAUTHBEARER "$alice")" Authenticated 'and let in'
is "$(rig_as_count grant_type=refresh_token)" 1 'one token request'
rig_stop serve

# ----- a server that refuses everything

rig_conf socket none
rig_conf helper "$RIG/bin/ahead"
ok 'a token of now' token_of_now
first=$(serial "$relay")
rig_as_fault '[{"match": "/introspect", "status": 200,
    "headers": {"content-type": "application/json"},
    "body": "{\"active\": false}"}]'
rig_as_reset
ahead 70
refused=0
for i in {1..20}; do
    mech=XOAUTH2
    ((i % 2)) && mech=OAUTHBEARER
    out=$(login imtest $mech "$relay")
    [[ $out == *AUTHENTICATIONFAILED* ]] && refused=$((refused + 1))
    # Every other login meets the new token, if there is one.
    ((i == 1)) && rig_wait 20 is_new "$relay" "$first"
done
is "$refused" 20 'twenty logins are refused'
is "$(rig_as_count)" 1 'and made one token request'
second=$(serial "$relay")
ahead 129
unlike "$(login imtest XOAUTH2 "$relay")" Authenticated 'again within a minute'
ahead 130
unlike "$(login imtest XOAUTH2 "$relay")" Authenticated 'and after it'
ok 'which has a new token come' rig_wait 20 is_new "$relay" "$second"
is "$(rig_as_count)" 2 'two requests in all, one a minute'
rig_as_fault '[]'
like "$(login imtest XOAUTH2 "$relay")" Authenticated \
    'the server comes to its senses, and all is well'
is "$(rig_as_count)" 2 'without a request'

# ----- Postfix, by way of spawn(8)

if [[ $(id -u) != 0 ]]; then
    skip 'Postfix' 'needs root'
    exit 0
fi
rig_conf helper none
rig_postfix_client client
rig_postfix_master client -M "exoauth/unix=exoauth unix - n n - 100 spawn user=nobody argv=$RIG/bin/ahead serve --config $RIG_CONF"
ok 'a token of now, in the jail' token_of_now
rig_postfix_start client
ahead 70
old=$(serial "$relay")
rig_as_reset
revoke_relay
rig_send client "$relay" "$bob" one
ok 'Postfix meets a revoked token' rig_log_wait \
    'status=deferred.*said: 535 5.7.8' "$(rig_postfix_log client)"
ok 'the log says so' rig_log_wait \
    'localhost refused the token for .*status 401' "$(rig_postfix_log client)"
ok 'a new one is published' rig_wait 20 is_new "$relay" "$old"
rig_postfix_flush client
ok 'and the message goes out' rig_mail_wait "$bob" one
is "$(rig_as_count)" 1 'one token request'
