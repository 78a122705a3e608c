#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth refresh` with one allocation or call after the other failing, at a
# provider that rotates refresh tokens strictly: nothing is lost, nothing is
# called a success or damage that is not.

# Waiting for a disk would take most of the time.
[[ -n ${EXO_TMPDIR:-} || ! -w /dev/shm ]] || export EXO_TMPDIR=/dev/shm
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/shortage.sh"

shortage_up
site_up
site_endpoint rotates:refresh-
person=person@contoso.test
site_account $person 'grant: device_code' 'scope: mail'
printf 'refresh-0\n' >"$SITE/secret/refresh"
ok 'login' x login $person --refresh-token-file "$SITE/secret/refresh"
now=$(site_record $person serial)

shortage refresh --state "$SITE_STORE" --state "$SITE_TOKENS" --state "$SITE_ROOT" \
    --state "$SITE/etc" --reset "$SITE_URL/_test/rotate" --turn 1 \
    --spent "$SITE_URL/_test/count" \
    --owns "store/$person.(json|prev)" --owns "tokens/$person" \
    --check "[[ \$('$EXO_BUILDDIR/tests/lib/unseal' '$SITE_STORE/$person.json' '$SITE/etc/exoauth.key' |
        grep -o '\"serial\": *[0-9]*') == *$((now + 1)) ]] || echo the record is old" \
    --after "'$EXO' refresh $person --force --config '$SITE_CONF'" \
    -- "$EXO" refresh $person --force --config "$SITE_CONF"
