#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A way to configure or to start exoauth in which one of its protections would
# silently do nothing is an error with cause and remedy: keys without a value or
# in the wrong file, a key inside the store, modes and umasks, a system call that
# is not allowed, a server of tokens that cannot know who asks.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_cmd python3
site_up
site_endpoint ok:a-token
app=app@contoso.test
site_account $app "secret_file: $SITE/secret/app"
file=$SITE/etc/exoauth.d/$app.conf
cp "$SITE_CONF" "$SITE/conf.good"
cp "$file" "$SITE/account.good"
# refused STATUS DESC REGEX: token says why, and gives none.
refused()
{
    exits "$1" "$2" x token $app --min-ttl 0
    is "$OUT" '' "$2: no token"
    one_line "$2" "$3"
}
fine() { ok "$1" x token $app --min-ttl 0; is "$OUT" a-token "$1: a token"; }
fine 'to begin with'

# ----- the seal, the group, the authorities, who runs it: a key without a value

for key in key_file key_command token_group ca_file run_as proxy log socket; do
    { grep -v "^$key:" "$SITE/conf.good"; echo "$key:"; } >"$SITE_CONF"
    refused 78 "$key without a value" "$key: has no value; "
done
cp "$SITE/conf.good" "$SITE_CONF"
for key in allow servers; do
    { grep -v "^$key:" "$SITE/account.good"; echo "$key:"; } >"$file"
    refused 78 "$key without a value" "$key is empty; "
done
for line in 'servers: *' 'servers: *.com' 'servers: *.1'; do
    { grep -v '^servers:' "$SITE/account.good"; echo "$line"; } >"$file"
    refused 78 "$line" 'servers .*; '
done

# ----- a key in the file where it is not read

for line in 'key_file: none' 'token_group: daemon' 'ca_file: /etc/ssl/cert.pem' \
    'run_as: nobody' 'proxy: none'; do
    { cat "$SITE/account.good"; echo "$line"; } >"$file"
    refused 78 "${line%%:*} in an account file" \
        "${line%%:*} is not a key of accounts; move that line to $SITE_CONF"
done
cp "$SITE/account.good" "$file"

# ----- the seal: a key that every copy of the store would hold

site_conf key_file "$SITE_STORE/exoauth.key"
refused 78 'a key in the store' 'is in the store.*; move it elsewhere'
ln -s "$SITE_STORE" "$SITE/link"
site_conf key_file "$SITE/link/exoauth.key"
refused 78 'by another name' 'is in the store.*; move it elsewhere'
mkdir -p "$SITE_STORE/sub/dir"
[[ $(id -u) != 0 ]] || chown -R "$SITE_USER" "$SITE_STORE/sub"
ln -s "$SITE_STORE/sub/dir" "$SITE/deep"
for way in "$SITE_STORE/sub" "$SITE_STORE/sub/dir" "$SITE_STORE/sub/none" "$SITE/link/sub" \
    "$SITE/deep" "$SITE/run/../store/sub"; do
    site_conf key_file "$way/k"
    refused 78 "a key below the store: ${way#"$SITE"}" 'is in the store.*; move it elsewhere'
    exits 78 'nor does rekey make one' x rekey
done
mv "$SITE/etc/exoauth.key" "$SITE/deep/k"
site_conf key_file "$SITE/deep/k"
refused 78 'one that is there' 'is in the store.*; move it elsewhere'
mv "$SITE/deep/k" "$SITE/etc/exoauth.key"
# An empty store, where each command would make a key.
mkdir "$SITE/empty"; chmod 0700 "$SITE/empty"
[[ $(id -u) != 0 ]] || chown "$SITE_USER" "$SITE/empty"
for way in empty empty/sub; do
    mkdir -p "$SITE/$way"
    [[ $(id -u) != 0 ]] || chown "$SITE_USER" "$SITE/$way"
    site_conf store "file:$SITE/empty"
    site_conf key_file "$SITE/$way/k"
    refused 78 "no key is made in $way" 'is in the store.*; move it elsewhere'
    exits 78 'nor by rekey' x rekey
    exits 78 'nor by login' x login $app
    ok 'none is there' test ! -e "$SITE/$way/k"
done
rm -rf "${SITE:?}/empty" "${SITE_STORE:?}/sub"
cp "$SITE/conf.good" "$SITE_CONF"

# ----- tokens in the store, which token_group must enter and nobody else may

