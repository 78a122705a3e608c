#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth rekey` with one allocation or call after the other failing: every
# record opens afterwards, with the key that is there, and what was changed is
# never said not to be. EXO_SHORTAGE_POINTS=/1 tries every point.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/shortage.sh"
shortage_up /4
site_endpoint ok:the-token
app=app@contoso.test
person=person@contoso.test
site_account $app "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
echo secret >"$SITE/secret/app"
echo canary-refresh >"$SITE/secret/refresh"
printf 'correct horse battery\n' >"$SITE/secret/passphrase"
ok 'one credential' x token $app
ok 'and another' x login $person --refresh-token-file "$SITE/secret/refresh"
# Tokens that are published would hide a record that does not open.
site_conf token_dir "$SITE/none"
key=$SITE/etc/exoauth.key

# rekeyed DESC CHECK AFTER [OPTION]... -- [ARG]...
rekeyed()
{
    local what=$1 check=$2 after=$3
    shift 3
    local -a options=()
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    shortage "$what" --state "$SITE_STORE" --state "$SITE/etc" \
        --owns 'store/[^/]*\.(json|prev)$' \
        --owns 'etc/exoauth\.key$=^(?!.*nothing was changed)' \
        --fine 'run: exoauth rekey' --fine 'could not be removed' --check "$check" "${options[@]}" \
        --after "$after" \
        -- "$EXO" rekey "$@" --config "$SITE_CONF"
}

one_key="[[ \$(grep -c '^key' '$key') == 1 && \$(grep -c '^old_key' '$key') == 0 ]] || echo there is more than one key"
opens="'$EXO' token $app --config '$SITE_CONF' && '$EXO' refresh $person --config '$SITE_CONF' && '$EXO' rekey --config '$SITE_CONF'"
rekeyed 'rekey' "$one_key" "$opens" --
rekeyed 'rekey --passphrase' "grep -q '^sealed: key' '$key' || echo it is not under the passphrase" \
    "printf 'correct horse battery\n' >/dev/null; test -s '$key'" --kinds call \
    -- --passphrase --password-file "$SITE/secret/passphrase"
