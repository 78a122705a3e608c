#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# One person, no root: exoauth.conf, store and tokens below HOME, device code
# at the provider, approved and declined; mbsync reads mail through the
# plugin; refresh tokens rotate and the grant lives on; a refresh token from
# elsewhere is adopted; remove.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_cmd dovecot mbsync
alice=alice@contoso.test
carol=carol@contoso.test
rig_init
rig_as_start
rig_dovecot_start

# With root, somebody who owns no more than a home directory.
home=$RIG/home
state=$home/.local/state/exoauth
become=(env)
mkdir -m 0700 "$home"
if [[ $(id -u) == 0 ]]; then
    become=(setpriv --reuid=nobody --regid=nogroup --clear-groups env)
fi
person()
{
    (cd / && exec "${become[@]}" -i HOME="$home" PATH="$PATH" LC_ALL=C.UTF-8 \
        SASL_PATH="$RIG_SASL" SASL_CONF_PATH="$RIG/nothing" "$@")
}
mine() { person "$RIG_EXO" "$@"; }
mkdir -p "$home/.config/exoauth"
cat >"$home/.config/exoauth/exoauth.conf" <<END
ca_file: $RIG_CA
helper: $RIG_EXO
socket: none
END
[[ $(id -u) == 0 ]] && chown -R nobody:nogroup "$home"
common=(--set "tenant=$RIG_TENANT" --set client_id=device-app
    --set servers=localhost --set "token_endpoint=$RIG_TOKEN_URL"
    --set "device_authorization_endpoint=$RIG_DEVICE_URL")