[[ $(id -u) != 0 ]] || site_conf token_group daemon
was=$(stat -c '%a %U:%G' "$SITE_STORE")
mkdir "$SITE/to"
ln -s "$SITE_STORE" "$SITE/to/store"
for way in "$SITE_STORE" "$SITE_STORE/" "$SITE_STORE/tokens" "$SITE_STORE/a/b" "$SITE/link" \
    "$SITE/run/../store"; do
    site_conf token_dir "$way"
    refused 78 "token_dir: ${way#"$SITE"}" '(token_dir .* and store|store .* and token_dir) .* are not apart; .*token_dir in '
    exits 78 'nor does refresh use it' x refresh --all
    exits 78 'nor login' x login $app
    exits 78 'nor doctor' x doctor
    like "$OUT" 'failure +configuration +token_dir .* are not apart' 'which says so'
done
site_conf token_dir "$SITE/fresh"
site_conf store "file:$SITE/fresh"
refused 78 'a directory for both that is to be made' 'token_dir .* are not apart'
site_conf store "file:$SITE/fresh/store"
refused 78 'a store in the tokens' 'token_dir .* are not apart'
ok 'neither is made' test ! -e "$SITE/fresh"
is "$(stat -c '%a %U:%G' "$SITE_STORE")" "$was" 'the store keeps mode and group'
site_conf store "file:$SITE/fresh2"
ok 'names that begin alike' x refresh --all
rm -rf "$SITE/to" "$SITE/fresh" "$SITE/fresh2"
cp "$SITE/conf.good" "$SITE_CONF"

# ----- what is written over what another key names

state() { (cd "$SITE" && find store etc -type f ! -path etc/exoauth.conf -exec sha256sum {} + | sort); }
before=$(state)
while read -r name path other; do
    site_conf "$name" "$path"
    refused 78 "$name: ${path#"$SITE"}" "($name .* and $other|$other .* and $name) .* are not apart; name another place for $name in "
    exits 78 'nor does refresh write there' x refresh --all
    exits 78 'nor doctor' x doctor
    site_conf "$name"
    is "$(state)" "$before" 'and nothing is changed'
done <<EOF
status_file $SITE_STORE/$app.json store
status_file $SITE_STORE/status store
log $SITE_STORE/$app.json store
status_file $SITE_TOKENS/status token_dir
log $SITE_TOKENS/none/yet/log token_dir
log $file account_dir
status_file $SITE/etc/exoauth.d/status account_dir
key_file $SITE_TOKENS/key token_dir
key_file $SITE/etc/exoauth.d/key account_dir
account_dir $SITE_STORE/accounts store
account_dir $SITE_TOKENS/accounts token_dir
ca_file $SITE_STORE/ca.pem store
proxy_auth_file $SITE_TOKENS/proxy token_dir
socket $SITE_TOKENS/socket token_dir
EOF
# A link of ours to what is not there yet is where it leads.
ln -s "$SITE_STORE/not.yet" "$SITE/to.none"
site_conf status_file "$SITE/to.none"
refused 78 'a link that ends in the store' 'status_file .* and store .* are not apart'
site_conf status_file
# By names that are written in another way, of what is to be made.
for way in "$SITE/new/" "$SITE/new/." "$SITE//new" "$SITE/./new/"; do
    site_conf store "file:$way"
    site_conf token_dir "$SITE/new/tokens"
    refused 78 "store: $way" 'not apart'
    site_conf token_dir
    site_conf key_file "$SITE/new/key"
    refused 78 "a key in it" 'is in the store'
    cp "$SITE/conf.good" "$SITE_CONF"
done
not_ok 'which is not made' test -e "$SITE/new"
mkdir "$SITE/jail.2"
site_conf token_dir /store
site_conf chroot "$SITE/jail.2 $SITE"
refused 78 'tokens of a jail in the store' 'token_dir .*/store and store .* are not apart; name another place for token_dir in '
site_conf token_dir /etc/exoauth.d
refused 78 'among the accounts' 'account_dir .* and token_dir .* are not apart; name another place for '
site_conf token_dir /
refused 78 'and around the store' 'store .* and token_dir .* are not apart'
cp "$SITE/conf.good" "$SITE_CONF"
# Nobody else can say so by a link, or he could keep all from starting.
if [[ $(id -u) == 0 ]]; then
    mkdir -m 1777 "$SITE/sticky"
    ln -s "$SITE_STORE" "$SITE/sticky/tokens"
    ln -s "$SITE_STORE/log" "$SITE/sticky/log"
    chown -h 1:1 "$SITE/sticky/"*
    for line in "token_dir $SITE/sticky/tokens" "log $SITE/sticky/log" \
        "status_file $SITE/sticky/log"; do
        # shellcheck disable=SC2086
        site_conf $line
        ok "another user's link as ${line%% *}" x token $app --min-ttl 0
        unlike "$ERR" 'not apart' 'is no place at all'
        cp "$SITE/conf.good" "$SITE_CONF"
    done
    mkdir -p "$SITE/jail.2/run"
    ln -s ../../store "$SITE/jail.2/run/tokens"
    chown -hR 1:1 "$SITE/jail.2/run"
    site_conf chroot "$SITE/jail.2"
    site_conf token_dir /run/tokens
    ok 'nor is one in a jail' x token $app --min-ttl 0
    unlike "$ERR" 'not apart' 'which is not followed'
    cp "$SITE/conf.good" "$SITE_CONF"
