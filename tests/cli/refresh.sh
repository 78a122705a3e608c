#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth refresh: what is due, what is forced, what waits; one request for
# one failure, whoever asks; publishing under every root.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:token-1
app=app@contoso.test
jail=$SITE_ROOT$SITE_TOKENS
site_account $app "secret_file: $SITE/secret/app"
echo canary-refresh-token >"$SITE/secret/refresh"

published() { sed -n "s/^$2: //p" "$1/$3" 2>/dev/null; }

exits 64 'neither account nor --all' x refresh
exits 64 'account and --all' x refresh $app --all
exits 67 'an unknown account' x refresh nobody@fabrikam.test
one_line 'unknown account' 'exoauth login'

ok 'a first token' x refresh $app
is "$OUT$ERR" '' 'without a word'
is "$(published "$SITE_TOKENS" token $app)" token-1 'it is published'
is "$(published "$jail" token $app)" token-1 'also in the chroot'
is "$(published "$SITE_TOKENS" serial $app)" 1 'with its serial'
ok 'not due' x refresh $app
is "$(site_count)" 1 'no request'
site_script ok:token-2
ok '--force' x refresh $app --force
is "$(site_count)" 2 'a request'
is "$(published "$SITE_TOKENS" token $app)" token-2 'the new token'
is "$(published "$jail" token $app)" token-2 'in the chroot, too'
is "$(published "$SITE_TOKENS" serial $app)" 2 'the next serial'

# /run is empty after a boot.
rm -r "$SITE_TOKENS"
if [[ $(id -u) != 0 ]]; then mkdir -m 0700 "$SITE_TOKENS"; fi
ok 'token_dir is gone' x refresh --all
is "$(published "$SITE_TOKENS" token $app)" token-2 'published again'
rm "$jail/$app"
ok 'the copy in the chroot is gone' x refresh $app
is "$(published "$jail" token $app)" token-2 'published again'
sed -i 's/^token: .*/token: forged/' "$jail/$app"
ok 'the copy in the chroot is another' x refresh $app
is "$(published "$jail" token $app)" token-2 'corrected'
is "$(site_count)" 2 'all that without a request'
is "$(find "$SITE_TOKENS" "$jail" -name '.*' -type f | wc -l)" 0 'no temporary file stays'

# An account that borrows a credential publishes a pointer to it.
printf 'credential: %s\nservers: other.contoso.test\n' $app \
    >"$SITE/etc/exoauth.d/info@contoso.test.conf"
ok 'an account with another credential' x refresh info@contoso.test
is "$(published "$SITE_TOKENS" credential info@contoso.test)" $app 'points to it'
is "$(published "$SITE_TOKENS" token info@contoso.test)" '' 'has no token'
is "$(published "$SITE_TOKENS" servers info@contoso.test)" other.contoso.test \
    'its own servers'
site_account @fabrikam.test "secret_file: $SITE/secret/app"
ok 'a mailbox of a domain account' x refresh one@fabrikam.test
is "$(published "$SITE_TOKENS" account @fabrikam.test)" @fabrikam.test \
    'publishes under the domain'
is "$(published "$SITE_TOKENS" user @fabrikam.test)" '' 'without user'
ok 'no file of its own' test ! -e "$SITE_TOKENS/one@fabrikam.test"
before=$(site_count)
ok 'its neighbour' x refresh two@fabrikam.test
is "$(site_count)" "$before" 'costs no request'

