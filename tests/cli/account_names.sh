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
    $'relay@contoso.test\n' ' < relay@contoso.test > ' $'\u00a0relay@contoso.test' \
    $'relay@contoso.test\u3000' $'\u2003<relay@contoso.test>\u202f' \
    $'\u2800relay@contoso.test\u3164'; do
    ok "token for '$name'" x token "$name"
    is "$OUT" token-1 'is that of the account'
    like "$ERR" 'exoauth: using account relay@contoso.test for "' 'with a word about it'
done
ok 'the name itself' x token Relay@contoso.test
is "$ERR" '' 'needs no word'

refused=('Relay <relay@contoso.test>' 'relay @contoso.test' 'a@b@contoso.test' \
    '@*.contoso.test' 'a@*.contoso.test' '' ' ' '<>' 'relay@contoso.test..' 'relay@' \
    '<relay@contoso.test' "'relay@contoso.test'" '"relay@contoso.test"' '*@contoso.test' \
    'mailto:relay@contoso.test?subject=x' '../../etc/n20' $'re\u00a0lay@contoso.test' \
    $'a\tb' $'a\x9b@contoso.test' $'a\u202e@contoso.test' \
    $'re\u00adlay@contoso.test' $'relay@contoso.test\u00ad' $'re\u034flay@contoso.test' \
    $'re\u2800lay@contoso.test' $'re\u3164lay@contoso.test' $'re\u115flay@contoso.test' \
    $'re\U00016fe4lay@contoso.test' $'re\U0001d159lay@contoso.test' \
    $'re\u180blay@contoso.test' $'re\ufe0flay@contoso.test' $'re\U000e0100lay@contoso.test' \
    $'re\u200dlay@contoso.test' $'re\ufffclay@contoso.test' $'re\ue000lay@contoso.test' \
    $'relay\uff20contoso.test' $'relay@contoso\u3002test' $'\uff1crelay@contoso.test\uff1e' \
    $'re\uff4cay@contoso.test' $'relay@contoso\uff0etest' $'relay@contoso\uff61test' \
    $'re\ufdd0lay@contoso.test' $'re\U0001fffelay@contoso.test' \
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

# ----- a file whose name says what is no mailbox

for stray in sp%20ace@x.test a@b@x.test @%2A.x.test x@ %3Cz@x.test%3E dot@x.test.; do
    cp "$SITE/etc/exoauth.d/relay@contoso.test.conf" "$SITE/etc/exoauth.d/$stray.conf"
    ok "list beside $stray.conf" x list
    is "$OUT" relay@contoso.test 'has no such account'
    like "$ERR" "exoauth.d/$stray.conf is not read: .*; rename it" 'but names the file'
    ok 'refresh --all' x refresh --all --force
    is "$(find "$SITE_STORE" -name '*.json' -printf '%f\n')" relay@contoso.test.json \
        'stores nothing for it'
    rm "$SITE/etc/exoauth.d/$stray.conf"
done

cp "$SITE_STORE/relay@contoso.test.json" "$SITE_STORE/sp%20ace@x.test.json"
ok 'remove of a record with such a name' x remove 'sp ace@x.test'
ok 'forgets it' test ! -e "$SITE_STORE/sp%20ace@x.test.json"
exits 64 'a second time' x remove 'sp ace@x.test'
like "$ERR" 'is not an account name: it contains a blank' 'it is a wrong name'

# A name that pasting could have made of another: the record that is there.
while read -r file word; do
    word=$(printf "$word")
    cp "$SITE_STORE/relay@contoso.test.json" "$SITE_STORE/$file.json"
    ok "remove of $file" x remove "$word" --account-file
    unlike "$ERR" 'using account' 'is of that one'
    ok 'forgets it' test ! -e "$SITE_STORE/$file.json"
    ok 'and not the other' test -e "$SITE_STORE/relay@contoso.test.json"
    ok 'nor its file' test -e "$SITE/etc/exoauth.d/relay@contoso.test.conf"
done <<'END'
%C2%A0relay@contoso.test \302\240relay@contoso.test
relay@contoso.test%E3%80%80 relay@contoso.test\343\200\200
%E2%80%83relay@contoso.test%E2%80%AF \342\200\203relay@contoso.test\342\200\257
%20relay@contoso.test \040relay@contoso.test
relay@contoso.test. relay@contoso.test.
%3Crelay@contoso.test%3E <relay@contoso.test>
mailto%3Arelay@contoso.test mailto:relay@contoso.test
END
ok 'where there is none' x remove $'\u00a0relay@contoso.test'
like "$ERR" 'using account relay@contoso.test for "' 'it is the account, with a word about it'
ok 'is forgotten' test ! -e "$SITE_STORE/relay@contoso.test.json"
