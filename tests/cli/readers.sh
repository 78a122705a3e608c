#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth-import(5): what a reader of exoauth import is, is given and may say,
# whoever wrote it; and what the readers that are installed make of files as
# they are found in the field.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:token-1
printf '%s\n' canary-refresh-1 canary-secret-1 canary-password >"$SITE/secret/words"
chmod 0644 "$SITE/secret/words"
accounts() { ls "$SITE/etc/exoauth.d"; }
conf() { cat "$SITE/etc/exoauth.d/$1.conf"; }
form() { site_forms "$1" | tail -n 1; }
file=$SITE/file
printf 'the text of the file\n' >"$file"
readers=$EXOAUTH_IMPORT_DIR

# reader NAME <SCRIPT: one that is written here
reader() { { echo '#!/bin/sh'; cat; } >"$readers/import-$1"; chmod 0755 "$readers/import-$1"; }

# ----- what a reader is given

reader given <<END
exec 2>&1
{ cat; echo "file \$EXOAUTH_FILE"; echo "account \$EXOAUTH_ACCOUNT"; } >"$SITE/seen/heard"
[ -z "\$EXOAUTH_CONFIG_FILE" ] || { echo "config \$EXOAUTH_CONFIG_FILE"; cat <&3; } >>"$SITE/seen/heard"
[ -z "\$EXOAUTH_PASSWORD_FD" ] || { printf 'password '; cat <&4; } >>"$SITE/seen/heard"
env | sort >"$SITE/seen/env"
ls -l /proc/self/fd | sed -n 's/.* \([0-9]*\) -> \(.*\)/\1 \2/p' >"$SITE/seen/fds"
tr '\0' ' ' </proc/\$\$/cmdline >"$SITE/seen/cmdline"
{ id -u; id -g; id -G; pwd; ulimit -c; } >"$SITE/seen/who"
printf 'exoauth: 1\naccount: a@contoso.test\nclient_id: app\n'
printf 'token_endpoint: $SITE_URL/token\nservers: mail.contoso.test\n'
printf 'refresh_token: canary-refresh-1\nclient_secret: canary-secret-1\n\n'
END
mkdir -m 1777 "$SITE/seen"
given=(import --from given)
export PYTHONPATH=$SITE LD_LIBRARY_PATH=$SITE BASH_ENV=$SITE/none ENV=$SITE/none
ok 'a reader that somebody has written' x "${given[@]}" "$file"
unset PYTHONPATH LD_LIBRARY_PATH BASH_ENV ENV
is "$OUT" changed 'it says so'
is "$(<"$SITE/seen/heard")" "the text of the file
file $file
account " 'has the file on its standard input'
is "$(form refresh_token) $(form client_secret)" 'canary-refresh-1 canary-secret-1' \
    'and what it writes is proven'
is "$(conf a@contoso.test)" "provider: custom
token_endpoint: $SITE_URL/token
servers: mail.contoso.test
client_id: app
grant: authorization_code" 'its account'
is "$(grep -E '^(PYTHON|LD_|BASH_ENV|ENV=)' "$SITE/seen/env")" '' 'no word of the environment that an interpreter goes by'
is "$(grep -E '^(PATH|HOME)=' "$SITE/seen/env")" "HOME=$HOME
PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin" 'a PATH that is fixed, and HOME'
is "$(cut -d' ' -f1 "$SITE/seen/fds" | grep -cE '^[0-2]$')" 3 'standard input, output and error'
is "$(grep -cE '^4 ' "$SITE/seen/fds")" 0 'and no other descriptor'
is "$(tail -n 2 "$SITE/seen/who")" "/
0" 'in /, and no core file'
printf 'canary-password\n' >"$SITE/secret/pw"
chmod 0600 "$SITE/secret/pw"
printf 'the configuration\n' >"$SITE/config"
ok 'with all that can be given' x "${given[@]}" "$file" b@contoso.test \
    --config-file "$SITE/config" --password-file "$SITE/secret/pw"
