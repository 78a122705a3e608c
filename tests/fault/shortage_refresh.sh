#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth refresh` with one allocation or call after the other failing, at a
# provider that rotates refresh tokens strictly: nothing is lost, nothing is
# called a success or damage that is not.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/shortage.sh"
shortage_up
shortage_person
shortage_site

shortage refresh "${SHORTAGE_SITE[@]}" --check "$(shortage_serial 2)" \
    -- "$EXO" refresh $person --force --config "$SITE_CONF"
