#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# An account that is not for all of token_group: nothing of it is where Postfix
# reads, and a smtp(8) whose user `allow` names logs in through spawn(8), in its
# jail and outside. fetchmail and Postfix have one account together, as README
# says.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_cmd fetchmail
rig_client
published() { [[ $(stat -c '%a %G' "$1$RIG_TOKENS/$relay" 2>&1) == "$2" ]]; }
nowhere() { [[ ! -e $1$RIG_TOKENS/$relay ]]; }
# mails SUBJECT: one, through the client
mails()
{
    rig_send "${2:-client}" "$relay" "$bob" "$1"
    rig_mail_wait "$bob" "$1"
}
quiet()
{
    unlike "$(<"$1")" 'ignored|Permission denied|token_group|warning: SASL' \
        "$2: the log has no word of it"
}

# ----- published for all, then for some

ok 'login' rig_login "$relay"
ok 'published in the jail' published "$queue" '640 postfix'
rig_postfix_start client
ok 'mail flows' mails wide
ok 'allow=... names users' rig_login "$relay" allow='daemon postfix'
ok 'the jail has nothing any more' nowhere "$queue"
ok 'outside it is for run_as' published '' '600 postfix'
ok 'mail flows through spawn(8)' mails narrow
ok 'and nothing was published for it' nowhere "$queue"
quiet "$log" 'in the jail'
is "$(find "$queue" -name "$relay*" | wc -l)" 0 'no file of it is in the jail'

# fetchmail, as the user daemon, by the socket of systemd or such.
rig_daemon serve "$RIG_EXO" serve --listen "$RIG/socket" --config "$RIG_CONF"
ok 'serve --listen makes its socket' rig_wait 20 test -S "$RIG/socket"
rig_conf socket "$RIG/socket /private/exoauth $queue/private/exoauth"
rig_postfix_reload client
box=$RIG/box
mkdir -p "$box" "$RIG/mail/$relay"/{new,cur,tmp}
mail()
{
    printf 'From: bob@contoso.test\nTo: %s\nSubject: %s\n\nHello.\n' "$relay" \
        "$1" >"$RIG/mail/$relay/new/$RANDOM$RANDOM.1.x"
    chown -R nobody:nogroup "$RIG/mail/$relay"
}
fetches()
{
    mail "$1"
    sed -n '/^    poll .* imap /,/^$/p' "$RIG_SRC/README" |
        sed -e "s|/usr/local/bin/exoauth connect|$RIG_EXO connect --ca-file $RIG_CA --config $RIG_CONF --tls implicit|" \
            -e "s|%h 993|%h $RIG_IMAPS_PORT|" -e 's|outlook.office365.com|localhost|' \
            -e "s|alice@contoso.com|$relay|" >"$box/.fetchmailrc"
    printf "mda \"/bin/sh -c 'cat >>%s'\"\n" "$box/mbox" >>"$box/.fetchmailrc"
    chmod 0600 "$box/.fetchmailrc"
    chown -R daemon:daemon "$box"
    rig_sasl setpriv --reuid daemon --regid daemon --clear-groups \
        env HOME="$box" USER=daemon timeout 60 fetchmail -v \
        -f "$box/.fetchmailrc" --nosyslog --nodetach
    grep -q "^Subject: $1" "$box/mbox"
}
ok 'fetchmail fetches' fetches one
ok 'mail flows, too' mails both

# ----- as README says

line=$(grep -o "\`--set allow='fetchmail @postfix'\`" "$RIG_SRC/README" | head -n 1)
line=${line#\`--set allow=\'}
line=${line%\'\`}
is "$line" 'fetchmail @postfix' 'README names both'
ok 'with the group named' rig_login "$relay" allow="${line/fetchmail/daemon}"
ok 'it is published in the jail' published "$queue" '640 postfix'
rig_postfix_master client -M# exoauth/unix
rig_postfix_reload client
ok 'mail flows without spawn(8)' mails group
ok 'and fetchmail fetches' fetches two
rig_postfix_master client -M "exoauth/unix=exoauth unix - n n - 100 spawn user=nobody argv=$RIG_EXO serve --config $RIG_CONF"
rig_postfix_reload client

# ----- one of them alone

ok 'allow=daemon' rig_login "$relay" allow=daemon
ok 'the jail has nothing' nowhere "$queue"
rig_send client "$relay" "$bob" refused
ok 'Postfix is refused' rig_log_wait \
    "status=deferred.*SASL authentication failed|may not have the token of $relay" "$log"
like "$(<"$log")" "uid $(id -u postfix) may not have the token of $relay; add the user to allow in " \
    'and the log says what to do'
ok 'fetchmail fetches' fetches three
ok 'and again for Postfix' rig_login "$relay" allow='daemon postfix'
rig_postfix_flush client
ok 'what waited arrives' rig_mail_wait "$bob" refused

# ----- publish: no

rig_account "$relay" secret_file="$(rig_secret_file)" publish=no
ok 'publish: no' exo refresh "$relay"
ok 'nothing in the jail' nowhere "$queue"
ok 'and nothing outside' nowhere ''
ok 'mail flows all the same' mails unpublished
ok 'and nothing came of it' nowhere "$queue"
ok 'nor outside' nowhere ''

# ----- a client that is in no jail, and may not read the file

rig_postfix_client open n
openlog=$(rig_postfix_log open)
rig_account "$relay" secret_file="$(rig_secret_file)" allow='daemon postfix'
ok 'narrow again' exo refresh "$relay"
ok 'there is a file' published '' '600 postfix'
rig_postfix_start open
ok 'mail flows' mails open open
quiet "$openlog" 'outside'
