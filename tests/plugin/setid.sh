#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A set-user-ID program must not let its caller choose the configuration, and
# with it the helper that it runs: neither by SASL_CONF_PATH nor by HOME.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need_root 'making a program set-user-ID'
need_cmd setpriv
frob=${EXO_BUILDDIR:-.}/tests/plugin/frob
need_file "$frob" 'run: make check'
so=$(realpath "${EXO_PLUGINDIR:-.libs}/libexoauth.so")

dir=$(tap_dir)
caller=12345
mkdir -p "$dir/plugins" "$dir/home/.config/exoauth/exoauth.d" \
    "$dir/conf/exoauth.d" "$dir/tokens"
cp "$so" "$dir/plugins/libexoauth.so"
echo "token_dir: $dir/tokens" >"$dir/conf/exoauth.conf"
: >"$dir/conf/exoauth.d/alice@example.org.conf"
: >"$dir/home/.config/exoauth/exoauth.conf"
: >"$dir/home/.config/exoauth/exoauth.d/alice@example.org.conf"
cp "$frob" "$dir/plain"
cp "$frob" "$dir/setuid"
cp "$frob" "$dir/setgid"
chmod 0755 "$dir/plain"
chown 12346:12346 "$dir/setuid" "$dir/setgid"
chmod 4755 "$dir/setuid"
chmod 2755 "$dir/setgid"
chown -R $caller "$dir/home"

# run PROGRAM VARIABLE=VALUE...: as an ordinary user
run()
{
    local program=$1
    shift
    # A sanitizer cannot look for leaks in a set-user-ID program.
    (cd / && env -i ASAN_OPTIONS=detect_leaks=0 "$@" setpriv --reuid $caller --regid $caller \
        --clear-groups "$dir/$program" "$dir/plugins")
}

conf=SASL_CONF_PATH=$dir/conf
home=HOME=$dir/home

like "$(run plain "$conf")" '^secure 0; .*XOAUTH2.*OAUTHBEARER' \
    'an ordinary program reads SASL_CONF_PATH'
like "$(run plain "$home")" '^secure 0; .*XOAUTH2' \
    'an ordinary program reads the file in HOME'
unlike "$(run plain)" 'XOAUTH2|OAUTHBEARER' 'and without either there is no account'
for kind in setuid setgid; do
    out=$(run $kind "$conf" "$home")
    if [[ $out != 'secure 1'* ]]; then
        skip "a $kind program" "the file system ignores the bit"
        continue
    fi
    unlike "$out" "XOAUTH2|OAUTHBEARER" "a $kind program believes neither"
done
