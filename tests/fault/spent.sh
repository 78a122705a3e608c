#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A refresh token that is worth one use, and a store that cannot take what the
# provider gives for it: by a limit of file sizes, by a disk that is full or
# fills while the provider answers. What could not be saved is not spent, and
# what was spent and is not saved is never called a success.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

# Mounts of this test end with it, wherever it ends.
if [[ $(id -u) == 0 && -z ${EXO_UNSHARED:-} ]] && unshare --mount true 2>/dev/null; then
    tap_done() { rm -rf -- "$TAP_DIR"; }
    tap_done
    trap - EXIT
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi

site_up
site_endpoint ok:token-1
app=app@contoso.test
person=person@contoso.test
echo canary-client-secret >"$SITE/secret/app"
echo canary-refresh-1 >"$SITE/secret/refresh"
site_account $app "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
ok 'an app' x token $app
ok 'a person' x login $person --refresh-token-file "$SITE/secret/refresh"
long=$(printf 'a%.0s' {1..12000})

# ---- a limit of file sizes
# limited KIB WORD...: what the shell calls ulimit -f
limited()
{
    (ulimit -f "$1"; shift; exec "$EXO" "$@" --config "$SITE_CONF")
}
site_script "ok:$long"
ok 'an app past the limit of file sizes' limited 8 refresh $app --force
like "$ERR" 'could not be saved: .*File too large; ' \
    'is told so, and has its token'
before=$(site_count)
exits 74 'a person past it' limited 8 refresh $person --force
like "$ERR" 'File too large; raise the limit' 'is told so'
exits 74 'a login past it' limited 8 login $person --refresh-token-file "$SITE/secret/refresh"
is "$(site_count)" "$before" 'and neither is asked for'
is "$(site_record $person refresh_token)" canary-refresh-1 'and nothing is lost'

# ---- while the provider answers
# meanwhile COMMAND...: a refresh, and that in the middle of it; $RC
meanwhile()
{
    local before i
    before=$(site_count)
    RC=0
    x refresh $person --force >/dev/null 2>"$SITE/err" &
    for ((i = 0; i < 200; i++)); do
        [[ $(site_count) -gt $before ]] && break
        sleep 0.05
    done
    "$@" 2>/dev/null
    wait $! || RC=$?
}
rotates() { site_script "slow:3:fields:{\"access_token\":\"$long\",\"refresh_token\":\"$1\"}"; }

rotates canary-refresh-2
meanwhile rm "$SITE_STORE/$person.lock"
is "$RC" 74 'a lock that was taken away: refresh does not call it a success'
like "$(<"$SITE/err")" "is not stored; .*run: exoauth login $person" 'and says so'
is "$(site_record $person refresh_token)" canary-refresh-1 'as nothing was stored'

# ---- what is read again
key=$SITE/etc/exoauth.key
rotates canary-refresh-2
meanwhile mv "$key" "$key.away"
is "$RC" 0 'a key that goes away meanwhile: refresh has it in hand'
mv "$key.away" "$key"
is "$(site_record $person refresh_token)" canary-refresh-2 'and what was spent is stored'

# ---- an account file that cannot take its name
new=new@contoso.test
file=$SITE/etc/exoauth.d/$new.conf
echo canary-refresh-a >"$SITE/secret/refresh"
set_up=(--refresh-token-file "$SITE/secret/refresh" --set provider=custom
    --set "token_endpoint=$SITE_URL/token" --set client_id=app
    --set servers=mail.contoso.test --set grant=device_code)
site_script 'slow:3:fields:{"refresh_token":"canary-refresh-b"}' \
    'fields:{"refresh_token":"canary-refresh-c"}'
before=$(site_count)
RC=0
x login $new "${set_up[@]}" >/dev/null 2>"$SITE/err" &
for ((i = 0; i < 200; i++)); do [[ $(site_count) -gt $before ]] && break; sleep 0.05; done
site_account $new 'grant: device_code' '# by somebody else'
wait $! || RC=$?
is "$RC" 75 'an account file that somebody else makes meanwhile'
like "$(<"$SITE/err")" "^exoauth: the credential is stored; .*; run it again$" 'the message is true'
is "$(site_record $new refresh_token)" canary-refresh-b 'what was spent is stored'
ok 'the remedy, with the same file' x login $new "${set_up[@]}"
like "$(tail -n 1 "$SITE/endpoint.requests")" 'canary-refresh-b' 'sends no spent token'
is "$(site_record $new refresh_token)" canary-refresh-c 'and goes on with what is stored'
ok 'a third time' x login $new "${set_up[@]}"
like "$(tail -n 1 "$SITE/endpoint.requests")" 'canary-refresh-c' 'sends none either'
ok 'and all is well' grep -q '^client_id' "$SITE/etc/exoauth.d/$new.conf"

