# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# mail.sh: the mail servers of the rig, sourced by rig.sh.
#
#   rig_dovecot_start [MECHS]     IMAP, POP3, submission and LMTP; XOAUTH2 only
#                                 unless MECHS says otherwise ("xoauth2 plain";
#                                 the PLAIN password is "plainpw"). Root or not.
#   rig_dovecot_stop
#   rig_mx_start                  Postfix behind Dovecot's submission: takes what
#                                 it relays, hands it to Dovecot's LMTP; offers a
#                                 submission port of its own for long tokens
#   rig_postfix_client [NAME [y|n]]  a private Postfix whose smtp(8) is chrooted
#                                 as Debian ships it (n: not chrooted), started
#                                 by rig_postfix_start NAME
#   rig_postfix_conf NAME K=V...  rig_postfix_start / _stop / _reload / _flush NAME
#   rig_send NAME FROM TO SUBJECT     queue one message
#   rig_mail_count USER [SUBJECT]     messages in USER's mailbox
#   rig_sent NAME / rig_postfix_log NAME
#   rig_cyrus PROGRAM USER MECHANISM PORT [OPTION]...   imtest, pop3test or
#                                 smtptest; "" is any mechanism. What it prints
#   rig_mbsync USER MECHANISM [LINE]   mbsync of INBOX into $RIG/mbsync, with one
#                                 more line for its account
#
# Dovecot asks the provider about every token (RFC 7662). A person's token opens
# the mailbox in its "upn" and the one in its "shared"; an app's token, which has
# "app", any mailbox of that domain: the rules of Exchange in three passdbs.

rig_dovecot_passdbs()
{
    local d=$1 attribute
    local -A format=([upn]=%u [shared]=%u [app]=%d)
    for attribute in upn shared app; do
        cat >"$d/$attribute.conf" <<EOF
introspection_mode = post
introspection_url = https://mail-server:introspect@localhost:${RIG_AS##*:}/introspect
active_attribute = active
active_value = true
username_attribute = $attribute
username_format = ${format[$attribute]}
tls_ca_cert_file = $RIG_CA
EOF
        cat <<EOF
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $d/$attribute.conf
}
EOF
    done
}