is "$(<"$SITE/seen/heard")" "the text of the file
file $file
account b@contoso.test
config $SITE/config
the configuration
password canary-password" 'has the configuration on 3, and the password on 4'
unlike "$(<"$SITE/seen/env") $(<"$SITE/seen/cmdline")" canary 'and no secret in its environment or arguments'
no_secret 'nor is one shown'
like "$(conf b@contoso.test)" 'user: a@contoso.test' 'one account alone becomes that which was asked for'
from_pipe() { echo piped | x "${given[@]}" - c@contoso.test --password-file "$SITE/secret/pw"; }
ok 'from standard input' from_pipe
is "$(head -n 2 "$SITE/seen/heard")" 'piped
file -' 'as it comes'
rm "$SITE"/etc/exoauth.d/*

# ----- as whom it runs

if [[ $(id -u) == 0 ]]; then
    rm -f "$SITE"/seen/*
    chmod 0777 "$SITE/seen"
    ran() { head -n 1 "$SITE/seen/who"; }
    seen() { rm -f "$SITE"/seen/*; x "$@"; }
    ok 'as root, of a file of root' x "${given[@]}" "$file"
    is "$(ran)" 0 'it is root'
    cp "$file" "$SITE/daemons"
    chown daemon "$SITE/daemons"
    chmod 0600 "$SITE/daemons" "$file"
    ok 'of a file of somebody' seen "${given[@]}" "$SITE/daemons"
    is "$(sed -n 1,3p "$SITE/seen/who" | paste -sd' ')" "$(id -u daemon) $(id -g daemon) $(id -G daemon)" \
        'it is that user, with no group of root'
    is "$(grep '^HOME=' "$SITE/seen/env")" "HOME=$(getent passwd daemon | cut -d: -f6)" 'and at home there'
    sudo_() { SUDO_UID=$1 seen "${given[@]}" "${@:2}"; }
    ok 'by sudo' sudo_ "$(id -u bin)" "$file"
    is "$(ran)" "$(id -u bin)" 'it is who came by sudo'
    is "$(head -n 1 "$SITE/seen/heard")" 'the text of the file' 'and has the file, which that user could not read'
    for uid in 0 4294967295 -1 abc ''; do
        ok "SUDO_UID=$uid" sudo_ "$uid" "$SITE/daemons"
        is "$(ran)" "$(id -u daemon)" 'it is the owner of the file'
    done
    ok 'by sudo, of a file of another' sudo_ "$(id -u bin)" "$SITE/daemons"
    is "$(ran)" "$(id -u bin)" 'it is who came by sudo'
    chown 54321 "$SITE/daemons"
    ok 'of a file of a uid without a name' seen "${given[@]}" "$SITE/daemons"
    is "$(sed -n 1,3p "$SITE/seen/who" | paste -sd' ') $(grep '^HOME=' "$SITE/seen/env")" \
        '54321 65534 65534 HOME=/' 'it is that uid, and in no group of others'
    chmod 0644 "$file"
else
    skip 'as whom it runs' 'needs root'
fi

# ----- which program it is

is "$(x import --help | sed -n 's/.*\[--from \([^]]*\).*/\1/p' | tr '|' '\n')" \
    "$(cd "$EXO_SRCDIR/readers" && printf '%s\n' import-* | sed 's/^import-//')" \
    'the usage names those that come with exoauth'

exits 64 'one that is not there' x import --from none "$file"
one_line 'not there' 'use one of: email-oauth2-proxy, getmail, given, mutt, sasl-xoauth2'
for name in ../readers/import-given A 'given ' '' "$(printf 'x%.0s' {1..70})"; do
    exits 64 "the name \"$name\"" x import --from "$name" "$file"
    one_line "\"$name\"" 'is unknown; use one of'
done
reader open <<<'exit 0'
chmod 0777 "$readers/import-open"
exits 78 'one that others can write' x import --from open "$file"
one_line 'others can write' 'import-open cannot be used: '
reader mode <<<'exit 0'
chmod 0644 "$readers/import-mode"
exits 78 'one that cannot be run' x import --from mode "$file"
one_line 'cannot be run' 'cannot run .*import-mode: Permission denied; correct its mode'
printf '#!/nonexistent/python3 -I\n' >"$readers/import-python"
chmod 0755 "$readers/import-python"
exits 78 'one without its interpreter' x import --from python "$file"
one_line 'no interpreter' 'cannot run .*import-python: what it is written in is not there; install it'
if [[ $(id -u) == 0 ]]; then
    reader theirs <<<'exit 0'
    chown daemon "$readers/import-theirs"
    exits 78 "a stranger's" x import --from theirs "$file"
    one_line "a stranger's" 'import-theirs cannot be used: '
    rm "$readers/import-theirs"
