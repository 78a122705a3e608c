#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# No files call each other in a circle: who wants to change one reads it and
# what is below it, and no more. Who calls whom is read from the objects, so it
# is what the linker sees.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

src=${EXO_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${EXO_BUILDDIR:-.}
need_cmd python3 nm
rooms='common process plugin json net store oauth mail'
for room in "$src"/helper/*/; do
    rooms+=" helper/$(basename "$room")"
done
circles() { python3 "$src/tests/lib/circles.py" "$@"; }

# shellcheck disable=SC2086
found=$(circles "$src" "$build" $rooms)
case $? in
    0) ;;
    77) skip_all 'the objects have no symbols to read' ;;
    *) bail 'cannot read the objects' ;;
esac
is "$found" '' 'no files call each other in a circle'

# Whom a room may call stands in helper_rooms; cli calls all.
forbidden()
{
    awk 'NR == FNR { for (i = 2; i <= NF; i++) may[$1 " " $i ":"] = 1; next }
        $1 != "cli" && !($1 " " $2 in may)' "${1:-$src/tests/lib/helper_rooms}" -
}
# shellcheck disable=SC2086
calls=$(circles --rooms "$src" "$build" $rooms)
like "$calls" 'login broker: ' 'the calls between the rooms are found'
is "$(forbidden <<<"$calls")" '' 'no room of helper/ calls one that it may not'
grep -v '^login' "$src/tests/lib/helper_rooms" >"$TAP_DIR/rooms"
like "$(forbidden "$TAP_DIR/rooms" <<<"$calls")" 'login broker: helper/login/' 'one that does is found'

# Two that do are found, and what ties them.
mkdir -p "$TAP_DIR/src/common" "$TAP_DIR/out/common"
for pair in 'one two' 'two one'; do
    read -r here there <<<"$pair"
    cat >"$TAP_DIR/src/common/$here.c" <<END
__attribute__((weak)) int exo_$there(int n);
int exo_$here(int n) { return n > 0 ? exo_$there(n - 1) : 0; }
END
done
echo 'int exo_err_set(void); int exo_err_set(void) { return 0; }' \
    >"$TAP_DIR/src/common/error.c"
for name in one two error; do
    # shellcheck disable=SC2086
    ${CC:-cc} -c -o "$TAP_DIR/out/common/$name.o" \
        "$TAP_DIR/src/common/$name.c" || bail 'cannot compile'
done
is "$(circles "$TAP_DIR/src" "$TAP_DIR/out" common)" \
    'common/one.c -> common/two.c (exo_two); common/two.c -> common/one.c (exo_one)' \
    'two files that call each other are found'
