#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth token: formats, how much life a token must have left, what happens
# when the provider does not answer, and callers who may not open the store.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_conf timeout 1
site_endpoint ok:first-token
app=app@contoso.test
site_account $app "secret_file: $SITE/secret/app" 'user: Relay@Contoso.test'

ok 'a token, although nobody has logged in' x token $app
is "$OUT" first-token 'raw is the default'
is "$ERR" '' 'silence'
is "$(wc -l <"$TAP_DIR/.out")" 1 'and a newline'
ok 'case does not matter in an account name' x token App@CONTOSO.Test
is "$OUT" first-token 'it is the same'
ok 'raw' x token $app --format raw
is "$OUT" first-token 'the token'
ok 'xoauth2' x token $app --format xoauth2
is "$(base64 -d <<<"$OUT" | tr '\1' '|')" \
    'user=Relay@Contoso.test|auth=Bearer first-token||' 'the SASL response'
is "$(wc -l <"$TAP_DIR/.out")" 1 'on one line'
ok 'oauthbearer' x token $app --format oauthbearer
is "$(base64 -d <<<"$OUT" | tr '\1' '|')" \
    'n,a=Relay@Contoso.test,|auth=Bearer first-token||' 'the SASL response'
ok 'json' x token $app --format json
is "$(python3 -c 'import json, sys
o = json.load(sys.stdin)
print(o["token"], o["user"], o["account"], o["expires"] - o["issued"], o["serial"])' <<<"$OUT")" \
    "first-token Relay@Contoso.test $app 3600 1" 'has what a published token has'
exits 64 'another format' x token $app --format yaml
one_line 'another format' 'raw, xoauth2'
exits 64 'no seconds' x token $app --min-ttl soon
one_line 'no seconds'
exits 64 'no account' x token
one_line 'no account' 'exoauth token --help'
exits 64 'two accounts' x token $app $app
exits 64 'an option of another command' x token $app --force
exits 67 'an unknown account' x token nobody@fabrikam.test
one_line 'unknown account' 'run: exoauth login nobody@fabrikam.test'
is "$OUT" '' 'and no token'
is "$(site_count)" 1 'all this was one request'

site_conf log_level debug
loud=loud@contoso.test
site_account $loud "secret_file: $SITE/secret/app"
ok 'log_level: debug' x token $loud
is "$ERR" '' 'is for the log; stderr is silent'
ok '-v' x token $loud --min-ttl 0 -v
site_conf log_level
site_conf log "$SITE/no/such/dir/log"
ok 'a log that cannot be written' x token $app
is "$OUT" first-token 'is no reason to give no token'
is "$ERR" '' 'nor to say a word'
ok 'a log that cannot be written, and -v' x token $app -v
like "$ERR" 'cannot open log' 'says so'
site_conf log

# Life that is left. Half of the lifetime is all that may be asked for.
site_script ok:second-token:600
ok 'enough life' x token $app --min-ttl 3500
is "$OUT" first-token 'the same token'
ok 'not enough life' x token $app --min-ttl 3600
is "$OUT" first-token 'nobody gets more than there is'
is "$(site_count)" 2 'no request'
site_account short@contoso.test "secret_file: $SITE/secret/app"
ok 'a token that lives no longer than the margin' x token short@contoso.test
ok 'once more' x token short@contoso.test
ok 'and with a margin longer than its life' x token short@contoso.test --min-ttl 900
is "$OUT" second-token 'is handed out all the same'
is "$(site_count)" 3 'without a second request'

if site_later 3100; then
    site_script ok:third-token
    ok 'less left than refresh_margin' x token $app
    is "$OUT" third-token 'a new token'
    is "$ERR" '' 'in silence'
    is "$(site_count)" 4 'one request'
    site_later 3300
    ok 'later, but enough is left' x token $app
    is "$OUT" third-token 'the same'
    is "$(site_count)" 4 'no request'
    site_later 6500
    site_script status:503:down
    ok 'the provider is down, the token still lives' x token $app
    is "$OUT" third-token 'it is used'
    is "$ERR" '' 'in silence'
    ok 'again' x token $app
    is "$(site_count)" 5 'backoff holds for all'
    site_later 6800
    exits 75 'the provider is down and the token dead' x token $app
    one_line 'down' 'HTTP 503'
    is "$OUT" '' 'no token'
    exits 75 'a moment later' x token $app
    one_line 'the same again' 'HTTP 503'
    is "$(site_count)" 6 'no second request'
    site_later 0
