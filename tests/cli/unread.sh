#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A store, record or key that cannot be read takes a published token from
# nobody: token and serve hand it out, status shows when it ends and what is
# wrong, and the log has the fault. What was read and refused stays an error,
# and so does a published token that a login would not take.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

mkdir -p "$SITE/log" "$SITE/sock"
[[ $(id -u) != 0 ]] || chown nobody "$SITE/log" "$SITE/sock"
site_up "log: $SITE/log/exoauth.log"
site_endpoint 'fields:{"access_token":"living-token","refresh_token":"canary-rt-1"}'
ann=ann@contoso.test
site_account $ann 'grant: device_code'
printf 'canary-rt-0\n' >"$SITE/rt"
ok 'login' x login $ann --refresh-token-file "$SITE/rt"
rm "$SITE/rt"
key=$SITE/etc/exoauth.key
record=$SITE_STORE/$ann.json
published=$SITE_TOKENS/$ann
log=$SITE/log/exoauth.log
ends=$(sed -n 's/^expires: //p' "$published")
site_script status:503:no

ask() { printf '%s\n' 'exoauth: 1' "get: $ann" "$@" '' | x serve; }
reply() { sed -n "s/^$1: //p" <<<"$OUT"; }
expiry()
{
    python3 -c 'import json, sys
print(*(a["token_expires"] for a in json.load(sys.stdin)["accounts"]))' <<<"$OUT"
}
# serves DESC FAULT: in the present state; FAULT is what the log says.
serves()
{
    local desc=$1 fault=$2
    : >"$log"
    ok "$desc: token" x token $ann --min-ttl 0
    is "$OUT" living-token "$desc: it is the published one"
    is "$ERR" '' "$desc: in silence"
    like "$(<"$log")" "$fault" "$desc: the log has the fault"
    : >"$log"
    ok "$desc: serve" ask
    is "$(reply status) $(reply token)" 'ok living-token' "$desc: the same"
    like "$(<"$log")" "$fault" "$desc: and the log has it"
    not_ok "$desc: refresh --force" x refresh $ann --force
    like "$ERR" "$fault" "$desc: says what is wrong"
}

# shows DESC FAULT: what status says
shows()
{
    not_ok "$1: status" x status $ann --json
    is "$(expiry)" "$ends" "$1: shows when the token ends"
    like "$OUT" "$2" "$1: and the fault"
}

# ----- the record, the store

chmod 000 "$record"
serves 'a record that is closed' 'keeps us out'
shows 'a record that is closed' 'keeps us out'
exits 74 '--min-ttl beyond it' x token $ann --min-ttl 80000
is "$OUT" '' 'is no token'
chmod 600 "$record"
mv "$record" "$SITE/record"
ln -s "$SITE/elsewhere" "$record"
exits 74 'a link in its place is refused' x token $ann --min-ttl 0
is "$OUT" '' 'and no token is given'
rm "$record"
ok 'without a record: token' x token $ann --min-ttl 0
is "$OUT" living-token 'what is published'
shows 'without a record' 'needs.login'
mv "$SITE/record" "$record"
mv "$SITE_STORE" "$SITE/away"
ok 'a store that is not there: token' x token $ann --min-ttl 0
is "$OUT" living-token 'what is published'
ok 'serve' ask
is "$(reply status) $(reply token)" 'ok living-token' 'the same'
[[ -d $SITE_STORE ]] && rm -r "$SITE_STORE"
: >"$SITE_STORE"
serves 'a file in the place of the store' "store $SITE_STORE"
shows 'a file in the place of the store' "store $SITE_STORE"
rm "$SITE_STORE"
mv "$SITE/away" "$SITE_STORE"
if [[ $(id -u) == 0 ]]; then
    chown 5 "$SITE_STORE"
    serves "another user's store" "$SITE_STORE"
    shows "another user's store" "$SITE_STORE"
    # Who may not have the token does not get the published one either.
    site_conf socket "$SITE/sock/socket"
    "$EXO" serve --listen "$SITE/sock/socket" --config "$SITE_CONF" \
        >"$SITE/serve.out" 2>&1 &
    server=$!
    cleanup kill $server
    for ((i = 0; i < 100; i++)); do [[ -S $SITE/sock/socket ]] && break; sleep 0.05; done
    over()
    {
        printf 'exoauth: 1\nget: %s\n\n' $ann | "$EXO_SRCDIR/tests/lib/ask.py" \
            --as "$1" "$SITE/sock/socket"
    }
    ok 'over a socket, root' over 0:0
    is "$(reply status)" ok 'has it'
    ok 'over a socket, a stranger' over 6:6
    is "$(reply status)" denied 'has not'
    unlike "$OUT" living-token 'and no token is in the reply'
    kill $server
    wait $server 2>/dev/null
    site_conf socket none
    chown nobody "$SITE_STORE"
else
    skip "another user's store" 'needs root'
fi

# ----- the key

mv "$key" "$SITE/key"
if [[ $(id -u) == 0 ]]; then
    (umask 077; cp "$SITE/key" "$key")
    serves 'a key that is closed' "key file $key"
    rm -f "$key"
fi
site_conf key_file "$SITE/etc/none.key"
site_conf key_command 'echo locked >&2; exit 3'
: >"$log"
ok 'a locked keyring: token' x token $ann --min-ttl 0
is "$OUT" living-token 'what is published'
is "$ERR" '' 'in silence'
like "$(<"$log")" 'key_command.*unlock it' 'the log has the fault'
site_conf key_command
site_conf key_file
serves 'a key that is gone' 'is sealed with key .*put the key back'
shows 'a key that is gone' 'is sealed with key .*put the key back'
mv "$SITE/key" "$key"
printf 'correct horse battery\n' >"$SITE/secret/passphrase"
ok 'rekey --passphrase' x rekey --passphrase --password-file "$SITE/secret/passphrase"
: >"$log"
ok 'under a passphrase: token' setsid -w "$EXO" token $ann --min-ttl 0 --config "$SITE_CONF"
is "$OUT$ERR" living-token 'what is published, in silence'
like "$(<"$log")" 'under a passphrase' 'the log has the fault'

# ----- a published token that a login would not take

chmod 000 "$record"
chmod 0666 "$published"
exits 74 'one that others can write' x token $ann --min-ttl 0
is "$OUT" '' 'is none'
chmod 0600 "$published"
ok 'as it was' x token $ann --min-ttl 0
if site_later 7200; then
    exits 74 'one that is over' x token $ann --min-ttl 0
    is "$OUT" '' 'is none'
    SITE_LATER=()
else
    skip 'a published token that is over' 'faketime is not installed'
fi
chmod 600 "$record"

# ----- what was read and refused

cp "$record" "$SITE/good"
head -c 100 "$SITE/good" >"$record"
exits 74 'a damaged record' x token $ann --min-ttl 0
is "$OUT" '' 'no token'
cp "$SITE/good" "$record"
chmod 0644 "$record"
exits 74 'a record that others can read' x token $ann --min-ttl 0
is "$OUT" '' 'no token'
chmod 0600 "$record"
printf 'canary-rt-0\ncanary-rt-1\ncorrect horse\n' >"$SITE/secret/all"
no_secret 'no secret is shown'