rig_dovecot_start()
{
    local mechs=${1:-xoauth2} d=$RIG/dovecot me=nobody group=nogroup service
    need_cmd dovecot
    RIG_IMAP_PORT=$(rig_port) RIG_IMAPS_PORT=$(rig_port)
    RIG_POP3_PORT=$(rig_port) RIG_POP3S_PORT=$(rig_port)
    RIG_SUBMISSION_PORT=$(rig_port)
    RIG_MX_PORT=${RIG_MX_PORT:-$(rig_port)}
    mkdir -p "$d" "$RIG/mail"
    if [[ $(id -u) == 0 ]]; then
        chown nobody "$RIG/mail"
    else
        me=$(id -un) group=$(id -gn)
    fi
    {
        cat <<EOF
base_dir = $d/base
state_dir = $d/state
log_path = $RIG/log/dovecot.log
auth_verbose = yes
auth_failure_delay = 0
auth_mechanisms = $mechs
auth_username_chars =
protocols = imap pop3 submission lmtp
listen = $TAP_LOOP
ssl = ${RIG_DOVECOT_SSL:-required}
disable_plaintext_auth = ${RIG_DOVECOT_PLAINTEXT_OFF:-yes}
ssl_cert = <$RIG/pki/${RIG_DOVECOT_CERT:-srv}.crt
ssl_key = <$RIG/pki/${RIG_DOVECOT_CERT:-srv}.key
mail_location = maildir:$RIG/mail/%u
first_valid_uid = 1
mail_max_userip_connections = 200
submission_host = $TAP_LOOP
submission_relay_host = $TAP_LOOP
submission_relay_port = $RIG_MX_PORT
userdb {
  driver = static
  args = uid=$me gid=$group home=$RIG/mail/%u allow_all_users=yes
}
passdb {
  driver = static
  mechanisms = plain login
  args = password=plainpw
}
EOF
        rig_dovecot_passdbs "$d"
        while read -r service name port tls; do
            cat <<EOF
service $service-login {
  inet_listener $name {
    port = $port
    ssl = $tls
  }
}
EOF
        done <<EOF
imap imap $RIG_IMAP_PORT no
imap imaps $RIG_IMAPS_PORT yes
pop3 pop3 $RIG_POP3_PORT no
pop3 pop3s $RIG_POP3S_PORT yes
submission submission $RIG_SUBMISSION_PORT no
EOF
        # Without the penalty socket a failed login delays nobody's next one.
        cat <<EOF
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  client_limit = 4096
  unix_listener auth-client {
    mode = 0666
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
EOF
        if [[ $(id -u) != 0 ]]; then
            echo "default_internal_user = $me"
            echo "default_internal_group = $group"
            echo "default_login_user = $me"
            for service in anvil imap-login pop3-login submission-login \
                imap-urlauth-login stats; do
                printf 'service %s {\n  chroot =\n}\n' "$service"
            done
        fi
    } >"$d/dovecot.conf"
    # A stale socket of an earlier run would hold up the first login.
    rm -rf "$d/base"
    rig_daemon dovecot dovecot -F -c "$d/dovecot.conf"
    rig_wait 20 rig_listens "$RIG_SUBMISSION_PORT" ||
        bail "Dovecot did not start: $(tail -n5 "$RIG/log/dovecot.log")"
}

rig_dovecot_stop() { rig_stop dovecot; }

rig_listens() { (exec 3<>"/dev/tcp/$TAP_LOOP/$1"); }

# ----- Postfix: instances of its own, no /etc/postfix/main.cf, no syslogd

rig_postfix_etc() { printf '%s\n' "$RIG/pf-$1/etc"; }
rig_postfix_queue() { printf '%s\n' "$RIG/pf-$1/spool"; }
rig_postfix_log() { printf '%s\n' "$RIG/log/pf-$1.log"; }

rig_postfix_conf()
{
    local name=$1
    shift
    postconf -c "$(rig_postfix_etc "$name")" -e "$@"
}

rig_postfix_master()
{
    local name=$1
    shift
    postconf -c "$(rig_postfix_etc "$name")" "$@"
}

rig_postfix_make()
{
    local name=$1 dir=$RIG/pf-$1 protocol=ipv4
    [[ $TAP_LOOP == *:* ]] && protocol=ipv6
    need_root 'Postfix starts only as root'
    need_cmd postfix postconf
    mkdir -p "$dir"/{etc,spool,data}
    chown postfix "$dir/data"
    grep -v '^smtp  *inet' /usr/share/postfix/master.cf.dist >"$dir/etc/master.cf"
    : >"$dir/etc/main.cf"
    rig_postfix_conf "$name" compatibility_level=3.6 \
        "queue_directory=$dir/spool" "data_directory=$dir/data" \
        meta_directory=/etc/postfix \
        multi_instance_enable=yes "multi_instance_name=postfix-$name" \
        "syslog_name=pf-$name" "maillog_file=$(rig_postfix_log "$name")" \
        "maillog_file_prefixes=$RIG" "inet_interfaces=$TAP_LOOP" \
        "inet_protocols=$protocol" "myhostname=$name.$RIG_DOMAIN" \
        "myorigin=$RIG_DOMAIN" mydestination= alias_maps= \
        local_recipient_maps= "mynetworks=127.0.0.0/8 [::1]/128"
    : >"$(rig_postfix_log "$name")"
    RIG_NAME_POSTFIX+=" $name"
}

rig_mx_start()
{
    local options='-o smtpd_sasl_auth_enable=yes'
    options+=' -o smtpd_tls_security_level=encrypt'
    options+=' -o smtpd_relay_restrictions=permit_sasl_authenticated,reject'
    RIG_MXSUBMISSION_PORT=$(rig_port)
    rig_postfix_make mx
    rig_postfix_conf mx "virtual_mailbox_domains=$RIG_DOMAIN" \
        "virtual_transport=lmtp:unix:$RIG/dovecot/base/lmtp" \
        default_transport=error:elsewhere line_length_limit=16384 \
        "smtpd_tls_cert_file=$RIG/pki/srv.crt" \
        "smtpd_tls_key_file=$RIG/pki/srv.key" \
        smtpd_sasl_type=dovecot "smtpd_sasl_path=$RIG/dovecot/base/auth-client" \
        smtpd_sasl_security_options=noanonymous \
        smtpd_client_connection_count_limit=0
    rig_postfix_master mx -M \
        "$RIG_MX_PORT/inet=$RIG_MX_PORT inet n - n - - smtpd" \
        "$RIG_MXSUBMISSION_PORT/inet=$RIG_MXSUBMISSION_PORT inet n - n - - smtpd $options"
    rig_postfix_master mx -F lmtp/unix/chroot=n
    rig_postfix_start mx
    rig_wait 20 rig_listens "$RIG_MX_PORT" || bail 'the MX does not listen'
}

# One address a host: Debian's /etc/hosts has ::1 localhost, too, for which glibc
# gives 127.0.0.1 once more, and a second try would have the next token.
rig_postfix_client()
{
    local name=${1:-client} chroot=${2:-y} etc queue
    rig_postfix_make "$name"
    etc=$(rig_postfix_etc "$name")
    queue=$(rig_postfix_queue "$name")
    rig_postfix_conf "$name" "relayhost=[localhost]:$RIG_SUBMISSION_PORT" \
        smtp_tls_security_level=secure "smtp_tls_CAfile=$RIG_CA" \
        smtp_sasl_auth_enable=yes \
        "smtp_sasl_password_maps=texthash:$etc/sasl_passwd" \
        smtp_sasl_tls_verified_security_options=noanonymous \
        smtp_host_lookup=native smtp_mx_address_limit=1 \
        "import_environment=MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C SASL_PATH=$RIG_SASL SASL_CONF_PATH=$RIG/sasl2"
    rig_postfix_passwd "$name" "[localhost]:$RIG_SUBMISSION_PORT relay@$RIG_DOMAIN"
    rig_postfix_master "$name" -M "exoauth/unix=exoauth unix - n n - 100 spawn user=nobody argv=$RIG_EXO serve --config $RIG_CONF"
    rig_postfix_master "$name" -F "smtp/unix/chroot=$chroot"
    [[ $chroot == y ]] && rig_postfix_jail "$queue"
    RIG_CHROOTS+=("$queue")
    rig_conf chroot "${RIG_CHROOTS[@]}"
    rig_conf socket "/private/exoauth $queue/private/exoauth"
}

# The lines of the password map; no password in them.
rig_postfix_passwd()
{
    local file
    file=$(rig_postfix_etc "$1")/sasl_passwd
    shift
    printf '%s\n' "$@" >"$file"
    chmod 0600 "$file"
}

# What /usr/lib/postfix/configure-instance.sh copies when Debian's init starts
# Postfix; `postfix start` alone does not.
rig_postfix_jail()
{
    local queue=$1 file lib
    mkdir -p "$queue/etc/ssl/certs" "$queue/dev"
    for file in localtime services resolv.conf hosts host.conf nsswitch.conf; do
        cp -L "/etc/$file" "$queue/etc/" 2>/dev/null
    done
    for lib in /lib/*-linux-gnu*/{libnss_*,libresolv,libgcc_s}*.so*; do
        [[ -e $lib ]] || continue
        mkdir -p "$queue$(dirname "$lib")"
        cp -L "$lib" "$queue$lib"
    done
    # Whatever the plugin would say through syslog(3) in there is a file here.
    rig_daemon devlog python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
while True:
    print(s.recv(65536).decode(errors="replace").rstrip("\0\n"), flush=True)
' "$queue/dev/log"
}

rig_postfix_start()
{
    local name=$1 i
    postfix -c "$(rig_postfix_etc "$name")" start \
        >>"$RIG/log/postfix-start.log" 2>&1 </dev/null {TAP_FD}>&- ||
        bail "Postfix $name did not start: $(tail -n5 "$RIG/log/postfix-start.log")"
    for ((i = 0; i < 100; i++)); do
        tr -d ' ' <"$(rig_postfix_queue "$name")/pid/master.pid" \
            >"$RIG/pids/pf-$name.pid" 2>/dev/null && break
        sleep 0.05
    done
}

rig_postfix_stop()
{
    [[ -e $RIG/pids/pf-$1.pid ]] || return 0
    postfix -c "$(rig_postfix_etc "$1")" stop \
        >>"$RIG/log/postfix-start.log" 2>&1 </dev/null
    rig_stop "pf-$1"
}

rig_postfix_reload()
{
    postfix -c "$(rig_postfix_etc "$1")" reload \
        >>"$RIG/log/postfix-start.log" 2>&1 </dev/null
}

rig_postfix_flush() { postqueue -c "$(rig_postfix_etc "$1")" -f; }

rig_send()
{
    local name=$1 from=$2 to=$3 subject=$4
    printf 'From: %s\nTo: %s\nSubject: %s\n\nHello.\n' "$from" "$to" "$subject" |
        sendmail -C "$(rig_postfix_etc "$name")" -f "$from" "$to"
}

rig_sent() { grep -c 'status=sent' "$(rig_postfix_log "$1")"; }

rig_mail_count()
{
    find "$RIG/mail/$1" \( -path '*/new/*' -o -path '*/cur/*' \) -print0 \
        2>/dev/null |
        xargs -0r grep -l -e "^Subject: ${2:-}" 2>/dev/null | wc -l
}

rig_mail_has() { [[ $(rig_mail_count "$1" "$2") -ge ${3:-1} ]]; }
rig_mail_wait() { rig_wait "${4:-30}" rig_mail_has "$1" "$2" "${3:-1}"; }

rig_cyrus()
{
    local program=$1 user=$2 mech=$3 port=$4 bye='. logout'
    shift 4
    [[ $program == imtest ]] || bye=quit
    printf '%s\n' "$bye" |
        rig_sasl timeout 60 "$program" ${mech:+-m "$mech"} -a "$user" \
            -u "$user" "$@" -p "$port" localhost 2>&1 | tr -d '\r'
}

# rig_mbsyncrc BOX USER MECHANISM [LINE]: mbsync's configuration
rig_mbsyncrc()
{
    cat <<END
IMAPAccount far
Host localhost
Port $RIG_IMAPS_PORT
SSLType IMAPS
CertificateFile $RIG_CA
User $2
AuthMechs $3
${4:-}

IMAPStore far
Account far

MaildirStore near
Path $1/
Inbox $1/INBOX

Channel mail
Far :far:
Near :near:
Create Near
SyncState *
END
}

rig_mbsync()
{
    mkdir -p "$RIG/mbsync"
    rig_mbsyncrc "$RIG/mbsync" "$@" >"$RIG/etc/mbsyncrc"
    rig_sasl timeout 60 mbsync -c "$RIG/etc/mbsyncrc" mail </dev/null
}
