#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth login: what it writes and when, where secrets come from, the device
# flow, and that a login which fails takes nothing away.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:token-1
app=app@contoso.test
# shellcheck disable=SC2153 # from lib/site.sh
file=$SITE/etc/exoauth.d/$app.conf
printf 'canary-secret-1\n' >"$SITE/secret/app"
printf 'canary-secret-2\n' >"$SITE/secret/new"
printf 'canary-refresh-1\n' >"$SITE/secret/refresh"
site=(--set provider=custom --set client_id=app --set servers=mail.contoso.test
    --set "token_endpoint=$SITE_URL/token"
    --set "device_authorization_endpoint=$SITE_URL/devicecode")
said() { is "$OUT" "$1" "${2:-it says} $1, and nothing else, on stdout"; }
form() { site_forms "$1" | tail -n 1; }

# ----- what cannot be

exits 64 'no account' x login
exits 64 'an empty account' x login ''
exits 64 'a control character in the account' x login $'a\033@b'
for option in --browser --paste --password-file=x; do
    exits 64 "--device and $option" x login $app --device $option
    one_line "--device and $option" 'only one'
done
exits 64 'an unknown option' x login $app --no-such
exits 64 '--set without a value' x login $app --set
exits 64 '--set of an unknown key' x login $app "${site[@]}" --set colour=blue
one_line 'unknown key' 'colour.*exoauth.conf\(5\)'
exits 64 '--set of a secret' x login $app --set client_secret=canary-secret-1
unlike "$ERR" canary 'which is not repeated'
exits 64 '--set of a key of exoauth.conf' x login $app --set timeout=5
exits 64 '--set without =' x login $app --set user
for pair in 'tenant=a b' token_endpoint=http://example.org/ grant=magic \
    servers= client_id= $'user=a\nservers: evil.test' $'user=a\rb' \
    secret_file=here 'secret_expires=next year'; do
    exits 64 "--set ${pair@Q}" x login $app "${site[@]}" --set "$pair"
    one_line "--set ${pair@Q}" "${pair%%=*}"
done
ok 'none of these wrote a file' test ! -e "$file"
exits 78 'no client_id' x login $app --set provider=custom --set servers=x.test \
    --set "token_endpoint=$SITE_URL/token"
one_line 'no client_id' "add: --set client_id="
is "$(site_count)" 0 'and nobody was asked'

# ----- an app with a stored secret

ok 'an account from nothing' x login $app "${site[@]}" --secret-file "$SITE/secret/app"
said changed
like "$ERR" "$app.*mail.contoso.test" 'whose mailbox, and where'
no_secret 'no secret is shown'
is "$(form grant_type) $(form client_id) $(form client_secret)" \
    'client_credentials app canary-secret-1' 'the request'
is "$(site_record $app client_secret)" canary-secret-1 'the secret is stored'
is "$(stat -c %a "$file")" 644 'the account file has mode 0644'
is "$(grep -c canary "$file")" 0 'and no secret'
is "$(stat -c %a "$SITE_STORE/$app.json")" 600 'the record has mode 0600'
is "$(sed -n 's/^token: //p' "$SITE_TOKENS/$app")" token-1 'the token is published'
site_script ok:token-2
ok 'the same again' x login $app
said changed
is "$(site_record $app serial)" 2 'proves the stored secret'
is "$(form grant_type)" client_credentials 'by the same grant'
ok '--if-needed' x login $app --if-needed
said unchanged
is "$(site_count)" 2 'without a request'
ok '--if-needed with the same --set' x login $app --if-needed "${site[@]}"
said unchanged
site_script ok:token-3
ok '--if-needed with another scope' x login $app --if-needed --set scope=other
said changed
is "$(form scope)" other 'asks with it'
site_script aadsts:7000215:invalid_client
exits 78 'a new secret that is wrong' x login $app --secret-file "$SITE/secret/new"
said ''
like "$ERR" 'AADSTS7000215' 'the words of the provider'
no_secret 'none is quoted'
is "$(site_record $app client_secret)" canary-secret-1 'the old one is kept'
ok 'and still has a token' x token $app
is "$OUT" token-3 'the same'
site_script status:503:down
exits 75 'a provider that is down' x login $app --secret-file "$SITE/secret/new"
is "$(site_record $app client_secret)" canary-secret-1 'the old secret is kept'
site_script ok:token-4
ok 'a new secret that is right' x login $app --secret-file "$SITE/secret/new"
is "$(site_record $app client_secret)" canary-secret-2 'replaces it'
ok 'refresh' x refresh $app --force
is "$(form client_secret)" canary-secret-2 'uses it'
fresh=fresh@contoso.test
site_script aadsts:700016:unauthorized_client
exits 78 'a first login that fails' x login $fresh "${site[@]}" \
    --secret-file "$SITE/secret/app"
