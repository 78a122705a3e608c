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
    MAIL_CONFIG=$SITE/postfix PATH=$SITE/bin:$(dirname "$EXO"):$PATH \
        sh -c "${found##*run: }" >/dev/null
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

# ----- the keys that smtp(8) has

nothing='mail goes to .* without a login, as smtp_sasl_password_maps has nothing for it'
printf '%s\n' "[elsewhere.test]:587 $me" >"$map"
postfix
fails "$nothing; .*the line \"\\[mail.contoso.test\\]:587 ACCOUNT\"" 'a line for another server'
printf '%s\n' "[mail.contoso.test]:submission $me" >"$map"
fails "$nothing" 'the port by its name'
printf '%s\n' "[mail.contoso.test] $me" >"$map"
fails "$nothing" 'a line without the port'
printf '%s\n' "[mail.contoso.test]:587 $me" >"$map"
postfix relayhost=mail.contoso.test:587
fails "$nothing" 'a relayhost without brackets'
printf '%s\n' "mail.contoso.test:587 $me" >"$map"
works 'and the same in the map'
printf '%s\n' "mail.contoso.test $me" >"$map"
postfix
works 'a line for the host'
printf '%s\n' "$me $me" >"$map"
fails "$nothing; to log in by sender, .*, run: postconf -e 'smtp_sender_dependent_authentication = yes'" \
    'lines for senders'
ok 'pasted' pasted
works 'and that helps'
ok 'doctor of another account' doctor_any $bob
has ok postfix 'logs in with tokens' 'knows the others'
printf '%s\n' "[mail.contoso.test]:587 $me" >"$map"
postfix "sender_dependent_relayhost_maps=inline:{$bob=[b.test]}"
tap_run doctor
has warning postfix 'mail goes to \[b.test\] without a login' 'one of two relays: may be meant'

# ----- the database that Postfix looks into

db=hash:$SITE/postfix/db
lookup="no login: Postfix cannot look into $db: .*db.db: No such file .*; run: postmap $db"
printf '%s\n' "[mail.contoso.test]:587 $me" >"$SITE/postfix/db"
postfix "smtp_sasl_password_maps=$db"
fails "$lookup" 'a map without its database'
postfix "smtp_sasl_password_maps=proxy:$db"
fails "$lookup" 'by proxymap, too'
ok 'pasted' pasted
works 'and that helps'
printf '%s\n' "[mail.contoso.test]:587 nobody@else.test" >"$SITE/old"
postmap -c "$SITE/postfix" "hash:$SITE/old"
mv "$SITE/old.db" "$SITE/postfix/db.db"
touch -d '1 hour ago' "$SITE/postfix/db.db"
fails "$SITE/postfix/db is newer than what postmap made of it, by which nobody@else.test logs in, .*; run: postmap $db" \
    'a database of another account'
ok 'pasted' pasted
works 'and that helps'
printf '%s\n' "[elsewhere.test]:587 $me" >"$SITE/old"
postmap -c "$SITE/postfix" "hash:$SITE/old"
mv "$SITE/old.db" "$SITE/postfix/db.db"
touch -d '1 hour ago' "$SITE/postfix/db.db"
fails "$nothing; to have what is new in .*, run: postmap $db" 'a database without the relay'
ok 'pasted' pasted
works 'and that helps'
postfix "smtp_sasl_password_maps=lmdb:$SITE/postfix/db"
fails "no login: Postfix cannot look into lmdb:.*; " 'a type that this Postfix does not have, or no file'

# ----- mechanisms, options, and how the relay is spoken to

site_conf mechanisms oauthbearer
postfix smtp_sasl_mechanism_filter=xoauth2
fails "smtp_sasl_mechanism_filter leaves OAUTHBEARER out; run: postconf -e 'smtp_sasl_mechanism_filter = oauthbearer'" \
    'a filter without the mechanism of exoauth.conf'
ok 'pasted' pasted
works 'and that helps'
site_conf mechanisms xoauth2
for filter in '!xoauth2, static:all' 'inline:{plain=x}'; do
    postfix "smtp_sasl_mechanism_filter=$filter"
    fails 'smtp_sasl_mechanism_filter leaves XOAUTH2 out; run: ' "the filter $filter"
done
for filter in 'static:all' '!plain, xoauth2' 'inline:{xoauth2=x}'; do
    postfix "smtp_sasl_mechanism_filter=$filter"
    works "the filter $filter"
done
for option in mutual_auth forward_secrecy noactive; do
    postfix "smtp_sasl_tls_verified_security_options=noanonymous,$option"
    fails "noanonymous,$option asks for what no login with a token can fulfil; take out" "$option"
done
postfix smtp_tls_wrappermode=yes
fails "smtp_tls_wrappermode = yes, and the port of the relay begins without TLS; run: postconf -e 'smtp_tls_wrappermode = no'" \
    'TLS from the start at 587'
ok 'pasted' pasted
works 'and that helps'
printf '%s\n' "mail.contoso.test $me" >"$map"
postfix 'relayhost=[mail.contoso.test]:465'
fails "smtp_tls_wrappermode = no, and the port of the relay begins with TLS; run: postconf -e 'smtp_tls_wrappermode = yes'" \
    'STARTTLS at 465'
ok 'pasted' pasted
works 'and that helps'
for word in auth starttls; do
    postfix "smtp_discard_ehlo_keywords=chunking, $word"
    fails "smtp_discard_ehlo_keywords = .*, so that there is no login; take out" "$word is not seen"
done
postfix smtp_never_send_ehlo=yes
fails 'smtp_never_send_ehlo = yes, so that there is no login; run: postconf -X smtp_never_send_ehlo' 'no EHLO'
all_have_remedies
