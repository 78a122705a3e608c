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
[[ ${!#} == postfix ]] || printf installed
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