ok 'leaves no account file' test ! -e "$SITE/etc/exoauth.d/$fresh.conf"
ok 'and no record' test ! -e "$SITE_STORE/$fresh.json"
site_script ok:if-needed
ok '--if-needed after that' x login $fresh "${site[@]}" --if-needed \
    --secret-file "$SITE/secret/app"
said changed
exits 64 'a grant without a login' x login g@contoso.test "${site[@]}" \
    --set grant=managed_identity --secret-file "$SITE/secret/app"
one_line 'grant: managed_identity' 'managed_identity, which has no login'

# ----- the account file

mine=mine@contoso.test
minefile=$SITE/etc/exoauth.d/$mine.conf
cat >"$minefile" <<EOF
# This account belongs to the web shop.

provider: custom
client_id:   app
  # indented
Token_Endpoint: $SITE_URL/token
servers: mail.contoso.test
# The user= of the shop.
user: shop@contoso.test
EOF
chmod 0644 "$minefile"
site_script ok:mine
ok '--set changes one line' x login $mine --set user=web@contoso.test \
    --set user=last@contoso.test --set scope='a b' --secret-file "$SITE/secret/app"
said changed
is "$(cat "$minefile")" "# This account belongs to the web shop.

provider: custom
client_id:   app
  # indented
Token_Endpoint: $SITE_URL/token
servers: mail.contoso.test
# The user= of the shop.
user: last@contoso.test
scope: a b" 'comments, order and the rest stay; the last --set wins'
before=$(stat -c %i "$minefile")
ok 'the same --set again' x login $mine --set scope='a b' --if-needed
said unchanged
is "$(stat -c %i "$minefile")" "$before" 'writes nothing'
printf 'broken line\n' >>"$minefile"
exits 78 'a file that is broken' x login $mine --set scope=c
one_line 'broken' 'line 11.*; correct'
like "$(cat "$minefile")" 'scope: a b' 'is left as it is'
ok 'names with other characters' x login 'a#b=c@contoso.test' "${site[@]}" \
    --secret-file "$SITE/secret/app"
ok 'stay in the directory' test -e "$SITE/etc/exoauth.d/a%23b%3Dc@contoso.test.conf"
ok 'a domain account' x login @fabrikam.test "${site[@]}" --secret-file "$SITE/secret/app"
ok 'has its file' test -e "$SITE/etc/exoauth.d/@fabrikam.test.conf"
loose() { (umask 000; x login loose@contoso.test "${site[@]}" --secret-file "$SITE/secret/app"); }
ok 'umask 000' loose
is "$(stat -c %a "$SITE/etc/exoauth.d/loose@contoso.test.conf" "$SITE_STORE/loose@contoso.test.json" | paste -sd' ')" \
    '644 600' 'opens nothing'
tight() { (umask 077; x login tight@contoso.test "${site[@]}" --secret-file "$SITE/secret/app"); }
ok 'umask 077' tight
is "$(stat -c %a "$SITE/etc/exoauth.d/tight@contoso.test.conf")" 644 'closes nothing'

