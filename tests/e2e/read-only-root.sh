#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A container as hardened ones are: read-only root, a tmpfs for state and one
# for run, configuration and secrets mounted as files, a uid without a name,
# no capability, no HOME, nothing in the environment, no /tmp to write to. Its
# start script runs `login --if-needed` each time. Made of namespaces and bind
# mounts, so nothing but util-linux is needed.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_root 'containers are made of mounts'
need_cmd unshare setpriv strace
unshare -mpf true 2>/dev/null || skip_all 'no namespaces can be made here'

uid=71234
relay=relay@contoso.test
certificate=certificate@contoso.test
rig_init
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=relay \
    -keyout "$RIG/etc/tls.key" -out "$RIG/etc/tls.crt" 2>/dev/null
rig_as_start "{\"jwtCert\": \"$RIG/etc/tls.crt\"}"

# ----- what the image, the ConfigMap and the Secret hold

mkdir -p "$RIG"/{image,config/exoauth.d,secrets,state,run}
printf '%s\n' "$RIG_SECRET" >"$RIG/secrets/secret"
cp "$RIG/etc/tls.crt" "$RIG/etc/tls.key" "$RIG/secrets/"
printf 'exoauth: 1\nkey: %s\n' "$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)" \
    >"$RIG/secrets/store.key"
chown "root:$uid" "$RIG"/secrets/*
chmod 0440 "$RIG"/secrets/*
chown "$uid:$uid" "$RIG/state" "$RIG/run"
cat >"$RIG/config/exoauth.conf" <<'END'
store: file:/state/store
key_file: /secrets/store.key
ca_file: /etc/ca.crt
status_file: /run/exoauth/status.json
log: stderr
END
account()
{
    rig_account "$1" "token_endpoint=$RIG_AS/common/oauth2/v2.0/token" "${@:2}"
    mv "$(rig_account_file "$1")" "$RIG/config/exoauth.d/"
}
account $relay secret_file=/secrets/secret
account $certificate client_id=relay-app-ps256 certificate=/secrets/tls.crt \
    private_key=/secrets/tls.key

# ----- the container

# Every mount is in a namespace that ends with the command: the test's own
# never sees the host below a directory that it will remove.
cat >"$RIG/bin/container" <<'END'
set -e
rig=$1 uid=$2 volumes=$3
shift 3
c=$rig/image
mount -t tmpfs -o mode=0755 image "$c"
mkdir -p "$c"/{usr,etc/ssl,etc/sasl2,dev,proc,state,run,secrets,tmp}
show() { mount --bind "$1" "$c$2"; mount -o remount,bind,ro "$c$2"; }
for name in bin sbin lib lib32 lib64 libx32; do
    if [[ -L /$name ]]; then
        cp -a "/$name" "$c/$name"
    elif [[ -d /$name ]]; then
        mkdir "$c/$name"
        show "/$name" "/$name"
    fi
done
show /usr /usr
show /etc/ssl /etc/ssl
show "$rig/config" /etc/sasl2
show "$rig/secrets" /secrets
for name in null zero urandom; do
    touch "$c/dev/$name"
    mount --bind "/dev/$name" "$c/dev/$name"
done
cp /etc/ld.so.cache /etc/nsswitch.conf "$c/etc/"
echo "$TAP_LOOP localhost" >"$c/etc/hosts"
echo 'root:x:0:0:root:/root:/bin/sh' >"$c/etc/passwd"
cp "$rig/bin/exoauth" "$c/exoauth"
cp "$rig/pki/ca.crt" "$c/etc/ca.crt"
for name in $volumes; do mount --bind "$rig/$name" "$c/$name"; done
mount -t proc proc "$c/proc"
mount -o remount,bind,ro "$c"
exec chroot "$c" /usr/bin/env -i /usr/bin/setpriv "--reuid=$uid" "--regid=$uid" \
    --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
END
volumes='state run'
inside()
{
    unshare -mpf --propagation private bash "$RIG/bin/container" "$RIG" "$uid" \
        "$volumes" "$@"
}
box() { inside /exoauth "$@"; }
not_ok 'the root cannot be written to' inside /usr/bin/touch /tmp/x
for a in $relay $certificate; do
    ok "$a: first start" box login "$a" --if-needed
    is "$OUT $ERR" 'changed ' 'makes it'
    ok "$a: second start" box login "$a" --if-needed
    is "$OUT $ERR" 'unchanged ' 'finds it'
    ok "$a: token" box token "$a"
    like "$OUT" '^.{1000,}$' 'is one'
    is "$ERR" '' 'and nothing is said'
done
asked=$(rig_as_count)
ok 'refresh --all' box refresh --all
is "$ERR" '' 'has nothing to say'
ok 'status' box status
like "$OUT" "$certificate .* ok .*$relay .* ok " 'is fine'
is "$(rig_as_count)" "$asked" 'nobody was asked again'

# ----- a restart: state is a volume, run is new

find "$RIG/run" -mindepth 1 -delete
for a in $relay $certificate; do
    ok "$a: start after a restart" box login "$a" --if-needed
    is "$OUT" unchanged 'finds it'
    ok "$a: and the token is published" test -s "$RIG/run/exoauth/tokens/$a"
done
ok 'refresh --all --force' box refresh --all --force
is "$(rig_as_count)" $((asked + 2)) 'asks for both'
ok 'a monitor needs no rights' inside /usr/bin/setpriv --no-new-privs \
    /usr/bin/stat -c %a /run/exoauth/status.json
is "$OUT" 644 'to read the status file'
ok 'show' box show $relay
ok 'list' box list

# ----- where it writes

traced()
{
    inside /usr/bin/strace -f -qq -o /run/trace -e trace=file /exoauth "$@"
}
if inside /usr/bin/strace -qq -o /dev/null /usr/bin/true 2>/dev/null; then
    for command in "login $relay --if-needed" "refresh $certificate --force" \
        'refresh --all' status "token $relay" "show $relay"; do
        # shellcheck disable=SC2086
        ok "$command" traced $command
        is "$(grep -E 'EROFS' "$RIG/run/trace")" '' 'tries to write nowhere else'
    done
    # A closed stdout becomes /dev/null, whose name strace may not read by then.
    opened=$(grep -hE 'O_(WRONLY|RDWR|CREAT)' "$RIG/run/trace" |
        grep -vE '"/(state|run|dev/null)' | grep -E 'AT_FDCWD' |
        grep -vE '0x[0-9a-f]+, O_RDWR\|O_CLOEXEC\) = 1$')
    is "$opened" '' 'and opens nothing else for that'
else
    skip 'where it writes' 'strace cannot trace here'
fi

# ----- without the volumes

volumes=state
ok 'no run: login' box login $relay --if-needed
ok 'no run: token' box token $relay
volumes=''
exits 74 'no state' box login $relay --if-needed
is "$(grep -c '' <<<"$ERR")" 1 'one line'
like "$ERR" '/state.*; ' 'cause and remedy'
