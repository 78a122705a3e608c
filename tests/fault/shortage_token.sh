#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth token` with one allocation or call after the other failing: a request
# in a process of its own, and a token that is there.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/shortage.sh"
shortage_up
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