# ----- where a secret comes from

site_script ok
secret() { x login s@contoso.test "${site[@]}" --secret-file "$1"; }
stdin() { printf 'canary-from-stdin\n' | secret -; }
ok '- is stdin' stdin
is "$(form client_secret)" canary-from-stdin 'it is sent'
subst() { secret <(printf 'canary-from-pipe'); }
ok 'process substitution' subst
is "$(form client_secret)" canary-from-pipe 'it is sent'
printf 'canary-first\nsecond line\n' >"$SITE/two"
ok 'the first line counts' secret "$SITE/two"
is "$(form client_secret)" canary-first 'it is sent'
ln -s "$SITE/two" "$SITE/link"
ok 'a link' secret "$SITE/link"
chmod 0400 "$SITE/two"
ok 'a file for its owner only' secret "$SITE/two"
if [[ $(id -u) == 0 ]]; then
    chown daemon "$SITE/two"
    exits 64 'a file of somebody else' secret "$SITE/two"
    one_line 'file of somebody else' 'secret-file.*owner'
    chown root "$SITE/two"
fi
chmod 0620 "$SITE/two"
exits 64 'a file others may write' secret "$SITE/two"
one_line 'writable' 'secret-file.*group'
exits 64 'a file that is not there' secret "$SITE/none"
one_line 'not there' 'secret-file'
exits 64 'a directory' secret "$SITE"
one_line 'directory' 'secret-file'
exits 64 'an empty file' secret /dev/null
one_line 'empty' 'secret-file'
bad() { printf 'canary\001secret\n' | secret -; }
exits 64 'a control character' bad
unlike "$ERR" canary 'is not repeated'
big() { head -c 100000 /dev/zero | tr '\0' c | secret -; }
exits 64 'a secret of 100,000 bytes' big
one_line 'large' 'secret-file'
is "$(site_record s@contoso.test client_secret)" canary-first 'the last good one is kept'
notty() { setsid "$EXO" login none@contoso.test "${site[@]}" \
    --set grant=client_credentials --config "$SITE_CONF" </dev/null; }
exits 64 'no secret and no terminal' notty
one_line 'no terminal' '--secret-file'

# A person at a terminal: the question, no echo, the answer.
pty()
{
    python3 - "$@" <<'EOF'
import os, pty, select, sys, termios, time
answer, argv = sys.argv[1].encode(), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
seen, echo, sent, end = b"", None, False, time.time() + 25
while time.time() < end:
    if not select.select([fd], [], [], 0.1)[0]:
        continue
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if answer and not sent and seen.rstrip().endswith(b":"):
        for _ in range(50):
            echo = termios.tcgetattr(fd)[3] & termios.ECHO
            if not echo:
                break
            time.sleep(0.1)
        os.write(fd, answer + b"\n")
        sent = True
print(seen.decode(errors="replace"))
print("echo:", bool(echo))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
}
site_script ok:typed
ok 'a secret that is typed' pty canary-typed "$EXO" login typed@contoso.test \
    "${site[@]}" --set grant=client_credentials --config "$SITE_CONF"
like "$OUT" 'Client secret' 'after a question'
like "$OUT" 'echo: False' 'echo is off'
unlike "$OUT" canary-typed 'and it is not shown'
is "$(form client_secret)" canary-typed 'it is sent'

# ----- a person

person=person@contoso.test
site_script 'fields:{"access_token":"person-1","refresh_token":"canary-refresh-2"}'
ok '--refresh-token-file' x login $person "${site[@]}" \
    --refresh-token-file "$SITE/secret/refresh"
said changed
is "$(form grant_type) $(form refresh_token) $(form client_secret)" \
    'refresh_token canary-refresh-1 ' 'is spent at once'
