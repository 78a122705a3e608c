#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth doctor --bundle: a report that can be given to others. Everything
# secret that exoauth may hold is put where it holds it, as a canary, and must
# not be in the report, nor on the terminal.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/doctor.sh"
need_cmd openssl

app=relay@contoso.test bob=bob@contoso.test key=key@contoso.test
site_up
doctor_up
site_endpoint

jwt=$(python3 -c 'import base64
b = lambda t: base64.urlsafe_b64encode(t.encode()).decode().rstrip("=")
print(b("{\"alg\":\"RS256\",\"kid\":\"canary-kid\"}"),
      b("{\"aud\":\"https://outlook.office365.com\",\"jti\":\"canary-jti\",\"name\":\"canary-name\"}"),
      b("canary-signature"), sep=".")')
printf 'canary-client-secret\n' >"$SITE/secret/app"
printf 'proxy-user:canary-proxy-password\n' >"$SITE/secret/proxy"
openssl req -x509 -newkey rsa:2048 -days 30 -subj /CN=key -passout pass:canary-passphrase \
    -keyout "$SITE/secret/key.pem" -out "$SITE/etc/key.crt" >/dev/null 2>&1
chmod 0644 "$SITE/etc/key.crt"
chmod 0600 "$SITE"/secret/*
[[ $(id -u) == 0 ]] && chown nobody "$SITE"/secret/*

site_account $app "secret_file: $SITE/secret/app"
site_account $key 'client_auth: private_key_jwt' "certificate: $SITE/etc/key.crt" \
    "private_key: $SITE/secret/key.pem" 'key_passphrase_command: echo canary-passphrase' \
    'grant: client_credentials'
site_account hsm@contoso.test 'client_auth: private_key_jwt' "certificate: $SITE/etc/key.crt" \
    'private_key: pkcs11:object=k?pin-value=canary-pin' 'grant: client_credentials'
printf '%s\n' 'provider: custom' 'client_id: app' 'grant: client_credentials' \
    "token_endpoint: $SITE_URL/token?code=canary-code" 'servers: mail.contoso.test' \
    "secret_file: $SITE/secret/app" >"$SITE/etc/exoauth.d/query@contoso.test.conf"
site_account cmd@contoso.test 'secret_command: echo canary-of-command' \
    'grant: client_credentials' 'unknown_key: canary-unknown'
printf '%s\n' 'provider: custom' 'client_id: app' 'grant: device_code' \
    "token_endpoint: $SITE_URL/token" 'servers: mail.contoso.test' \
    'authorization_endpoint: https://login.contoso.test/authorize?key=canary-query' \
    >"$SITE/etc/exoauth.d/$bob.conf"
site_conf proxy_auth_file "$SITE/secret/proxy"
site_conf on_event 'curl -H "X: canary-event" https://contoso.test/'
site_conf key_command "cat $SITE/etc/exoauth.key; : canary-key-command"
site_script "ok:$jwt"
(umask 077; openssl rand -base64 32 | tr +/ -_ | tr -d = >"$SITE/etc/exoauth.key")
[[ $(id -u) == 0 ]] && chown nobody "$SITE/etc/exoauth.key"
"$EXO" refresh --all --config "$SITE_CONF" >/dev/null 2>&1
site_script "fields:{\"access_token\":\"canary-access\",\"refresh_token\":\"canary-refresh\"}"
printf 'canary-first-refresh\n' | "$EXO" login $bob --refresh-token-file - \
    --config "$SITE_CONF" >/dev/null 2>&1
# The provider's own words, with what was sent in them, are recorded.
site_script 'error:invalid_request:you sent canary-client-secret'
"$EXO" refresh $app --force --config "$SITE_CONF" >/dev/null 2>&1

report=$SITE/report
ok 'the report is made, whatever was found' doctor_any --bundle "$report"
shown=$OUT$ERR
like "$(stat -c '%a %F' "$report")" '^600 regular file$' 'for its owner only'
is "$(stat -c %u "$report")" "$(id -u)" 'who is the one who asked for it'
text=$(<"$report")

for word in "$jwt" "${jwt%%.*}" canary "$(<"$SITE/etc/exoauth.key")" \
    "$(sed -n 2p "$SITE/secret/key.pem")"; do
    ok "not in the report: ${word:0:12}" test -z "$(grep -F -e "$word" <<<"$text")"
    ok "not on the terminal: ${word:0:12}" test -z "$(grep -F -e "$word" <<<"$shown")"
done
for file in "$SITE"/store/* "$SITE_TOKENS"/*; do
    [[ -s $file ]] || continue
    is "$(python3 -c 'import re, sys
report = open(sys.argv[1]).read()
for word in re.findall(r"[A-Za-z0-9_.-]{24,}", open(sys.argv[2]).read()):
    if word in report and "@" not in word:
        print(word)' "$report" "$file" | grep -vE '^(https?|client_credentials|mail\.)' |
        grep -v '^[0-9a-f]*$')" '' "no long word of ${file##*/} is in it"