# Several accounts: one that fails stops no other, the worst one counts.
rm "$SITE"/etc/exoauth.d/*.conf
for name in a c e; do
    site_account $name@contoso.test "secret_file: $SITE/secret/app"
done
site_account b@contoso.test "secret_file: $SITE/secret/none"
site_account d@contoso.test 'grant: device_code'
printf 'no colon\n' >"$SITE/etc/exoauth.d/f@contoso.test.conf"
site_script ok
exits 78 'one without secret, one without login, one broken' x refresh --all
for name in a c e; do
    is "$(published "$SITE_TOKENS" serial $name@contoso.test)" 1 "$name is refreshed"
done
like "$ERR" 'b@contoso.test: .*secret_file' 'b is explained'
like "$ERR" 'd@contoso.test: .*; run: exoauth login d@contoso.test' 'd is explained'
like "$ERR" 'f@contoso.test: .*line 1' 'f is explained'
is "$(wc -l <<<"$ERR")" 3 'a line each'
rm "$SITE"/etc/exoauth.d/[bf]@contoso.test.conf
exits 77 'without the broken ones a login is missing' x refresh --all
rm "$SITE"/etc/exoauth.d/d@contoso.test.conf
ok 'without that one all is well' x refresh --all
site_account g@contoso.test "secret_file: $SITE/secret/app"
site_script status:503:down
exits 75 'a provider that is down' x refresh --all
before=$(site_count)
exits 75 'is left alone' x refresh --all
is "$(site_count)" "$before" 'until its time has come'
exits 75 'but not by --force' x refresh g@contoso.test --force
is "$(site_count)" $((before + 1)) 'which asks at once'
one_line 'forced and refused' 'HTTP 503'

# Retry-After, in seconds and as a date.
retry()
{
    local desc=$1 answer=$2 name=$3 low=$4 high=$5 wait
    site_account "$name" "secret_file: $SITE/secret/app"
    site_script "$answer"
    exits 75 "$desc" x refresh "$name"
    wait=$(($(site_record "$name" next_try) - $(date +%s)))
    ok "$desc: $wait s is from $low to $high" test "$wait" -ge "$low" -a "$wait" -le "$high"
    before=$(site_count)
    exits 75 "$desc: another call" x token "$name"
    is "$(site_count)" "$before" "$desc: no request meanwhile"
}
retry 'Retry-After in seconds' retry:429:900 r1@contoso.test 850 1126
retry 'Retry-After as a date' \
    "retry:503:$(LC_ALL=C date -u -d '+900 sec' '+%a, %d %b %Y %H:%M:%S GMT')" \
    r2@contoso.test 800 1126
retry 'Retry-After that is nonsense' retry:503:soon r3@contoso.test 0 10
retry 'Retry-After of a year' retry:429:31536000 r4@contoso.test 3000 90000
retry 'Retry-After below zero' retry:429:-5 r5@contoso.test 0 10

# Those that are tried again in 5 s would be among the requests to come.
rm "$SITE/etc/exoauth.d/"{g,r3,r5}@contoso.test.conf

# Someone must log in: one request, however many ask, until that happens.
person=person@contoso.test
site_account $person 'grant: device_code'
site_script ok:mine:3600
ok 'a person' x login $person --refresh-token-file "$SITE/secret/refresh"
site_script aadsts:700082:invalid_grant
exits 77 'a grant that was revoked' x refresh $person --force
one_line 'revoked' "run: exoauth login $person"
before=$(site_count)
exits 77 'refresh' x refresh $person
exits 77 'refresh --all' x refresh --all
ok 'a token that still lives is used' x token $person
is "$OUT" mine 'to its end'
is "$(site_count)" "$before" 'nobody asks again'
if site_later 4000; then
    exits 77 'when it is dead' x token $person
    one_line 'dead' 'AADSTS700082.*run: exoauth login'
    is "$(site_count)" "$before" 'still nobody asks again'
    site_later 0
fi
exits 77 '--force' x refresh $person --force
is "$(site_count)" $((before + 1)) 'asks'
echo 'client_id: another' >"$SITE/new"
sed -i 's/^client_id:.*/client_id: another/' "$SITE/etc/exoauth.d/$person.conf"
site_script ok:mine-2
ok 'changed configuration' x refresh $person
is "$(site_count)" $((before + 2)) 'asks, too'
is "$(published "$SITE_TOKENS" token $person)" mine-2 'and heals it'
site_script aadsts:50173:invalid_grant
exits 77 'revoked again' x refresh $person --force
site_script ok:mine-3
ok 'login' x login $person --refresh-token-file "$SITE/secret/refresh"
ok 'heals it' x refresh $person
is "$(site_record $person state)" ok 'the state is ok'

# The app is wrong: tried hourly, in case somebody mended it elsewhere.
site_account wrong@contoso.test "secret_file: $SITE/secret/app"
site_script aadsts:7000222:invalid_client
exits 78 'a secret that has expired' x refresh wrong@contoso.test
one_line 'expired secret' 'AADSTS7000222'
before=$(site_count)
exits 78 'is not tried' x refresh wrong@contoso.test
exits 78 'again' x token wrong@contoso.test
is "$(site_count)" "$before" 'at once'
site_script ok:right
if site_later 4600; then
    ok 'an hour later' x refresh wrong@contoso.test
    is "$(site_count)" $((before + 1)) 'it is'
    site_later 0
else
    skip 'an hour later' 'faketime is not installed; run: sudo tests/deps'
fi
site_account wrong2@contoso.test "secret_file: $SITE/secret/app2"
echo old >"$SITE/secret/app2"
chmod 0644 "$SITE/secret/app2"
site_script aadsts:7000222:invalid_client
exits 78 'another' x refresh wrong2@contoso.test
echo a-new-secret >"$SITE/secret/app2"
site_script ok
ok 'is tried at once when its secret has changed' x refresh wrong2@contoso.test

# Due means refresh_after, which is half of the life or what the provider says.
site_account due@contoso.test "secret_file: $SITE/secret/app"
site_script 'fields:{"refresh_in":1000}'
ok 'refresh_in' x refresh due@contoso.test
is "$(($(site_record due@contoso.test refresh_after) - $(site_record due@contoso.test issued)))" \
    1000 'is believed'
if site_later 1100; then
    before=$(site_count)
    ok 'when it is due' x refresh due@contoso.test
    is "$(site_count)" $((before + 1)) 'refresh asks'
    site_later 0
else
    skip 'when it is due' 'faketime is not installed; run: sudo tests/deps'
fi

# Publishing is a service to the logins, and no reason to fail.
rm -r "$jail"
echo 'in the way' >"$jail"
ok 'a chroot whose directory cannot be made' x refresh due@contoso.test --force
like "$ERR" "$jail" 'is named in a warning'
is "$(published "$SITE_TOKENS" serial due@contoso.test)" \
    "$(site_record due@contoso.test serial)" 'the other place has the token'
site_conf chroot "$SITE/no-such-root"
ok 'a chroot that is not there' x refresh due@contoso.test --force
like "$ERR" 'no-such-root.*chroot' 'is named in a warning'
ok 'and not made' test ! -e "$SITE/no-such-root"
no_secret 'no secret in all that'