is "$(site_record $person refresh_token)" canary-refresh-2 'and its successor stored'
no_secret 'no secret is shown'
ok 'the same once more' x login $person --refresh-token-file "$SITE/secret/refresh"
is "$(form refresh_token)" canary-refresh-2 'sends its successor'
is "$(site_record $person refresh_token)" canary-refresh-2 'which stays'
printf 'canary-refresh-3\n' >"$SITE/secret/refresh"
site_script aadsts:70000:invalid_grant
exits 77 'one that is refused' x login $person --refresh-token-file "$SITE/secret/refresh"
like "$ERR" "AADSTS70000.*run: exoauth login $person" 'the words of the provider'
is "$(site_record $person refresh_token)" canary-refresh-2 'the stored one is kept'
from_stdin() { x login $person --refresh-token-file - <"$SITE/secret/refresh"; }
site_script ok:person-2
ok 'from stdin' from_stdin
is "$(site_record $person refresh_token)" canary-refresh-3 \
    'without a successor it stays itself'
ok '--if-needed' x login $person --if-needed
said unchanged

# ----- the device flow

device=device@contoso.test
# The third answer comes after slow_down has added five seconds.
site_script pending slow-down \
    'fields:{"access_token":"device-1","refresh_token":"canary-device"}'
ok 'pending, slow_down, and then' x login $device "${site[@]}" --device
said changed
like "$ERR" 'https://login.example/device' 'the page'
like "$ERR" 'ABCD-EFGH' 'the code'
unlike "$ERR" $'\r' 'no countdown without a terminal'
is "$(form grant_type) $(form device_code)" \
    'urn:ietf:params:oauth:grant-type:device_code device-code-1' 'the last request'
is "$(site_record $device refresh_token)" canary-device 'the refresh token is stored'
site_script ok:device-2
ok 'refresh' x refresh $device --force
is "$(form grant_type) $(form refresh_token)" 'refresh_token canary-device' 'uses it'
site_script declined
exits 77 'declined' x login $device --device
like "$ERR" 'declined.*; .*run: exoauth login' 'says so'
said ''
site_script expired
exits 77 'expired' x login $device --device
like "$ERR" 'expired.*; .*run: exoauth login' 'says so'
site_script aadsts:7000218:invalid_client
exits 78 'not a public client' x login $device --device
like "$ERR" 'AADSTS7000218.*public client' 'says what to do'
is "$(site_record $device refresh_token)" canary-device 'the stored one is kept'
site_script ok:device-grant
ok '--device where the file asks for client_credentials' \
    x login grant@contoso.test "${site[@]}" --set grant=client_credentials --device
like "$ERR" 'next refresh.*--set grant=authorization_code' 'warns of the next refresh'
site_script pending 'fields:{"access_token":"device-3","refresh_token":"canary-device-3"}'
ok 'on a terminal' pty '' "$EXO" login $device --device --config "$SITE_CONF"
like "$OUT" 'good for [0-9]+:[0-9]{2}' 'a countdown'
like "$OUT" 'changed' 'and the result'
sed -i '/^device_auth/d' "$SITE/etc/exoauth.d/$device.conf"
exits 78 'no device_authorization_endpoint' x login $device --device
one_line 'no device endpoint' '--set device_authorization_endpoint='

# ----- root leaves nothing of root's

