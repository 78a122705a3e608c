#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth doctor: what smtp(8) will do for the relay. The real postconf and
# postmap say what it finds; where no login can work doctor fails.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/doctor.sh"
need_file /usr/sbin/postconf 'run: sudo tests/deps'

me=relay@contoso.test
bob=bob@contoso.test
site_up "$([[ $(id -u) == 0 ]] && echo 'token_group: postfix')"
doctor_up
site_endpoint ok:canary-access-token
chmod 0600 "$SITE/secret/app"
[[ $(id -u) == 0 ]] && chown nobody "$SITE/secret/app"
site_account $me "secret_file: $SITE/secret/app"
site_account $bob "secret_file: $SITE/secret/app"
"$EXO" refresh --all --config "$SITE_CONF" >/dev/null 2>&1
doctor_postfix

# fails REGEX DESC: doctor says so of Postfix, and fails
fails()
{
    exits 78 "$2: exit status" doctor
    has failure postfix "$1" "$2"
}
# works DESC: nothing bad of Postfix
works()
{
    ok "$1: exit status" doctor
    has ok postfix 'logs in with tokens' "$1"
}
# pasted: the command of the first finding
pasted()
{
    local found
    found=$(grep -E '^(warning|failure) +postfix .*run: ' <<<"$OUT" | head -n 1)
    PATH=$SITE/bin:$(dirname "$EXO"):$PATH sh -c "${found##*run: }" >/dev/null 2>&1
}

postfix
works 'one relay, one account'

# ----- the servers of the account that the map names

postfix 'relayhost=[other.test]:587'
printf '%s\n' "[other.test]:587 $me" >"$map"
fails "the token of $me may not go to other.test; set another relayhost, or run: exoauth login $me --set servers='.*other.test'" \
    'a relay that is not in servers'
unlike "$OUT" 'ok +postfix .*logs in with tokens' 'and is not called well'
printf '%s\n' "other.test $me" >"$map"
fails "the token of $me may not go to other.test" 'found by the host'
printf '%s\n' "[other.test]:587 $me" "[mail.contoso.test]:587 $me" >"$map"
postfix 'relayhost=[mail.contoso.test]:587 [other.test]:587'
fails "the token of $me may not go to other.test" 'the second of two relays'
postfix 'relayhost=[other.test]:587'
printf '%s\n' "[other.test]:587 someone:canary-password" "[mail.contoso.test]:587 $me" >"$map"
works 'a password of somebody else'
unlike "$OUT$ERR" canary 'which is not shown'
postfix 'relayhost=[other.test]:587' smtp_sender_dependent_authentication=yes
printf '%s\n' "$bob $bob" >"$map"
fails "the token of $bob may not go to other.test" 'found by the sender'
postfix "sender_dependent_relayhost_maps=inline:{$bob=[other.test]}" \
    smtp_sender_dependent_authentication=yes
fails "the token of $bob may not go to other.test" 'by a relay of his own'
postfix "sender_dependent_default_transport_maps=inline:{$bob=m365:[other.test]:587}" \
    smtp_sasl_auth_enable=no
printf '%s\n' "[other.test]:587 $bob" >"$map"
printf 'm365 unix - - n - - smtp -o smtp_sasl_auth_enable=yes\n' >>"$master"
fails "the token of $bob may not go to other.test" 'by a transport'
