#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What a monitor sees: status --prometheus and --nagios, the end of a secret
# and of a certificate, an idle refresh token, and status_file.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
need_cmd python3

site_up
site_endpoint 'ok:canary-access-token:3600'
app=app@contoso.test
in_days() { date -u -d "+$1 days" +%F; }

# One member of one account of JSON in a variable.
field()
{
    python3 -c 'import json, sys
row = [a for a in json.load(sys.stdin)["accounts"] if a["account"] == sys.argv[1]]
print(json.dumps(row[0][sys.argv[2]]) if row else "no such row")' "$@" <<<"$OUT"
}

# The sample of a metric with these labels; every line has to be well-formed.
sample()
{
    python3 -c 'import re, sys
want = sys.argv[1]
for line in sys.stdin.read().splitlines():
    if line.startswith("#"):
        continue
    m = re.fullmatch(r"([a-z_]+\{(?:[a-z]+=\"(?:[^\"\\]|\\[\\\"n])*\",?)*\}) (-?[0-9]+)", line)
    if not m:
        print("malformed:", line)
    elif m.group(1) == want:
        print(m.group(2))' "$1" <<<"$OUT"
}

# ---- nobody there, and what is not possible
exits 3 'no account is unknown to a monitor' x status --nagios
like "$OUT" '^EXOAUTH UNKNOWN - no account' 'in one line'
exits 3 'an account that is not there' x status nobody@contoso.test --nagios
like "$OUT" '^EXOAUTH UNKNOWN - no account nobody@contoso.test' 'is unknown'
exits 64 'two formats' x status --json --prometheus
ok 'no account for Prometheus' x status --prometheus
unlike "$OUT" '^exoauth' 'has no sample'

# ---- all is well
site_account $app "secret_file: $SITE/secret/app"
ok 'a first token' x token $app
ok 'a monitor' x status --nagios
like "$OUT" '^EXOAUTH OK - 1 of 1 accounts ok \| accounts=1 warnings=0 criticals=0 failures=0 token_left=[0-9]+s$' \
    'one line with performance data'
is "$(wc -l <<<"$OUT")" 1 'and no other'
is "$ERR" '' 'nothing on stderr'
ok 'Prometheus' x status --prometheus
is "$(sample "exoauth_account_state{account=\"$app\",state=\"ok\"}")" 1 'the state'
is "$(sample "exoauth_account_state{account=\"$app\",state=\"needs-login\"}")" 0 'and the others'
is "$(sample "exoauth_account_severity{account=\"$app\"}")" 0 'severity'
is "$(sample "exoauth_failures{account=\"$app\"}")" 0 'failures'
is "$(sample "exoauth_token_expires_timestamp_seconds{account=\"$app\"}")" \
    "$(site_record $app expires)" 'token expiry'
is "$(sample "exoauth_credential_expires_timestamp_seconds{account=\"$app\"}")" '' \
    'what is not known has no sample'
is "$(grep -c '^# HELP exoauth_' <<<"$OUT")" "$(grep -c '^# TYPE exoauth_[a-z_]* gauge$' <<<"$OUT")" \
    'HELP and TYPE for each'
is "$(grep -o '^[a-z_]*' <<<"$OUT" | sort -u | while read -r name; do
    grep -q "^# TYPE $name gauge" <<<"$OUT" || echo "$name"; done)" '' 'and none without'

# ---- the end of a secret
ends() { site_account $app "secret_file: $SITE/secret/app" "secret_expires: $1"; }
ends "$(in_days 33)"
ok 'a secret that ends in 33 days' x status --nagios
like "$OUT" ' credential_left=[0-9]+s;2592000:;604800:' 'thresholds are in the data'
ends "$(in_days 29)"
exits 1 'in 29 days' x status --nagios
like "$OUT" "^EXOAUTH WARNING - 1 of 1 accounts not ok; $app: ok, the client secret ends " 'is a warning'
ok 'the exit status of status alone is that of the state' x status
like "$OUT" 'the client secret ends .*, in 2[89] days; make a new one' 'the table says it'
ok 'as JSON' x status --json
is "$(field $app severity)" '"warning"' 'severity'
like "$(field $app warning)" 'the client secret ends' 'and why'
ok 'for Prometheus' x status --prometheus
is "$(sample "exoauth_account_severity{account=\"$app\"}")" 1 'severity'
is "$(sample "exoauth_credential_expires_timestamp_seconds{account=\"$app\"}")" \
    "$(date -u -d "$(in_days 29)" +%s)" 'credential expiry'
ends "$(in_days 6)"
exits 2 'in 6 days' x status --nagios
like "$OUT" '^EXOAUTH CRITICAL' 'is critical'
ends "$(in_days -3)"
exits 2 'three days ago' x status --nagios
like "$OUT" 'days ago|h ago' 'is critical, too'