done

like "$text" "exoauth +$("$EXO" --version | cut -d' ' -f2)" 'the version of exoauth'
for word in 'libsasl2 +2\.' 'network +libcurl' 'libc +[0-9]' 'json-c +0' 'kernel +Linux' \
    '== checks' '== accounts' '== configuration' \
    "secret_file: $SITE/secret/app" "private_key: $SITE/secret/key.pem" \
    'secret_command: \(set, not shown\)' 'key_passphrase_command: \(set, not shown\)' \
    'private_key: \(set, not shown\)' 'authorization_endpoint: \(set, not shown\)' \
    'key_command: \(set, not shown\)' 'unknown key unknown_key' 'read it'; do
    ok "in the report: $word" grep -qE -e "$word" "$report"
done
ok 'the account and its state' grep -qE "$bob +.*ok" "$report"
like "$text" 'failure  token +relay@contoso.test: the last request failed.*provider said invalid_request' \
    'the last refusal, though a token is there'
ok 'what was found' grep -qE '^(ok|failure|warning) +token' "$report"

doctor_any --bundle - >"$SITE/piped" 2>/dev/null
ok 'on the standard output' grep -q '== configuration' "$SITE/piped"
is "$(grep -c '== checks' "$SITE/piped")" 1 'and nothing else'
ok 'and without anything secret' test -z "$(grep -F canary "$SITE/piped")"
exits 64 'a file that is there' doctor --bundle "$report"
one_line 'a file that is there' 'cannot make .*; name a file that does not exist'
is "$(<"$report")" "$text" 'is left alone'
ln -s "$SITE/elsewhere" "$SITE/link"
exits 64 'a link' doctor --bundle "$SITE/link"
ok 'is not followed' test ! -e "$SITE/elsewhere"
exits 64 'a directory that is not there' doctor --bundle "$SITE/none/report"
echo 'timeout: soon' >"$SITE_CONF"
ok 'a report of a broken configuration' doctor_any --bundle "$SITE/report.broken"
ok 'says so' grep -q 'correct that line' "$SITE/report.broken"
full()
{
    "$EXO" doctor --bundle - --config "$SITE_CONF" >/dev/full
}
exits 74 'a full disk' full

# A report that cannot be written is not there, nor a part of it.
mkdir "$SITE/reports"
cut()
{
    (ulimit -f "$1"; exec "$EXO" doctor --bundle "$SITE/reports/cut" --config "$SITE_CONF") \
        2>&1 >/dev/null | cat >&2
    return "${PIPESTATUS[0]}"
}
for blocks in 0 1; do
    exits 74 "a limit of file sizes, $blocks" cut $blocks
    one_line "a limit of file sizes, $blocks" \
        'cannot write .*/reports/cut: File too large; nothing was written; raise the limit'
    is "$(ls -A "$SITE/reports")" '' 'and nothing is left'
done
if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null; then
    for call in fsync linkat renameat2; do
        strace -f -qq -o /dev/null -e trace=$call -e inject=$call:error=ENOSPC \
            "$EXO" doctor --bundle "$SITE/reports/full" --config "$SITE_CONF" >/dev/null 2>"$SITE/err"
        [[ -e $SITE/reports/full ]] && rm "$SITE/reports/full" ||
            ok "no room at $call" grep -q 'No space left on device; nothing was written; free space' "$SITE/err"
        is "$(ls -A "$SITE/reports")" '' "$call: nothing is left"
    done
    { (exec strace -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL \
        "$EXO" doctor --bundle "$SITE/reports/killed" --config "$SITE_CONF") >/dev/null; } 2>/dev/null
    for ((i = 0; i < 100; i++)); do [[ $(ls -A "$SITE/reports") ]] || break; sleep 0.05; done
    is "$(ls -A "$SITE/reports")" '' 'killed: nothing is left'
else
    skip 'no room' 'strace may trace nothing here'
fi

all_have_remedies
