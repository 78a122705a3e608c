#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/deps keeps its hands off a host: it stops before installing where apt
# would remove a package, and without root it only says what is missing. apt
# and dpkg are stand-ins in PATH, so that nothing here can change the host.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need_file "$EXO_SRCDIR/tests/deps"
bin=$(tap_dir)/bin
mkdir "$bin"
log=$(tap_dir)/calls
: >"$log"
tool() { cat >"$bin/$1"; chmod 0755 "$bin/$1"; }
# Postfix is missing, everything else is there.
tool dpkg-query <<'SH'
#!/bin/bash
for name in "${@:4}"; do [[ $name == postfix ]] || echo "$name installed"; done
echo 'postfix not-installed'
SH
tool apt-get <<SH
#!/bin/bash
printf '%s\n' "apt-get \$*" >>"$log"
echo 'Remv exim4-base [4.96-15+deb12u7]'
echo 'Remv exim4-daemon-light [4.96-15+deb12u7]'
echo 'Inst postfix (3.7.11-0+deb12u1 Debian:12.11/stable [amd64])'
SH
for name in debconf-set-selections systemctl npm node; do
    printf '#!/bin/sh\necho "%s" >>"%s"\n' "$name" "$log" | tool "$name"
done
run() { PATH=$bin:$PATH EXO_NODE_DIR=$(tap_dir)/node "$EXO_SRCDIR/tests/deps" "$@"; }

if [[ $(id -u) == 0 ]]; then
    not_ok 'where apt would remove exim4, it stops' run
    like "$ERR" 'would remove exim4-base exim4-daemon-light' 'and says what would go'
    like "$ERR" 'Nothing was installed' 'and that nothing was changed'
    is "$(grep -c -- '-s ' "$log")" 1 'apt was only asked what it would do'
    is "$(grep -cv -- '-s ' "$log")" 0 'and nothing else was called'
    not_ok 'the same for the demo' run --demo
else
    not_ok 'without root it does nothing' run
    like "$ERR" 'missing: postfix' 'but say what is missing'
    like "$ERR" 'run: sudo tests/deps' 'and what to run'
    is "$(cat "$log")" '' 'nothing was called'
fi
not_ok 'an option it does not know' run --everything
like "$ERR" 'usage: tests/deps' 'is answered with the usage'

# ----- what it installs is not started at boot, and a long step is seen

if [[ $(id -u) == 0 ]] && unshare -m true 2>/dev/null; then
    # /etc/systemd/system is a directory of the test's in a mount namespace.
    system=$(tap_dir)/system scripts=$(tap_dir)/scripts
    mkdir "$scripts"
    : >"$scripts/S01elder"
    mkdir -p "$system/multi-user.target.wants"
    : >"$system/multi-user.target.wants/ssh.service"
    tool apt-get <<SH
#!/bin/bash
printf '%s\n' "apt-get \$*" >>"$log"
[[ " \$* " == *' -s '* ]] && { printf 'Inst %s\n' fetchmail postfix; exit 0; }
if [[ " \$* " == *' install '* ]]; then
    echo 'Setting up fetchmail'
    sleep 2
    echo 'Setting up postfix'
    : >/etc/systemd/system/multi-user.target.wants/fetchmail.service
    : >/etc/systemd/system/multi-user.target.wants/cyrus-imapd.service
    : >/etc/rc2.d/S01getdeps
    exit "\$(cat $(tap_dir)/install.rc)"
fi
[[ " \$* " == *' update '* ]] &&
    { echo 'E: Failed to fetch http://deb.example/: Could not resolve'; exit 100; }
