#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth setup postfix --yes` and `--undo` with one allocation or call after
# the other failing, at a real postconf: Postfix is as before, as it shall be, or
# it is said that it is neither; undo brings back every byte. EXO_SHORTAGE_POINTS=/1 tries
# every point, for an hour.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/shortage.sh"
need_root 'making users and mounting file systems'
need_cmd unshare mount postconf useradd

if [[ -z ${EXO_UNSHARED:-} ]]; then
    unshare --mount true 2>/dev/null || skip_all 'unshare --mount is not allowed'
    rm -rf -- "$TAP_DIR"
    trap - EXIT
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi

relay=relay@contoso.test
etc=/etc/postfix
plugins=$(dirname "$(ls /usr/lib/*/sasl2/libplain.so 2>/dev/null)")
need_file "$plugins/libplain.so" 'install libsasl2-modules'
export EXO_SHORTAGE_POINTS=${EXO_SHORTAGE_POINTS:-/40}
shortage_up
site_up
site_endpoint ok:token-1
own()
{
    mkdir -p "$SITE/own$1"
    [[ -n ${2:-} ]] || cp -a "$1/." "$SITE/own$1/"
    mount --bind "$SITE/own$1" "$1" || skip_all 'mounting is not allowed'
}
own /etc
own "$plugins"
own /var/spool/postfix empty
cleanup umount "$plugins" /etc /var/spool/postfix
mkdir -p "$SITE/bin" /etc/sasl2 /var/spool/postfix/{pid,private,public}
cp "$EXO" "$SITE/bin/exoauth"
EXO=$SITE/bin/exoauth
cp -L "$EXO_BUILDDIR/.libs/libexoauth.so" "$plugins/"
conf=/etc/sasl2/exoauth.conf
x() { "$EXO" "$@" </dev/null; }
rm -rf $etc/exoauth* $etc/.tmp.*
cp /usr/share/postfix/master.cf.dist $etc/master.cf
printf '%s\n' '# kept' 'compatibility_level = 3.6' 'myhostname = mx.contoso.test' \
    'smtp_tls_security_level=may' 'relayhost = ' >$etc/main.cf
useradd --system --user-group --no-create-home "exotest$$"
printf '%s\n' "account_dir: $SITE/etc/exoauth.d" "store: file:$SITE_STORE" \
    "token_dir: $SITE_TOKENS" 'helper: none' "run_as: exotest$$" \
    '# kept' 'timeout: 5' >$conf
echo secret >"$SITE/secret/app"
chmod 0644 "$SITE/secret/app"
printf '%s\n' 'provider: custom' 'client_id: app' 'servers: smtp.office365.com' \
    "token_endpoint: $SITE_URL/token" "secret_file: $SITE/secret/app" \
    >"$SITE/etc/exoauth.d/$relay.conf"

mkdir "$SITE"/{before,after}
copy() { cp $etc/main.cf $etc/master.cf $conf "$SITE/$1/"; }
same() { echo "for f in $etc/main.cf $etc/master.cf $conf; do cmp \$f $SITE/$1/\${f##*/}; done"; }
copy before
ok 'setup' x setup postfix $relay --yes
copy after
ok 'undo' x setup postfix --undo --yes
is "$(eval "$(same before)" 2>&1)" '' 'brings back every byte'
ok 'and the account has a token' x token $relay

undo="'$EXO' setup postfix --undo --yes </dev/null"
state=(--state $etc --state /etc/sasl2)
# What a setup that fails has changed is named in its one line.
owns=(--owns 'postfix/exoauth\.(undo|passwd)$=Postfix was not changed|--undo'
    --owns 'sasl2/exoauth\.conf$=Postfix was not changed|--undo'
    --owns 'postfix/(main\.cf|master\.cf|exoauth_passwd)$=--undo')
shortage 'setup --yes' "${state[@]}" "${owns[@]}" --check "$(same after)" \
    --after "$undo && [[ -z \$($(same before)) ]]" \
    --says '78=cannot make .*(open files|memory)' --fine 'nothing published in.*' \
    -- "$EXO" setup postfix $relay --yes

ok 'setup' x setup postfix $relay --yes
shortage 'setup --undo' "${state[@]}" \
    --owns 'postfix/=--undo' --owns 'sasl2/exoauth\.conf$=--undo' \
    --check "$(same before)" --after "$undo; [[ -z \$($(same before)) ]]" \
    -- "$EXO" setup postfix --undo --yes
