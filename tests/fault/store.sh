#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A store that cannot be written: read-only, full, out of inodes. The token in
# hand is used, no credential is lost, and a refresh token that is worth one
# use is not spent on what could not be saved.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'mounting file systems'
need_cmd unshare mount

# Mounts of this test end with it, wherever it ends.
if [[ -z ${EXO_UNSHARED:-} ]]; then
    unshare --mount true 2>/dev/null || skip_all 'unshare --mount is not allowed'
    tap_done() { rm -rf -- "$TAP_DIR"; }
    tap_done
    trap - EXIT
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi

site_up
site_conf timeout 2
site_endpoint ok:token-1
app=app@contoso.test
person=person@contoso.test
mkdir "$SITE_STORE"
mount -t tmpfs -o size=256k,mode=0700 exoauth-test "$SITE_STORE" ||
    skip_all 'mounting a tmpfs is not allowed'
cleanup umount "$SITE_STORE"
chown nobody:nogroup "$SITE_STORE"
echo canary-client-secret >"$SITE/secret/app"
echo canary-refresh-1 >"$SITE/secret/refresh"
site_account $app "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
ok 'an app' x token $app
ok 'a person' x login $person --refresh-token-file "$SITE/secret/refresh"

# What a store in this state must give, and keep.
unwritable()
{
    local why=$1 remedy=$2 before
    ok "$why: a token in hand is used" x token $app
    is "$OUT$ERR" token-1 "$why: in silence"
    before=$(site_count)
    exits 74 "$why: a person's refresh" x refresh $person --force
    like "$ERR" "; .*$remedy" "$why: the remedy"
    is "$(site_count)" "$before" "$why: the refresh token is not spent"
    is "$(site_record $person refresh_token)" canary-refresh-1 "$why: nor lost"
    exits 74 "$why: login" x login $person --refresh-token-file "$SITE/secret/refresh"
    is "$OUT" '' "$why: does not say changed"
    is "$(site_count)" "$before" "$why: and spends nothing"
    if site_later 3100; then
        ok "$why: a token with little left" x token $person
        is "$OUT$ERR" token-1 "$why: is used as well"
        rm "$SITE_TOKENS/$person"
        ok "$why: one that is not published" x token $person
        is "$OUT$ERR" token-1 "$why: the same"
        site_later 0
    fi
    site_script ok:unsaved
    if [[ $why == read-only ]]; then
        exits 74 "$why: nobody can hold the lock" x refresh $app --force
        one_line "$why: no lock" "$remedy"
    else
        ok "$why: an app has no more to lose" x refresh $app --force
        like "$ERR" "could not be saved.*; .*$remedy" "$why: it says so"
        is "$(sed -n 's/^token: //p' "$SITE_TOKENS/$app")" unsaved \
            "$why: the token is published all the same"
    fi
    no_secret "$why: no secret is shown"
    is "$(find "$SITE_STORE" -name '.tmp*' | wc -l)" 0 "$why: nothing is left over"
    site_script ok:token-1
}
again()
{
    site_script ok:token-1
    ok "$1: all is well again" x refresh --all --force
    is "$ERR" '' 'in silence'
    is "$(site_record $person refresh_token)" canary-refresh-1 'nothing was lost'
}

mount -o remount,ro "$SITE_STORE"
unwritable 'read-only' 'read-write'
mount -o remount,rw "$SITE_STORE"
again 'read-write'

dd if=/dev/zero of="$SITE_STORE/ballast" bs=4k >/dev/null 2>&1
unwritable 'full' 'free space'
rm "$SITE_STORE/ballast"
again 'space'

# Files can be made no more, although there is space.
inodes=$(df --output=iused "$SITE_STORE" | tail -n 1)
mount -o "remount,nr_inodes=${inodes// /}" "$SITE_STORE" 2>/dev/null &&
    unwritable 'no inode' 'inodes'
mount -o remount,nr_inodes=1000 "$SITE_STORE"
again 'inodes'

# token_dir is only a service.
rm -rf "$SITE_TOKENS"
mkdir "$SITE_TOKENS"
mount -t tmpfs -o size=4k,ro exoauth-test "$SITE_TOKENS"
cleanup umount "$SITE_TOKENS"
ok 'a read-only token_dir' x refresh $app --force
like "$ERR" "$SITE_TOKENS.*; " 'is a warning'
ok 'token' x token $app
is "$OUT$ERR" token-1 'does not care'
umount "$SITE_TOKENS"

# A container whose root is read-only: all that is written has its place.
mount --bind "$SITE/etc" "$SITE/etc"
cleanup umount "$SITE/etc"
mount -o remount,bind,ro "$SITE/etc"
ok 'a read-only configuration' x refresh $app --force
exits 78 '--set' x login $app --set user=me@contoso.test
one_line '--set' 'nothing was changed; '
ok 'without --set login works' x login $app
