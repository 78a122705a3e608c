#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The plugin's whole login with one allocation or call after the other failing:
# with a published token, by a socket, and with a helper that it starts, which
# counts, too.

# Waiting for a disk would take most of the time.
[[ -n ${EXO_TMPDIR:-} || ! -w /dev/shm ]] || export EXO_TMPDIR=/dev/shm
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/shortage.sh"

# A third of the points at a time; =all tries every one.
export EXO_SHORTAGE_POINTS=${EXO_SHORTAGE_POINTS:-/3}
shortage_up
site_up
site_conf timeout 10
shortage_person
shortage_site 1
export SASL_CONF_PATH=$SITE/etc
guest=$EXO_BUILDDIR/tests/lib/guest
# A plugin that cannot begin is none; libsasl2 does not say why.
none=(--says '75=No worthy mechs')
login=("$guest" "${EXO_PLUGINDIR:-$EXO_BUILDDIR/.libs}" $person mail.contoso.test)

ok 'a login with a published token' "${login[@]}"
shortage 'login with a published token' "${SHORTAGE_SITE[@]}" "${none[@]}" \
    --quiet -- "${login[@]}"
shortage_expire
site_conf helper "$EXO"
ok 'a login with a helper' "${login[@]}"
shortage_expire
shortage_site 2
shortage 'login with a helper' "${SHORTAGE_SITE[@]}" "${none[@]}" \
    --quiet -- "${login[@]}"
