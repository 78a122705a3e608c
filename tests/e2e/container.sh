#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# contrib/container as it stands: the Containerfile's steps on a copy-on-write
# image of this host, compose.yaml and kubernetes.yaml as what is mounted, a
# root that is read-only, secrets as files, capabilities as listed. It sends
# mail, starts again without asking for a token, and takes a secret that was
# replaced while it ran. Only names, ports and the CA are this test's.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_root 'a container is made of namespaces'
need_ipv4 'the image lets clients of IPv4 networks relay'
need_cmd unshare mount setpriv postfix python3
python3 -c 'import yaml' 2>/dev/null || skip_all 'there is no python3-yaml'
if [[ -z ${EXO_UNSHARED:-} ]]; then
    unshare --mount --pid --fork true 2>/dev/null ||
        skip_all 'unshare --mount --pid is not allowed'
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi
mailbox=relay@contoso.test
bob=bob@contoso.test
rig_init
rig_as_start
rig_dovecot_start
rig_mx_start
here=$RIG_SRC/contrib/container
layer=$RIG/layer image=$RIG/image
mkdir "$layer" "$image"
mount -t tmpfs -o mode=0755 none "$layer"
mkdir "$layer/upper" "$layer/work"
mount -t overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" \
    none "$image" 2>/dev/null || skip_all 'no overlay on this file system'

cleanup umount -l "$layer" "$image"

container() { python3 "$RIG_HERE/container.py" "$@"; }

