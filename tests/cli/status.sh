#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth status: table and JSON, one row for whatever is there, the exit
# status of the worst; no key, no request, no secret.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
need_cmd python3

site_up
site_endpoint 'ok:canary-access-token:3600'

# One member of one account of `status --json`.
field()
{
    python3 -c 'import json, sys
row = [a for a in json.load(sys.stdin)["accounts"] if a["account"] == sys.argv[1]]
print(json.dumps(row[0][sys.argv[2]]) if row else "no such row")' "$@" <<<"$OUT"
}

ok 'nothing configured' x status
is "$OUT" '' 'is an empty table'
like "$ERR" 'no account .*; run: exoauth login' 'with a word to people'
ok 'and for programs' x status --json
is "$(python3 -c 'import json, sys; print(json.load(sys.stdin))' <<<"$OUT")" \
    "{'exoauth': 1, 'accounts': []}" 'an empty list'
exits 67 'an account that is not there' x status nobody@contoso.test

site_account app@contoso.test "secret_file: $SITE/secret/app" \
    'secret_expires: 2019-03-04'
ok 'an account that needs no login, before its first token' x status
like "$OUT" 'app@contoso.test +client_credentials +ok +- ' 'has no token yet'
like "$OUT" '2019-03-04 [0-9]+ days ago' 'the end of the secret is shown'
like "$OUT" 'the client secret ends' 'and mentioned'

ok 'a first token' x token app@contoso.test
ok 'an account with a token' x status app@contoso.test
like "$OUT" 'ok +[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5} in [0-9]+ min' \
    'expiry in local time and in words'
ok 'for programs' x status --json
is "$(field app@contoso.test state)" '"ok"' 'state'
is "$(field app@contoso.test serial)" 1 'serial'
is "$(field app@contoso.test grant)" '"client_credentials"' 'grant'
is "$(field app@contoso.test credential_expires)" 1551657600 'credential expiry'
is "$(field app@contoso.test message)" null 'no error is null'
is "$(field app@contoso.test next_try)" null 'no next try is null'
left=$(($(field app@contoso.test token_expires) - $(date +%s)))
ok 'token expiry is an epoch number' test "$left" -gt 3000 -a "$left" -le 3600
unlike "$OUT" 'canary|a secret' 'no secret in the JSON'

printf 'credential: app@contoso.test\n' >"$SITE/etc/exoauth.d/shared@contoso.test.conf"
ok 'an account that uses the credential' x status --json
is "$(field shared@contoso.test credential)" '"app@contoso.test"' 'names it'
is "$(field shared@contoso.test serial)" 1 'and shows its state'
ok 'in the table' x status shared@contoso.test
like "$OUT" 'uses the credential of app@contoso.test' 'too'

before=$(site_count)
site_account bob@contoso.test 'grant: device_code'
exits 77 'an account nobody has logged in to' x status
like "$OUT" 'bob@contoso.test +device_code +needs-login' 'needs a login'
like "$OUT" 'exoauth login bob@contoso.test' 'and says how'
like "$ERR" '1 of 3 accounts.*needs-login' 'the verdict is on stderr'

site_script 'aadsts:7000215:invalid_client'
site_account new@contoso.test 'grant: client_credentials'
exits 78 'a first login with a wrong secret' \
    x login new@contoso.test --secret-file "$SITE/secret/app"
exits 77 'leaves the account' x status new@contoso.test
like "$OUT" 'new@contoso.test +client_credentials +needs-login' 'without a login'
like "$OUT" 'no credential is stored; run: exoauth login' 'and says so'
rm "$SITE/etc/exoauth.d/new@contoso.test.conf" "$SITE_STORE"/new@*

site_script 'status:503:no'
site_account down@contoso.test "secret_file: $SITE/secret/app"
exits 75 'a provider that is down' x token down@contoso.test
exits 75 'one account' x status down@contoso.test
like "$OUT" 'transient .* in [0-9]+ s' 'the next try is shown'
exits 77 'needs-login is worse than transient' x status --json
is "$(field down@contoso.test failures)" 1 'failures'
is "$(field down@contoso.test state)" '"transient"' 'state'
isnt "$(field down@contoso.test next_try)" null 'next try'
isnt "$(field down@contoso.test error_time)" null 'error time'
isnt "$(field down@contoso.test message)" null 'the error'

