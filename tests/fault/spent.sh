#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A refresh token that is worth one use, and a store that cannot take what the
# provider gives for it: by a limit of file sizes, by a disk that is full or
# fills while the provider answers. What could not be saved is not spent, and
# what was spent and is not saved is never called a success.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:token-1
app=app@contoso.test
person=person@contoso.test
echo canary-client-secret >"$SITE/secret/app"
echo canary-refresh-1 >"$SITE/secret/refresh"
site_account $app "secret_file: $SITE/secret/app"
site_account $person 'grant: device_code'
ok 'an app' x token $app
ok 'a person' x login $person --refresh-token-file "$SITE/secret/refresh"
long=$(printf 'a%.0s' {1..12000})

# ---- a limit of file sizes
# limited KIB WORD...: what the shell calls ulimit -f
limited()
{
    (ulimit -f "$1"; shift; exec "$EXO" "$@" --config "$SITE_CONF")
}
site_script "ok:$long"
ok 'an app past the limit of file sizes' limited 8 refresh $app --force
like "$ERR" 'could not be saved: .*File too large; ' \
    'is told so, and has its token'
