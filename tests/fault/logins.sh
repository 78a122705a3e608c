#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Several logins of one account at once, and beside refreshes, at a provider
# that rotates refresh tokens and ends the grant of one that comes twice: the
# last one wins, each is told the truth, and what is stored works.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_cmd python3

site_up
site_endpoint grants:0.3
who=person@contoso.test
dir=$SITE/etc/exoauth.d
plain=('grant: device_code' "authorization_endpoint: $SITE_URL/authorize"
    "device_authorization_endpoint: $SITE_URL/devicecode")
site_account $who "${plain[@]}"
paste() { python3 "${BASH_SOURCE[0]%/*}/../lib/paste.py" "$EXO" "$SITE_CONF" \
    $who 'f"{redirect}?code=canary-code&state={state}"' "$@" --paste; }
adopt() { x login $who --refresh-token-file "$SITE/secret/$1" "${@:2}"; }
device() { x login $who --device "$@"; }
for token in one two three four five six; do echo "canary-$token" >"$SITE/secret/$token"; done

# together COMMAND...: each word list, separated by --, at once; what they said
# is in $SITE/said.N, their exit statuses in $CODES
together()
{
    local jobs=() words=() word n=0 rc
    rm -f "$SITE"/said.*
    for word in "$@" --; do
        if [[ $word == -- ]]; then
            n=$((n + 1))
            "${words[@]}" >/dev/null 2>"$SITE/said.$n" </dev/null &
            jobs+=($!)
            words=()
        else
            words+=("$word")
        fi
    done
    CODES=''
    for word in "${jobs[@]}"; do
        rc=0
        wait "$word" || rc=$?
        CODES+="$rc "
    done
}
said() { cat "$SITE"/said.*; }
# sound WHAT: what is stored is the newest of its grant, and nothing is left
sound()
{
    ok "$1: what is stored works" x refresh $who --force
    ok 'and once more' x refresh $who --force
    is "$(find "$SITE" -name '.tmp.*')" '' 'nothing is left over'
}
all()
{
    is "$CODES" "$2" "$1: each has succeeded" || diag "$(said)"
    unlike "$(said)" 'invalid_grant|somebody else|could not' 'and complains of nothing'
    sound "$1"
}

together adopt one -- adopt one -- adopt one
all 'three with one refresh token, as the first' '0 0 0 '
is "$(find "$SITE_STORE" -name '*.json' | wc -l)" 1 'there is one record'
together adopt one -- x refresh $who --force -- adopt one -- x refresh $who --force -- adopt one
all 'beside refreshes' '0 0 0 0 0 '
together adopt two -- adopt three -- adopt four
all 'three with one of their own' '0 0 0 '
together device -- device -- device
all 'three by device code' '0 0 0 '
together paste -- paste -- paste -- x refresh $who --force -- device -- adopt five
all 'three in a browser, and others' '0 0 0 0 0 0 '
like "$(site_record $who refresh_token)" '^(grant-|canary-five)' 'the last one is stored'

# ---- with a file
set_up=(--set provider=custom --set "token_endpoint=$SITE_URL/token"
    --set client_id=app --set servers=mail.contoso.test --set grant=device_code
    --set "device_authorization_endpoint=$SITE_URL/devicecode")
rm -f "$dir/$who.conf" "$SITE_STORE/$who".* "$SITE/etc/exoauth.key"
together adopt six "${set_up[@]}" -- adopt six "${set_up[@]}" -- device "${set_up[@]}"
all 'the first three of all, each with the same file' '0 0 0 '
ok 'the key is one' x status
together device --set servers=a.test -- device --set servers=b.test -- device --set servers=c.test
like " $CODES" '^ ((0|75) )+$' 'three that want another file each: it worked, or may be tried again'
like " $CODES" ' 0 ' 'one of them has it'
is "$(said | grep -c '.* was changed by somebody else meanwhile; it is left as it is; run it again$')" \
    "$(grep -o 75 <<<"$CODES" | wc -l)" 'and who has not is told so'
like "$(grep ^servers "$dir/$who.conf")" '^servers: [abc].test$' 'the file is whole'
sound 'another file each'
