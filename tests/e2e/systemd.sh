#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The units of contrib/systemd: systemd finds nothing wrong with them, and a
# thousand logins at once are served by one process per connection, started
# the way exoauth.socket (Accept=yes) starts them. systemd-socket-activate
# stands in for the manager, which a container does not run.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_cmd systemd-socket-activate systemd-analyze
units=$EXO_BUILDDIR/contrib/systemd
need_file "$units/exoauth.socket"

# ----- the units

checked=$(tap_dir)/units
mkdir "$checked"
for unit in exoauth.socket exoauth@.service exoauth-refresh.service \
    exoauth-refresh.timer; do
    for from in "$units" "$EXO_SRCDIR/contrib/systemd"; do
        [[ -f $from/$unit ]] && cp "$from/$unit" "$checked/" && break
    done
    # The program is not installed where the units will find it.
    sed -i "s,^\(ExecStart\(Pre\)*=+*\)[^ ]*/exoauth,\1/bin/true," "$checked/$unit"
done
cp "$checked/exoauth@.service" "$checked/exoauth@1.service"
verify() { systemd-analyze verify --man=no "$checked"/exoauth.socket "$checked"/exoauth@1.service "$checked"/exoauth-refresh.{service,timer}; }
ok 'systemd-analyze verify' verify
unlike "$ERR" "$checked" 'has no complaint'
setting() { sed -n "s/^$1=//p" "$checked/exoauth.socket"; }
is "$(setting Accept)" yes 'a process per connection'
ok 'a thousand connections' test "$(setting MaxConnections)" -ge 1000
is "$(setting TriggerLimitIntervalSec)" 0 'no burst of logins stops the socket'
is "$(setting SocketMode)" 0666 'allow decides, not the mode'

# ----- a thousand logins

relay=relay@contoso.test
rig_init
rig_pki
rig_as_start
rig_conf timeout 120
rig_account "$relay"
ok 'login' rig_login "$relay"
rig_unpublish "$relay"
socket=$RIG/socket
rig_daemon activate systemd-socket-activate --accept --inetd -l "$socket" \
    "$RIG_EXO" serve --config "$RIG_CONF"
ok 'the socket is there' rig_wait 20 test -S "$socket"
before=$(rig_as_count)
printf 'exoauth: 1\nget: %s\nserver: localhost\n\n' "$relay" |
    python3 "$RIG_HERE/ask.py" --many 1000 "$socket" >"$RIG/replies"
is "$(awk '/status: ok/ { n += $1 } END { print n + 0 }' "$RIG/replies")" \
    1000 'a thousand at once are given the token'
is "$(wc -l <"$RIG/replies")" 1 'all the same one'
is "$(rig_as_count)" "$before" 'and the provider was not asked'
rig_stop activate
