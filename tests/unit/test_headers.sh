#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Each contract in include/exoauth is complete: a file that includes it first,
# or alone, or twice, compiles without a warning.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

src=$(cd "${EXO_SRCDIR:-$(dirname "$0")/../..}" && pwd) || exit 1
cc=${CC:-cc}
need_cmd "$cc"
flags=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wstrict-prototypes -Werror
    -fsyntax-only -I"$src/include")
dir=$(tap_dir)

headers=("$src"/include/exoauth/*.h)
ok 'there are headers' test -e "${headers[0]}"
for header in "${headers[@]}"; do
    name=exoauth/${header##*/}
    printf '#include "%s"\n#include "%s"\n' "$name" "$name" >"$dir/one.c"
    ok "$name compiles alone" "$cc" "${flags[@]}" "$dir/one.c"
done

# A macro that says it twice would hide a header behind another.
guards=$(sed -n 's/^#ifndef \(EXOAUTH_[A-Z0-9_]*_H\)$/\1/p' "${headers[@]}")
is "$(wc -l <<<"$guards")" "${#headers[@]}" 'each has a guard'
is "$(sort <<<"$guards" | uniq -d)" '' 'and no two have the same'
