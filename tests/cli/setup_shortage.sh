#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth setup postfix with few descriptors or little memory: that is what it
# says, with 75, and it owns up to what it has done until then.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/machine.sh"
need_root 'making users and mounting file systems'
need_cmd postconf postfix useradd
own_mounts "$@"

site_up
site_endpoint ok:token-1
machine_up
printf '%s\n' 'compatibility_level = 3.6' 'myhostname = mx.contoso.test' 'relayhost =' |
    machine_plain
printf '%s\n' 'provider: custom' 'client_id: app' 'servers: smtp.office365.com' \
    "token_endpoint: $SITE_URL/token" "secret_file: $SITE/secret/app" \
    >"$SITE/etc/exoauth.d/$relay.conf"
state() { cat "$SITE_CONF" && sha256sum /etc/postfix/main.cf /etc/postfix/master.cf && ls /etc/postfix; }
site_conf chroot
before=$(state)

few() { (ulimit -n "$1" && x setup postfix "$relay" --yes); }
little() { (ulimit -v "$1" && x setup postfix "$relay" --yes); }

exits 75 'without the memory that postconf needs' little 30000
one_line 'it' 'out of memory; free some memory'
is "$(state)" "$before" 'and changes nothing'
for n in 5 7 9 10 11 12 13; do
    rc=0
    tap_run few $n || rc=$?
    [[ $rc == 0 ]] && { pass "$n descriptors are enough"; continue; }
    is $rc 75 "$n descriptors: 75"
    like "${ERR##*$'\n'}" 'oo many open files; ' 'which is said'
    if [[ $(state) != "$before" ]]; then
        like "$ERR" 'is taken back by --undo' 'what was done is owned up to'
        ok 'and taken back' x setup postfix --undo --yes
    fi
    is "$(state)" "$before" 'all is as it was'
done