else
    skip "a stranger's" 'needs root'
fi
is "$(accounts)" "$([[ $(id -u) != 0 ]] || echo a@contoso.test.conf)" 'none of these wrote an account'
rm -f "$SITE"/etc/exoauth.d/*

# ----- what it says

# says DESC STATUS REGEX TEXT: of a reader that writes TEXT
says()
{
    printf '%b' "$4" >"$SITE/said"
    chmod 0644 "$SITE/said"
    exits "$2" "$1" x import --from says "$file" "${@:5}"
    one_line "$1" "$3"
    no_secret "$1: no secret is shown"
    is "$(accounts)" '' "$1: no account is written"
}
reader says <<END
exec cat "$SITE/said"
END
head='exoauth: 1\naccount: a@contoso.test\nclient_id: app\ntoken_endpoint: https://idp.test/token\nservers: m.test\n'
count=$(site_count)
says 'nothing' 77 'file holds no credential; ' ''
says 'no block' 78 'import-says wrote what exoauth cannot take .block 1: ' 'canary-refresh-1\n'
says 'another version' 78 'block 1: ' 'exoauth: 2\naccount: a@contoso.test\n\n'
says 'a block that does not end' 78 'block 1: it ends before its empty line' "${head}refresh_token: canary-refresh-1\n"
says 'half a second one' 78 'block 2: it ends before its empty line' "${head}refresh_token: canary-refresh-1\n\nexoauth: 1\n"
says 'a key given twice' 78 'block 1: ' "${head}client_id: other\nrefresh_token: canary-refresh-1\n\n"
says 'a control byte' 78 'block 1: ' "${head}refresh_token: canary\0033-refresh-1\n\n"
says 'a NUL' 78 'block 1: ' "${head}refresh_token: canary\0000-refresh-1\n\n"
says 'a value too long' 78 'block 1: ' "${head}scope: $(printf 'x%.0s' {1..17000})\n\n"
for key in secret_command key_passphrase_command secret_file assertion_file credential allow publish \
    issuer identity_endpoint colour; do
    says "the key $key" 78 "block 1: it may not set $key" "${head}refresh_token: canary-refresh-1\n$key: x\n\n"
done
says 'a name that is none' 64 'name in it is not usable; add the account' \
    'exoauth: 1\naccount: ../../etc/passwd\nrefresh_token: canary-refresh-1\n\n'
says 'no name' 64 'does not say whose it is; add the account' \
    'exoauth: 1\nclient_id: app\nrefresh_token: canary-refresh-1\n\n'
says 'a status that is none' 78 'block 1: status and message' "${head}status: great\nmessage: x\n\n"
says 'a status without words' 78 'block 1: status and message' "${head}status: denied\n\n"
says 'a refusal' 77 'file: its door is closed; bring a key' \
    "${head}status: denied\nmessage: its door is closed; bring a key\n\n"
says 'no endpoint and no provider' 64 'does not say the provider of a@contoso.test; add --set provider=' \
    'exoauth: 1\naccount: a@contoso.test\nclient_id: 0f3c1d2e-1111-4222-8333-444455556666\nrefresh_token: canary-refresh-1\n\n'
says 'a provider that is none' 64 'provider' \
    'exoauth: 1\naccount: a@contoso.test\nclient_id: app\nprovider: nobody\nrefresh_token: canary-refresh-1\n\n'
says 'an endpoint without https' 64 'token_endpoint must be an https URL' \
    'exoauth: 1\naccount: a@contoso.test\nclient_id: app\ntoken_endpoint: http://evil.test/\nservers: m.test\nrefresh_token: canary-refresh-1\n\n'
is "$(site_count)" "$count" 'no provider was asked'
reader says <<'END'
yes 'exoauth: 1'
END
exits 64 'no end of it' x import --from says "$file"
one_line 'no end' 'import-says makes more than 1 MiB of it; name the file'
for end in 64:64 65:64 75:75 77:77 78:78 70:78; do
    reader says <<END
echo 'something else' >&2
echo 'the cause; the remedy' >&2
exit ${end%:*}
END
    exits "${end#*:}" "exit status ${end%:*}" x import --from says "$file"
    one_line "exit status ${end%:*}" 'file: the cause; the remedy'
done
for end in 75 77; do
    reader says <<<"exit $end"
    exits "$end" "exit status $end in silence" x import --from says "$file"
    one_line "$end in silence" "import-says failed .exit status $end.; run it by hand"
done
for said in 'MemoryError' 'x: error while loading shared libraries: y: failed to map segment from shared object'; do
    reader says <<<"echo '$said' >&2; exit 1"
    exits 75 "a shortage: $said" x import --from says "$file"
    one_line "$said" 'import-says has no room: .*; free some memory, and try again'
done
reader says <<<'exit 3'
exits 78 'another exit status' x import --from says "$file"
one_line 'another' 'import-says failed .exit status 3.; run it by hand'
reader says <<<'echo canary-half; kill -SEGV $$'
exits 78 'a signal' x import --from says "$file"
one_line 'a signal' 'import-says failed .signal 11'
reader says <<<'kill -KILL $$'
exits 75 'killed' x import --from says "$file"
one_line 'killed' 'was killed .signal 9.; see the kernel log'
is "$(accounts)" '' 'no account is written by these'

reader says <<END
echo 'a word of warning' >&2
for name in one two one; do
    printf 'exoauth: 1\naccount: %s@contoso.test\nclient_id: app\nrefresh_token: canary-refresh-%s\n' \$name \$name
    printf 'token_endpoint: $SITE_URL/token\nservers: mail.contoso.test\n\n'
done
END
ok 'one of several' x import --from says "$file" two@contoso.test
is "$(accounts) $(form refresh_token)" 'two@contoso.test.conf canary-refresh-two' 'is taken alone'
like "$ERR" 'a word of warning' 'what it says beside that is shown'
ok 'all of them' x import --from says "$file"
is "$(accounts | paste -sd' ')" 'one@contoso.test.conf two@contoso.test.conf' 'of two with one name the first'
rm "$SITE"/etc/exoauth.d/*

# ----- the manual page

page=${EXO_SRCDIR:?}/man/exoauth-import.5
keys=$(sed -n '/^.Ss What a reader writes/,/^.Sh/s/^.It Cm //p' "$page" | tr -d ,)
ok 'its keys are found' test "$(wc -w <<<"$keys")" -ge 15
for key in $keys; do
    printf 'exoauth: 1\naccount: a@contoso.test\n%s: x\n\n' "$key" |
        grep -v '^account: x$' | awk '!seen[substr($0, 1, index($0, ":"))]++' >"$SITE/said"
    reader says <<<"exec cat '$SITE/said'"
    x import --from says "$file" >/dev/null 2>"$SITE/err"
    unlike "$(<"$SITE/err")" 'may not set' "the key $key is taken"
    rm -f "$SITE"/etc/exoauth.d/*
done
sed -n '/^#!\/bin\/sh/,/^.Ed/p' "$page" | grep -v '^\.' >"$readers/import-example"
chmod 0755 "$readers/import-example"
printf '%s\n' 'x@contoso.com canary-refresh-x' 'y@contoso.com canary-refresh-y' >"$SITE/lines"
ok 'its example' x import --from example "$SITE/lines" --set "token_endpoint=$SITE_URL/token"
is "$(conf x@contoso.com)" "provider: microsoft
tenant: contoso.com
client_id: 00000000-0000-0000-0000-000000000000
grant: authorization_code
token_endpoint: $SITE_URL/token" 'writes such accounts'
is "$(site_forms refresh_token | tail -n 2 | paste -sd' ')" 'canary-refresh-x canary-refresh-y' 'of each line'
rm "$SITE"/etc/exoauth.d/*

# ----- endpoints as they are spelt in the field

# endpoint URL CONF: an account without a token shows what becomes of it
endpoint()
{
    printf 'exoauth: 1\naccount: a@contoso.test\nclient_id: app\ntoken_endpoint: %s\n\n' "$1" >"$SITE/said"
    x import --from says "$file" --set servers=m.test >/dev/null 2>&1
    is "$(grep -E '^(provider|cloud|tenant|token_endpoint):' <(conf a@contoso.test) | sed 's/.*: //' | paste -sd' ')" \
        "$2" "$1"
    rm -f "$SITE"/etc/exoauth.d/*
}
reader says <<END
exec cat "$SITE/said"
END
id=0f3c1d2e-1111-4222-8333-444455556666
while read -r url wanted; do
    endpoint "$url" "$wanted"
done <<END
https://login.microsoftonline.com/common/oauth2/v2.0/token microsoft public common
https://login.microsoftonline.com/$id/oauth2/v2.0/token microsoft public $id
https://login.microsoftonline.com/contoso.com/oauth2/token microsoft public contoso.com
HTTPS://Login.MicrosoftOnline.com/common/oauth2/token microsoft public common
https://login.windows.net/common/oauth2/token microsoft public common
https://login.windows.net/contoso.com/oauth2/v2.0/token microsoft public contoso.com
https://login.live.com/oauth20_token.srf microsoft public consumers
https://login.microsoftonline.us/contoso.us/oauth2/token microsoft usgov contoso.us
https://login.chinacloudapi.cn/contoso.cn/oauth2/token microsoft china-v1 contoso.cn
https://accounts.google.com/o/oauth2/token google
https://accounts.google.com/o/oauth2/v2/token google
https://www.googleapis.com/oauth2/v4/token google
https://oauth2.googleapis.com/token google
https://login.microsoftonline.com.evil.test/common/oauth2/token custom https://login.microsoftonline.com.evil.test/common/oauth2/token
https://login.microsoftonline.com/../x/oauth2/token custom https://login.microsoftonline.com/../x/oauth2/token
https://login.live.com/oauth20_token.srf/x custom https://login.live.com/oauth20_token.srf/x
END

# ----- files as they are found in the field

here=(--set "token_endpoint=$SITE_URL/token")
site_script ok:field
# field DESC TOOL WANTED TEXT: provider, client and token that were used
field()
{
    printf '%b' "$4" >"$SITE/field"
    ok "$1" x import --from "$2" "$SITE/field" a@contoso.test "${here[@]}"
    is "$(sed -n 's/^provider: //p' <(conf a@contoso.test)) $(form client_id) $(form refresh_token)" \
        "$3" "$1: as it is meant"
    rm -f "$SITE"/etc/exoauth.d/*
    x remove a@contoso.test >/dev/null 2>&1
}
google='"token_uri": "https://accounts.google.com/o/oauth2/token"'
field 'getmail' getmail 'google g-id canary-refresh-1' '{"scope": "https://mail.google.com/", "user": "me@gmail.test",
 "client_id": "g-id", "client_secret": "canary-secret-1", '"$google"',
 "auth_uri": "https://accounts.google.com/o/oauth2/auth", "refresh_token": "canary-refresh-1",
 "access_token": "x", "expires_at": 1700000000.5}'
field 'getmail at Microsoft' getmail 'microsoft ms-id canary-refresh-1' '{"scope": "offline_access https://outlook.office.com/IMAP.AccessAsUser.All",
 "user": "me@contoso.test", "client_id": "ms-id", "client_secret": "",
 "token_uri": "https://login.microsoftonline.com/common/oauth2/v2.0/token", "refresh_token": "canary-refresh-1"}'
printf '{"client_id": "g-id", %s, "user": "new@gmail.test", "client_secret": "canary-secret-1"}' "$google" >"$SITE/field"
exits 77 'getmail before its --init' x import --from getmail "$SITE/field"
one_line 'before --init' 'no refresh token for new@gmail.test in it; run: exoauth login new@gmail.test'
is "$(conf new@gmail.test)" 'provider: google
client_id: g-id
grant: authorization_code' 'its configuration is written for that login'
exits 64 'not of getmail' x import --from getmail "$file"
one_line 'not of getmail' 'not the JSON file of getmail-gmail-xoauth-tokens; name'
rm "$SITE"/etc/exoauth.d/*
ms='"token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token"'
field 'comments and commas' sasl-xoauth2 'microsoft a//b canary-refresh-1' '// made by hand\n{ /* the client, */
 "client_id": "a//b", // it has two slashes\n "refresh_token": "canary-refresh-1", '"$ms"', /* } */ }\n'
