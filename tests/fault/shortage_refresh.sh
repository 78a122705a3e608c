#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth refresh` with one allocation or call after the other failing, at a
# provider that rotates refresh tokens strictly: nothing is lost, nothing is
# called a success or damage that is not.

# Waiting for a disk would take most of the time.
[[ -n ${EXO_TMPDIR:-} || ! -w /dev/shm ]] || export EXO_TMPDIR=/dev/shm
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/shortage.sh"

# A third of the points at a time; =all tries every one.
export EXO_SHORTAGE_POINTS=${EXO_SHORTAGE_POINTS:-/3}
shortage_up
site_up
shortage_person
shortage_site

shortage refresh "${SHORTAGE_SITE[@]}" --check "$(shortage_serial 2)" \
    -- "$EXO" refresh $person --force --config "$SITE_CONF"
