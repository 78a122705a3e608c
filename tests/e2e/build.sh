#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The build as its users meet it: what configure says when something is
# missing, where the plugin goes, that `make install` and `make uninstall`
# are each other's opposite, and that clang has nothing to say either.
# Runs as a user only where tests/all has both: it is the same build.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need_file "$EXO_SRCDIR/configure" "$EXO_BUILDDIR/Makefile"
dir=$(tap_dir)
mkdir "$dir/a" "$dir/c" "$dir/empty"
cd "$dir/a" || exit 1

without() { PKG_CONFIG_LIBDIR=$dir/empty "$EXO_SRCDIR/configure"; }
not_ok 'configure without libraries fails' without
for name in libsasl2-dev cyrus-sasl-devel libcurl4-openssl-dev libcurl-devel \
    libjson-c-dev json-c-devel libssl-dev openssl-devel; do
    like "$ERR" "$name" "and names $name"
done

wanted=$(find /usr/lib /usr/lib64 -maxdepth 3 -name libplain.so -printf '%h\n' \
    2>/dev/null | head -n 1)
plugindir=$(sed -n 's/^plugindir = //p' "$EXO_BUILDDIR/Makefile")
if [[ -n $wanted ]]; then
    is "$plugindir" "$wanted" 'the plugin goes where libsasl2 has its own'
else
    skip 'where the plugin goes' 'libsasl2-modules is not there'
fi

install_to() { make -C "$EXO_BUILDDIR" DESTDIR="$dir/root" "$1"; }
ok 'make install' install_to install
ok 'the plugin' test -f "$dir/root$plugindir/libexoauth.so"
is "$(find "$dir/root" -name '*.la' -o -name '*.a')" '' 'no .la and no .a'
for page in exoauth.1 exoauth.conf.5 exoauth-import.5 exoauth-exchange.7 \
    exoauth-recipes.7 libexoauth.8; do
    isnt "$(find "$dir/root" -name "$page*")" '' "the manual page $page"
done
for file in email-oauth2-proxy getmail mutt sasl-xoauth2; do
    isnt "$(find "$dir/root" -path "*/exoauth/import-$file" -perm -0555)" '' \
        "the reader import-$file"
done
# Where the program looks for them is where they went.
readers=$(find "$dir/root" -name import-mutt -printf '%h')
readers=${readers#"$dir/root"}
printf 'run_as: %s\n' "$([[ $(id -u) == 0 ]] && echo nobody || id -un)" >"$dir/exoauth.conf"
not_ok 'a reader that is not there' env EXOAUTH_IMPORT_DIR=relative \
    "$EXO_BUILDDIR/exoauth" import --from none /dev/null --config "$dir/exoauth.conf"
if [[ -e $readers/import-mutt ]]; then
    like "$ERR" 'use one of: .*mutt' 'exoauth has looked there'
else
    like "$ERR" "no reader in $readers: " 'exoauth has looked there'
fi
for file in /completions/exoauth /_exoauth /vendor_completions.d/exoauth.fish; do
    like "$(find "$dir/root" -type f)" "$file" "completion: $file"
done
ok 'make uninstall' install_to uninstall
is "$(find "$dir/root" ! -type d)" '' 'leaves nothing'

if ! command -v clang >/dev/null; then
    skip 'clang without a warning' 'clang is not there'
else
    cd "$dir/c" || exit 1
    with_clang() { "$EXO_SRCDIR/configure" CC=clang --enable-werror && make -j2; }
    ok 'clang without a warning' with_clang
fi
