#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# README, "Postfix and Exchange Online", steps 3 to 5: every command as it is
# printed, typed by root at a terminal, who is asked for the client secret.

. "$(dirname "${BASH_SOURCE[0]}")/../lib/tenant.sh"
need_root 'overlays'
need_cmd dovecot
tenant_up
# The rest of the world, which the MX refuses elsewhere.
rig_postfix_conf mx default_transport=discard:
rig_postfix_reload mx
ok 'a new Postfix' tenant_postfix

# Commands stand deeper than the text of a step.
steps()
{
    awk '/^3\. exoauth$/ { on = 1 } /^\*\*Many senders/ { on = 0 } on' \
        "$RIG_SRC/README" | sed -n 's/^       //p' |
        sed -e 's/TENANT_ID/contoso.com/' -e 's/CLIENT_ID/relay-app/'
}
{
    echo 'set -e; sudo() { "$@"; }'
    steps
    echo 'touch /root/done'
} >/root/steps
ok 'there are commands' test "$(grep -c sudo /root/steps)" -ge 8
ok 'they work, with a secret that is typed' python3 "$RIG_HERE/keys.py" secret \
    "$RIG_SECRET\\n" /root/done env -i HOME=/root USER=root TERM=xterm \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash /root/steps
ok 'the message goes to Exchange' \
    rig_log_wait 'to=<you@example.com>, relay=smtp.office365.com.*status=sent' \
    "$TENANT_LOG" 60
ok 'with a token' grep -q 'sasl_method=XOAUTH2, sasl_username=relay@contoso.com' \
    "$(rig_postfix_log mx)"
ok 'the token is below the chroot' \
    test -s /var/spool/postfix/run/exoauth/tokens/relay@contoso.com
ok 'exoauth is content' /usr/local/bin/exoauth status
