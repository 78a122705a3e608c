#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The commands that SECURITY prints for backups, run as they are printed: the
# store is in the backup, and no key is. In a mount namespace whose /etc, /var
# and /mnt are empty.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
page=${EXO_SRCDIR:-$(dirname "$0")/../..}/SECURITY
need_root 'mounting file systems'
need_cmd tar rsync git
own_mounts "$@"

# Each block of commands without its prompts; awk is a link by way of /etc.
mapfile -d '' -t BLOCKS < <(awk '/^    [#$] / && !inside { if (n++) printf "%c", 0 }
    { inside = /^    [#$] / || (inside && /^    /) }
    inside { sub(/^    ([#$] )?/, ""); print }' "$page")
block() { printf '%s' "${BLOCKS[$1 - 1]-}"; }
for dir in /etc /var /mnt; do
    mount -t tmpfs -o mode=0755 exoauth-test "$dir" ||
        skip_all 'mounting a tmpfs is not allowed'
    cleanup umount "$dir"
done
export HOME=$TAP_DIR/home
mkdir -p /etc/sasl2 /var/lib/exoauth /var/lib/systemd \
    /var/spool/postfix/run/exoauth/tokens \
    "$HOME/.local/share/exoauth" "$HOME"/.local/state/exoauth/{store,tokens}
for file in /etc/sasl2/exoauth.key /etc/sasl2/.tmp.0123456789abcdef \
    /var/lib/systemd/credential.secret "$HOME/.local/share/exoauth/exoauth.key" \
    /var/spool/postfix/run/exoauth/tokens/a@b "$HOME/.local/state/exoauth/tokens/a@b"; do
    echo canary-key >"$file"
done
for file in /etc/sasl2/exoauth.conf /var/lib/exoauth/a@b.json \
    "$HOME/.local/state/exoauth/store/a@b.json"; do
    echo kept >"$file"
done

run() { bash -e -c "cd /; $(block "$1")"; }
# Were file names kept, and is no key in it?
good()
{
    local what=$1 dir=$2
    shift 2
    for file; do
        ok "$what: has $file" test -f "$dir/$file"
    done
    is "$(grep -rl canary "$dir" 2>/dev/null)" '' "$what: no key and no token"
}

like "$(block 1)" '^tar ' 'the first block is tar'
ok 'tar' run 1
mkdir "$TAP_DIR/tar" && tar -xzf /mnt/host.tar.gz -C "$TAP_DIR/tar"
good tar "$TAP_DIR/tar" etc/sasl2/exoauth.conf var/lib/exoauth/a@b.json
like "$(block 2)" '^rsync ' 'the second block is rsync'
mkdir /mnt/host
rsync -aR /etc /var/lib /var/spool /mnt/host/ # one that thought of nothing
ok 'rsync' run 2
good rsync /mnt/host etc/sasl2/exoauth.conf var/lib/exoauth/a@b.json

ok 'etckeeper: the lines of .gitignore' run 3
git -C /etc init -q && git -C /etc config user.email a@b && git -C /etc config user.name a
git -C /etc add -A && git -C /etc commit -qm all
is "$(git -C /etc ls-files | paste -sd' ')" '.gitignore sasl2/exoauth.conf' 'are heard by git'
ok 'so says git' git -C /etc check-ignore sasl2/exoauth.key sasl2/.tmp.0123456789abcdef
git -C /etc add -f sasl2/exoauth.key && git -C /etc commit -qm key
mkdir "$TAP_DIR/bin"
printf '#!/bin/sh\necho "$*" >%s\n' "$TAP_DIR/rekeyed" >"$TAP_DIR/bin/exoauth"
chmod +x "$TAP_DIR/bin/exoauth"
PATH=$TAP_DIR/bin:$PATH
ok 'a key that was committed' run 4
is "$(git -C /etc ls-files | paste -sd' ')" '.gitignore sasl2/exoauth.conf' 'goes'
is "$(<"$TAP_DIR/rekeyed")" rekey 'and is changed'
ok 'and the file is still there' test -f /etc/sasl2/exoauth.key

ok "a person's tar" run 5
mkdir "$TAP_DIR/person" && tar -xzf /mnt/home.tar.gz -C "$TAP_DIR/person"
good "a person's tar" "$TAP_DIR/person" .local/state/exoauth/store/a@b.json
is "$(block 6)" '' 'no block was left out'
