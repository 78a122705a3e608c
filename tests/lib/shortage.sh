# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# shortage.sh: commands with one allocation or call after the other failing,
# for the tests of tests/fault. To be sourced after site.sh.
#
#   shortage_up                  skips the test where it cannot be done
#   shortage DESC [OPTION]... -- COMMAND...
#                                a point that passes when shortage.py finds
#                                nothing. What it says of the finding is shown.

SHORTAGE_SHIM=$EXO_BUILDDIR/tests/lib/.libs/shortage.so

shortage_up()
{
    need_cmd python3
    need_file "$SHORTAGE_SHIM" 'run: make check'
    # A sanitizer has a malloc of its own.
    ! grep -q __asan_init "$EXO" || skip_all 'not with sanitizers'
    # Nothing outside of this test is asked or told.
    export LC_ALL=C.UTF-8
}

shortage()
{
    local what=$1 points
    shift
    python3 "${EXO_SRCDIR:-$(dirname "${BASH_SOURCE[0]}")/../..}/tests/lib/shortage.py" \
        --board "$SITE/board" --shim "$SHORTAGE_SHIM" "$@" >"$SITE/found" 2>&1
    points=$(tail -n 1 "$SITE/found")
    if [[ $points =~ ^[1-9][0-9]*\ of\ [0-9]+\ points$ && $(grep -c '' "$SITE/found") == 1 ]]; then
        pass "$what: $points, one failing at a time"
        return
    fi
    fail "$what: $points, one failing at a time"
    diag "$(cat "$SITE/found")"
}