# ---- the end of a certificate
if command -v openssl >/dev/null &&
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=exoauth -days 20 \
        -keyout "$SITE/key.pem" -out "$SITE/cert.pem" >"$SITE/openssl.log" 2>&1; then
    chmod 0644 "$SITE/cert.pem"
    site_account cert@contoso.test "certificate: $SITE/cert.pem"
    x status cert@contoso.test --json >"$SITE/out" 2>/dev/null
    OUT=$(<"$SITE/out")
    is "$(field cert@contoso.test credential_expires)" \
        "$(date -u -d "$(openssl x509 -noout -enddate -in "$SITE/cert.pem" | cut -d= -f2)" +%s)" \
        'the end of a certificate is its notAfter'
    like "$(field cert@contoso.test warning)" 'the certificate ends' 'and is warned of'
    site_account cert@contoso.test "certificate: $SITE/cert.pem" \
        "secret_expires: $(in_days 10)"
    x status cert@contoso.test --json >"$SITE/out" 2>/dev/null
    OUT=$(<"$SITE/out")
    like "$(field cert@contoso.test warning)" 'the client secret ends' 'the earlier end counts'
    site_account cert@contoso.test "certificate: $SITE/cert.pem" \
        "secret_expires: $(in_days 25)"
    x status cert@contoso.test --json >"$SITE/out" 2>/dev/null
    OUT=$(<"$SITE/out")
    like "$(field cert@contoso.test warning)" 'the certificate ends' 'whichever it is'
    rm "$SITE/etc/exoauth.d/cert@contoso.test.conf"
else
    skip 'the end of a certificate' 'openssl is not installed; run: sudo tests/deps'
fi

# ---- names that need escaping
rm "$SITE/etc/exoauth.d/$app.conf"
odd="o'd{x}@contoso.test"
site_account 'o%27d%7Bx%7D@contoso.test' "secret_file: $SITE/secret/app"
x remove $app >/dev/null 2>&1
ok 'a quotation mark and braces' x status --prometheus
is "$(sample 'exoauth_account_state{account="o'"'"'d{x}@contoso.test",state="ok"}')" 1 \
    'are what they are'
like "$(x status --json)" "o'd\\{x\\}@contoso.test" 'in JSON, too'
rm "$SITE/etc/exoauth.d/o%27d%7Bx%7D@contoso.test.conf"
ok "$odd is gone" x list

# ---- states
site_script 'status:503:no|thing'
site_account down@contoso.test "secret_file: $SITE/secret/app"
exits 75 'a provider that is down' x token down@contoso.test
exits 1 'is a warning' x status --nagios
is "$(tr -cd '|' <<<"$OUT" | wc -c)" 1 'with one bar only'
like "$OUT" 'down@contoso.test: transient, .* failures=1' 'and the error'
exits 75 'for Prometheus the exit status is that of status' x status --prometheus
is "$(sample 'exoauth_failures{account="down@contoso.test"}')" 1 'a failure'
like "$OUT" 'exoauth_last_error_timestamp_seconds\{account="down@contoso.test",code="[^"]*"\} [0-9]+' \
    'when and which'
next=$(sample 'exoauth_next_try_timestamp_seconds{account="down@contoso.test"}')
ok 'the next try is now or later' test "$next" -ge $(($(date +%s) - 30))
rm "$SITE/etc/exoauth.d/down@contoso.test.conf"
x remove down@contoso.test >/dev/null 2>&1

person=person@contoso.test
echo canary-refresh-token >"$SITE/secret/refresh"
site_account $person 'grant: device_code'
exits 2 'a login that is missing is critical' x status --nagios
like "$OUT" "CRITICAL - .*$person: needs-login" 'and named'
site_script 'ok:canary-access-token:3600'
ok 'a person logs in' x login $person --refresh-token-file "$SITE/secret/refresh"
ok 'as JSON' x status --json
is "$(field $person granted)" "$(site_record $person granted)" 'when somebody authorised'
is "$(field $person refresh_token_used)" "$(site_record $person refreshed)" \
    'when the refresh token was used'
ok 'the table' x status
like "$OUT" 'REFRESH TOKEN USED' 'has a column for it'
like "$OUT" "$person +device_code +ok .* [0-9]+ s ago" 'with its age'
ok 'for Prometheus' x status --prometheus
is "$(sample "exoauth_refresh_token_used_timestamp_seconds{account=\"$person\"}")" \
    "$(site_record $person refreshed)" 'too'

if site_later $((59 * 86400)); then
    ok 'idle for 59 days' x status --nagios
    site_later $((61 * 86400))
    exits 1 'idle for 61 days' x status --nagios
    like "$OUT" 'the refresh token was last used 61 days ago' 'is a warning'
    like "$OUT" 'refresh_token_age=52[0-9]+s;5184000' 'with its age'
    ok 'the table' x status
    like "$OUT" 'last used 61 days ago.*run: exoauth refresh' 'says what to do'
    site_later 0
