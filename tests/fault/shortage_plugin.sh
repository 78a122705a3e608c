#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The plugin's whole login with one allocation or call after the other failing:
# with a published token, by a socket, and with a helper that it starts, which
# counts, too.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/shortage.sh"
shortage_up
site_conf timeout 10
shortage_person
shortage_site 1
export SASL_CONF_PATH=$SITE/etc
guest=$EXO_BUILDDIR/tests/lib/guest
# A plugin that cannot begin is none: libsasl2 says that, and the plugin why, in
# the log.
none=(--says '75=(?s)exoauth: [^\n]*(memory|open files|Input/output)[^\n]*\n.*No worthy mechs')
login=("$guest" "${EXO_PLUGINDIR:-$EXO_BUILDDIR/.libs}" $person mail.contoso.test)

ok 'a login with a published token' "${login[@]}"
shortage 'login with a published token' --share /1 "${SHORTAGE_SITE[@]}" "${none[@]}" \
    --quiet -- "${login[@]}"
shortage_expire
site_conf socket "$SITE/socket"
spawner=(python3 "$SHORTAGE_LIB/spawner.py" "$SITE/socket" "$EXO" "$SITE_CONF")
ok 'a login by a socket' "${spawner[@]}" "${login[@]}"
shortage_expire
shortage_site 2
shortage 'login by a socket' --share /12 "${SHORTAGE_SITE[@]}" "${none[@]}" \
    --quiet -- "${spawner[@]}" "${login[@]}"
site_conf socket none
site_conf helper "$EXO"
ok 'a login with a helper' "${login[@]}"
shortage_expire
shortage_site 3
shortage 'login with a helper' "${SHORTAGE_SITE[@]}" "${none[@]}" \
    --quiet -- "${login[@]}"
