#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth remove: record and published tokens gone, under every root and for
# every account that used them; a removal that fails loses nothing.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"

site_up
site_endpoint
dir=$SITE/etc/exoauth.d
jail=$SITE_ROOT$SITE_TOKENS

# Files of a name in the store but the lock, and published, under each root.
traces() { find "$SITE_STORE" "$SITE_TOKENS" "$jail" -name "$1*" ! -name '*.lock' | wc -l; }

site_account app@contoso.test "secret_file: $SITE/secret/app"
printf 'credential: app@contoso.test\n' >"$dir/shared@contoso.test.conf"
ok 'a token' x token app@contoso.test
ok 'and one for who shares it' x token shared@contoso.test
ok 'a second one, so that a previous copy is kept' x refresh app@contoso.test --force
ok 'published under both roots' \
    test -s "$SITE_TOKENS/app@contoso.test" -a -s "$jail/app@contoso.test"
ok 'and for who shares it' \
    test -s "$SITE_TOKENS/shared@contoso.test" -a -s "$jail/shared@contoso.test"
count=$(site_count)

ok 'remove' x remove app@contoso.test
is "$OUT" '' 'nothing on stdout'
is "$(traces app@contoso.test)" 0 'record, previous copy and tokens are gone'
is "$(traces shared@contoso.test)" 0 'and those that pointed to them'
like "$ERR" 'still exists at the provider' 'the grant itself is not revoked'
like "$ERR" 'shared@contoso.test uses this credential' 'who else is struck'
ok 'the account file stays' test -e "$dir/app@contoso.test.conf"
is "$(site_count)" "$count" 'nobody was asked'

ok 'nothing stored, but a file' x remove app@contoso.test
exits 67 'nothing at all' x remove nobody@contoso.test
like "$ERR" 'nothing is stored or published for nobody@contoso.test' 'says so'
ok 'and leaves nothing behind' test ! -e "$SITE_STORE/nobody@contoso.test.lock"

site_account @fabrikam.test "secret_file: $SITE/secret/app"
ok 'a domain account' x token bob@fabrikam.test
exits 67 'a mailbox of it has nothing of its own' x remove bob@fabrikam.test
like "$ERR" 'run: exoauth remove @fabrikam.test' 'and the remedy names the domain'
isnt "$(traces @fabrikam.test)" 0 'the domain keeps its token'

ok 'a token again' x token app@contoso.test
ok 'remove with the file' x remove app@contoso.test --account-file
ok 'the account file is gone' test ! -e "$dir/app@contoso.test.conf"
is "$(traces app@contoso.test)" 0 'and the rest'
exits 67 'a second time there is nothing' x remove app@contoso.test --account-file

site_account app@contoso.test "secret_file: $SITE/secret/app"
ok 'a token once more' x token app@contoso.test
mv "$dir/app@contoso.test.conf" "$SITE/app.conf"
ok 'a record without an account file' x remove app@contoso.test
is "$(traces app@contoso.test)" 0 'is forgotten'
mv "$SITE/app.conf" "$dir/app@contoso.test.conf"

# Whoever holds the lock is in the middle of something: nothing is touched.
if command -v python3 >/dev/null; then
    ok 'a token for the next case' x token app@contoso.test
    held=$(traces app@contoso.test)
    sed -i 's/^timeout: .*/timeout: 1/' "$SITE_CONF"
    python3 - "$SITE_STORE/app@contoso.test.lock" "$SITE/locked" <<'PY' &
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
open(sys.argv[2], "w").close()
time.sleep(60)
PY
    holder=$!
    cleanup kill "$holder"
    for ((i = 0; i < 200; i++)); do
        [[ -e $SITE/locked ]] && break
        sleep 0.05
    done
    exits 75 'a lock that is held' x remove app@contoso.test --account-file
    is "$(traces app@contoso.test)" "$held" 'nothing is lost'
    ok 'nor is the account file' test -e "$dir/app@contoso.test.conf"
    kill "$holder"
    wait "$holder" 2>/dev/null
else
    skip 'a lock that is held' 'python3 is not installed'
fi

printf '{ cut' >"$SITE_STORE/app@contoso.test.json"
ok 'a damaged record' x remove app@contoso.test
is "$(traces app@contoso.test)" 0 'can be removed, too'

exits 64 'no account given' x remove
exits 64 'an option of another command' x remove app@contoso.test --json

# ----- a token that cannot be removed

if [[ $(id -u) == 0 ]]; then
    ok 'a token for a jail' x refresh app@contoso.test --force
    ok 'is in it' test -s "$jail/app@contoso.test"
    owner=$(stat -c %u "$SITE_ROOT")
    chown 12345 "$SITE_ROOT"
    exits 78 'remove where a stranger has the jail' x remove app@contoso.test
    like "$ERR" 'cannot tell whether a token of app@contoso.test is left: ' 'says why'
    like "$ERR" 'published tokens may be left.*; correct that, then run: exoauth remove app@contoso.test' \
        'and what to do'
    ok 'the token of the other root is gone' test ! -e "$SITE_TOKENS/app@contoso.test"
    exits 78 'again: it has not forgotten' x remove app@contoso.test
    chown "$owner" "$SITE_ROOT"
    ok 'put right' x remove app@contoso.test
    ok 'the token is gone' test ! -e "$jail/app@contoso.test"
fi

# ----- what is left of an account is its secret, too

last=last@contoso.test
site_account $last "secret_file: $SITE/secret/app"
ok 'a record' x refresh $last --force
ok 'and one before it' x refresh $last --force
rm "$SITE_STORE/$last.json"
ok 'without the record: remove' x remove $last
not_ok 'leaves nothing of the previous one' test -e "$SITE_STORE/$last.prev"
printf '{}' >"$SITE_STORE/$last.prev"
[[ $(id -u) != 0 ]] || chown nobody "$SITE_STORE/$last.prev"
rm "$SITE/etc/exoauth.d/$last.conf"
ok 'nor without the account' x remove $last
not_ok 'it is gone' test -e "$SITE_STORE/$last.prev"
exits 67 'after which there is nothing' x remove $last
