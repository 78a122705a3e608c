#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth login` with one allocation or call after the other failing: a new
# account with its file, by a refresh token, at a device, by a pasted code.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/shortage.sh"
shortage_up
shortage_person
shortage_site 0
new=new@contoso.test
set_up=(--set provider=custom --set "token_endpoint=$SITE_URL/token"
    --set "device_authorization_endpoint=$SITE_URL/devicecode"
    --set "authorization_endpoint=$SITE_URL/authorize"
    --set client_id=app --set servers=mail.contoso.test)
whole="[[ -s '$SITE/etc/exoauth.d/$new.conf' && -s '$SITE_STORE/$new.json' ]] || echo half an account"
# No room for the account file is the administrator's (78), as spent.sh wants it.
login=("${SHORTAGE_SITE[@]:0:14}"
    --says "78=cannot write [^ ]*/$new.conf: No space left on device; .*free space" --check "$whole"
    --owns "store/$new.(json|prev)" --owns "tokens/$new"
    --owns "exoauth.d/$new.conf=(is stored|cannot write to standard output)")

# A login that failed and spent nothing may be tried again; one that has spent
# says so, and goes on with what is stored.
kept()
{
    printf "'%s' login $new --if-needed" "$EXO"
    printf ' %q' "$@" "${set_up[@]}" --config "$SITE_CONF"
}
set_up+=(--set grant=device_code)
shortage 'login with a refresh token' "${login[@]}" \
    --after "$(kept --refresh-token-file "$SITE/secret/refresh")" \
    -- "$EXO" login $new --refresh-token-file "$SITE/secret/refresh" \
    "${set_up[@]}" --config "$SITE_CONF"

# What a person has authorised is stored once the provider has given it, and
# nobody is asked again.
once()
{
    echo "$(declare -f site_http); SITE_URL='$SITE_URL'
        get() { site_http \"GET /_test/\$1\"; }
        ((\$(get rotate) == 0)) || { n=\$(get count); $(kept "$@") </dev/null &&
        ((\$(get count) == n)) && '$EXO' refresh $new --force --config '$SITE_CONF'; }"
}
shortage 'login at a device' --share /12 "${login[@]}" --after "$(once --device)" \
    -- "$EXO" login $new --device "${set_up[@]}" --config "$SITE_CONF"

set_up[-1]=grant=authorization_code
shortage 'login by a code that is pasted' --share /12 "${login[@]}" \
    --after "$(once --paste)" --mask '(state|code_challenge)=[A-Za-z0-9_-]+' \
    -- python3 "$SHORTAGE_LIB/paste.py" "$EXO" "$SITE_CONF" $new \
    'f"{redirect}?code=canary-code&state={state}"' --paste "${set_up[@]}"