# What COPY brings, and what a user of the image edits.
image()
{
    local dir
    for dir in /usr/lib/*/sasl2 /usr/lib64/sasl2 /usr/lib/sasl2; do
        [[ -e $dir/libplain.so ]] && break
    done
    mkdir -p "$image$dir" "$image"/{run,etc/sasl2,var/lib/postfix}
    rm -rf "$image"/etc/{postfix/main.cf,sasl2} "$image/var/lib/exoauth"
    mkdir "$image/etc/sasl2"
    rm -f "$image$dir"/libexoauth*
    cp "$RIG_SASL/libexoauth.so" "$image$dir/"
    cp "$RIG_EXO" "$image/usr/bin/exoauth"
    rm -f "$image/usr/local/bin/exoauth"
    cp "$here/relay" "$image/usr/sbin/relay"
    cp "$RIG_CA" "$image/etc/ssl/relay-ca.crt"
    chroot "$image" userdel exoauth 2>/dev/null
    container build "$image" "$here/Containerfile" "MAILBOX=$mailbox" \
        "RELAYHOST=[localhost]:$RIG_SUBMISSION_PORT" \
        CAFILE=/etc/ssl/relay-ca.crt || return 1
    # Port 25 of this host may be taken.
    chroot "$image" postconf -MX smtp/inet
    chroot "$image" postconf -M \
        "$TAP_LOOP_URL:$port/inet=$TAP_LOOP_URL:$port inet n - n - - smtpd"
    chroot "$image" postconf -e smtp_host_lookup=native
}

# FILE with the ids and endpoints of the rig
filled()
{
    sed -E -e "s|^( *)tenant: TENANT_ID|\\1tenant: $RIG_TENANT\\
\\1token_endpoint: $RIG_TOKEN_URL\\
\\1servers: localhost|" -e 's|CLIENT_ID|relay-app|' \
        -e 's|^( *)key_file: none|&\
\1ca_file: /etc/ssl/relay-ca.crt|' -e "s|/etc/relay/|$RIG/etc/relay/|" \
        -e 's/contoso\.com/contoso.test/' "$1"
}

# start NAME FILE: the container NAME of FILE, its output in log/NAME.log
start()
{
    rig_daemon "$1" unshare --mount --pid --fork --kill-child \
        --propagation private \
        python3 "$RIG_HERE/container.py" run "$image" "$2" "$RIG/$1"
    rig_wait 30 rig_listens "$port"
}

# As an engine stops one: TERM to its first process, and wait.
stop()
{
    local outer init
    outer=$(<"$RIG/pids/$1.pid")
    init=$(pgrep -P "$outer")
    kill -TERM "$init" && rig_wait 20 not_alive "$outer" || return 1
    rm -f "$RIG/pids/$1.pid"
}
not_alive() { ! kill -0 "$1" 2>/dev/null; }

send()
{
    python3 - "$port" "$mailbox" "$bob" "$1" <<'PY'
import smtplib, sys
port, sender, to, subject = sys.argv[1:]
with smtplib.SMTP("localhost", int(port)) as s:
    s.sendmail(sender, [to], "Subject: %s\n\nHello.\n" % subject)
PY
}

inside()
{
    local init
    init=$(pgrep -P "$(<"$RIG/pids/$1.pid")")
    shift
    nsenter --target "$init" --mount --pid --root --wd=/ "$@"
}

port=$(rig_port)
ok 'the steps of the Containerfile' image

# ----- compose
mkdir -p "$RIG/compose/sasl2/exoauth.d" "$RIG/compose"/{queue,store} \
    "$RIG/etc/relay"
filled "$here/compose.yaml" >"$RIG/compose/compose.yaml"
(cd "$here" && find sasl2 -type f) | while IFS= read -r file; do
    filled "$here/$file" >"$RIG/compose/${file/contoso.com/contoso.test}"
done
printf '%s\n' "$RIG_SECRET" >"$RIG/etc/relay/client_secret"
cp -a "$image/var/spool/postfix/." "$RIG/compose/queue/"
cp -a "$image/var/lib/exoauth/." "$RIG/compose/store/"
chown --reference="$image/var/lib/exoauth" "$RIG/compose/store"
chmod 0700 "$RIG/compose/store"
log=$RIG/log/compose.log

ok 'compose: the relay listens' start compose "$RIG/compose/compose.yaml"
is "$(grep -cx changed "$log")" 1 'compose: the first start logs in'
is "$(rig_as_count)" 1 'compose: with one token request'
not_ok 'compose: the root is read-only' inside compose touch /usr/x
like "$ERR" 'Read-only file system' 'compose: and says so'
ok 'compose: a client sends' send compose-1
ok 'compose: and it arrives' rig_mail_wait "$bob" compose-1
like "$(<"$log")" 'status=sent' 'compose: the log is on stdout'
ok 'compose: refresh --all, which the loop runs' inside compose exoauth refresh --all
like "$(inside compose exoauth status "$mailbox")" 'ok' 'compose: status says ok'
ok 'compose: stops when told' stop compose
ok 'compose: starts again' start compose "$RIG/compose/compose.yaml"
is "$(grep -cx unchanged "$log")" 1 'compose: with nothing to do'
is "$(rig_as_count)" 1 'compose: and no token request'
send compose-2
ok 'compose: mail flows again' rig_mail_wait "$bob" compose-2
ok 'compose: stops' stop compose

# ----- Kubernetes
filled "$here/kubernetes.yaml" >"$RIG/etc/kubernetes.yaml"
mkdir -p "$RIG/pod/queue"
cp -a "$image/var/spool/postfix/." "$RIG/pod/queue/"
container secret "$RIG/pod" wrong-secret-of-the-test
log=$RIG/log/pod.log

ok 'kubernetes: the relay listens with a wrong secret, too' \
    start pod "$RIG/etc/kubernetes.yaml"
like "$(<"$log")" 'invalid_client.*; ' 'kubernetes: the log says what is wrong'
like "$(<"$log")" 'no token yet' 'kubernetes: and that mail waits'
send pod-1
ok 'kubernetes: which it does' rig_log_wait 'status=deferred' "$log" 30
container secret "$RIG/pod" "$RIG_SECRET"
ok 'kubernetes: the secret is replaced, refresh --force takes it' \
    inside pod exoauth refresh "$mailbox" --force
ok 'kubernetes: the queue is flushed' inside pod postqueue -f
ok 'kubernetes: and the message arrives' rig_mail_wait "$bob" pod-1
not_ok 'kubernetes: the root is read-only' inside pod touch /usr/x
ok 'kubernetes: stops when told' stop pod
unlike "$(cat "$RIG/log/compose.log" "$log")" "$RIG_SECRET|wrong-secret-of" \
    'no secret in the logs'
