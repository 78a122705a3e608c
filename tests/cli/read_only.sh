#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A store on a file system that is read-only: an account whose tokens cost
# nothing gets them, each line says what is in the way, and the provider is
# asked once where tokens can be published.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
own_mounts "$@"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'file systems are mounted'

site_up
site_endpoint ok:the-token
app=app@contoso.test
site_account $app "secret_file: $SITE/secret/app"
install -d -m 0700 -o nobody "$SITE_STORE"
mount --bind "$SITE_STORE" "$SITE_STORE"
mount -o remount,bind,ro "$SITE_STORE"
cleanup umount "$SITE_STORE"
why='could not be saved: cannot lock [^;]*: Read-only file system; mount its file system read-write$'

ok 'a token' x token $app
is "$OUT" the-token 'is printed'
one_line 'what is in the way' "$why"
is "$(site_count)" 1 'after one request'
ok 'a second time' x token $app
is "$OUT$(site_count)" the-token1 'is the published one'
is "$ERR" '' 'without a word'

# Nothing can be published either.
mount -t tmpfs -o size=4k,mode=0755 exoauth-test "$SITE_TOKENS"
cleanup umount "$SITE_TOKENS"
chown nobody "$SITE_TOKENS"
head -c 8192 /dev/zero >"$SITE_TOKENS/full" 2>/dev/null
rm -f "$SITE_ROOT$SITE_TOKENS"/*
ok 'a full token_dir' x token $app
is "$OUT" the-token 'does not keep it'
like "$ERR" "$why" 'and the cause is the same'
ok 'a refresh' x refresh $app
like "$ERR" 'cannot publish .*: No space left on device; .*; free space and inodes' \
    'says what helps where it cannot be published'
exits 74 'what a person orders' x refresh $app --force
one_line 'it' '^exoauth: cannot lock [^;]*: Read-only file system; mount its file system read-write$'
no_secret 'nothing is shown'