field 'comments with brackets and quotes' sasl-xoauth2 'microsoft a canary-refresh-1' \
    '{"client_id": "a", // see {b}, ["x"]\n"refresh_token": "canary-refresh-1", /* } */ '"$ms"' /* ] */ }'
field 'a long line of slashes' sasl-xoauth2 'microsoft a canary-refresh-1' \
    '{"client_id": "a",'"$(printf '/%.0s' {1..200})"'\n"refresh_token": "canary-refresh-1", '"$ms"'}'
field 'a comma and quotes in a text' sasl-xoauth2 'microsoft a,]\",}b canary-refresh-1' \
    '{"client_id": "a,]\\\\\\",}b", "refresh_token": "canary-refresh-1", '"$ms"'}'
{ printf '{'; for ((i = 0; i < 200000; i++)); do printf '/* '; done; } >"$SITE/field"
exits 64 'comments without an end' x import --from sasl-xoauth2 "$SITE/field" a@contoso.test
{ printf '{"'; for ((i = 0; i < 200000; i++)); do printf '\\"'; done; } >"$SITE/field"
exits 64 'a text without an end' x import --from sasl-xoauth2 "$SITE/field" a@contoso.test
field 'a byte order mark' sasl-xoauth2 'microsoft ms canary-refresh-1' \
    '\xef\xbb\xbf{"client_id": "ms", "refresh_token": "canary-refresh-1", '"$ms"'}'
