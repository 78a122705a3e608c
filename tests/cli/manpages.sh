#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The manual: well-formed, and neither less nor more than the program has. What
# the program has comes from its own --help and from the tables in the source.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need_cmd mandoc
EXO=${EXO_BUILDDIR:?run it by make check, or set EXO_BUILDDIR}/exoauth
need_file "$EXO" 'run: make'
src=${EXO_SRCDIR:-$(dirname "$0")/../..}

lint()
{
    # Which other pages are installed on this host is not the page's fault.
    ! mandoc -Tlint -Wstyle "$1" 2>/dev/null |
        grep -v 'referenced manual not found'
}

# The text as a reader sees it, without overstriking, in one line.
text() { mandoc -Tascii -Owidth=300 "$1" 2>/dev/null | sed 's/.\x08//g'; }

# has VARIABLE WORD: is it in that text, not as a part of a longer word?
has() { grep -qE -- "(^|[^a-z0-9_-])$2([^a-z0-9_-]|\$)" <<<"${!1}"; }

for page in "$src"/man/*.[1-8]; do
    page=${page##*/}
    ok "$page is clean" lint "$src/man/$page"
    ok "$page is installed" grep -q "man/$page" "$src/man/man.mk"
done

exo1=$(text "$src/man/exoauth.1")
# shellcheck disable=SC2034 # by its name, in has()
lib8=$(text "$src/man/libexoauth.8")

commands=$("$EXO" --help | sed -n 's/^  exoauth \([a-z]*\).*/\1/p')
ok 'there are commands' test "$(wc -w <<<"$commands")" -ge 8
for command in $commands; do
    ok "command $command" has exo1 "exoauth $command"
    for option in $("$EXO" "$command" --help | grep -oE -- '--[a-z-]+' | sort -u); do
        ok "option $option of $command" has exo1 "$option"
    done
done

need_file "$EXO_BUILDDIR/tests/lib/tables" 'run: make check TESTS='
options=$("$EXO_BUILDDIR/tests/lib/tables" | sed -n 's/^option \([^ ]*\) .*/\1/p')
ok 'there are options' test "$(wc -w <<<"$options")" -ge 15
for option in $options; do
    ok "option --$option" has exo1 "--$option"
done
for option in $(grep -ohE -- '(^|[ (|])--[a-z][a-z-]*' <<<"$exo1" |
    tr -d ' (|' | sort -u); do
    ok "$option of the manual exists" has options "${option#--}"
done

keys=$("$EXO_BUILDDIR/tests/lib/tables" | sed -n 's/^\(conf\|account\) //p')
ok 'there are keys' test "$(wc -w <<<"$keys")" -ge 40
for key in $keys; do
    ok "key $key" grep -qE "^\.It Cm (.* )?$key( |\$)" "$src/man/exoauth.conf.5"
done
described=$(sed -n '/^\.Sh KEYS/,/^\.Sh FILES/{
        /^\.Bl -tag -width Ds$/,/^\.El/s/^\.It Cm //p
    }' "$src/man/exoauth.conf.5" | tr -d ',')
for key in $described; do
    # Values of grant and client_auth.
    case $key in client_credentials | device_code | authorization_code | \
        password | managed_identity | none | secret_post | secret_basic | \
        private_key_jwt | assertion) continue ;;
    esac
    ok "key $key of the manual exists" has keys "$key"
done

for status in ok no-account denied needs-login transient misconfigured; do
    ok "status $status in exoauth(1)" has exo1 "$status"
    ok "status $status in libexoauth(8)" has lib8 "$status"
done
for code in 0 64 67 70 74 75 77 78; do
    ok "exit status $code" has exo1 "$code"
done
for word in account user servers credential serial issued refresh_after \
    usable_until expires token get server min_ttl reject nowait status message \
    retry_after; do
    ok "line $word of tokens and messages" has lib8 "$word"
done
for format in raw xoauth2 oauthbearer json; do
    ok "format $format" has exo1 "$format"
done

for command in 'sudo tests/demo' 'sudo tests/all'; do
    ok "README says $command" grep -qF "$command" "$src/README"
done
for status in denied needs-login transient misconfigured no-account; do
    ok "README has a remedy for $status" grep -qF "$status" "$src/README"
done

# The checks of doctor, in the order in which it makes them.
checks=$(sed -n 's/^    { "\([a-z-]*\)", [a-z]*, exo_check_.*/\1/p' "$src/helper/cli/cmd_doctor.c")
ok 'doctor has checks' test "$(wc -l <<<"$checks")" -ge 10
is "$(awk '/^\.Ss exoauth doctor/ { on = 1 } /^\.El/ { if (on) exit } on && /^\.It [a-z-]+$/ { print $2 }' \
    "$src/man/exoauth.1")" "$checks" 'exoauth(1) has them in their order'
