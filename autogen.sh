#!/bin/sh
# Make configure from configure.ac; needs autoconf, automake, libtool and
# pkg-config. It never runs configure, with or without NOCONFIGURE, so that
# a build directory of its own stays possible:
#
#     ./autogen.sh && mkdir build && cd build && ../configure && make

cd "$(dirname "$0")" || exit 1
exec autoreconf -fi "$@"