printf '{"client_id": "ms", "refresh_token": "canary-refresh-1", %s}' "$ms" |
    iconv -t UTF-16 >"$SITE/utf16" 2>/dev/null
field 'UTF-16, as PowerShell writes it' sasl-xoauth2 'microsoft ms canary-refresh-1' \
    "$(od -An -v -tx1 "$SITE/utf16" | sed 's/ /\\x/g' | tr -d '\n')"
field 'token_uri in a file of sasl-xoauth2' sasl-xoauth2 'google ms canary-refresh-1' \
    '{"client_id": "ms", "refresh_token": "canary-refresh-1", '"$google"'}'
field "mutt's, with an endpoint of its own" mutt 'microsoft m canary-refresh-1' \
    '{"registration": "google", "client_id": "m", "refresh_token": "canary-refresh-1", '"$ms"',}'
count=$(site_count)
for tool in sasl-xoauth2 mutt; do
    printf '{"registration": "contoso", "client_id": "%s", "refresh_token": "canary-refresh-1", "client_secret": "canary-secret-1"}' \
        "$id" >"$SITE/field"
    [[ $tool == mutt ]] || sed -i 's/"registration": "contoso", //' "$SITE/field"
    exits 64 "$tool: no endpoint, and nothing of Google's" x import --from "$tool" "$SITE/field" a@contoso.test
    one_line "$tool" 'does not say the provider of a@contoso.test; add --set provider='
