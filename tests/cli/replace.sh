#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# login --set: a new secret, certificate or client proves itself before it
# replaces the old one, and what fails changes nothing: neither the account's
# file nor the record, nor the mail that flows meanwhile.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_cmd openssl python3
site_up
site_endpoint ok:token-1
app=app@contoso.test
# shellcheck disable=SC2153 # from lib/site.sh
dir=$SITE/etc/exoauth.d
file=$dir/$app.conf
keys=$SITE/etc/keys
mkdir "$keys"
for name in one two; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$name" \
        -keyout "$keys/$name.key" -out "$keys/$name.crt" 2>/dev/null
done
printf 'canary-old\n' >"$SITE/secret/app"
printf 'canary-new\n' >"$SITE/secret/new"
printf 'canary-refresh\n' >"$SITE/secret/refresh"
chmod 0644 "$keys"/* "$SITE"/secret/*
site=(--set provider=custom --set client_id=app --set servers=mail.contoso.test
    --set "token_endpoint=$SITE_URL/token"
    --set "device_authorization_endpoint=$SITE_URL/devicecode")
form() { site_forms "$1" | tail -n 1; }
# What stands on disk for the account: the file as it is, the record but for
# the count of its writes.
file_is() { stat -c '%i %Y %a %U' "$file" && cat "$file"; }
record_is() { for k in client_secret refresh_token access_token state error_text told; do
    echo "$k: $(site_record $app $k)"; done; }
keep() { before=$(file_is; record_is); }
same() { is "$(file_is; record_is)" "$before" "$1: file and record are as they were"; }
left() { find "$dir" -name '.*' -type f -o -name '*tmp*' | wc -l; }

# ----- a first login leaves all or nothing

site_script aadsts:700016:unauthorized_client ok:token-1
exits 78 'a first login that is refused' x login $app "${site[@]}" \
    --secret-file "$SITE/secret/app"
ok 'leaves no account file' test ! -e "$file"
ok 'and no record' test ! -e "$SITE_STORE/$app.json"
is "$(x list)" '' 'nobody sees half an account'
exits 78 'one that lacks client_id' x login $app --set provider=custom \
    --set servers=x.test --set "token_endpoint=$SITE_URL/token"
one_line 'it lacks client_id' 'add: --set client_id='
ok 'leaves no account file either' test ! -e "$file"
ok 'the same command, once that is mended' x login $app "${site[@]}" \
    --secret-file "$SITE/secret/app" --set secret_expires=2031-01-01
ok 'makes the file' grep -q '^client_id: app$' "$file"
is "$(stat -c %a "$file")" 644 'with mode 0644'
is "$(left)" 0 'and nothing beside it'

# ----- a login that fails changes nothing

site_script aadsts:700016:unauthorized_client
keep
exits 78 'another client_id that is refused' x login $app --set client_id=other
same 'a refused client_id'
is "$(form client_id)" other 'although it was what was sent'
site_script status:503:down
exits 75 'a provider that is down' x login $app --set client_id=other
same 'an outage'
for pair in secret_file="$SITE/none" certificate="$keys/none.crt" scope=other; do
    site_script error:invalid_scope
    rc=0
    tap_run x login $app --set "$pair" || rc=$?
    isnt "$rc" 0 "${pair%%=*} that does not do"
    same "${pair%%=*}"
done
site_script aadsts:7000215:invalid_client
exits 78 'a certificate that the provider does not know' x login $app \
    --set certificate="$keys/one.crt" --set private_key="$keys/one.key"
same 'an unknown certificate'
exits 78 'a key of another certificate' x login $app \
    --set certificate="$keys/one.crt" --set private_key="$keys/two.key"
same 'a key of another'
x login $app --set client_id=other --if-needed >"$SITE/out" 2>&1
is "$?" 78 '--if-needed with a client_id that is refused'
same '--if-needed'
site_script ok:token-2
ok 'refresh after all that' x refresh $app --force
is "$(form client_id) $(form client_secret)" 'app canary-old' 'uses what was there before'
is "$(left)" 0 'no file is left beside it'

# ----- one that works changes both

site_script ok:token-3
ok 'a certificate that works' x login $app \
    --set certificate="$keys/one.crt" --set private_key="$keys/one.key"
like "$OUT" changed 'changed'
ok 'is in the file' grep -q "^certificate: $keys/one.crt$" "$file"
is "$(site_record $app client_secret)" '' 'and the secret is forgotten'
is "$(sed -n 's/^token: //p' "$SITE_TOKENS/$app")" token-3 'its token is published'
before=$(site_count)
ok 'token' x token $app
is "$OUT $(site_count)" "token-3 $before" 'costs no request: it was made with what the file says'
site_script ok:token-4
ok 'back to a secret' x login $app --set client_auth=secret_post \
    --secret-file "$SITE/secret/new"
is "$(site_record $app client_secret)" canary-new 'which is stored'
before=$(site_count)
ok '--if-needed with servers, which no token depends on' x login $app \
    --if-needed --set servers=other.contoso.test
is "$OUT $(site_count)" "changed $before" 'costs no request'
is "$(sed -n 's/^servers: //p' "$file" "$SITE_TOKENS/$app" | sort -u)" \
    other.contoso.test 'and is written and published'

# ----- meanwhile

# while_asked CMD...: CMD, while a login waits for the provider
while_asked()
{
    local n login i
    n=$(site_count)
    x login $app --set client_id=slow --set "user=$n@contoso.test" >"$SITE/out" 2>"$SITE/err" &
    login=$!
    for ((i = 0; i < 200; i++)); do
        [[ $(site_count) -gt $n ]] && break
        sleep 0.05
    done
    "$@"
    wait "$login"
    STATUS=$?
}
site_script slow:2:ok:token-5
keep
while_asked file_is >"$SITE/seen"
is "$(<"$SITE/seen")" "${before%%$'\n'client_secret: *}" 'the old file is in force while the provider is asked'
is "$STATUS" 0 'the login works'
ok 'and the new one after it' grep -q '^client_id: slow$' "$file"
edit() { echo '# a note' >>"$file"; }
site_script slow:2:ok:token-6
while_asked edit
is "$STATUS" 75 'a file that is edited meanwhile'
ERR=$(<"$SITE/err")
one_line 'edited meanwhile' "$app.conf was changed by somebody else"
is "$(tail -n 1 "$file")" '# a note' 'is left as it is'
is "$(sed -n 's/^token: //p' "$SITE_TOKENS/$app")" token-5 'as is the credential'
sed -i 's/slow/app/' "$file"

# Each of many at once proves its own, one after the other.
site_script ok:token-7
many=()
for i in 1 2 3 4; do
    x login $app --set client_id=same --set user=u@contoso.test >"$SITE/many.$i" 2>&1 &
    many+=($!)
done
fine=0
for pid in "${many[@]}"; do wait "$pid" && fine=$((fine + 1)); done
is "$fine" 4 'four logins at once that want the same'
is "$(grep -c '^client_id: same$' "$file")" 1 'the file is whole'

# Killed while it waits: root's child ends with it, and has done nothing.
site_script slow:3:ok:token-8
keep
setsid "$EXO" login $app --set client_id=dead --config "$SITE_CONF" >/dev/null 2>&1 &
n=$(site_count) pid=$!
for ((i = 0; i < 200; i++)); do [[ $(site_count) -gt $n ]] && break; sleep 0.05; done
{ kill -KILL -- "-$pid"; wait "$pid"; } 2>/dev/null
same 'killed'
is "$(left)" 0 'nothing is left beside the file'

# ----- its life cut short at each rename

# From a stored secret to a certificate, and back: what is left must work with
# the endpoint as it is, which takes both.
settle() # KIND
{
    printf '%s\n' 'provider: custom' 'client_id: app' 'servers: mail.contoso.test' \
        "token_endpoint: $SITE_URL/token" >"$file"
    chmod 0644 "$file"
    if [[ $1 == secret ]]; then
        x login $app --secret-file "$SITE/secret/app" >/dev/null 2>&1
    else
        x login $app --set certificate="$keys/one.crt" \
            --set private_key="$keys/one.key" >/dev/null 2>&1
    fi
}
cut_short() # FROM CALL N ARG...
{
    local from=$1 call=$2 n=$3
    shift 3
    settle "$from"
    strace -f -qq -o /dev/null -e trace="$call" \
        -e inject="$call:signal=KILL:when=$n" "$EXO" login $app "$@" \
        --config "$SITE_CONF" >/dev/null 2>&1
}
sound() { x refresh $app --force && x login $app --if-needed; }
site_script ok:token-7
if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null; then
    cuts=0 bad=''
    for call in write fsync rename,renameat,renameat2; do
        for ((n = 1; n < 40; n++)); do
            done=0
            cut_short secret "$call" $n --set certificate="$keys/two.crt" \
                --set private_key="$keys/two.key" && done=1
            sound >/dev/null 2>"$SITE/err" || bad+=" certificate:$call:$n:$(<"$SITE/err")"
            cut_short certificate "$call" $n --set client_auth=secret_post \
                --secret-file "$SITE/secret/new" && ((done++))
            sound >/dev/null 2>"$SITE/err" || bad+=" secret:$call:$n:$(<"$SITE/err")"
            [[ $done == 2 ]] && break
            cuts=$((cuts + 1))
        done
    done
    ok 'a login was cut short often' test "$cuts" -gt 8
    is "$bad" '' 'and what was left worked each time'
else
    skip 'a login cut short' 'strace cannot trace here'
fi

# ----- a file that stands elsewhere

mkdir "$SITE/stow"
mv "$file" "$SITE/stow/mine.conf"
ln -s "$SITE/stow/mine.conf" "$file"
site_script ok:token-9
ok 'a link' x login $app --set client_id=linked
ok 'stays a link' test -L "$file"
ok 'and the file it leads to is changed' grep -q '^client_id: linked$' "$SITE/stow/mine.conf"
chmod 0777 "$SITE/stow"
exits 78 'a link into a directory of everybody' x login $app --set client_id=evil
one_line 'of everybody' 'cannot write .*nothing was changed: .*/stow can be written to by everybody; (run: chmod go-w|use a path in directories that only (root|you) can write to)'
chmod 0755 "$SITE/stow"
rm "$SITE/stow/mine.conf"
exits 78 'a link that leads nowhere' x login $app "${site[@]}"
one_line 'leads nowhere' 'link'
rm "$file"

