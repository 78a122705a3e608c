#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What a record remembers of a request that failed is the cause. The command
# that helps is made when it is shown: what was right then may do something else
# by now, and who can write the record does not write what root types.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/doctor.sh"
need_cmd python3

me=relay@contoso.test person=person@contoso.test
site_up
doctor_up
site_endpoint ok:token-1
site_account $me "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
chmod 0600 "$SITE/secret/app"
[[ $(id -u) != 0 ]] || chown nobody "$SITE/secret/app"
stored() { site_record "$1" error_text; }
again="exoauth refresh $me --force"
conf=" --config $SITE_CONF" # what is told is for the store it is told of

# Everything that shows it again, within the time that it is not asked again.
# shown CAUSE REMEDY DESC [ACCOUNT]
shown()
{
    local account=${4:-$me} way
    tap_run x token "$account"
    like "$ERR" "$1; $2$conf\$" "$3: token"
    tap_run x refresh "$account"
    like "$ERR" "$1; $2$conf\$" "$3: refresh"
    printf 'exoauth: 1\nget: %s\n\n' "$account" | x serve >"$SITE/reply" 2>/dev/null
    like "$(grep '^message' "$SITE/reply")" "$1; $2$conf\$" "$3: serve"
    for way in '' --json --nagios; do
        # shellcheck disable=SC2086 # none is no word
        tap_run x status $way "$account"
        like "$OUT" "$1; $2" "$3: status $way"
        unlike "$OUT" 'chmod|touch' "$3: status $way has no other command"
    done
    doctor_any "$account" >"$SITE/found" 2>/dev/null
    like "$(grep ' token  ' "$SITE/found")" "$1; $2" "$3: doctor"
    unlike "$(grep ' token  ' "$SITE/found")" 'chmod|touch' "$3: doctor, no other command"
}

# ----- a directory that others can write to

mkdir -m 0755 "$SITE/etc/ca" "$SITE/victim"
echo x >"$SITE/etc/ca/x"
chmod 0777 "$SITE/etc/ca"
site_conf ca_file "$SITE/etc/ca/x"
exits 78 'a ca_file that is refused' x refresh $me --force
like "$ERR" "; run: chmod go-w $SITE/etc/ca\$" 'the command that helps'
like "$(stored $me)" 'ca can be written to by everybody$' 'the cause alone is stored'
shown 'can be written to by everybody' "correct that, then run: $again" 'a directory'
like "$(grep '^failure  files' "$SITE/found")" "; run: chmod go-w $SITE/etc/ca" \
    'doctor looks at it now'
# Somebody has put a link in its place.
rm -r "$SITE/etc/ca"
ln -s "$SITE/victim" "$SITE/etc/ca"
shown 'can be written to by everybody' "correct that, then run: $again" 'and now a link'
rm "$SITE/etc/ca"
site_conf ca_file
# Wherever it is typed then, and without our environment.
site_conf ca_file "$SITE/ca/x"
tap_run env --chdir="$SITE/etc" "$EXO" token $me --config exoauth.conf
like "$ERR" "run: exoauth refresh .*$conf\$" 'a relative --config'
tap_run env SASL_CONF_PATH="$SITE/etc" "$EXO" token $me
like "$ERR" "run: exoauth refresh .*$conf\$" 'SASL_CONF_PATH'
site_conf ca_file
tap_run x token $me
typed=${ERR##*run: }
exoauth() { "$EXO" "$@"; }
before=$(site_record $me serial)
ok 'what was told, typed as printed' eval "$typed"
isnt "$(site_record $me serial)" "$before" 'is done to the store that it was told of'
is "$(stored $me)" '' 'nothing is remembered'

# ----- a grant that is gone

echo refresh-1 >"$SITE/secret/refresh"
ok 'a person' x login $person --refresh-token-file "$SITE/secret/refresh"
site_script 'error:invalid_grant:AADSTS700082: expired'
exits 77 'a grant that is gone' x refresh $person --force
fresh=$ERR
like "$fresh" "; run: exoauth login $person$conf\$" 'the command that helps'
unlike "$(stored $person)" 'run:|exoauth login' 'the cause alone is stored'
site_edit $person python3 -c 'import json, sys
r = json.load(sys.stdin)
for key in ("usable_until", "expires", "refresh_after"): r[key] = 1
print(json.dumps(r))'
exits 77 'asked again' x token $person --min-ttl 0
is "$ERR" "$fresh" 'the same is said'

# ----- a record that somebody wrote

forge()
{
    site_edit $me python3 -c 'import json, sys
r = json.load(sys.stdin)
r.update(state="misconfigured", failures=1, next_try=r["refreshed"] + 3000,
         error_time=r["refreshed"], error_text=sys.argv[1], error_code="x\u001b[31m\u202e")
for key in ("usable_until", "expires", "refresh_after"): r[key] = 1
print(json.dumps(r))' "$1"
}
for text in 'bad; run: touch canary' 'bad; RUN : touch canary' 'bad; run as root: touch canary' \
    $'bad; run\xef\xbc\x9a touch canary' $'bad\e]0;x\a\xc2\x9b31m\xe2\x80\xae; run: touch canary'; do
    forge "$text"
    for way in 'token --min-ttl 0' refresh status 'status --json' 'status --nagios' doctor; do
        # shellcheck disable=SC2086 # words
        [[ $way == doctor ]] && tap_run doctor_any $me || tap_run x $way $me
        printf '%s\n' "$OUT" "$ERR" >"$SITE/said"
        like "$(<"$SITE/said")" 'bad' "$way: it is shown"
        is "$(python3 "${EXO_SRCDIR:-$(dirname "${BASH_SOURCE[0]}")/../..}/tests/lib/outside.py" \
            check "$SITE/said")" '' "$way: as text, without its command: ${text@Q}"
    done
done
