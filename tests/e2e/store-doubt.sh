#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A store and token directories in which somebody has put other things, or set
# other modes: what is said helps when it is typed, by root, too, and takes no
# credential anywhere else; what exoauth can correct itself it does.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'being run_as'
need_cmd setpriv runuser

app=app@contoso.test
site_up
site_endpoint ok:token-1
site_account $app "secret_file: $SITE/secret/app"
chmod 0755 "$SITE"
record=$SITE_STORE/$app.json
previous=$SITE_STORE/$app.prev
mkdir -m 0777 "$SITE/into"
echo precious >"$SITE/file"

fresh()
{
    rm -rf "$SITE_STORE" "$SITE_TOKENS" "$SITE/into/"*
    x refresh $app && x refresh $app --force
} >/dev/null 2>&1
# The command of a message, as root would paste it; exoauth is this one.
paste()
{
    local said
    [[ $2 == *"$1"* ]] || return 1
    said=${2#*"$1"}
    said=$1${said%%$'\n'*}
    said=${said%%, or *}
    said=${said%%, then *}
    said=${said%%; *}
    diag "$said"
    sh -c "$said"
}
puts() # KIND, in the place of the record
{
    rm "$record"
    case $1 in
    dirlink) ln -s "$SITE/into" "$record" ;;
    filelink) ln -s "$SITE/file" "$record" ;;
    empty | full) mkdir "$record" ;;
    fifo) mkfifo "$record" ;;
    garbage) echo garbage >"$record"; chmod 0600 "$record" ;;
    esac
    [[ $1 != full ]] || echo theirs >"$record/file"
    chown -hR nobody "$record"
}

# ----- what is no record

for kind in garbage dirlink filelink fifo empty full; do
    for from in refresh doctor; do
        fresh
        ok "$kind: there is a previous copy" test -f "$previous"
        sum=$(sha256sum <"$previous")
        puts $kind
        if [[ $from == refresh ]]; then
            exits 74 "$kind: refresh" x refresh $app --force
            said=$ERR
        else
            said=$(x doctor $app 2>&1 | grep 'damaged credential')
        fi
        like "$said" "damaged credential $record: " 'says so'
        case $kind in
        *link | fifo)
            unlike "$said" 'mv ' 'no file is moved to where a link leads'
            like "$said" 'run: exoauth login' 'a login is what helps'
            ok 'login' x login $app --secret-file "$SITE/secret/app"
            ;;
        *)
            ok 'what is said can be done' paste 'mv -T' "$said"
            is "$(sha256sum <"$record")" "$sum" 'the copy is in its place'
            ;;
        esac
        is "$(ls "$SITE/into")$(<"$SITE/file")" precious 'and nothing elsewhere'
        ok 'refresh' x refresh $app --force
        is "$(stat -c '%U %F' "$record")" 'nobody regular file' 'is done'
    done
done
# Exchanged before it is typed.
fresh
echo garbage >"$record"
exits 74 'a record that is damaged' x refresh $app --force
puts dirlink
ok 'and a link when the remedy is typed' paste 'mv -T' "$ERR"
is "$(ls "$SITE/into")" '' 'which is not followed'
ok 'refresh' x refresh $app --force

# Without one to restore, and where the copy is none.
fresh
rm "$previous"
puts full
exits 74 'a directory, without a copy' x refresh $app --force
like "$ERR" ', then run: exoauth login' 'says so'
ok 'what is said can be done' paste 'mv -T' "$ERR"
ok 'login' x login $app --secret-file "$SITE/secret/app"
fresh
rm "$previous"
ln -s "$SITE/file" "$previous"
puts garbage
exits 74 'a copy that is a link' x refresh $app --force
unlike "$ERR" 'mv ' 'is not offered'
fresh
puts empty
like "$(x doctor)" "failure .*$record is a directory, so nothing can be stored there; move it away: mv -T $record $record.away" \
    'doctor names the directory'

# ----- a record with two names, as a backup by links makes them

fresh
ln "$record" "$SITE_STORE/../twin"
exits 74 'a second name' x refresh $app --force
like "$ERR" "credential $record refused: it has more than one hard link; .*copy it as uid" 'is no damage'
unlike "$ERR" 'mv ' 'the newest copy stays'
like "$(x doctor)" "failure .*$record has more than one hard link, .*copy it" 'doctor agrees'
cp -p "$record" "$record.own" && mv "$record.own" "$record"
ok 'copied' x refresh $app --force

