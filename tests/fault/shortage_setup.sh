#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth setup postfix --yes` and `--undo` with one allocation or call after
# the other failing, at a real postconf: Postfix is as before, as it shall be, or
# it is said that it is neither; undo brings back every byte. EXO_SHORTAGE_POINTS=/1 tries
# every point, for an hour.

# A program is started from there, which /dev/shm may forbid.
export EXO_TMPDIR=${EXO_TMPDIR:-${TMPDIR:-/tmp}}
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/shortage.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/machine.sh"
need_root 'making users and mounting file systems'
need_cmd postconf useradd
own_mounts "$@"

shortage_up /40
site_endpoint ok:token-1
machine_up
machine_plain <<'END'
# kept
compatibility_level = 3.6
myhostname = mx.contoso.test
smtp_tls_security_level=may
relayhost = 
END
useradd --system --user-group --no-create-home "exotest$$"
echo secret >"$SITE/secret/app"
chmod 0644 "$SITE/secret/app"
site_account $relay "secret_file: $SITE/secret/app"
sed -i 's/^servers:.*/servers: smtp.office365.com/' "$SITE/etc/exoauth.d/$relay.conf"

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
whole='Postfix is set up, but it is not known'
owns=(--owns "postfix/exoauth\.(undo|passwd)$=Postfix was not changed|--undo|$whole"
    --owns "sasl2/exoauth\.conf$=Postfix was not changed|--undo|$whole"
    --owns "postfix/(main\.cf|master\.cf|exoauth_passwd)$=--undo|$whole")
shortage 'setup --yes' "${state[@]}" "${owns[@]}" --check "$(same after)" \
    --after "$undo && [[ -z \$($(same before)) ]]" \
    -- "$EXO" setup postfix $relay --yes

ok 'setup' x setup postfix $relay --yes
shortage 'setup --undo' "${state[@]}" \
    --owns 'postfix/=--undo|all is done' --owns 'sasl2/exoauth\.conf$=--undo|all is done' \
    --check "$(same before)" --after "$undo; [[ -z \$($(same before)) ]]" \
    -- "$EXO" setup postfix --undo --yes