printf 'no colon\n' >"$SITE/etc/exoauth.d/broken@contoso.test.conf"
exits 78 'a broken account file' x status
like "$OUT" 'broken@contoso.test .*misconfigured' 'is a row'
like "$OUT" 'broken@contoso.test.conf.*line 1' 'with file and line'
like "$OUT" 'app@contoso.test .* ok ' 'and stops no other'
rm "$SITE/etc/exoauth.d/broken@contoso.test.conf"

record=$SITE_STORE/down@contoso.test.json
rm "$SITE/etc/exoauth.d/bob@contoso.test.conf"
head -c 40 "$record" >"$record.cut" && cat "$record.cut" >"$record"
rm "$record.cut"
exits 74 'a damaged record is worse than transient' x status
like "$OUT" 'down@contoso.test .* store ' 'it is a row'
exits 74 'for programs' x status --json
is "$(field down@contoso.test state)" '"store"' 'too'
is "$(field app@contoso.test state)" '"ok"' 'beside a good one'

rm "$SITE/etc/exoauth.d/shared@contoso.test.conf" \
    "$SITE/etc/exoauth.d/down@contoso.test.conf" "$SITE_STORE"/down@*
mv "$SITE/etc/exoauth.d/app@contoso.test.conf" "$SITE/app.conf"
ok 'a record without an account file' x status
like "$OUT" 'app@contoso.test +client_credentials +ok' 'is shown'
like "$OUT" 'exoauth remove app@contoso.test' 'with how to forget it'
ok 'by its name' x status app@contoso.test
mv "$SITE/app.conf" "$SITE/etc/exoauth.d/app@contoso.test.conf"

# Whatever keeps `token` from the credential is no "ok", token or not.
other=$TAP_DIR/other.key
key=$SITE/etc/exoauth.key
record=$SITE_STORE/app@contoso.test.json
cp -p "$key" "$other" && cp -p "$record" "$record.kept"
# fault RC STATE TEXT DESC: the row, while a published token is there and after
fault()
{
    exits "$1" "$4: for people" x status app@contoso.test
    like "$OUT" " $2 +([0-9-]+ [0-9:]+ in [0-9]+ min|-) " "$4: is $2"
    like "$OUT" "$3" "$4: says why"
    exits "$1" "$4: as token" x token app@contoso.test --min-ttl 3599
    x status app@contoso.test --nagios >"$SITE/out" 2>&1
    isnt "$?" 0 "$4: for a monitor"
    exits "$1" "$4: for Prometheus" x status app@contoso.test --prometheus
    like "$OUT" "state=\"ok\"\} 0" "$4: is not ok"
}
mv "$key" "$key.away"
fault 74 store 'put the key back' 'key away'
like "$(x status 2>/dev/null)" 'store +[0-9-]+ [0-9:]+ in [0-9]+ min' \
    'with the life of the published token'
mv "$SITE_TOKENS" "$SITE_TOKENS.away"
fault 74 store 'put the key back' 'key away, and no token'
mv "$SITE_TOKENS.away" "$SITE_TOKENS"
mv "$key.away" "$key"
ok 'back again' x status app@contoso.test
ok 'a rekey' x rekey
cp -p "$record" "$record.new" && cp -p "$record.kept" "$record"
fault 74 store 'is sealed with key' 'a record of before a rekey'
cp -p "$record.new" "$record"
sed -i 's/"serial": *1,/"serial": 7,/' "$record"
isnt "$(cmp "$record" "$record.new" 2>&1)" '' 'the record is another'
fault 74 store 'app@contoso.test' 'a seal that does not hold'
cp -p "$record.new" "$record"
cp -p "$key" "$SITE/new.key" && cp -pf "$other" "$key"
fault 74 store 'is sealed with key' 'the key of another store'
cp -pf "$SITE/new.key" "$key" && chmod 0644 "$key"
fault 74 store 'chmod 400' 'a key for everybody'
chmod 0400 "$key"
site_conf key_command false
fault 75 transient 'key_command' 'key_command fails'
like "$(x doctor app@contoso.test 2>/dev/null)" 'app@contoso.test.*key_command' \
    'and doctor says so'
site_conf key_command
rm -f "$record.new" "$record.kept"
ok 'all is well again' x status app@contoso.test

printf 'typo_here: 1\n' >>"$SITE_CONF"
ok 'an unknown key' x status
is "$(grep -c 'unknown key typo_here' <<<"$ERR")" 1 'is one warning'
is "$(site_count)" "$((before + 2))" 'and nobody was asked by status'
