#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth list: names of the account files, sorted, one a line; nothing of
# what is in them.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"

site_up
ok 'no account at all' x list
is "$OUT" '' 'prints nothing'

site_account zoe@contoso.test
site_account @contoso.test
site_account 'a%23b@contoso.test'
printf 'no colon here\n' >"$SITE/etc/exoauth.d/broken@contoso.test.conf"
touch "$SITE/etc/exoauth.d/zoe@contoso.test.conf~" \
    "$SITE/etc/exoauth.d/.hidden.conf" "$SITE/etc/exoauth.d/README"

ok 'accounts' x list
is "$OUT" '@contoso.test
a#b@contoso.test
broken@contoso.test
zoe@contoso.test' 'sorted, decoded, and no other files'
is "$ERR" '' 'nothing on stderr'
ok 'the store is not opened' test ! -e "$SITE_STORE/zoe@contoso.test.lock"

# What looks like an account file and is none is said.
site_account Sales@contoso.test
site_account 'a b@contoso.test'
site_account x%3dy@contoso.test
ok 'files with names that no account has' x list
unlike "$OUT" 'ales|a b|x' 'are not listed'
is "$(grep -c 'is not read' <<<"$ERR")" 3 'but one warning each'
like "$ERR" 'Sales@contoso.test.conf is not read: .* named sales@contoso.test.conf; rename it' \
    'capitals: the right name'
like "$ERR" 'a b@contoso.test.conf is not read: its name is not that of an account; rename it' 'a blank: no name'
like "$ERR" 'named x%3Dy@contoso.test.conf' 'small hexadecimal digits: the right name'
exits 2 'status' x status --nagios
like "$ERR" 'Sales@contoso.test.conf is not read' 'warns of them, too'
rm "$SITE/etc/exoauth.d"/{Sales,'a b',x%3dy}@contoso.test.conf

exits 64 'an account is no argument of list' x list zoe@contoso.test

# A pipe that nobody reads is an error and no silence.
if [[ -e /dev/full ]]; then
    # shellcheck disable=SC2016 # for the inner shell
    exits 74 'a full disk behind stdout' bash -c \
        '"$0" list --config "$1" >/dev/full' "$EXO" "$SITE_CONF"
    like "$ERR" 'cannot write' 'says so'
else
    skip 'a full disk behind stdout' 'no /dev/full here'
fi

rm -r "$SITE/etc/exoauth.d"
ok 'no account directory' x list
is "$OUT" '' 'is no accounts'
