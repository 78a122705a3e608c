#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth token` with one allocation or call after the other failing: a request
# in a process of its own, and a token that is there.

# Waiting for a disk would take most of the time.
[[ -n ${EXO_TMPDIR:-} || ! -w /dev/shm ]] || export EXO_TMPDIR=/dev/shm
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/shortage.sh"

# A third of the points at a time; =all tries every one.
export EXO_SHORTAGE_POINTS=${EXO_SHORTAGE_POINTS:-/3}
shortage_up
site_up
shortage_person expired
shortage_site

shortage 'token, with a request' "${SHORTAGE_SITE[@]}" --quiet \
    --check "$(shortage_serial 2)" \
    -- "$EXO" token $person --config "$SITE_CONF"
ok 'a token that lives' x refresh $person --force
shortage_site 2
for format in json oauthbearer; do
    shortage "token --format $format" "${SHORTAGE_SITE[@]}" --quiet \
        -- "$EXO" token $person --format $format --config "$SITE_CONF"
done
