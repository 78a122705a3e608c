#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A host where exoauth is installed and nobody has made an account: whoever
# links libsasl2 works as before. Each program runs twice, in a mount namespace
# where libsasl2's own plugin directory is without libexoauth.so and then with
# it, and must print, and send to syslog, the same. One account at the end
# shows that this way of looking can see a difference.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

PATH=$PATH:/usr/sbin:/usr/lib/cyrus/bin
need_root 'a mount namespace holds the installation'
need_cmd unshare mount slapd slapadd ldapsearch saslpluginviewer imtest smtptest
if [[ -z ${EXO_UNSHARED:-} ]]; then
    unshare --mount true 2>/dev/null || skip_all 'unshare --mount is not allowed'
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi
for PLUGINS in /usr/lib/*/sasl2 /usr/lib64/sasl2 /usr/lib/sasl2 ''; do
    [[ -e $PLUGINS/libplain.so ]] && break
done
[[ -n $PLUGINS ]] || skip_all 'libsasl2 has no plugins here'

alice=alice@contoso.test
rig_init
rig_as_start
rig_dovecot_start 'plain login xoauth2'
before=$RIG/before after=$RIG/after

# ----- a directory with users of its own

ldap_start()
{
    local d=$RIG/ldap modules
    modules=$(dirname "$(find /usr/lib -name 'back_mdb*' | head -n1)")
    LDAP_PORT=$(rig_port)
    mkdir -p "$d/db"
    cat >"$d/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath $modules
moduleload back_mdb
pidfile $d/slapd.pid
TLSCACertificateFile $RIG_CA
TLSCertificateFile $RIG/pki/srv.crt
TLSCertificateKeyFile $RIG/pki/srv.key
password-hash {CLEARTEXT}
sasl-secprops none
authz-regexp uid=([^,]*),.*cn=auth uid=\$1,dc=contoso,dc=test
database mdb
suffix dc=contoso,dc=test
directory $d/db
access to * by * read
access to attrs=userPassword by * auth
END
    slapadd -f "$d/slapd.conf" >"$RIG/log/slapadd.log" 2>&1 <<'END' || return 1
dn: dc=contoso,dc=test
objectClass: dcObject
objectClass: organization
dc: contoso
o: Contoso

dn: uid=bob,dc=contoso,dc=test
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Bob
userPassword: directorypw
END
    rig_daemon slapd slapd -d 0 -f "$d/slapd.conf" \
        -h "ldaps://$TAP_LOOP_URL:$LDAP_PORT"
    rig_wait 20 rig_listens "$LDAP_PORT"
}

# search [OPTION]...: as bob, by SASL. By address, as libldap compares the name
# of the host, and not "localhost", with a certificate.
search()
{
    LDAPTLS_CACERT=$RIG_CA timeout 60 ldapsearch -N -LLL -U bob -w directorypw \
        -H "ldaps://$TAP_LOOP_URL:$LDAP_PORT" -b dc=contoso,dc=test "$@" uid=bob cn
}

# What Cyrus' programs say, without what is new in every connection.
cyrus()
{
    local program=$1 port=$2
    shift 2
    { [[ $program == imtest ]] && echo '. logout'; echo quit; } |
        timeout 60 "$program" -a bob -u bob -w plainpw -t '' "$@" \
            -p "$port" localhost 2>&1 |
        tr -d '\r' |
        sed -E '/^C: Q/,$d; s/<[0-9A-Za-z+/]+>//g'
}

# ----- an installation in a namespace

# Puts a copy of the plugin directory in place, plus FILE...
installed()
{
    local dir=$RIG/plugins.$RANDOM
    mkdir "$dir"
    cp -a "$RIG/plugins/." "$dir/"
    [[ $# == 0 ]] || cp "$@" "$dir/"
    mount --bind "$dir" "$PLUGINS"
}

# A /dev of our own, so that syslog(3) talks to a file of ours.
syslog_here()
{
    local dev=$RIG/dev node
    mkdir "$dev"
    mount -t tmpfs none "$dev" || return 1
    for node in null zero full random urandom tty; do
        : >"$dev/$node"
        mount --bind "/dev/$node" "$dev/$node"
    done
    ln -s /proc/self/fd "$dev/fd"
    mkdir "$dev/shm"
    rig_daemon syslog python3 -u -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(65536).decode("utf-8", "replace").rstrip("\0\n"))' "$dev/log"
    rig_wait 10 test -S "$dev/log"
    mount --move "$dev" /dev
}

# Everything a host without mail would do, each into a file of DIR.
use()
{
    local dir=$1 mech
    mkdir -p "$dir"
    : >"$RIG/log/syslog.log"
    saslpluginviewer -c >"$dir/mechanisms" 2>&1
    search >"$dir/ldapsearch" 2>&1
    for mech in PLAIN DIGEST-MD5 SCRAM-SHA-256; do
        search -Y "$mech" >"$dir/ldapsearch-$mech" 2>&1
    done
    search -Y XOAUTH2 >"$dir/ldapsearch-XOAUTH2" 2>&1
    cyrus imtest "$RIG_IMAP_PORT" >"$dir/imtest"
    for mech in PLAIN LOGIN XOAUTH2; do
        cyrus imtest "$RIG_IMAP_PORT" -m "$mech" >"$dir/imtest-$mech"
        cyrus smtptest "$RIG_SUBMISSION_PORT" -m "$mech" >"$dir/smtptest-$mech"
    done
    logger -t bystander 'the end'
    rig_log_wait 'bystander: the end' "$RIG/log/syslog.log" 10
    # Day, time and process differ. The server counts its clients.
    sed -E '/>[^>]* slapd\[/d; s/^(<[0-9]+>)[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} /\1/; s/\[[0-9]+\]//' \
        "$RIG/log/syslog.log" >"$dir/syslog"
}

mkdir "$RIG/plugins"
cp -a "$PLUGINS/." "$RIG/plugins/"
rm -f "$RIG"/plugins/libexoauth* "$RIG"/plugins/libkdexoauth2*
# The accounts of this host are none of ours.
if [[ -d /etc/sasl2 ]]; then mount -t tmpfs none /etc/sasl2; fi
export HOME=$RIG/home
mkdir -p "$HOME"
ok 'a directory server with SASL' ldap_start
ok 'and a syslog of our own' syslog_here

installed
use "$before"
installed "$RIG_SASL/libexoauth.so"
use "$after"

# The programs did work, or two failures would look the same.
like "$(<"$before/ldapsearch")" 'SASL/SCRAM-SHA-.*cn: Bob' 'ldapsearch logs in'
for mech in PLAIN DIGEST-MD5 SCRAM-SHA-256; do
    like "$(<"$before/ldapsearch-$mech")" "SASL/$mech.*cn: Bob" "so it does by $mech"
done
for mech in PLAIN LOGIN; do
    like "$(<"$before/imtest-$mech")" 'Authenticated' "imtest by $mech"
    like "$(<"$before/smtptest-$mech")" 'Authenticated' "smtptest by $mech"
done
like "$(<"$before/imtest")" 'AUTHENTICATE PLAIN.*Authenticated' \
    'imtest takes PLAIN, as nothing better is there'

for what in "$before"/*; do
    name=${what##*/}
    ok "with the plugin and without an account, the same: $name" \
        diff -u "$what" "$after/$name"
done
is "$(ls "$before")" "$(ls "$after")" 'and nothing else was said'
unlike "$(<"$after/mechanisms")" 'OAUTH' 'no mechanism joined'

# The same with an account, to see that the difference would have shown.
export SASL_CONF_PATH=$RIG/sasl2
rig_account "$alice"
use "$RIG/account"
unset SASL_CONF_PATH
like "$(<"$RIG/account/mechanisms")" 'XOAUTH2' 'with an account XOAUTH2 is there'
not_ok 'which this test would have seen' diff -q "$before/mechanisms" \
    "$RIG/account/mechanisms"