# device ACCOUNT [OPTION]...: login --device in one process, its exit status in
# the file device.rc; the person at the browser is whoever reads $code.
device()
{
    rm -f "$RIG"/device.*
    {
        mine login "$1" --device "${common[@]}" >"$RIG/device.out" \
            2>"$RIG/device.err" </dev/null
        echo $? >"$RIG/device.rc"
    } &
    rig_wait 20 grep -q 'enter the code:' "$RIG/device.err"
    rig_wait 5 shown
    code=$(shown)
}
shown() { grep -A2 'enter the code:' "$RIG/device.err" | grep -oE '[0-9A-Z-]{5,}$'; }
device_rc() { rig_wait 30 test -s "$RIG/device.rc"; cat "$RIG/device.rc"; }
kept()
{
    "$EXO_BUILDDIR/tests/lib/unseal" "$state/store/$1.json" \
        "$home/.local/share/exoauth/exoauth.key" |
        python3 -c 'import json, sys
print(json.load(sys.stdin)["secret"].get(sys.argv[1], ""))' "$2"
}
force() { mine refresh "$1" --force; }
read_mail()
{
    rig_mbsyncrc "$home/mail" "$1" XOAUTH2 >"$home/mbsyncrc"
    person mkdir -p "$home/mail"
    person timeout 60 mbsync -c "$home/mbsyncrc" mail </dev/null
}
have_mail() { cat "$home"/mail/INBOX/*/* 2>/dev/null | grep -c "^Subject: $1"; }
put_mail()
{
    mkdir -p "$RIG/mail/$alice"/{new,cur,tmp}
    printf 'From: bob\nSubject: %s\n\nHello.\n' "$1" \
        >"$RIG/mail/$alice/new/$1.1.x"
    [[ $(id -u) == 0 ]] && chown -R nobody:nogroup "$RIG/mail/$alice"
}

# ----- declined

device "$alice"
like "$(<"$RIG/device.err")" "open this page.*$RIG_AS/device" \
    'login --device says where to go'
isnt "$code" '' 'and which code to enter'
ok 'the person declines' rig_as_approve "$code" "$alice" --decline
is "$(device_rc)" 77 'login ends with status 77'
like "$(tail -n1 "$RIG/device.err")" '(access_denied|authorization_declined).*;.*run: exoauth login' \
    'and says what happened and what to do'
is "$(<"$RIG/device.out")" '' 'nothing on stdout'
is "$(find "$state/tokens" -type f 2>/dev/null)" '' 'nothing is published'

# ----- approved

device "$alice"
ok 'the person approves' rig_as_approve "$code" "$alice"
is "$(device_rc)" 0 'login succeeds'
is "$(<"$RIG/device.out")" changed 'and says that it changed something'
like "$(<"$RIG/device.err")" "authorised by device_code.*$alice" \
    'it says for whom'
is "$(stat -c %a "$state/store" "$state/store/$alice.json" | xargs)" '700 600' \
    'the store is closed to others'
like "$(mine status 2>&1)" "$alice +device_code +ok" 'status says ok'

put_mail first
ok 'mbsync reads mail through the plugin' read_mail "$alice"
is "$(have_mail first)" 1 'the message is here'
like "$(<"$RIG/log/dovecot.log")" "imap-login: .*user=<$alice>, method=XOAUTH2" \
    'the server saw XOAUTH2'

# ----- rotation

# A refresh token used twice revokes the grant at this provider.
rig_as_reset
seen=$(kept "$alice" refresh_token)
for n in 1 2 3; do
    ok "forced refresh $n" force "$alice"
    seen+=$'\n'$(kept "$alice" refresh_token)
done
is "$(sort -u <<<"$seen" | wc -l)" 4 'four refresh tokens, all different'
is "$(rig_as_count grant_type=refresh_token status=200)" 3 \
    'three requests, all granted'
is "$(rig_as_count)" 3 'and no other'

# Expired: the plugin has no socket to ask and starts the program.
rig_as_set '{"ttl": 2}'
ok 'a token that soon expires' force "$alice"
expired() { [[ $(date +%s) -gt $(sed -n 's/^expires: //p' "$state/tokens/$alice") ]]; }
ok 'it expires' rig_wait 20 expired
rig_as_set '{"ttl": 3600}'
rig_as_reset
put_mail second
ok 'mbsync gets a new one by itself' read_mail "$alice"
is "$(have_mail second)" 1 'the second message is here'
is "$(rig_as_count grant_type=refresh_token)" 1 'with one request'

# ----- a refresh token from elsewhere

rig_as_refresh_token "$carol" >"$home/carol.rt"
[[ $(id -u) == 0 ]] && chown nobody "$home/carol.rt"
chmod 0600 "$home/carol.rt"
adopt() { mine login "$carol" --refresh-token-file "$1" "${common[@]}"; }
rig_as_reset
ok 'login adopts a refresh token from a file' adopt "$home/carol.rt"
is "$OUT" changed 'it says changed'
is "$(rig_as_count grant_type=refresh_token status=200)" 1 \
    'after it proved itself'
isnt "$(kept "$carol" refresh_token)" "$(<"$home/carol.rt")" \
    'what is stored is what came in exchange'
ok 'and is good for the next one' force "$carol"
rig_as_reset
ok 'the same token again, which was used' adopt "$home/carol.rt"
is "$(rig_as_count grant_type=refresh_token status=400)" 0 'is not sent again'
isnt "$(kept "$carol" refresh_token)" "$(<"$home/carol.rt")" \
    'and does not take the place of what is stored'

# ----- remove

rig_as_reset
last=$(kept "$alice" refresh_token)
ok 'remove' mine remove "$alice"
like "$OUT$ERR" "the grant of $alice still exists at Microsoft; revoke" \
    'says that the grant still exists at the provider'
is "$(rig_as_count)" 0 'which it did not tell'
is "$(grep -rlF -e "$last" "$home" 2>/dev/null)" '' \
    'no file holds the refresh token'
is "$(find "$state/store" "$state/tokens" -name "$alice*" -type f -size +0)" '' \
    'nothing is stored or published'
rig_curl "$RIG_TOKEN_URL" -d client_id=device-app -d grant_type=refresh_token \
    --data-urlencode "refresh_token=$last" >"$RIG/after" 2>&1
like "$(<"$RIG/after")" '"access_token"' 'indeed it does'
exits 1 'mbsync is refused' read_mail "$alice"
like "$OUT$ERR" "no credential is stored for $alice; run: exoauth login" \
    'with what to do about it'