fi
is "$(state)" "$before" 'nothing is changed by all that'
rm -rf "$SITE/jail.2" "$SITE/to.none" "$SITE/sticky"

# ----- a log and a status are written to nothing else

printf 'canary-secret\n' >"$SITE/secret/other"
printf -- '-----BEGIN CERTIFICATE-----\n' >"$SITE/ca.pem"
ln -s "$SITE/etc/exoauth.key" "$SITE/to.key"
[[ $(id -u) != 0 ]] || chown "$SITE_USER" "$SITE/secret/other" "$SITE/ca.pem"
mkdir "$SITE/own"
[[ $(id -u) != 0 ]] || chown "$SITE_USER" "$SITE/own"
cp "$SITE_STORE/$app.json" "$SITE/other.json"
printf '{"exoauth":1,"checks":[]}\n' >"$SITE/checks.json"
[[ $(id -u) != 0 ]] || chown "$SITE_USER" "$SITE/other.json" "$SITE/checks.json"
all() { sha256sum "$SITE/other.json" "$SITE/checks.json" "$SITE/secret/other" "$SITE/ca.pem" "$SITE/etc/exoauth.key" "$SITE/keep.conf"; }
cp "$SITE/conf.good" "$SITE/keep.conf"
before=$(all)
for name in log status_file; do
    for path in secret/other ca.pem to.key etc/exoauth.key keep.conf other.json checks.json; do
        site_conf $name "$SITE/$path"
        ok "$name: $path" x refresh $app --force
        like "$ERR" "$name $SITE/$path.*(it is another file than a .*; name a new one|it belongs to another user)" 'says what it is'
        is "$(all)" "$before" 'and leaves it'
        exits 78 'doctor' x doctor
        like "$OUT" "failure .*$name $SITE/$path: it is another file than a .*; name a new one" 'says so'
        cp "$SITE/conf.good" "$SITE_CONF"
    done
    : >"$SITE/own/$name"
    [[ $(id -u) != 0 ]] || chown "$SITE_USER" "$SITE/own/$name"
    site_conf $name "$SITE/own/$name"
    site_conf log_level debug
    for i in 1 2; do
        ok "an empty one is taken, and taken again ($i)" x refresh $app --force
        unlike "$ERR" 'another file' 'in silence'
    done
    ok 'and written to' test -s "$SITE/own/$name"
    rm "$SITE/own/$name"
    cp "$SITE/conf.good" "$SITE_CONF"
done
if [[ $(id -u) == 0 ]]; then
    (umask 077; echo canary-closed >"$SITE/own/closed")
    site_conf status_file "$SITE/own/closed"
    ok 'status_file: what cannot be read' x refresh $app --force
    is "$(<"$SITE/own/closed")" canary-closed 'stays'
    like "$ERR" 'is not written: it is there and cannot be read; name a new one' 'and is told of'
    cp "$SITE/conf.good" "$SITE_CONF"
fi
rm -r "$SITE/to.key" "$SITE/own"

# ----- modes: what others could read or write, and a umask that lets them

