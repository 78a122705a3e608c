#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What is not sealed: refused unless a person wrote key_file: none, whatever
# became of the key; sealed by rekey and by nothing else; and never written
# because a key could not be made. A forged record names a token endpoint of
# its own, and the client secret must not arrive there.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_cmd python3

app=app@contoso.test
other=other@contoso.test
site_up
mkdir "$SITE/evil"; : >"$SITE/evil/endpoint.requests"
SITE=$SITE/evil site_endpoint ok:evil-token
evil=$SITE_URL
site_endpoint ok:canary-access-token:3600
issuer=$SITE_URL/tenant
site_gets "raw:{\"issuer\": \"$issuer\", \"token_endpoint\": \"$SITE_URL/token\"}"
printf 'canary-client-secret\n' >"$SITE/secret/app"
printf 'canary-refresh-token\n' >"$SITE/rt"
printf '%s\n' 'provider: custom' 'client_id: app' "issuer: $issuer" \
    'servers: mail.contoso.test' "secret_file: $SITE/secret/app" \
    >"$SITE/etc/exoauth.d/$app.conf"
site_account $other 'grant: device_code' "device_authorization_endpoint: $SITE_URL/devicecode"
key=$SITE/etc/exoauth.key
record=$SITE_STORE/$app.json
unseal=$EXO_BUILDDIR/tests/lib/unseal

member() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2], ""))' "$1" "$2"; }
seals() { for f in "$SITE_STORE"/*.json; do member "$f" seal; done | sort -u | tr '\n' ' '; }
clear_words() { grep -rlF canary "$SITE_STORE" 2>/dev/null; }
evil_count() { wc -l <"$SITE/evil/endpoint.requests"; }
mine() { [[ $(id -u) != 0 ]] || chown nobody "$@"; }
# A record of ours, not sealed, that sends who believes it elsewhere.
forge()
{
    "$unseal" "$SITE/true.json" "$SITE/true.key" | python3 -c 'import json, sys
r = json.load(sys.stdin)
r.update(revision=r["revision"] + 7, issuer=sys.argv[1],
         token_endpoint=sys.argv[2], expires=1, usable_until=1,
         refresh_after=1)
json.dump(r, sys.stdout)' "$issuer" "$evil/token" >"$record"
    mine "$record"
    chmod 0600 "$record"
}

# ---- a forged one beside a key
ok 'login' x login $app
ok 'login of a person' x login $other --refresh-token-file "$SITE/rt"
is "$(seals)" 'aes-256-gcm ' 'both are sealed'
rm -f "$SITE"/true.*; cp "$record" "$SITE/true.json"; cp "$key" "$SITE/true.key"
refused='refused: it is not sealed; .*exoauth rekey'
forge
asked=$(site_count)
while read -r -a command; do
    exits 74 "${command[*]}" x "${command[@]}"
    like "$ERR$OUT" "$refused" 'says why, and what to do'
done <<END
token $app --min-ttl 0
refresh $app
refresh $app --force
refresh --all
status
status $app
export $app --out $SITE/bundle --password-file $SITE/secret/app
END
ok 'show' x show $app
unlike "$OUT" "$evil" 'takes no endpoint from it'
serve() { printf 'exoauth: 1\nget: %s\n\n' $app | x serve; }
serve >"$SITE/reply" 2>/dev/null
like "$(<"$SITE/reply")" 'status: transient' 'serve answers'
unlike "$(<"$SITE/reply")" 'evil|canary' 'without any of it'
is "$(site_count)" "$asked" 'nobody was asked'
is "$(site_publish_count)" 4 'nothing was taken back'

# ---- whatever became of the key
lost()
{
    exits 74 "$1: token" x token $app --min-ttl 0
    exits 74 "$1: refresh" x refresh $app
    exits 74 "$1: status" x status $app
    is "$(evil_count)" 0 "$1: no secret went elsewhere"
}
site_conf key_command 'exit 1'
lost 'a command that fails, as of a key ring that is locked'
site_conf key_command 'kill -9 $$'
lost 'a command that is killed'
site_conf key_command true
lost 'a command that prints nothing'
site_conf key_command
mkdir -m 0755 "$SITE/credentials"
export CREDENTIALS_DIRECTORY=$SITE/credentials
lost 'a unit without the credential'
echo nonsense >"$SITE/credentials/exoauth.key"
chmod 0400 "$SITE/credentials/exoauth.key"; mine "$SITE/credentials/exoauth.key"
lost 'a credential that is none'
unset CREDENTIALS_DIRECTORY
mv "$key" "$SITE/key"
lost 'a key file that is gone'
not_ok 'and not made anew' test -e "$key"
rm "$SITE_STORE/$other.json"*
lost 'without anything else that is sealed'
not_ok 'and not made anew' test -e "$key"
ln -s "$SITE/nowhere" "$key"
lost 'a link to nothing'
rm "$key"
echo nonsense >"$key"; chmod 0400 "$key"; mine "$key"
lost 'a key file that is none'
chmod 0644 "$key"
lost 'a key file that is open to others'
rm -f "$key"; mv "$SITE/key" "$key"
printf 'correct horse battery\n' >"$SITE/secret/passphrase"
cp "$SITE/true.json" "$record"; mine "$record"
ok 'rekey --passphrase' x rekey --passphrase --password-file "$SITE/secret/passphrase"
forge
lost 'a passphrase that nobody gives'
rm -f "$key"; cp "$SITE/true.key" "$key"; mine "$key"

# ---- who may say that it is true
cp "$record" "${record%.json}.prev"; mine "${record%.json}.prev"
ok 'a login' x login $app
is "$(seals)" 'aes-256-gcm ' 'replaces it'
is "$(clear_words)" '' 'and no copy in the clear stays'
is "$(evil_count)" 0 'it went to the right one'
forge
ok 'rekey' x rekey
is "$OUT" changed 'changes it'
like "$ERR" "$app: sealed; it was stored unsealed, .*exoauth login $app" 'and names it'
is "$(seals)" 'aes-256-gcm ' 'it is sealed'
ok 'a second one' x rekey
is "$ERR" '' 'has nothing to tell'
ok 'login' x login $app
site_conf key_command "cat $SITE/command"
cp "$key" "$SITE/command"; chmod 0644 "$SITE/command"
exits 78 'rekey with a key that others keep' x rekey
one_line 'rekey' 'old_key'
rm -f "$SITE"/true.*; cp "$record" "$SITE/true.json"; cp "$key" "$SITE/true.key"
forge
ok 'but with something to seal' x rekey
like "$ERR" "$app: sealed" 'it does so'
is "$(seals)" 'aes-256-gcm ' 'with the key there is'
site_conf key_command
ok 'login' x login $app

# ---- none, and back
site_conf key_file none
for command in "token $app --min-ttl 0" "refresh $app" status "login $app" rekey 'refresh --prepare'; do
    # shellcheck disable=SC2086
    exits 78 "$command, with none beside a key" x $command
    one_line "$command" "key_file is none .*there is a key, $key; remove that line"
done
mv "$key" "$SITE/key"
exits 74 'none over what is sealed' x token $app --min-ttl 0
forge
ok 'remove' x remove $app
ok 'none over nothing: login' x login $app
is "$ERR" "$(grep authorised <<<"$ERR")" 'nobody is warned of what was asked for'
ok 'and a person' x login $other --refresh-token-file "$SITE/rt"
is "$(seals)" 'none ' 'nothing is sealed'
ok 'status' x status
exits 78 'rekey, where nothing shall be' x rekey
one_line 'rekey' 'remove that line and run: exoauth rekey'
site_conf key_file
for command in "token $app --min-ttl 0" 'refresh --all' 'refresh --all --force' status \
    "login $other --refresh-token-file $SITE/rt" \
    "login $app --if-needed"; do
    # shellcheck disable=SC2086
    x $command >"$SITE/said" 2>&1
    like "$(<"$SITE/said")" "exoauth rekey" "$command: names the way"
    not_ok "$command: makes no key" test -e "$key"
done
exits 78 'nor does a login' x login $app
one_line 'login' "the credential of [a-z]+@contoso.test is stored unsealed; .*exoauth rekey"
ok 'rekey' x rekey
is "$OUT" changed 'makes one'
is "$(grep -c 'stored unsealed' <<<"$ERR")" 2 'names each'
like "$ERR" "$app: sealed.*$other: sealed" 'of them'
is "$(stat -c '%U %a' "$key")" "$SITE_USER 400" 'the key file is run_as alone'
is "$(seals) $(clear_words)" 'aes-256-gcm  ' 'nothing is in the clear'
ok 'token' x token $app --min-ttl 0
is "$OUT" canary-access-token 'works'
is "$(evil_count)" 0 'and nobody ever asked elsewhere'

# ---- no key can be made
ok 'export' x export $app --out "$SITE/bundle" --password-file "$SITE/secret/passphrase"
x remove $app >/dev/null 2>&1; x remove $other >/dev/null 2>&1
for place in "$SITE_CONF/exoauth.key" /proc/exoauth/exoauth.key; do
    site_conf key_file "$place"
    rm -f "$SITE_STORE"/*.json "$SITE_TOKENS"/* "$SITE_ROOT$SITE_TOKENS"/*
    asked=$(site_count)
    sum=$(cksum "$SITE/etc/exoauth.d"/*)
    for command in "login $app" "login $app --set servers=x.test" \
        "login $other --device" "login $other --refresh-token-file $SITE/rt" \
        "login $app --if-needed"; do
        # shellcheck disable=SC2086
        exits 78 "no key: $command" x $command
        one_line "$command" "key_file"
    done
    exits 78 'no key: import' x import "$SITE/bundle" --password-file "$SITE/secret/passphrase"
    like "$ERR" 'exoauth: [^;]*key_file.*; |; .*key_file' 'import: names key_file'
    is "$(site_count) $(cksum "$SITE/etc/exoauth.d"/*)" "$asked $sum" 'asks nobody, writes no file'
    is "$(find "$SITE_STORE" -name '*.json')" '' 'and stores nothing'
    ok 'no key: token' x token $app --min-ttl 0
    is "$OUT $ERR" 'canary-access-token ' 'hands one out'
    is "$(site_publish_count)" 2 'and publishes it'
    ok 'no key: refresh' x refresh $app
    like "$ERR" 'could not be saved: .*key_file' 'says what to do'
    serve >"$SITE/reply" 2>/dev/null
    like "$(<"$SITE/reply")" 'status: ok' 'no key: serve hands one out'
    is "$(find "$SITE_STORE" -name '*.json' -o -name '*.prev')" '' 'and nothing is stored'
    is "$(clear_words)" '' 'nowhere'
done

# ---- a directory that is missing
site_conf key_file "$SITE/fresh/etc/sasl2/exoauth.key"
if [[ $(id -u) == 0 ]]; then
    ok 'a fresh host: login' x login $app
    is "$ERR" "$(grep authorised <<<"$ERR")" 'without a warning'
    is "$(stat -c '%U:%G %a' "$SITE/fresh/etc/sasl2")" 'root:root 755' 'the directory is made'
    is "$(stat -c '%U %a' "$SITE/fresh/etc/sasl2/exoauth.key")" 'nobody 400' 'and the key'
    is "$(seals)" 'aes-256-gcm ' 'the record is sealed'
    rm -r "$SITE/fresh" "$record"
    mkdir -m 0777 "$SITE/fresh"
    exits 74 'below a directory of everybody' x login $app
    one_line 'a directory of everybody' "$SITE/fresh can be written to by everybody; use a path in directories that only root can write to"
    not_ok 'nothing is made' test -e "$SITE/fresh/etc"
    is "$(find "$SITE_STORE" -name '*.json')" '' 'and nothing stored'
else
    exits 78 'a directory that is missing' x login $app
    one_line 'a directory that is missing' 'key_file'
    not_ok 'is not made by who may not' test -e "$SITE/fresh"
    for i in {1..6}; do skip "fresh host $i" 'needs root'; done
fi