else
    skip 'idle refresh tokens' 'faketime is not installed; run: sudo tests/deps'
fi

# A token that lives for months does not let its refresh token die.
site_script 'ok:canary-access-token:31536000'
ok 'a token for a year' x refresh $person --force
before=$(site_count)
if site_later $((5 * 86400)); then
    ok 'five days later' x refresh --all
    is "$(site_count)" "$before" 'it is not due'
    site_later $((8 * 86400))
    ok 'a week later' x refresh --all
    is "$(site_count)" $((before + 1)) 'the refresh token is used'
    site_later 0
else
    skip 'keeping a refresh token alive' 'faketime is not installed; run: sudo tests/deps'
fi

# ---- status_file
public=$SITE/public
if [[ $(id -u) != 0 ]]; then mkdir "$public"; fi
site_conf status_file "$public/status.json"
ok 'refresh' x refresh --all
ok 'writes status_file' test -s "$public/status.json"
is "$(stat -c %a "$public/status.json")" 644 'readable for everyone'
is "$(stat -c %a "$public")" 755 'in a directory that is'
is "$(cat "$public/status.json")" "$(x status --json)" 'the same as --json'
is "$(find "$public" -name '.*' -type f | wc -l)" 0 'no temporary file stays'
is "$(grep -cE 'canary|a secret' "$public/status.json")" 0 'no secret in it'
inode=$(stat -c %i "$public/status.json")
site_script 'aadsts:700082:invalid_grant'
exits 77 'a failure' x refresh $person --force
OUT=$(<"$public/status.json")
is "$(field $person state)" '"needs-login"' 'is in it at once'
isnt "$(stat -c %i "$public/status.json")" "$inode" 'as a new file, by rename'
site_account other@contoso.test "secret_file: $SITE/secret/app"
site_script 'ok:canary-access-token:3600'
ok 'token' x token other@contoso.test
OUT=$(<"$public/status.json")
is "$(field other@contoso.test serial)" 1 'writes it, too'
rm "$SITE/etc/exoauth.d/other@contoso.test.conf"
ok 'remove' x remove other@contoso.test
OUT=$(<"$public/status.json")
is "$(field other@contoso.test serial)" 'no such row' 'too'
site_conf status_file "$SITE/secret/app/status.json"
site_script 'ok:canary-access-token:3600'
ok 'where it cannot be written' x refresh $person --force
one_line 'status_file' 'status_file'
site_conf status_file relative.json
exits 78 'a relative path' x refresh $person
site_conf status_file none
ok 'none' x refresh $person

# Who may not open the store sees that file.
if [[ $(id -u) == 0 ]]; then
    chmod 0755 "$SITE" "$SITE/etc" "$SITE/etc/exoauth.d"
    site_conf status_file "$public/status.json"
    ok 'written again' x refresh --all
    alien() { site_as 4242:4242 "${SITE_LATER[@]}" "$EXO" "$@" --config "$SITE_CONF"; }
    if site_as 4242:4242 test -x "$EXO"; then
        ok 'another user' alien status --json
        is "$OUT" "$(<"$public/status.json")" 'sees the same'
        ok 'as a table' alien status
        like "$OUT" "$person +device_code +ok" 'too'
        ok 'as a monitor' alien status --nagios
        like "$OUT" '^EXOAUTH OK - 1 of 1' 'too'
        exits 67 'an account that is not in it' alien status nobody@contoso.test
        touch -d '-4 hours' "$public/status.json"
        exits 3 'a file that nobody writes any more' alien status --nagios
        like "$OUT" 'written 4 hours ago' 'is unknown, and why'
        printf '{"exoauth": 1, "accounts": [{}]}' >"$public/status.json"
        exits 3 'a file that is broken' alien status --nagios
        chmod 0666 "$public/status.json"
        exits 3 'a file that others may write' alien status --nagios
        rm "$public/status.json"
        exits 77 'no file' alien status
        one_line 'no file' 'status_file.*run as root: exoauth refresh --all'
    else
        skip 'another user' 'another user cannot enter the build directory'
    fi
else
    skip 'another user' 'only root can become another user'
fi

# Two at a time: what stands there at the end is how things are.
site_conf status_file "$public/status.json"
for name in a b c d; do
    site_account $name@contoso.test "secret_file: $SITE/secret/app"
done
pids=()
for name in a b c d; do
    x refresh $name@contoso.test --force & pids+=($!)
done
wait "${pids[@]}"
is "$(cat "$public/status.json")" "$(x status --json)" 'four writers at a time'

printf 'no colon\n' >>"$SITE_CONF"
exits 3 'a broken exoauth.conf' x status --nagios
like "$OUT" '^EXOAUTH UNKNOWN - .*exoauth.conf' 'is unknown, and named'