exit 0
SH
    printf '#!/bin/sh\necho "systemctl $*" >>"%s"\n' "$log" | tool systemctl
    printf '#!/bin/sh\necho "update-rc.d $*" >>"%s"\n' "$log" | tool update-rc.d
    inside()
    {
        EXO_PROGRESS=1 PATH=$bin:$PATH EXO_NODE_DIR=$(tap_dir)/node unshare -m \
            bash -c 'mkdir -p /etc/systemd/system /etc/rc2.d &&
            mount --bind "$1" /etc/systemd/system &&
            mount --bind "$2" /etc/rc2.d && "$3" --demo' - \
            "$system" "$scripts" "$EXO_SRCDIR/tests/deps"
    }
    echo 0 >"$(tap_dir)/install.rc"
    : >"$log"
    OUT=$(inside 2>&1)
    like "$OUT" 'apt-get install: [0-9]+ s: 1 of 2: Setting up fetchmail' \
        'a long step says what runs and how far it is'
    is "$(grep '^systemctl disable' "$log" | sort)" \
        $'systemctl disable cyrus-imapd.service\nsystemctl disable fetchmail.service' \
        'every unit that came is disabled, and no other'
    is "$(grep '^update-rc.d' "$log")" 'update-rc.d getdeps disable' \
        'and every init script without a unit'
    like "$OUT" 'apt-get install ended before it installed postfix; run it again' \
        'an apt that is content too early is not believed'
    policy=$(cat /usr/sbin/policy-rc.d 2>&1)
    disabled() { grep -E '^(systemctl|update-rc.d)' "$log" | sort | uniq -c | tr -s ' '; }
    three=$(disabled)
    rm -f "$system/multi-user.target.wants/"{fetchmail,cyrus-imapd}.service "$scripts/S01getdeps"
    : >"$log"
    # Ctrl-C, twice, as a terminal sends it, when WORD has come: to all that runs
    # there.
    # shellcheck disable=SC2016 # for the inner shell
    stopped_at()
    {
        python3 - "$bin:$PATH" "$(tap_dir)/node" "$system" "$scripts" \
            "$EXO_SRCDIR/tests/deps" "$1" <<'PY'
import os, pty, signal, sys
path, node, system, scripts, deps, word = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.update(PATH=path, EXO_NODE_DIR=node, EXO_PROGRESS="1")
    os.execvp("unshare", ["unshare", "-m", "bash", "-c",
        'mount --bind "$1" /etc/systemd/system && mount --bind "$2" /etc/rc2.d '
        '&& exec "$3" --demo', "-", system, scripts, deps])
out, sent = b"", False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    out += data
    if word.encode() in out and not sent:
        sent = os.write(fd, b"\x03")
        os.write(fd, b"\x03")
print(out.decode(), "status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
    }
    stopped=$(stopped_at 'Setting up')
    like "$stopped" 'deps: stopping; waiting for apt-get install to end what it has begun' \
        'Ctrl-C, twice: it says at once that it stops'
    like "$stopped" 'deps: stopped; run it again to go on.*status 130' 'and when it has'
    is "$(cat /usr/sbin/policy-rc.d 2>&1)" "$policy" 'and policy-rc.d is as it was'
    is "$(disabled)" "$three" 'what had come by then is disabled, too'
    is "$(ls -A "$(tap_dir)/node")" '' 'and nothing is left to be done'

    # Killed, with all packages there: the next run has nothing to install.
    ls "$system/multi-user.target.wants" >/dev/null
    printf '%s\n' elder ssh.service >"$(tap_dir)/node/enabled-before"
    cp "$bin/dpkg-query" "$bin/dpkg-query.away"
    # shellcheck disable=SC2016 # for the stand-in
    printf '#!/bin/bash\nprintf "%%s installed\\n" "${@:4}"\n' | tool dpkg-query
    : >"$log"
    OUT=$(inside 2>&1)
    is "$(disabled)" "$three" 'what a killed run has enabled is disabled by the next'
    ok 'once' test ! -e "$(tap_dir)/node/enabled-before"
    # npm, which goes on after any signal that it can catch.
    cp "$bin/npm" "$bin/npm.away"
    tool npm <<SH
#!/bin/bash
trap '' INT TERM HUP
mkdir -p $(tap_dir)/node/node_modules/oidc-provider
echo 'npm http fetch GET 200'
for ((i = 0; i < 120; i++)); do sleep 0.5; done
: >$(tap_dir)/npm.ended
SH
    stopped=$(stopped_at 'npm http fetch')
    like "$stopped" 'stopping; waiting for npm ci.*deps: stopped; run it again.*status 130' \
        'Ctrl-C in npm: it stops'
    not_ok 'at once' test -e "$(tap_dir)/npm.ended"
    mv "$bin/npm.away" "$bin/npm"
    : >"$log"
    OUT=$(inside 2>&1)
    is "$(grep -c '^npm' "$log")" 1 'and half of it is not taken for all'
    mv "$bin/dpkg-query.away" "$bin/dpkg-query"
    echo 100 >"$(tap_dir)/install.rc"
    OUT=$(inside 2>&1)
    like "$OUT" 'apt-get install failed: .*Setting up fetchmail' \
        'an install that fails says what apt said'
    # A list that is too old, and no network.
    sed -i 's/.* -s .*/[[ " $* " == *" -s "* ]] \&\& { echo "E: Unable to locate" >\&2; exit 100; }/' \
        "$bin/apt-get"
    OUT=$(inside 2>&1)
    like "$OUT" 'apt-get update failed: E: Failed to fetch .*Could not resolve' \
        'without a network it says what apt said'
    like "$OUT" 'deps: see to the network and to /etc/apt/sources.list, and run it again' \
        'and what to do'
fi