fine 'as it was'
chmod 0644 "$SITE/etc/exoauth.key"
refused 74 'a key that others can read' 'accessible to others; .*chmod 400'
chmod 0400 "$SITE/etc/exoauth.key"
# list UID: who may read the key besides
list()
{
    python3 -c 'import os, struct, sys
entries = [(1, 6, -1), (2, 4, int(sys.argv[2])), (4, 4, -1), (16, 4, -1), (32, 0, -1)]
os.setxattr(sys.argv[1], "system.posix_acl_access", struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, perm, uid & 0xffffffff) for tag, perm, uid in entries))' \
        "$SITE/etc/exoauth.key" "$1"
}
if [[ $(id -u) == 0 ]]; then
    own=$(id -gn "$SITE_USER")
    for who in "$SITE_USER:daemon" "$SITE_USER:root"; do
        chown "$who" "$SITE/etc/exoauth.key"; chmod 0440 "$SITE/etc/exoauth.key"
        refused 74 "a key of $who, 0440" 'accessible to a group .*run.*chmod 400'
        exits 74 'refresh --force, too' x refresh $app --force
    done
    for who in "$SITE_USER:$own" "root:$own"; do
        chown "$who" "$SITE/etc/exoauth.key"; chmod 0440 "$SITE/etc/exoauth.key"
        fine "a key of $who, 0440"
        if list "$(id -u "$SITE_USER")"; then
            fine "a key of $who with an access list for its reader, as systemd makes them"
            list 4711
            refused 74 "a key of $who with one for another" 'accessible to others by an access list'
            like "$(x doctor $app 2>&1)" "exoauth.key: it is accessible to others by an access list" 'so says doctor'
            python3 -c 'import os, sys; os.removexattr(sys.argv[1], "system.posix_acl_access")' \
                "$SITE/etc/exoauth.key"
        else
            skip "a key of $who with an access list" 'the file system has none'
        fi
    done
    chown "$SITE_USER" "$SITE/etc/exoauth.key"; chmod 0400 "$SITE/etc/exoauth.key"
else
    skip 'a key that another group can read' 'needs root'
fi
for mode in 0640 0604; do
    chmod $mode "$SITE_STORE/$app.json"
    refused 74 "a record of mode $mode" 'refused: .*; '
done
chmod 0600 "$SITE_STORE/$app.json"
rm -rf "${SITE_STORE:?}"/* "${SITE_TOKENS:?}"/* "$SITE/etc/exoauth.key"
wide() { (umask 000; x "$@"); }
ok 'under umask 000: token' wide token $app --min-ttl 0
is "$(find "$SITE_STORE" "$SITE_TOKENS" "$SITE_ROOT$SITE_TOKENS" "$SITE/etc/exoauth.key" \
    -type f -perm /077 | wc -l)" 0 'no file is open to others'
is "$(find "$SITE_STORE" "$SITE_TOKENS" -type d -perm /022 | wc -l)" 0 'nor a directory'

# ----- no core file with a secret in it

if strace -qq -o /dev/null true 2>/dev/null; then
    for call in prctl setrlimit,prlimit64; do
        exits 78 "$call is not allowed" strace -f -qq -o /dev/null \
            -e "trace=$call" -e "inject=$call:error=EPERM" \
            "$EXO" token $app --min-ttl 0 --config "$SITE_CONF"
        one_line "$call is not allowed" 'out of core dumps: .*; allow'
    done
else
    skip 'a system call that is not allowed' 'strace cannot trace here'
fi

# ----- who asks: a server that cannot know it gives nothing

serve()
{
    python3 - "$1" "$EXO" "$SITE_CONF" $app <<'PY'
import os, socket, subprocess, sys
kind, exo, conf, app = sys.argv[1:]
ask = f"exoauth: 1\nget: {app}\n\n".encode()
if kind == "tcp":
    loop = os.environ["TAP_LOOP"]
    family = socket.AF_INET6 if ":" in loop else socket.AF_INET
    l = socket.socket(family)
    l.bind((loop, 0))
    l.listen()
    ours = socket.socket(family)
    ours.connect(l.getsockname())
    theirs = l.accept()[0]
else:
    ours, theirs = socket.socketpair()
ours.sendall(ask)
ours.shutdown(socket.SHUT_WR)
subprocess.run([exo, "serve", "--config", conf], stdin=theirs, stdout=theirs,
               stderr=subprocess.DEVNULL, timeout=60)
theirs.close()
ours.settimeout(5)
try:
    print(ours.recv(65536).decode())
except OSError:
    print("reset")
PY
}
ok 'serve on a TCP connection' serve tcp
unlike "$OUT" 'a-token|status: ok' 'gives no token, as nobody knows who asks'
ok 'serve on a pair of sockets' serve pair
like "$OUT" 'status: ok' 'takes who made it for who asks'
echo 'allow: bin' >>"$file"
ok 'with allow: a pair of sockets' serve pair
like "$OUT" 'status: denied' 'allow is looked at'
printf 'exoauth: 1\nget: %s\n\n' $app >"$SITE/request"
OUT=$(x serve <"$SITE/request")
like "$OUT" 'status: denied' 'a file: so it is'
OUT=$(x serve < <(cat "$SITE/request"))
like "$OUT" 'status: denied' 'a pipe: so it is'
unlike "$OUT" 'a-token' 'and no token is in the reply'
