# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# shortage.sh: commands with one allocation or call after the other failing,
# for the tests of tests/fault. A test sources it as its first act; tap.sh and
# site.sh come with it.
#
#   shortage_up [SHARE]          skips the test where it cannot be done, and
#                                makes a site; of all points each SHARE-th (/3)
#                                is tried, as long as no other --share is said
#   shortage DESC [OPTION]... -- COMMAND...
#                                a point that passes when shortage.py finds
#                                nothing. What it says of the finding is shown.

# Waiting for a disk would take most of the time.
[[ -n ${EXO_TMPDIR:-} || ! -w /dev/shm ]] || export EXO_TMPDIR=/dev/shm
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/site.sh"

SHORTAGE_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SHORTAGE_SHIM=$EXO_BUILDDIR/tests/lib/.libs/shortage.so

shortage_up()
{
    need_cmd python3
    need_file "$SHORTAGE_SHIM" 'run: make check'
    # A sanitizer has a malloc of its own.
    ! grep -q __asan_init "$EXO" || skip_all 'not with sanitizers'
    # Nothing outside of this test is asked or told.
    export LC_ALL=C.UTF-8
    SHORTAGE_SHARE=${1:-/3}
    site_up
}

shortage()
{
    local what=$1 points
    shift
    python3 "$SHORTAGE_LIB/shortage.py" --board "$SITE/board" --shim "$SHORTAGE_SHIM" \
        --share "$SHORTAGE_SHARE" \
        "$@" >"$SITE/found" 2>&1
    points=$(tail -n 1 "$SITE/found")
    if [[ $points =~ ^[1-9][0-9]*\ of\ [0-9]+\ points$ && $(grep -c '' "$SITE/found") == 1 ]]; then
        pass "$what: $points, one failing at a time"
        return
    fi
    fail "$what: $points, one failing at a time"
    diag "$(cat "$SITE/found")"
}

# A person at a provider that rotates strictly; $person, with a token that has
# expired, so that whoever wants one has to ask.
shortage_person()
{
    person=person@contoso.test
    site_endpoint rotates:refresh-
    site_account $person 'grant: device_code' 'scope: mail'
    printf 'refresh-0\n' >"$SITE/secret/refresh"
    ok 'login' x login $person --refresh-token-file "$SITE/secret/refresh"
    [[ ${1:-} != expired ]] || shortage_expire
}

shortage_expire()
{
    site_edit $person python3 -c 'import json, sys, time
r = json.load(sys.stdin)
for key in "issued", "refresh_after", "usable_until", "expires", "refreshed":
    r[key] = int(time.time()) - 4000 + (100 if key == "expires" else 0)
json.dump(r, sys.stdout)'
    find "$SITE_TOKENS" "$SITE_ROOT$SITE_TOKENS" -type f -delete
}

# The state, the provider and what must work afterwards.
shortage_site()
{
    SHORTAGE_SITE=(--state "$SITE_STORE" --state "$SITE_TOKENS" --state "$SITE_ROOT"
        --state "$SITE/etc" --reset "$SITE_URL/_test/rotate" --turn "${1:-1}"
        --spent "$SITE_URL/_test/count"
        --owns "store/$person.(json|prev)" --owns "tokens/$person"
        --after "'$EXO' refresh $person --force --config '$SITE_CONF'")
}

# shortage_serial N: a --check, that the record has had N tokens.
shortage_serial()
{
    printf '%s' "[[ \$('$EXO_BUILDDIR/tests/lib/unseal' '$SITE_STORE/$person.json' \
'$SITE/etc/exoauth.key' | grep -o '\"serial\": *[0-9]*') == *$1 ]] || echo the record is old"
}