else
    skip 'as time goes by' 'faketime is not installed; run: sudo tests/deps'
fi

# A provider that hangs costs as much as timeout says.
site_account hang@contoso.test "secret_file: $SITE/secret/app"
site_script hang
before=$(site_count)
exits 75 'a provider that hangs' timeout 20 "$EXO" token hang@contoso.test \
    --config "$SITE_CONF"
one_line 'hangs' 'in time'
exits 75 'the next caller' x token hang@contoso.test
is "$(site_count)" $((before + 1)) 'does not have to wait for it again'

# Output that nobody takes is an error, not a success.
if [[ -c /dev/full ]]; then
    site_script ok
    site_account full@contoso.test "secret_file: $SITE/secret/app"
    full() { x token full@contoso.test >/dev/full; }
    exits 74 'stdout that is full' full
    one_line 'full' 'standard output'
fi
site_account broken@contoso.test "secret_file: $SITE/secret/none"
exits 78 'a secret file that is not there' x token broken@contoso.test
one_line 'no secret file' 'secret_file'
site_account nologin@contoso.test 'grant: device_code'
exits 77 'nobody has logged in' x token nologin@contoso.test
one_line 'not logged in' 'run: exoauth login nologin@contoso.test'

# secret_command: its output is the secret, its complaints are nobody's.
printf '#!/bin/sh\necho a-secret-of-a-command; echo noise >&2\n' >"$SITE/etc/cmd"
chmod 0755 "$SITE/etc/cmd"
site_script ok:command-token
site_account cmd@contoso.test "secret_command: $SITE/etc/cmd"
ok 'secret_command' x token cmd@contoso.test
is "$OUT$ERR" command-token 'gives the secret and no noise'
is "$(site_forms client_secret | tail -n1)" a-secret-of-a-command \
    'without its newline'
site_account cmd2@contoso.test 'secret_command: echo a-canary-secret; exit 3'
exits 78 'secret_command that fails' x token cmd2@contoso.test
one_line 'command' 'exit status 3'
unlike "$ERR" canary 'and is not quoted'

# A name with the two characters that OAUTHBEARER escapes.
site_script ok:first-token
site_account comma@contoso.test "secret_file: $SITE/secret/app" \
    'user: a,b=c@contoso.test'
ok 'oauthbearer for a name with , and =' x token comma@contoso.test \
    --format oauthbearer
is "$(base64 -d <<<"$OUT" | tr '\1' '|')" \
    'n,a=a=2Cb=3Dc@contoso.test,|auth=Bearer first-token||' 'escapes them'
is "$(wc -l <"$TAP_DIR/.out")" 1 'on one line'

# ----- callers who may not open the store

if [[ $(id -u) != 0 ]]; then
    skip 'callers who may not open the store' 'needs root'
    exit 0
fi
mkdir "$SITE/bin"
cp "$EXO" "$SITE/bin/exoauth"
chmod 0755 "$SITE/bin" "$SITE/bin/exoauth"
as() { site_as "$1" "$SITE/bin/exoauth" "${@:2}" --config "$SITE_CONF"; }
site_script ok:shared-token
site_conf token_group daemon
site_conf socket "$SITE/socket"
ok 'published for the group' x refresh $app --force
exits 75 'nobody of the group, and no socket' as 2:2 token $app
one_line 'no source' 'socket'
ok 'one of the group' as 2:1 token $app
is "$OUT" shared-token 'gets the published token'
is "$ERR" '' 'in silence'
ok 'xoauth2 for one of the group' as 2:1 token $app --format xoauth2
is "$(base64 -d <<<"$OUT" | tr '\1' '|')" \
    'user=Relay@Contoso.test|auth=Bearer shared-token||' 'with the right user='
"$EXO" serve --listen "$SITE/socket" --config "$SITE_CONF" >"$SITE/serve.out" 2>&1 &
server=$!
cleanup kill $server
for ((i = 0; i < 100; i++)); do [[ -S $SITE/socket ]] && break; sleep 0.05; done
rm "$SITE_TOKENS/$app"
ok 'with nothing published the socket is asked' as 2:1 token $app
is "$OUT" shared-token 'and answers'
# A token directory that is closed does not tell whose socket to believe.
echo "allow: bin" >>"$SITE/etc/exoauth.d/$app.conf"
ok 'allow names a user' as 2:2 token $app
rm "$SITE_TOKENS/$app"
exits 77 'and nobody else' as 5:5 token $app
one_line 'denied' 'allow'
is "$OUT" '' 'who gets nothing'