# ----- a directory that cannot be written is found before anybody is asked

if [[ $(id -u) == 0 ]] && unshare -m true 2>/dev/null; then
    site_account $app
    readonly_dir() { unshare -m bash -c "mount --bind '$dir' '$dir' &&
        mount -o remount,bind,ro '$dir' && exec '$EXO' login $app \
        --set client_id=x --secret-file '$SITE/secret/app' --config '$SITE_CONF'"; }
    before=$(site_count)
    exits 78 'a read-only account directory' readonly_dir
    one_line 'read-only' 'Read-only file system; nothing was changed'
    is "$(site_count)" "$before" 'and nobody is asked'
    # A file that is a mount of its own cannot be replaced at all.
    site_script ok:token-10
    x login $app --secret-file "$SITE/secret/app" >/dev/null 2>&1
    keep
    mounted() { unshare -m bash -c "mount --bind '$file' '$file' &&
        exec '$EXO' login $app --set client_id=x --secret-file '$SITE/secret/new' \
        --config '$SITE_CONF'"; }
    exits 78 'a file that cannot be replaced' mounted
    one_line 'cannot be replaced' 'cannot write .*; it is left as it is'
    same 'a file that cannot be replaced'
else
    skip 'a read-only account directory' 'needs root and mount namespaces'
fi

# ----- a rotated refresh token is not lost in a useless answer

rt=rt@contoso.test
useless='fields:{"token_type":"MAC","refresh_token":"canary-rotated"}'
site_script "$useless"
exits 78 'an answer with a new refresh token and nothing else of use' x login $rt \
    "${site[@]}" --refresh-token-file "$SITE/secret/refresh"
is "$(site_record $rt refresh_token)" canary-rotated 'the new refresh token is kept'
like "$ERR" "exoauth refresh --force $rt" 'and how to use it is said'
no_secret 'without a secret'
site_script ok:token-11
ok 'which works once the provider does' x refresh --force $rt
is "$(form refresh_token)" canary-rotated 'it is what is sent'
site_script "$useless"
exits 78 'the same beside a stored one that works' x login $rt \
    --refresh-token-file "$SITE/secret/new"
like "$ERR" "$rt keeps the credential it has" 'the one that works is kept'