if [[ $(id -u) == 0 ]]; then
    is "$(find "$SITE_STORE" "$SITE_TOKENS" "$SITE_ROOT$SITE_TOKENS" ! -user nobody | head -n 3)" '' \
        'all in the store and all that is published belongs to run_as'
    is "$(stat -c '%U %a' "$SITE_STORE")" 'nobody 700' 'the store'
    is "$(stat -c '%U %a' "$SITE_TOKENS")" 'nobody 700' 'token_dir without a group'
    is "$(stat -c '%U %a' "$SITE_TOKENS/$app")" 'nobody 600' 'a published token'
    is "$(stat -c '%U %a' "$file")" 'root 644' 'an account file'
    site_conf token_group daemon
    site_conf token_dir "$SITE/new/deep/tokens"
    site_conf store "file:$SITE/new/state/store"
    ok 'directories that are not there, with a group' x login $app \
        --secret-file "$SITE/secret/app"
    is "$(stat -c '%U:%G %a' "$SITE/new" "$SITE/new/deep" "$SITE/new/deep/tokens" \
        "$SITE_ROOT$SITE/new/deep" "$SITE_ROOT$SITE/new/deep/tokens" \
        "$SITE/new/state" "$SITE/new/state/store" | paste -sd,)" \
        'root:root 755,root:root 755,nobody:daemon 2750,root:root 755,nobody:daemon 2750,root:root 755,nobody:nogroup 700' \
        'parents root 0755, leaves as they should be'
    is "$(stat -c '%U:%G %a' "$SITE/new/deep/tokens/$app" "$SITE_ROOT$SITE/new/deep/tokens/$app" | paste -sd,)" \
        'nobody:daemon 640,nobody:daemon 640' 'published for the group'
    mkdir "$SITE/new/taken"
    chown daemon "$SITE/new/taken"
    site_conf token_dir "$SITE/new/taken"
    ok 'a token_dir of another user' x login $app
    like "$ERR" 'not published in .*taken: it belongs to uid [0-9]+; move it away' 'is a warning'
    unlike "$ERR" 'run: chown' 'and is not told to be taken over'
    is "$(stat -c %U "$SITE/new/taken")" daemon 'and left alone'
    site_conf run_as no-such-user
    exits 78 'run_as that nobody has' x login $app
    one_line 'run_as' 'run: useradd --system .*no-such-user'
    site_conf run_as nobody
    site_conf token_group no-such-group
    exits 78 'token_group that does not exist' x login $app
    one_line 'token_group' 'run: groupadd --system no-such-group'
    site_conf token_group
else
    skip "root's directories" 'needs root'
fi

# ----- a person's own configuration

own_home=$SITE/home
mkdir "$own_home" "$SITE/bin"
cp "$EXO" "$SITE/bin/exoauth"
chmod 0755 "$SITE/bin" "$SITE/bin/exoauth"
as_own=()
if [[ $(id -u) == 0 ]]; then
    chown 4711:4711 "$own_home"
    as_own=(site_as 4711:4711)
fi
mode() { stat -c %a "$@" | sort -u | paste -sd' '; }
own()
{
    "${as_own[@]}" env -u SASL_CONF_PATH -u XDG_CONFIG_HOME -u XDG_STATE_HOME \
        -u XDG_DATA_HOME HOME="$own_home" "$@"
}
site_script ok:own-token
first() { own "$SITE/bin/exoauth" login me@contoso.test "${site[@]}" --refresh-token-file - <"$SITE/secret/refresh"; }
ok "an ordinary user's first login" first
said changed
is "$(mode "$own_home"/.config/exoauth "$own_home"/.config/exoauth/exoauth.d \
    "$own_home"/.local/state/exoauth/{store,tokens})" 700 'makes the directories, 0700'
is "$(mode "$own_home"/.config/exoauth/exoauth.conf \
    "$own_home"/.config/exoauth/exoauth.d/me@contoso.test.conf \
    "$own_home"/.local/state/exoauth/store/me@contoso.test.json \
    "$own_home"/.local/state/exoauth/tokens/me@contoso.test)" 600 'and the files, 0600'
