#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth setup postfix --undo where tokens were published below several roots,
# or cannot be removed: none is left that `exoauth remove` knows nothing of.

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
site_account $relay "secret_file: $SITE/secret/app"
one=/var/spool/postfix two=$SITE/two
setup() { x setup postfix "$@"; }
published() { find "$@" -type f -path "*$SITE_TOKENS/*" 2>/dev/null; }

# Both are jails of this Postfix, one after the other, with tokens in each.
both()
{
    machine_plain <<<'compatibility_level = 3.6'
    echo "${1:-# as it was}" >>$conf
    was=$(sha256sum $etc/main.cf $etc/master.cf $conf)
    rm -rf "$two" "$SITE_STORE"
    mkdir -p "$two"/{pid,private,public}
    ok 'setup' setup $relay --yes
    postconf -c $etc -e "queue_directory=$two"
    ok 'setup with another queue' setup $relay --yes
    ok 'refresh' x refresh --all --force
    is "$(published $one $two | wc -l)" 2 'a token in both jails'
}

# ----- more than the present queue

both
like "$(<$conf)" $'\n'"chroot: $one $two" 'both are in chroot'
ok 'undo' setup --undo --yes
is "$(published $one $two)" '' 'there is no token in either'
postconf -c $etc -X queue_directory
is "$(sha256sum $etc/main.cf $etc/master.cf $conf)" "$was" 'each file is as it was'

both "chroot: $one"
ok 'undo, where one was there before' setup --undo --yes
is "$(published $one $two)" "$one$SITE_TOKENS/$relay" 'leaves the token of that one'
is "$(sha256sum $conf)" "$(grep -F $conf <<<"$was")" 'which is in chroot'

both
sed -i "s|^chroot:.*|& /srv/jail|" $conf
ok 'undo, where others have joined' setup --undo --yes
like "$(<$conf)" $'\nchroot: /srv/jail\n' 'takes out ours alone'
is "$(published $one $two)" '' 'and there is no token in either'

# What a killed undo left: exoauth.conf without them, and tokens.
both
cp -a $one "$SITE/saved"
cp $etc/exoauth.undo "$SITE/journal"
ok 'undo' setup --undo --yes
cp -a "$SITE/saved/." $one/
cp "$SITE/journal" $etc/exoauth.undo
ok 'undo, of one that was killed' setup --undo --yes
is "$(published $one $two)" '' 'removes them'
ok 'takes its journal along' test ! -e $etc/exoauth.undo

# ----- one that cannot be removed

both
chown daemon $one$(dirname "$SITE_TOKENS")
exits 78 'undo, where a directory is somebody else'"'"'s' setup --undo --yes
like "$ERR" "the tokens below $one stay: .*belongs to" 'says so'
like "$ERR" "stay in $conf.* then run: exoauth setup postfix --undo$" 'and what stays for it'
like "$(<$conf)" $'\n'"chroot: $one $two" 'chroot is one'
is "$(postconf -c $etc -h smtp_sasl_auth_enable)" no 'Postfix is as before'
exits 78 'remove' x remove $relay
like "$ERR" "whether a token of $relay is left: $one.*belongs to" 'says that one is left'
exits 78 'again' x remove $relay
exits 78 'undo again' setup --undo --yes
like "$ERR" "the tokens below $one stay: " 'says the same'
chown root $one$(dirname "$SITE_TOKENS")
ok 'undo, when that is put right' setup --undo --yes
is "$(published $one $two)" '' 'removes all'
postconf -c $etc -X queue_directory
is "$(sha256sum $etc/main.cf $etc/master.cf $conf)" "$was" 'each file is as it was'
ok 'and the journal is gone' test ! -e $etc/exoauth.undo
