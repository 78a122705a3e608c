#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth-recipes(7) prints nothing that is not run: each literal block has a
# name, and a test with root takes it from the page by that name.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
src=${EXO_SRCDIR:-$(dirname "$0")/../..}
page=$src/man/exoauth-recipes.7

is "$(grep -B1 '^\.Bd -literal' "$page" | grep -cF '.\" recipe: ')" \
    "$(grep -c '^\.Bd -literal' "$page")" 'each block has a name'
names=$(sed -n 's/^\.\\" recipe: //p' "$page")
is "$(sort <<<"$names" | uniq -d)" '' 'no name is there twice'
ok 'there are recipes' test "$(wc -l <<<"$names")" -ge 20

# tenant.sh remembers which block was taken; each of these tests ends with the
# question whether that were all of its part of the page.
ok 'mutt-libsasl2 takes the block of a program that Debian does not have' \
    grep -q 'recipe: libsasl2-mutt' "$src/tests/e2e/mutt-libsasl2.sh"
for test in recipes recipes-postfix keyring; do
    ok "$test asks for the whole of its part" \
        grep -q '^recipes_complete ' "$src/tests/e2e/$test.sh"
done
