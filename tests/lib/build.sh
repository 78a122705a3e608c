# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2086 # EXO_CONFIGURE_FLAGS is many words
#
# build.sh: how tests/all and tests/demo come by a build. build_tree WORK sets
# EXO_SRCDIR and EXO_BUILDDIR: to the build tree named by EXO_BUILDDIR, brought
# up to date, or to a fresh one below WORK. A fresh one is made from a copy of
# the sources: nothing is written to a checkout that may belong to another
# user or be read-only. EXO_CONFIGURE_FLAGS go to configure.

build_tree()
{
    local work=$1 top jobs shell
    # libtool is a script, and most of a build: bash takes twice as long.
    shell=$(command -v dash)
    top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || return
    jobs=-j${EXO_JOBS:-$(nproc)}
    if [[ -n ${EXO_BUILDDIR:-} && -e $EXO_BUILDDIR/Makefile ]]; then
        EXO_BUILDDIR=$(cd "$EXO_BUILDDIR" && pwd)
        EXO_SRCDIR=$top
        export EXO_SRCDIR EXO_BUILDDIR
        make -C "$EXO_BUILDDIR" "$jobs"
        return
    fi
    EXO_SRCDIR=$work/src
    EXO_BUILDDIR=${EXO_BUILDDIR:-$work/build}
    export EXO_SRCDIR EXO_BUILDDIR
    mkdir -p "$EXO_SRCDIR" "$EXO_BUILDDIR" &&
        build_copy "$top" "$EXO_SRCDIR" &&
        (cd "$EXO_SRCDIR" && ./autogen.sh) &&
        cd "$EXO_BUILDDIR" &&
        env ${shell:+CONFIG_SHELL=$shell} \
            "$EXO_SRCDIR/configure" -q ${EXO_CONFIGURE_FLAGS:-} &&
        make "$jobs"
}

# Products of a build inside the source tree would make configure refuse.
build_copy()
{
    tar -C "$1" -cf - --exclude=./.git --exclude=./config.status \
        --exclude=./config.h --exclude=./Makefile --exclude=./stamp-h1 \
        --exclude='*.o' --exclude='*.lo' --exclude='*.la' --exclude=.libs \
        --exclude=.deps --exclude=.dirstamp --exclude=autom4te.cache . |
        tar -C "$2" -xf - --no-same-owner
}
