#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What is JSON does not depend on json-c: the table of texts, records and
# answers with names and words that are not ASCII, and a refresh, run on a bare
# root of Debian 13, whose json-c 0.18 refuses with one set of flags what 0.16
# takes. Needs root and fetches 40 MB, so it runs only where it is asked for:
#
#     EXO_DEBIAN13=http://deb.debian.org/debian tests/all debian13

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

[[ -n ${EXO_DEBIAN13:-} ]] ||
    skip_all 'set EXO_DEBIAN13 to a mirror of Debian to run it'
[[ $EUID == 0 ]] || skip_all 'needs root'
need_cmd mmdebstrap unshare chroot

dir=$(tap_dir)
root=$dir/root
mmdebstrap --quiet --variant=essential \
    --include=libcmocka0,libcurl4t64,libjson-c5,libsasl2-2,libssl3t64 \
    trixie "$root" "$EXO_DEBIAN13" >"$dir/mmdebstrap.log" 2>&1 ||
    skip_all "no Debian 13 from $EXO_DEBIAN13: $(tail -n 1 "$dir/mmdebstrap.log")"

mkdir -p "$root/exoauth"
inside()
{
    # shellcheck disable=SC2016 # for the inner shell
    unshare -m sh -c \
        'mount -t proc proc "$1/proc" && shift && exec chroot "$@"' sh \
        "$root" "$root" "$@"
}
cp "$EXO_BUILDDIR/exoauth" "$root/exoauth/"
ok 'the program starts there' inside /exoauth/exoauth --version
for name in test_json test_record test_store test_oauth_response \
    test_oauth_error test_broker; do
    make -s -C "$EXO_BUILDDIR" "tests/unit/$name" >"$dir/make.log" 2>&1 ||
        bail "no tests/unit/$name"
    cp "$EXO_BUILDDIR/tests/unit/$name" "$root/exoauth/"
    ok "$name" inside "/exoauth/$name"
    [[ $name == test_json ]] && like "$OUT$ERR" 'json-c 0\.1[89]' 'with its json-c'
done