done
is "$(site_count)" "$count" 'nobody was asked'
printf '[a@contoso.test]\ntoken_url = %s/token\nrefresh_token = gAAAAAB\ntoken_salt = AAAA\nclient_id = p\n' \
    "$SITE_URL" >"$SITE/field"
bare() { EXOAUTH_FILE=x /usr/bin/python3 -IBS "$readers/import-email-oauth2-proxy" <"$SITE/field"; }
exits 69 "without Python's cryptography" bare
is "$ERR" 'its tokens are encrypted; install the Python module cryptography (Debian: python3-cryptography)' \
    'the package is named'
# What nobody thought of: one line, and nothing of what is in the file.
for tool in email-oauth2-proxy getmail mutt sasl-xoauth2; do
    for text in '' '[1]' null '"canary-secret-1"' '{"refresh_token": "canary-refresh-1\ud83d", "registration": "google", "token_uri": "x", "client_id": "a"}' \
        '[canary-secret-1@x]\n' "$(printf '[%.0s' {1..3000})" '\0377\0376' '{"refresh_token": "canary-refresh-1", "client_id": "a\u0000b", "registration": "google", "token_uri": "x"}'; do
        [[ $tool != sasl-xoauth2 ]] || text=${text/', "registration": "google"'/}
        printf '%b' "${text//\\u/\\\\u}" >"$SITE/field"
        exits 64 "$tool: ${text:0:40}" x import --from "$tool" "$SITE/field" a@contoso.test
        one_line "$tool: ${text:0:40}" '; '
        no_secret "$tool: ${text:0:40}: no secret is shown"
        unlike "$ERR" 'Traceback|Error: |line [0-9]+, in' "$tool: ${text:0:40}: nor a line of Python"
    done
done
is "$(find "$readers" -name __pycache__)" '' 'none leaves bytecode behind'
head -c 1100000 /dev/zero >"$SITE/field"
for tool in email-oauth2-proxy getmail mutt sasl-xoauth2; do
    exits 64 "$tool: more than 1 MiB" x import --from "$tool" "$SITE/field" a@contoso.test
    one_line "$tool: more" 'field: larger than 1 MiB; name'
done
