#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth doctor: what a service of master.cf has of its own (-o) is judged as
# main.cf is, and the command that puts it right changes that service alone.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/doctor.sh"
need_file /usr/sbin/postconf 'run: sudo tests/deps'

me=relay@contoso.test
site_up
doctor_up
site_endpoint ok:canary-access-token
site_account $me
doctor_postfix

# service NAME PARAM=VALUE: one more option of that service
service()
{
    "$SITE/bin/postconf" -P "$1/unix/$2"
}

# heals CASE COMMAND: what was found has that remedy, which makes it go away
# and touches nothing else
heals()
{
    local found before
    found=$(grep -E '^(warning|failure) +postfix ' <<<"$OUT" | head -n 1)
    is "${found##*run: }" "$2" "$1: the remedy"
    before=$(cat "$main")
    ok "$1: pasted" env PATH="$SITE/bin:$PATH" sh -c "${found##*run: }"
    is "$(cat "$main")" "$before" "$1: main.cf is as before"
    tap_run doctor
    unlike "$OUT" "${found%%;*}" "$1: it helps"
    is "$(grep -E '^(warning|failure) +postfix ' <<<"$OUT" | grep -v 'not checked')" "${3:-}" \
        "$1: and that is all"
}

postfix
services=$("$SITE/bin/postconf" -M)
while read -r option level words; do
    postfix
    service smtp "$option"
    tap_run doctor
    has "$level" postfix "master.cf, smtp: $words.*; run: postconf -PX" "smtp, $option"
    heals "smtp, $option" "postconf -PX smtp/unix/${option%%=*}"
    is "$("$SITE/bin/postconf" -M)" "$services" "smtp, $option: master.cf, too"
done <<'END'
smtp_tls_security_level=may failure smtp_tls_security_level = may verifies no certificate
smtp_tls_CAfile= failure no CA to verify certificates with
smtp_sasl_mechanism_filter=plain failure smtp_sasl_mechanism_filter leaves XOAUTH2 out
smtp_sasl_type=dovecot failure smtp_sasl_type is dovecot
smtp_sasl_auth_cache_name=btree:/x warning smtp_sasl_auth_cache_name is set
smtp_sasl_tls_verified_security_options=noplaintext failure no login with a token
smtp_sasl_tls_security_options=noanonymous warning .* certificate was not verified
smtp_sasl_auth_enable=no warning smtp_sasl_auth_enable = no, so that it does not log in
smtp_sasl_password_maps= failure smtp_sasl_password_maps is empty
debug_peer_list=mail.contoso.test warning debug_peer_list is set
END

# One that the value of another depends on; both are said, one command helps.
postfix
service smtp smtp_sasl_security_options=noanonymous
tap_run doctor
has warning postfix 'certificate was not verified; run: postconf -PX smtp/unix/smtp_sasl_security_options' \
    'as for servers that are not verified'
heals 'smtp_sasl_security_options' 'postconf -PX smtp/unix/smtp_sasl_security_options'

# main.cf is for the world, and one transport of its own logs in.
world=(smtp_sasl_auth_enable=no smtp_tls_security_level=may smtp_sasl_type=dovecot
    smtp_tls_CAfile= smtp_sasl_security_options=noanonymous smtp_sasl_mechanism_filter=plain
    smtp_sasl_auth_cache_name=btree:/x)
postfix "${world[@]}"
service relay smtp_sasl_auth_enable=yes
tap_run doctor
for want in smtp_sasl_security_options=noplaintext,noanonymous smtp_tls_security_level=secure smtp_sasl_type=cyrus smtp_sasl_mechanism_filter=xoauth2 \
    smtp_sasl_auth_cache_name= smtp_tls_CAfile=/etc/ssl/certs/ca-certificates.crt; do
    [[ $want != *=noplain* ]] ||
        has warning postfix "certificate was not verified; run: postconf -P relay/unix/$want" 'one transport'
    like "$OUT" "master.cf, relay: .*run: postconf -P relay/unix/$want"$'(\n|$)' "one transport: $want"
    before=$(cat "$main")
    ok "$want: pasted" env PATH="$SITE/bin:$PATH" postconf -P "relay/unix/$want"
    tap_run doctor
done
unlike "$OUT" '(warning|failure) +postfix ' 'all of them help'
is "$(cat "$main")" "$before" 'and main.cf is for the world as before'

postfix smtp_tls_security_level=may
service smtp smtp_tls_security_level=secure
service relay smtp_tls_security_level=secure
tap_run doctor
has ok postfix 'logs in with tokens' 'so it does no harm'
service relay smtp_tls_security_level=may
exits 78 'main.cf and a service' doctor
has failure postfix 'master.cf, relay: .*; run: postconf -P relay/unix/smtp_tls_security_level=secure' 'the one'
unlike "$OUT" 'main.cf: smtp_tls' 'and not main.cf, that nobody uses'

postfix m365_login=yes
service relay "smtp_sasl_auth_enable=\$m365_login"
service relay "smtp_tls_security_level=\$m365_level"
printf 'm365_level = may\n' >>"$main"
exits 78 'options that name parameters' doctor
has failure postfix 'master.cf, relay: smtp_tls_security_level = may ' 'are followed'
heals 'by name' 'postconf -PX relay/unix/smtp_tls_security_level'

postfix
service relay smtp_sasl_auth_enable=no
tap_run doctor
has ok postfix 'master.cf, relay: smtp_sasl_auth_enable = no, so that it does not log in' 'is fine'
# One that is there to log in, as setup --transport makes it.
postfix smtp_sasl_auth_enable=no
service relay smtp_sasl_password_maps=texthash:/etc/postfix/exoauth_passwd
service relay smtp_sasl_auth_enable=no
tap_run doctor
has warning postfix 'master.cf, relay: smtp_sasl_auth_enable = no, .*; run: postconf -P relay/unix/smtp_sasl_auth_enable=yes' \
    'with passwords of its own it is not'
postfix
service smtp smtp_tls_security_level=may
MAIL_CONFIG=/etc/other exits 78 'a shell with another Postfix' doctor
has failure postfix "run: postconf -c $SITE/postfix -PX smtp/unix/smtp_tls_security_level" 'has a command for this one'
postfix smtp_sasl_auth_enable=no
printf 'lmtp unix - - n - - lmtp\n' >>"$master"
service lmtp lmtp_sasl_auth_enable=yes
service lmtp lmtp_tls_security_level=may
tap_run doctor
has failure postfix 'master.cf, lmtp: lmtp_tls_security_level = may .*run: postconf -P lmtp/unix/lmtp_tls_security_level=secure' \
    'lmtp(8) has names of its own'