# ----- a directory in the place of a token

fresh
rm "$SITE_TOKENS/$app"
mkdir "$SITE_TOKENS/$app"
echo theirs >"$SITE_TOKENS/$app/file"
OUT=$(x doctor 2>&1)
like "$OUT" "failure .*$SITE_TOKENS/$app is a directory, so no token is published there; move it away: mv -T" \
    'doctor tells of it'
ok 'refresh' x refresh $app --force
like "$ERR" "$SITE_TOKENS/$app is a directory; move it away: mv -T" 'as it does'
ok 'what is said can be done' paste 'mv -T' "$ERR"
ok 'refresh' x refresh $app --force
is "$ERR" '' 'without a warning'
ok 'is published' test -f "$SITE_TOKENS/$app"

# ----- a lock that its owner cannot open

lock=$SITE_STORE/$app.lock
fresh
for mode in 0000 0400 0200 0644; do
    chmod $mode "$lock"
    OUT=$(x doctor $app 2>&1)
    [[ $mode == 0644 ]] ||
        like "$OUT" "warning .*lock file $lock has mode $mode, so its owner cannot open it; run: exoauth refresh $app --force" "doctor: a lock of mode $mode"
    ok "a lock of mode $mode" x refresh $app --force
    is "$ERR" '' 'without a warning'
    is "$(stat -c %a "$lock")" 600 'is corrected'
    unlike "$(x doctor $app 2>&1)" 'lock file' 'doctor agrees'
done
chmod 0000 "$lock"
ok 'by run_as itself' site_as 65534:65534 "$EXO" refresh $app --force --config "$SITE_CONF"
chown 4711 "$lock"
exits 74 'one of another user' x refresh $app --force
like "$ERR" "lock file $lock refused: it belongs to uid 4711; leave it in place" 'is told'
chmod 0600 "$lock"
exits 74 'which run_as cannot open' x refresh $app --force
like "$ERR" "lock file $lock refused: it belongs to uid 4711; leave it in place" 'is told as well'
echo secret >"$SITE/roots"
chmod 0400 "$SITE/roots"
mv "$lock" "$SITE_STORE/../other"
ln "$SITE_STORE/../other" "$lock"
exits 74 'another name of their file' x refresh $app --force
like "$ERR" "lock file $lock refused: it is another name .*; run: find .* -delete\$" 'is no gift'
typed=${ERR##*run: }
x doctor $app >"$SITE/found" 2>&1 || :
like "$(grep 'lock file' "$SITE/found")" "$lock is another name .*; run: find .* -delete" 'nor to doctor'
sh -c "$typed"
not_ok 'typed, that name goes' test -e "$lock"
ok 'and the file stays' test -e "$SITE_STORE/../other"
ln -s "$SITE/roots" "$lock"
exits 74 'a link' x refresh $app --force
is "$(stat -c %a "$SITE/roots")" 400 'and nothing behind it is touched'

# ----- bits of the store that let nobody in

for mode in 2700 4700 1700 6700; do
    fresh
    chmod $mode "$SITE_STORE"
    unlike "$(x doctor $app 2>&1)" "$SITE_STORE has mode" "doctor: a store of mode $mode lets nobody in"
    ok 'a request of run_as agrees' site_as 65534:65534 "$EXO" refresh $app --force --config "$SITE_CONF"
done
for mode in 4755 2750; do
    fresh
    chmod $mode "$SITE_STORE"
    said=$(x doctor $app 2>&1)
    like "$said" "$SITE_STORE has mode $mode, which lets others in; run: runuser" "doctor: a store of mode $mode"
    exits 74 'run_as refuses it' site_as 65534:65534 "$EXO" refresh $app --force --config "$SITE_CONF"
    ok 'what doctor says' paste runuser "$said"
    unlike "$(x doctor $app 2>&1)" "$SITE_STORE has mode" 'helps'
    ok 'a request of run_as agrees' site_as 65534:65534 "$EXO" refresh $app --force --config "$SITE_CONF"
done
fresh
chmod 0700 "$record"
unlike "$(x doctor $app 2>&1)" "$record has mode" 'nor does a record that its owner could execute'
