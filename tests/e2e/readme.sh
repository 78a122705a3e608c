#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# README, "Postfix and Exchange Online", steps 3 to 5 and by hand, and "A
# certificate instead of a secret": every command as it is printed, typed by root
# at a terminal, who is asked for the client secret, and whether to go on.

. "$(dirname "${BASH_SOURCE[0]}")/../lib/tenant.sh"
need_root 'overlays'
need_cmd dovecot
tenant_up
# The rest of the world, which the MX refuses elsewhere.
rig_postfix_conf mx default_transport=discard:
rig_postfix_reload mx
ok 'a new Postfix' tenant_postfix

# The lines between the headings FROM and TO that begin with INDENT.
printed()
{
    awk -v from="$1" -v to="$2" 'index($0, to) == 1 { on = 0 }
        on { print }
        index($0, from) == 1 { on = 1 }' "$RIG_SRC/README" | sed -n "s/^$3//p" |
        sed -e 's/TENANT_ID/contoso.com/' -e 's/CLIENT_ID/relay-app/'
}
script()
{
    echo 'set -e; sudo() { "$@"; }'
    cat
    echo 'touch /root/done'
}
typed()
{
    rm -f /root/done
    env -i HOME=/root USER=root TERM=xterm \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "$@"
}
# Commands stand deeper than the text of a step.
printed '3. exoauth' '**Many senders' '       ' | script >/root/steps
is "$(grep -c 'sudo exoauth' /root/steps)" 2 'there are two commands'
ok 'they work, with a secret that is typed' typed python3 \
    "$RIG_HERE/keys.py" 'secret;;Change this?' "$RIG_SECRET\\n;;y\\n" /root/done \
    bash /root/steps
ok 'the message goes to Exchange' \
    rig_log_wait 'to=<you@example.com>, relay=smtp.office365.com.*status=sent' \
    "$TENANT_LOG" 60
ok 'with a token' grep -q 'sasl_method=XOAUTH2, sasl_username=relay@contoso.com' \
    "$(rig_postfix_log mx)"
ok 'the token is below the chroot' \
    test -s /var/spool/postfix/run/exoauth/tokens/relay@contoso.com
ok 'exoauth is content' /usr/local/bin/exoauth status

# ----- by hand

ok 'undo' typed /usr/local/bin/exoauth setup postfix --undo --yes
rm -f /etc/sasl2/exoauth.conf
printed '**By hand.**' 'A certificate instead' '    ' | script >/root/by-hand
ok 'there are commands' test "$(grep -c sudo /root/by-hand)" -ge 7
ok 'they work' typed bash /root/by-hand
ok 'a message' typed sendmail -f relay@contoso.com hand@example.com <<END
Subject: by hand

It works.
END
ok 'goes to Exchange, too' \
    rig_log_wait 'to=<hand@example.com>, relay=smtp.office365.com.*status=sent' \
    "$TENANT_LOG" 60

# ----- a certificate

heading='A certificate instead of a secret'
printed "$heading" "A person's mailbox" '    ' >/root/certificate
ok 'a key and a certificate' typed bash -c \
    "$(sed '/exoauth login/,$d' /root/certificate | script)"
# "Upload certificate": the provider learns it, under a client id of its own, and
# wants the assertion to be for the one tenant it knows.
tenant_provider '{"jwtCert": "/etc/exoauth/relay.crt"}'
sed -i 's/^client_id: .*/client_id: relay-app-ps256/' \
    /etc/sasl2/exoauth.d/relay@contoso.com.conf
echo 'token_endpoint: https://login.microsoftonline.com/common/oauth2/v2.0/token' \
    >>/etc/sasl2/exoauth.d/relay@contoso.com.conf
ok 'and a login with them' typed bash -c \
    "$(sed -n '/exoauth login/,$p' /root/certificate | script)"
is "$OUT" changed 'succeeds'
is "$(rig_as_count client_id=relay-app-ps256)" 1 'at the provider'
ok 'exoauth is content' /usr/local/bin/exoauth status
like "$OUT" '20[0-9-]+' 'and knows when the certificate ends'
