#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth-exchange(7) says what the program does: hosts of each cloud, scopes,
# warning times, and the codes it names are ones that `exoauth explain` knows.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
need_cmd mandoc
page=${EXO_SRCDIR:-$(dirname "$0")/../..}/man/exoauth-exchange.7
text=$(mandoc -Tascii -Owidth=400 "$page" 2>/dev/null | sed 's/.\x08//g')
says() { grep -qF -- "$1" <<<"$text"; }
site_up
account()
{
    printf '%s\n' 'tenant: contoso.com' 'client_id: app' "cloud: $1" "grant: $2" \
        >"$SITE/etc/exoauth.d/a@contoso.com.conf"
    chmod 0644 "$SITE/etc/exoauth.d/a@contoso.com.conf"
    x show a@contoso.com >"$SITE/shown"
}
shown() { sed -n "s/^$1: //p" "$SITE/shown"; }

# The rows of a cloud, up to the next one.
rows()
{
    awk -v cloud="$1" '/^NATIONAL CLOUDS/ { on = 1 } /^WHAT EXPIRES/ { on = 0 }
        on && $1 ~ /^(public|usgov|usgov-dod|china)$/ { mine = $1 == cloud }
        on && /^$/ { mine = 0 }
        on && mine' <<<"$text"
}
for cloud in public usgov usgov-dod china; do
    account "$cloud" client_credentials
    host=$(shown token_endpoint)
    host=${host#https://}
    like "$(rows "$cloud")" " ${host%%/*} " "$cloud: Entra is ${host%%/*}"
    for host in $(rows "$cloud" | grep -oE '[a-z0-9.-]+$'); do
        like " $(shown servers) " " $host " "$cloud: $host may have the token"
    done
done

account public client_credentials
ok 'the scope of an application' says "$(shown scope)', which exoauth knows"
account public authorization_code
for scope in $(shown scope); do
    ok "scope $scope" says "$scope "
done

codes=$(grep -oE 'AADSTS[0-9]+' "$page" | sort -u)
ok 'there are codes' test "$(wc -l <<<"$codes")" -ge 8
for code in $codes '432 4.3.2' '550 5.2.251' '550 5.2.253' \
    '535 5.7.3' '535 5.7.139' '430 4.2.0' '550 5.7.30' \
    'User is authenticated but not connected'; do
    ok "$code" says "$code"
    ok 'is explained' "$EXO" explain "$code"
done
for permission in SMTP.SendAsApp IMAP.AccessAsApp POP.AccessAsApp \
    'Application SMTP.SendAsApp'; do
    ok "permission $permission" says "$permission"
done
for days in 30 7 90; do
    ok "$days days" says " $days days"
done
