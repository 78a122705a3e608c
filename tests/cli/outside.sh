#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What others write where exoauth reads it: names of files, of accounts and of
# hosts, what a provider answers, what stands in tokens and maps. It reaches no
# terminal and no log as more than text, and never as a command to type.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/doctor.sh"
need_cmd python3

src=${EXO_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
outside() { python3 "$src/tests/lib/outside.py" "$@"; }
mkdir -m 0777 "$SITE/log"
chmod 0777 "$SITE/log"
touch "$SITE/log/exoauth.log"
[[ $(id -u) != 0 ]] || chown nobody "$SITE/log/exoauth.log"
site_up "log: $SITE/log/exoauth.log" 'log_level: debug' \
    "on_event: $SITE/handler" "status_file: $SITE/log/status.json"
cat >"$SITE/handler" <<END
#!/bin/sh
printf '%s\n' "\$EXOAUTH_ACCOUNT \$EXOAUTH_EVENT" "\$EXOAUTH_MESSAGE" >>$SITE/log/events
END
chmod 0755 "$SITE/handler"
site_endpoint
doctor_up
texts=$(outside texts | wc -l)
ok 'there are hostile texts' test "$texts" -gt 5
etc=$SITE/etc/exoauth.d
me=relay@contoso.test
person=person@contoso.test
echo canary-refresh >"$SITE/secret/refresh"

# run CMD...: what it prints, whatever it comes to, is looked at by clean
run() { "$@" >"$TAP_DIR/out" 2>"$TAP_DIR/err" </dev/null; cat "$TAP_DIR"/{out,err} >>"$SITE/said"; }
clean()
{
    local found
    found=$(outside check "$SITE/said" "$SITE/log"/*)
    is "$found" '' "$1: is text and no command"
    isnt "$(wc -c <"$SITE/said")" 0 "$1: something was said"
    rm -f "$SITE/said" "$SITE"/log/{events,status.json}
    : >"$SITE/log/exoauth.log"
}
# Everything that prints names or what happened before.
tell()
{
    local way
    run x list
    for way in '' --json --nagios --prometheus; do run x status $way; done
    if [[ ${1:-} ]]; then
        run doctor
        run doctor --json
        run doctor --bundle -
    fi
    run x token other@contoso.test
    run x show other@contoso.test
    run x refresh --all
    run x remove other@contoso.test
}
ask() { printf '%b' "exoauth: 1\n" >"$SITE/ask"; printf '%s: %s\n' "$@" >>"$SITE/ask"; echo >>"$SITE/ask"; x serve <"$SITE/ask"; }

# ----- the check itself

printf 'exoauth: no x; run: exoauth login x\nexoauth: see it, run: chmod 600 f && rm -f g\n' \
    >"$SITE/good"
is "$(outside check "$SITE/good")" '' 'commands of ours are'
for ((i = 0; i < texts; i++)); do
    outside text $i >"$SITE/bad"
    if grep -qiaE $'run:|[\x01-\x09\x0b-\x1f\x7f-\xff]' "$SITE/bad"; then
        isnt "$(outside check "$SITE/bad")" '' "text $i is seen"
    fi
done

# ----- names of files

site_account $me "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
ok 'an account' x token $me
ok 'a person' x login $person --refresh-token-file "$SITE/secret/refresh"
run x status
clean 'a site without anything hostile'
for ((i = 0; i < texts; i++)); do
    cp "$etc/$me.conf" "$etc/$(outside name $i)q@x.test.conf"
    cp "$etc/$me.conf" "$etc/$(outside file $i)Q@x.test.conf"
    cp "$etc/$me.conf" "$etc/$(outside file $i)@x.test"
done
tell all
clean 'account_dir'
run x list
like "$(<"$TAP_DIR/err")" \
    "q%C2%9B31m%C2%85%C2%9Dq@x.test.conf is not read: its name is not that of an account; rename it" \
    'a file whose name no account has is named'
is "$(grep -c '31m' "$TAP_DIR/out")" 0 'and is no account'
run ask get "$(outside text 6)q@x.test"
like "$(<"$TAP_DIR/out")" 'status: no-account' 'over the protocol neither'
LC_ALL=C find "$etc" -name '*@x.test*' -delete
for ((i = 0; i < texts; i++)); do
    cp -p "$SITE_STORE/$me.json" "$SITE_STORE/$(outside name $i)q@x.test.json"
    cp -p "$SITE_STORE/$me.json" "$SITE_STORE/$(outside file $i)q@x.test.json"
    cp -p "$SITE_TOKENS/$me" "$SITE_TOKENS/$(outside name $i)q@x.test"
done
tell
run doctor
run x rekey
run x export --all --out "$SITE/log/bundle" --password-file "$SITE/secret/refresh"
rm -f "$SITE/log/bundle"
clean 'store and published tokens'
LC_ALL=C find "$SITE_STORE" "$SITE_TOKENS" -name '*@x.test*' -delete

# ----- names of accounts, on the command line and from programs

site_account @contoso.test "secret_file: $SITE/secret/app"
for ((i = 0; i < texts; i++)); do
    text=$(outside text $i)
    commands=(token refresh show status doctor remove login)
    run x "${commands[i % 7]}" "<$text@contoso.test>"
    run ask get "$text@contoso.test"
    run ask get $me server "$text"
    case $((i % 3)) in
    0) run x test "$text" smtp --server "$text"
        run x explain "535 5.7.3 $text"
        run x login "$me" --set "scope=$text" --set "$text=x" ;;
    1) run x login "$me" --secret-file "$text"
        run x import --from mutt "$text"
        run x list --config "$SITE/$text" ;;
    *) run x "$text"
        run x list "--$text"
        run ask get "$text" ;;
    esac
done
clean 'names that were given'
rm -f "$etc/@contoso.test.conf"
site_account $me "secret_file: $SITE/secret/app"

# ----- what a provider says

for ((i = 0; i < texts; i++)); do
    text=$(outside json $i)
    answers=("status:400:{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: $text\"}"
        "raw:{\"error\":\"$text\",\"error_description\":\"$text\"}"
        "raw:{\"token_type\":\"$text\",\"access_token\":\"$text\",\"scope\":\"$text\"}"
        "redirect:302:http://127.0.0.1/$text")
    site_script "${answers[i % 4]}"
    run x refresh $me --force
    site_script "status:400:{\"error\":\"invalid_grant\",\"error_description\":\"$text\"}"
    run x refresh $person --force
    run x status
done
tell all
run ask get $person
run x token $person
like "$(<"$SITE/log/events")" '; run. touch canary.*; run: exoauth login person@contoso.test --config [^ ]*$' \
    'our own command is kept'
clean 'answers of a provider'
for ((i = 0; i < texts; i++)); do
    text=$(outside json $i)
    site_account issuer@contoso.test "secret_file: $SITE/secret/app" \
        "issuer: $SITE_URL"
    sed -i '/^token_endpoint/d' "$etc/issuer@contoso.test.conf"
    for answer in "raw:{\"issuer\":\"$text\"}" \
        "raw:{\"issuer\":\"$SITE_URL\",\"token_endpoint\":\"$SITE_URL/$text\"}" \
        "raw:{\"issuer\":\"$SITE_URL\",\"token_endpoint\":\"$SITE_URL/token\",\"authorization_endpoint\":\"$SITE_URL/$text\",\"device_authorization_endpoint\":\"$SITE_URL/$text\"}"; do
        site_gets "$answer"
        run x refresh issuer@contoso.test --force
    done
    run timeout 10 "$EXO" login issuer@contoso.test --paste --config "$SITE_CONF"
done
run doctor issuer@contoso.test
clean 'metadata'
rm -f "$etc/issuer@contoso.test.conf"

# ----- what a browser brings back

unset DISPLAY WAYLAND_DISPLAY
site_account desk@contoso.test "authorization_endpoint: $SITE_URL/authorize"
for ((i = 0; i < texts; i++)); do
    text=$(outside json $i)
    run python3 "$src/tests/lib/paste.py" "$EXO" "$SITE_CONF" desk@contoso.test \
        "f'{redirect}?state={state}&error=access_denied&error_description=' +
        u.quote(\"$text\".replace(chr(10), ' '))" --paste
done
clean 'an address'
rm -f "$etc/desk@contoso.test.conf"

# ----- what stands in tokens

jwt()
{
    python3 -c 'import base64, json, sys
def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
text = json.loads("\"" + sys.argv[1] + "\"")
print(".".join((part({"alg": "none"}), part({name: text for name in (
    "upn", "email", "preferred_username", "name", "aud", "iss", "scp", "roles",
    "appid", "tid", "sub")}), "x")))' "$1"
}
for ((i = 0; i < texts; i++)); do
    text=$(outside json $i)
    token=$(jwt "$text")
    site_script "fields:{\"access_token\":\"$token\",\"id_token\":\"$token\",\"refresh_token\":\"canary-refresh\",\"scope\":\"$text\"}"
    run x login $person --refresh-token-file "$SITE/secret/refresh"
    site_http 'POST /_test/device' "{\"device_code\":\"c\",\"user_code\":\"$text\",\"verification_uri\":\"https://x.test/$text\",\"expires_in\":9,\"interval\":1}" >/dev/null
    run timeout 20 "$EXO" login $person --device --config "$SITE_CONF" --set \
        "device_authorization_endpoint=$SITE_URL/devicecode"
    ((i % 4)) || run doctor $person
done
run x status $person
clean 'claims'

# ----- what stands in a map of Postfix

if [[ -x /usr/sbin/postconf ]]; then
    : >"$SITE/postfix/master.cf"
    printf '%s\n' 'compatibility_level = 3.6' "queue_directory = $SITE_ROOT" \
        'smtp_sasl_auth_enable = yes' 'relayhost = [mail.contoso.test]:587' \
        "smtp_sasl_password_maps = texthash:$SITE/postfix/map" \
        >"$SITE/postfix/main.cf"
    for ((i = 0; i < texts; i++)); do
        printf '[mail.contoso.test]:587 %s@x.test\n' "$(outside text $i)"
        printf '%s %s\n' "$(outside text $i)" $me
    done >"$SITE/postfix/map"
    run doctor
    clean 'a map'
else
    skip 'a map' 'there is no postconf'
fi
