#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Two instances of postmulti(1), one of which logs in: `exoauth setup postfix
# --config-dir`, in a mount namespace with an /etc and a queue of its own.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/setup.sh"

need_root 'Postfix starts only as root'
need_cmd postmulti
own_mounts "$@"

relay=relay@contoso.test
bob=bob@contoso.test
setup_rig
smtp="[localhost]:$RIG_SUBMISSION_PORT"
mkdir -p "$RIG/own"/{etc,spool,lib}
cp -a /etc/. "$RIG/own/etc/"
cp -a /var/lib/. "$RIG/own/lib/" 2>/dev/null
mount --bind "$RIG/own/etc" /etc && mount --bind "$RIG/own/spool" /var/spool &&
    mount --bind "$RIG/own/lib" /var/lib || skip_all 'mounting is not allowed'
mkdir -p /var/spool/postfix /var/lib/postfix
chown postfix /var/lib/postfix
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
protocol=ipv4
[[ $TAP_LOOP == *:* ]] && protocol=ipv6
cat >/etc/postfix/main.cf <<EOF
compatibility_level = 3.6
inet_interfaces = $TAP_LOOP
inet_protocols = $protocol
master_service_disable = inet
EOF
# What an instance is made of says ipv4 in Debian's.
sed -i "s/^inet_protocols =.*/inet_protocols = $protocol/" /etc/postfix/main.cf.proto
ok 'postmulti is on' postmulti -e init
ok 'a second instance' postmulti -I postfix-out -G mta -e create
etc=/etc/postfix-out
log=$(rig_postfix_log out)
is "$(postmulti -l | awk '$1 == "postfix-out" { print $NF }')" $etc 'has its directory'
cp /usr/share/postfix/master.cf.dist $etc/master.cf
postconf -c $etc -e compatibility_level=3.6 "relayhost=[$TAP_LOOP]:$RIG_MX_PORT" \
    "maillog_file=$log" "maillog_file_prefixes=$RIG" "inet_protocols=$protocol" \
    "myhostname=out.$RIG_DOMAIN" "myorigin=$RIG_DOMAIN" mydestination= alias_maps= \
    local_recipient_maps= "smtp_tls_CAfile=$RIG_CA" smtp_host_lookup=native \
    master_service_disable=inet authorized_submit_users=static:anyone \
    "import_environment=MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C SASL_PATH=$RIG_SASL SASL_CONF_PATH=$RIG/sasl2"
: >"$log"
queue=/var/spool/postfix-out
rig_postfix_jail $queue
first=$(setup_sums /etc/postfix)
before=$(setup_sums $etc "$RIG_CONF")

ok 'login' rig_login "$relay"
ok 'setup of the second instance' exo setup postfix "$relay" \
    --relayhost "$smtp" --config-dir $etc --yes
is "$(setup_sums /etc/postfix)" "$first" 'the first one is not touched'
like "$(<"$RIG_CONF")" "chroot: $queue" 'its queue is the jail'
ok 'it is enabled' postmulti -i postfix-out -e enable
ok 'it starts' postfix -c $etc start
cleanup postfix -c $etc stop
printf 'From: %s\nTo: %s\nSubject: out\n\nHello.\n' "$relay" "$bob" |
    sendmail -C $etc -f "$relay" "$bob"
ok 'mail goes out by it' rig_mail_wait "$bob" out
like "$(<"$log")" "relay=localhost.*:$RIG_SUBMISSION_PORT.*status=sent" 'by the relay'
like "$(<"$RIG/log/dovecot.log")" "user=<$relay>, method=XOAUTH2" 'with XOAUTH2'

# The same exoauth.conf serves both.
postconf -e "relayhost=[$TAP_LOOP]:$RIG_MX_PORT" "smtp_tls_CAfile=$RIG_CA" \
    "import_environment=SASL_PATH=$RIG_SASL SASL_CONF_PATH=$RIG/sasl2"
ok 'the first instance, too' exo setup postfix "$relay" --relayhost "$smtp" --yes
like "$(<"$RIG_CONF")" "chroot: $queue /var/spool/postfix" 'both jails'
ok 'undo of the second' exo setup postfix --undo --config-dir $etc --yes
like "$(<"$RIG_CONF")" $'chroot: /var/spool/postfix\n' 'leaves the other jail'
like "$(<"$RIG_CONF")" $'token_group: postfix' 'and the group'
is "$(postconf -c $etc -h relayhost)" "[$TAP_LOOP]:$RIG_MX_PORT" 'its relay is the old one'
is "$(postconf -h relayhost)" "$smtp" 'that of the first is not'
ok 'the first still can log in' exo setup postfix "$relay" --relayhost "$smtp" --yes
is "${OUT##*$'\n'}" unchanged 'nothing is missing'
