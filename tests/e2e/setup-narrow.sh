#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth setup postfix and doctor with accounts that are not published for
# Postfix: both say that it needs the spawn(8) line, or that `allow` has to name
# its user, and what they say is what happens.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/setup.sh"

setup_client
doctor() { rig_doctor "$@"; }
# The commands of a text, as somebody types them.
type_it()
{
    local command
    command=$(sed -n 's/.*run: exoauth //p' <<<"$1" | tail -n 1)
    [[ -n $command ]] && eval "exo $command"
}

# ----- Postfix's user is not named

ok 'an account for fetchmail' rig_login "$relay" allow=daemon
before=$(setup_sums "$etc" "$RIG_CONF")
exits 77 'setup for it' setup client "$relay" --relayhost "$smtp" --yes
like "$ERR" "user postfix may not have the token of $relay: allow in .*$relay.conf does not name it; run: exoauth login $relay --set allow='daemon @postfix'" \
    'names both'
is "$(setup_sums "$etc" "$RIG_CONF")" "$before" 'and changes nothing'
ok 'the command that it gives' type_it "$ERR"
ok 'lets setup work' setup client "$relay" --relayhost "$smtp" --yes
like "$ERR" 'the mail user in the jail can log in with it' 'by the published token'
unlike "$ERR" 'not published' 'of which nothing is said'
rig_postfix_start client
rig_send client "$relay" "$bob" both
ok 'mail flows' rig_mail_wait "$bob" both
ok 'doctor' doctor
ok 'back' setup_undo client --yes

# ----- it is named, and the group is not

ok 'allow names two users' rig_login "$relay" allow='daemon postfix'
ok '--dry-run' setup client "$relay" --relayhost "$smtp" --dry-run
like "$ERR" "the token of $relay is not published for Postfix: allow in .*$relay.conf does not name @postfix; its logins need the spawn.8. line exoauth of master.cf" \
    'says what Postfix needs'
ok 'setup' setup client "$relay" --relayhost "$smtp" --yes
like "$ERR" 'is not published for Postfix: allow in ' 'says so, too'
like "$ERR" "$relay: it is not published for the mail user" 'tries no login that cannot work'
like "$ERR" "$relay: the socket of spawn.* answers the mail user" 'but the socket'
is "$(find "$queue" -name "$relay*" | wc -l)" 0 'nothing is in the jail'
rig_send client "$relay" "$bob" narrow
ok 'mail flows' rig_mail_wait "$bob" narrow
ok 'doctor is content' doctor
like "$OUT" "$relay: Postfix in $queue gets a token" 'as Postfix gets its token'
rig_postfix_master client -MX exoauth/unix
exits 78 'without the line doctor is not' doctor
like "$OUT" "$relay: its token is not published for Postfix: allow in .*$relay.conf does not name @postfix; its logins need the spawn.8. line of master.cf, run: exoauth setup postfix $relay" \
    'and says what is missing'
ok 'the command that it gives' setup client "$relay" --yes
ok 'puts it right' doctor
ok 'publish: no' rig_login "$relay" publish=no
ok 'setup' setup client "$relay" --yes
like "$ERR" "the token of $relay is not published for Postfix: publish is no in .*$relay.conf; its logins need" \
    'says the same'
ok 'doctor' doctor
ok 'allow is for others' rig_login "$relay" allow=daemon publish=yes
exits 77 'doctor' doctor
like "$OUT" "failure +postfix .*user postfix may not have the token of $relay: allow in .* does not name it; run: exoauth login $relay --set allow='daemon @postfix'" \
    'names both'
said=$(grep '^failure' <<<"$OUT")
rig_send client "$relay" "$bob" refused
ok 'as mail waits' rig_log_wait "may not have the token of $relay" "$log"
ok 'the command that it gives' type_it "$said"
rig_postfix_flush client
ok 'lets it go' rig_mail_wait "$bob" refused
ok 'and doctor is content' doctor