# ---- an account file that cannot be written: nothing is spent on it
LIMIT=unlimited
go() { (ulimit -f "$LIMIT"; exec "$EXO" "$@" --config "$SITE_CONF"); }
# by WAY NAME [ARG]...: a login by something that is worth one use
by()
{
    local way=$1 name=$2
    shift 2
    case $way in
    code)
        (ulimit -f "$LIMIT"
        exec python3 "${BASH_SOURCE[0]%/*}/../lib/paste.py" "$EXO" "$SITE_CONF" "$name" \
            'f"{redirect}?code=canary-code&state={state}"' "$@" --paste)
        ;;
    device) go login "$name" "$@" --device ;;
    adopt)
        echo "canary-of-$name" >"$SITE/secret/refresh"
        go login "$name" "$@" --refresh-token-file "$SITE/secret/refresh"
        ;;
    esac
}
file=("${set_up[@]:2:8}" --set "authorization_endpoint=$SITE_URL/authorize"
    --set "device_authorization_endpoint=$SITE_URL/devicecode")
dir=$SITE/etc/exoauth.d
# refused WAY REGEX: that it cannot be, before anybody is asked for anything
refused()
{
    local name=$1-$TAP_N@contoso.test before
    before=$(site_count)
    [[ -z ${OLD:-} ]] || cp "$OLD" "$dir/$name.conf" 2>/dev/null
    exits 78 "$1: $3" by "$1" "$name" "${file[@]}"
    like "$ERR" "^exoauth: cannot write $dir/[^;]*$2[^;]*; nothing was changed; " 'says why'
    is "$(site_count)" "$before" 'nothing is spent, nobody is asked'
    is "$(find "$SITE_STORE" -name "$1-*")" '' 'and nothing stored'
    is "$(find "$dir" -name '.tmp.*')" '' 'nor left'
}
ways=(code device adopt)
site_script ok:never
yes '# a line of a comment, which is kept' | head -c 57344 >"$SITE/long"
for way in "${ways[@]}"; do
    OLD=$SITE/long LIMIT=52 refused "$way" 'File too large' 'past the limit of file sizes'
    rm -f "$dir/$way"*
done
if [[ $(id -u) != 0 ]]; then
    chmod 0555 "$dir"
    for way in "${ways[@]}"; do
        refused "$way" 'Permission denied' 'a directory that is closed'
    done
    chmod 0755 "$dir"
fi

[[ $(id -u) == 0 && -n ${EXO_UNSHARED:-} ]] || exit 0
# A directory of account files that is full, read-only, and one whose file is
# mounted, so that no name can be taken from it.
mount -t tmpfs -o size=16k,mode=0755 exoauth-test "$dir" || exit 0
dd if=/dev/zero of="$dir/ballast" bs=4k status=none 2>/dev/null
for way in "${ways[@]}"; do
    refused "$way" 'No space left on device' 'no room'
done
rm "$dir/ballast"
mount -o remount,ro "$dir"
for way in "${ways[@]}"; do
    refused "$way" 'Read-only file system' 'a directory that is read-only'
done
mount -o remount,rw "$dir"
for way in "${ways[@]}"; do
    new=$way@contoso.test
    echo '# mounted' >"$dir/$new.conf"
    mount --bind "$dir/$new.conf" "$dir/$new.conf"
    site_script "fields:{\"refresh_token\":\"canary-new-$way\"}"
    exits 78 "$way: a file that cannot be replaced" by "$way" "$new" "${file[@]}"
    like "$ERR" 'the credential is stored; cannot write .*Device or resource busy; .*run it again$' \
        'the message is true'
    is "$(site_record $new refresh_token)" "canary-new-$way" 'what was spent is stored'
    umount "$dir/$new.conf"
    site_script 'fields:{"refresh_token":"canary-other"}'
    before=$(site_count)
    if [[ $way == adopt ]]; then
        ok 'the same again' by "$way" "$new" "${file[@]}"
        like "$(tail -n 1 "$SITE/endpoint.requests")" 'canary-new-adopt' 'sends no spent token'
    else
        ok 'again, where it is needed' x login $new --if-needed "${file[@]}"
        is "$(site_count)" "$before" 'sends nothing'
    fi
    ok 'and the account is there' x token $new
done
umount "$dir"

mv "$SITE_STORE" "$SITE/was"
mkdir "$SITE_STORE"
mount -t tmpfs -o size=256k,mode=0700 exoauth-test "$SITE_STORE" ||
    exit 0
cleanup umount "$SITE_STORE"
chown nobody:nogroup "$SITE_STORE"
cp -p "$SITE"/was/*.json "$SITE_STORE"
ok 'all is well on a small disk' x refresh $app --force
fill() { dd if=/dev/zero of="$SITE_STORE/ballast" bs=4k status=none; }
