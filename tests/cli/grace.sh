#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Whoever stops exoauth waits longer than a credential can be in flight: the
# units and the container files against the constants of the sources.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
src=${EXO_SRCDIR:-$(dirname "$0")/../..}

constant() { sed -nE "s/^#define $2 ([0-9]+)\$/\1/p" "$src/$1"; }
renewal=$(constant helper/broker/broker.h EXO_RENEWAL_MS)
request=$(constant include/exoauth/http.h EXO_HTTP_TOTAL_MS)
like "$renewal $request" '^[0-9]+ [0-9]+$' 'the constants are found'
ok 'EXO_FLIGHT_MS is their sum' grep -qF \
    '#define EXO_FLIGHT_MS (EXO_RENEWAL_MS + EXO_HTTP_TOTAL_MS)' "$src/helper/broker/broker.h"
flight=$(((renewal + request) / 1000))

# grace FILE REGEX: the number of seconds behind it.
grace()
{
    local seconds
    seconds=$(sed -nE "s/^ *$2 *([0-9]+)s?\$/\1/p" "$src/contrib/$1")
    ok "$1: ${2%% *} is longer than $flight s (${seconds:-none})" \
        test "${seconds:-0}" -gt "$flight"
}
for unit in exoauth-refresh.service exoauth@.service; do
    grace "systemd/$unit.in" TimeoutStopSec=
    ok "$unit: only the main process hears of it" \
        grep -qx KillMode=mixed "$src/contrib/systemd/$unit.in"
done
grace container/compose.yaml stop_grace_period:
grace container/kubernetes.yaml terminationGracePeriodSeconds:
ok 'relay waits as long' test \
    "$(sed -nE 's/.*in \$\(seq ([0-9]+)\).*/\1/p' "$src/contrib/container/relay")" -gt "$flight"
