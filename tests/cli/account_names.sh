#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Account names as people paste them, and account files whose names nobody
# reads.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:token-1
site_account relay@contoso.test "secret_file: $SITE/secret/app"

for name in '<relay@contoso.test>' ' relay@contoso.test ' 'mailto:relay@contoso.test' \
    'MAILTO:relay@contoso.test' 'relay@contoso.test.' '<mailto:Relay@contoso.test.>' \
    $'relay@contoso.test\n' ' < relay@contoso.test > '; do
    ok "token for '$name'" x token "$name"
    is "$OUT" token-1 'is that of the account'
    like "$ERR" 'exoauth: using account relay@contoso.test for "' 'with a word about it'
done
ok 'the name itself' x token Relay@contoso.test
is "$ERR" '' 'needs no word'

refused=('Relay <relay@contoso.test>' 'relay @contoso.test' 'a@b@contoso.test' \
    '@*.contoso.test' 'a@*.contoso.test' '' ' ' '<>' 'relay@contoso.test..' 'relay@' \
    '<relay@contoso.test' $'a\tb' $'a\x9b@contoso.test' $'a\u202e@contoso.test' \
    "$(printf 'x%.0s' {1..300})")
before=$(find "$SITE/etc" "$SITE_STORE" | sort)
for name in "${refused[@]}"; do
    for command in 'login --set servers=mail.contoso.test' token refresh remove show \
        status doctor test; do
        after=()
        [[ $command == test ]] && after=(smtp)
        # shellcheck disable=SC2086
        exits 64 "${command%% *} '$name'" x $command "$name" "${after[@]}"
        like "$ERR" 'is not an account name: ' 'says why'
    done
done
is "$(find "$SITE/etc" "$SITE_STORE" | sort)" "$before" 'nothing was stored'

mkdir -p "$SITE/etc/exoauth.d"
for stray in other@contoso.test.CONF other@contoso.test Other@contoso.test.conf \
    other@contoso.test.conf.bak; do
    cp "$SITE/etc/exoauth.d/relay@contoso.test.conf" "$SITE/etc/exoauth.d/$stray"
    for command in token refresh show 'remove --account-file'; do
        # shellcheck disable=SC2086
        exits 67 "${command%% *} beside $stray" x $command other@contoso.test
        like "$ERR" "exoauth.d/$stray is not read: .* named other@contoso.test.conf" \
            'names the file, and how it has to be named'
    done
    rm -f "$SITE/etc/exoauth.d/$stray"
done
touch "$SITE/etc/exoauth.d/relay@contoso.test.conf.bak"
exits 67 'a backup' x token other@contoso.test
unlike "$ERR" 'is not read' 'of a file that is there is nothing to warn of'
