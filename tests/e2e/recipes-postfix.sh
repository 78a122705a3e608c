#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth-recipes(7), Postfix: many senders with one application, and the way
# from passwords to tokens and back. Each block as it is printed, in the host's
# own Postfix with its chroot, and what the server saw of each message.

. "$(dirname "${BASH_SOURCE[0]}")/../lib/tenant.sh"
need_root 'overlays'
need_cmd dovecot
# shellcheck disable=SC2034 # for lib/tenant.sh
PLACE[CLIENT_ID]=relay-app
# shellcheck disable=SC2034
PLACE[PASSWORD]=plainpw
tenant_up '' 'xoauth2 plain login'
printf '%s\n' "$RIG_SECRET" >/root/secret
chmod 0600 /root/secret
ok 'a new Postfix' tenant_postfix
mx=$(rig_postfix_log mx)

# sent FROM METHOD: a message from FROM arrives, sent by METHOD as FROM.
n=0
sent()
{
    local from=$1 method=$2 as=${3:-$1} before
    n=$((n + 1))
    before=$(grep -c "sasl_method=$method, sasl_username=$as" "$mx")
    printf 'Subject: number %d\n\nHello.\n' "$n" | sendmail -f "$from" bob@contoso.com
    ok "from ${from:-nobody}: a message arrives" \
        rig_mail_wait bob@contoso.com "number $n" 1 60 || diag "$(tail -n 8 "$TENANT_LOG")"
    is "$(grep -c "sasl_method=$method, sasl_username=$as" "$mx")" $((before + 1)) \
        "by $method as $as"
}
invoices=invoices@contoso.com support=support@contoso.com

# ----- passwords, and mailbox by mailbox away from them

recipe_file postfix-passwords-map /etc/postfix/sasl_passwd
ok 'before' recipe_run postfix-passwords
sent $invoices PLAIN
sent $support PLAIN

ok 'what goes the usual way keeps its passwords' recipe_run postfix-migrate-1
recipe_file postfix-conf /etc/sasl2/exoauth.conf
chmod 0644 /etc/sasl2/exoauth.conf
ok 'the account and the service' recipe_run postfix-account
recipe_file postfix-senders-map /etc/postfix/sasl_senders
ok 'the transport' recipe_run postfix-migrate-2
sent $invoices PLAIN
sent $support PLAIN

recipe_file postfix-migrate-map /etc/postfix/sender_transport
ok 'one mailbox moves' recipe_run postfix-migrate-move
sent $invoices XOAUTH2
sent $support PLAIN
ok 'and back' recipe_run postfix-migrate-back
sent $invoices PLAIN

recipe_file postfix-migrate-map /etc/postfix/sender_transport
ok 'and again' recipe_run postfix-migrate-move
sent $invoices XOAUTH2
ok 'all have moved' recipe_run postfix-migrate-end
sent $invoices XOAUTH2
sent $support XOAUTH2
not_ok 'no password is left' grep -rqs plainpw /etc/postfix

# ----- many senders, from the beginning

# shellcheck disable=SC2046 # names, one a line
postconf -X $(postconf -nH | grep -E '^(relayhost|smtp_sasl|smtp_tls|smtp_sender)')
ok 'many senders' recipe_run postfix-senders
for sender in $invoices $support another@contoso.com; do sent "$sender" XOAUTH2; done
sent '' XOAUTH2 relay@contoso.com
is "$(rig_as_count grant_type=client_credentials)" 1 'one token for all of them'

# ----- a second instance

postfix stop >/dev/null 2>&1
ok 'a second instance' recipe_run postfix-instance
instance=/etc/postfix-m365
postconf -c $instance -e maillog_file=/var/log/m365.log smtp_host_lookup=native \
    inet_interfaces=loopback-only myhostname=m365.contoso.com
cleanup postfix -c $instance stop
# What the unit does.
ok 'starts' bash -c '/usr/lib/postfix/configure-instance.sh postfix-m365 &&
    postfix -c /etc/postfix-m365 start'
before=$(grep -c 'sasl_method=XOAUTH2, sasl_username=relay@contoso.com' "$mx")
ok 'and sends' recipe_run postfix-instance-send
ok 'a message that arrives' rig_mail_wait bob@contoso.com 'by m365' 1 60 ||
    diag "$(tail -n 8 /var/log/m365.log)"
is "$(grep -c 'sasl_method=XOAUTH2, sasl_username=relay@contoso.com' "$mx")" \
    $((before + 1)) 'by XOAUTH2'
recipes_complete '^postfix-'
