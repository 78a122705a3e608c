# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# open.sh: a checkout below a directory that is closed to others (/root, a home
# of mode 0700). What tests run as other users must be reachable for them. For
# tap.sh and tests/all, as root.
#
#   open_needed        is the tree of EXO_SRCDIR and EXO_BUILDDIR closed?
#   open_tree DIR      makes DIR/src and DIR/build, where others can read the
#                      sources, the program, the plugin and the tools of the
#                      tests; the rest of the build tree is linked

open_needed()
{
    [[ $(id -u) == 0 && -x ${EXO_BUILDDIR:-}/exoauth ]] &&
        ! setpriv --reuid=65534 --regid=65534 --clear-groups test \
            -x "$EXO_BUILDDIR/exoauth" -a -r "${EXO_SRCDIR:-$EXO_BUILDDIR}" \
            2>/dev/null
}

open_tree()
{
    local dir=$1 file
    mkdir -p "$dir/src" "$dir/build/tests" && chmod 0755 "$dir"{,/src,/build} &&
        tar -C "${EXO_SRCDIR:-.}" -cf - --exclude=./.git --exclude='*.o' \
            --exclude=.libs --exclude=autom4te.cache . |
            tar -C "$dir/src" -xf - --no-same-owner || return
    for file in "$EXO_BUILDDIR"/{*,.libs} "$EXO_BUILDDIR"/tests/*; do
        case ${file#"$EXO_BUILDDIR"/} in
        exoauth | .libs | tests/lib)
            cp -aL "$file" "$dir/build/${file#"$EXO_BUILDDIR"/}"
            ;;
        tests) ;;
        *) ln -s "$file" "$dir/build/${file#"$EXO_BUILDDIR"/}" ;;
        esac
    done
    chmod -R a+rX "$dir/src" "$dir/build/exoauth" "$dir/build/.libs" \
        "$dir/build/tests/lib" 2>/dev/null
    return 0
}