is "$(mode "$own_home"/.local/share/exoauth)" 700 'the key has one of its own, 0700'
is "$(mode "$own_home"/.local/share/exoauth/exoauth.key)" 400 'and lies in it'
is "$(find "$own_home/.config" "$own_home/.local/state" -name '*.key')" '' 'and nowhere else'
ok 'token' own "$SITE/bin/exoauth" token me@contoso.test
is "$OUT" own-token 'finds them'
xdg()
{
    own env XDG_CONFIG_HOME="$own_home/c" XDG_STATE_HOME="$own_home/s" \
        XDG_DATA_HOME="$own_home/d" "$@"
}
second() { xdg "$SITE/bin/exoauth" login me@contoso.test "${site[@]}" --refresh-token-file - <"$SITE/secret/refresh"; }
ok 'with the XDG variables' second
is "$(mode "$own_home"/c/exoauth/exoauth.conf "$own_home"/s/exoauth/store/me@contoso.test.json)" \
    600 'there'
is "$(mode "$own_home"/d/exoauth "$own_home"/d/exoauth/exoauth.key)" '400 700' 'and there'
# What is told to type there is typed in another shell.
mv "$own_home/d/exoauth/exoauth.key" "$SITE/away"
tap_run xdg "$SITE/bin/exoauth" status me@contoso.test
typed=$(grep -o 'run: .*exoauth remove .*' <<<"$OUT" | sed 's/^run: //; s/ *$//' | head -n 1)
is "$typed" "env XDG_CONFIG_HOME=$own_home/c XDG_DATA_HOME=$own_home/d XDG_STATE_HOME=$own_home/s exoauth remove me@contoso.test" \
    'a command names them'
ok 'typed elsewhere' own env PATH="$SITE/bin:$PATH" sh -c "$typed"
not_ok 'it acts there' test -e "$own_home/s/exoauth/store/me@contoso.test.json"
ok 'and nowhere else' test -s "$own_home/.local/state/exoauth/store/me@contoso.test.json"
tap_run own env XDG_STATE_HOME="$own_home/.local/state" "$SITE/bin/exoauth" show none@contoso.test
unlike "$ERR" XDG 'what changes nothing is not named'
# A configuration beside their own: the key is theirs to make, too, but not for
# a store that is somebody else's to make.
third() { own "$SITE/bin/exoauth" login me@contoso.test "${site[@]}" --config "$own_home/alt/exoauth.conf" \
    --refresh-token-file - <"$SITE/secret/refresh"; }
# shellcheck disable=SC2016 # it is for the other shell
own sh -c 'umask 022; mkdir "$HOME/alt"'
if [[ $(id -u) == 0 ]]; then
    mkdir "$SITE/theirs"
    own sh -c "printf 'store: file:%s\ntoken_dir: %s\n' '$SITE/theirs/store' '$own_home/alt/tokens' \
        >'$own_home/alt/exoauth.conf'"
    exits 78 "with another one's store" third
    one_line "another one's store" "none is made for the store file:$SITE/theirs/store, which is not yours; set store in $own_home/alt/exoauth.conf to a directory of your own"
fi
own sh -c "printf 'store: file:%s\ntoken_dir: %s\n' '$own_home/alt/store' '$own_home/alt/tokens' \
    >'$own_home/alt/exoauth.conf'"
ok 'with one of their own' third
ok 'it has a key' test -s "$own_home/alt/exoauth.key"
# Nothing is found by that variable, and a file by another name of root's.
tap_run own env XDG_CONFIG_HOME="$own_home/none" SASL_CONF_PATH= "$SITE/bin/exoauth" token none@contoso.test
like "$ERR" ' --config /' 'a variable that leads nowhere counts, too'
relative() { (cd "$own_home" && own env XDG_CONFIG_HOME=rel "$SITE/bin/exoauth" token me@contoso.test); }
ok 'a relative XDG variable' relative
is "$OUT" own-token 'is ignored'
if [[ $(id -u) == 0 ]]; then
    # HOME kept over sudo must not choose what root works with.
    kept() { env -u SASL_CONF_PATH HOME="$own_home" "$EXO" list; }
    tap_run kept
    unlike "$OUT" me@contoso.test "root never reads a user's own file"
fi
