#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth login` with one allocation or call after the other failing: a new
# account with its file, by a refresh token.

# Waiting for a disk would take most of the time.
[[ -n ${EXO_TMPDIR:-} || ! -w /dev/shm ]] || export EXO_TMPDIR=/dev/shm
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/shortage.sh"

# A third of the points at a time; =all tries every one.
export EXO_SHORTAGE_POINTS=${EXO_SHORTAGE_POINTS:-/3}
shortage_up
site_up
shortage_person
shortage_site 0
new=new@contoso.test
set_up=(--set provider=custom --set "token_endpoint=$SITE_URL/token"
    --set "device_authorization_endpoint=$SITE_URL/devicecode"
    --set client_id=app --set servers=mail.contoso.test --set grant=device_code)
whole="[[ -s '$SITE/etc/exoauth.d/$new.conf' && -s '$SITE_STORE/$new.json' ]] || echo half an account"
# A login that failed and spent nothing may be tried again; one that has spent
# says so, and goes on with what is stored.
again="'$EXO' login $new --if-needed --refresh-token-file '$SITE/secret/refresh'"
again+="$(printf ' %q' "${set_up[@]}") --config '$SITE_CONF'"
login=("${SHORTAGE_SITE[@]:0:14}" --check "$whole"
    --owns "store/$new.(json|prev)" --owns "tokens/$new"
    --owns "exoauth.d/$new.conf=is stored")

shortage 'login with a refresh token' "${login[@]}" --after "$again" \
    -- "$EXO" login $new --refresh-token-file "$SITE/secret/refresh" \
    "${set_up[@]}" --config "$SITE_CONF"
