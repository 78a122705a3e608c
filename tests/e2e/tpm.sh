#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# private_key in a TPM: swtpm is the TPM, tpm2-openssl the OpenSSL provider,
# oidc-provider checks the signatures. As on a host with a real one, nothing
# in the environment says where it is: openssl.cnf names the provider for
# exoauth, and the TPM is where libtss2 looks by itself. So the test runs in a
# network and a mount namespace of its own.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

need_root 'it hides openssl.cnf under another one, in a mount namespace'
need_ipv4 "swtpm"
need_cmd swtpm tpm2_evictcontrol unshare ip node
modules=$(openssl version -m | sed 's/^MODULESDIR: "\(.*\)"/\1/')
need_file "$modules/tpm2.so" 'run: sudo tests/deps'
if [[ -z ${EXO_INSIDE:-} ]]; then
    unshare -mn true 2>/dev/null || skip_all 'no namespaces can be made here'
    rm -rf "$TAP_DIR"
    exec env EXO_INSIDE=1 unshare -mn --propagation private bash "$0"
fi

ip link set lo up
rig_init
for device in /dev/tpm0 /dev/tpmrm0; do
    [[ ! -e $device ]] || mount --bind /dev/null "$device"
done
cnf=$(openssl version -d | sed 's/^OPENSSLDIR: "\(.*\)"/\1/')/openssl.cnf
cp "$cnf" "$RIG/etc/before.cnf"
section='[exoauth_init]
providers = exoauth_providers
[exoauth_providers]
tpm2 = exoauth_tpm2
[exoauth_tpm2]
activate = 1'
own_section()
{
    { echo 'exoauth = exoauth_init'; cat "$RIG/etc/before.cnf"; echo "$section"; } \
        >"$RIG/etc/openssl.cnf"
}
own_section
mount --bind "$RIG/etc/openssl.cnf" "$(readlink -f "$cnf")"

# The port at which libtss2 looks if there is no device.
tpm_start()
{
    mkdir -p "$RIG/tpm"
    rig_daemon swtpm swtpm socket --tpm2 --tpmstate "dir=$RIG/tpm" \
        --server type=tcp,port=2321,bindaddr=127.0.0.1 \
        --ctrl type=tcp,port=2322,bindaddr=127.0.0.1 \
        --flags not-need-init,startup-clear
    rig_wait 20 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2322' || bail 'swtpm did not start'
}
# A TPM has room for three keys at work, and this one nobody who tidies up.
tpm() { "tpm2_$@" && tpm2_flushcontext -t; }
handle=0x81000001
make_key()
{
    export TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=2321
    cd "$RIG/etc" || return
    # Neither an algorithm nor a scheme is fixed: PS256 and RS256 both.
    tpm createprimary -Q -C o -c primary.ctx &&
        tpm create -Q -C primary.ctx -G rsa2048:null:null -u key.pub -r key.priv \
            -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' &&
        tpm load -Q -C primary.ctx -u key.pub -r key.priv -c key.ctx &&
        tpm evictcontrol -Q -C o -c key.ctx "$handle" &&
        openssl req -provider tpm2 -provider default -propquery '?provider=tpm2' \
            -x509 -new -key "handle:$handle" -subj '/CN=exoauth relay' -days 30 \
            -out app.crt
}
tpm_start
ok 'a key in the TPM, and a certificate for it' make_key
chmod 0644 "$RIG/etc/app.crt"
rig_as_start "{\"jwtCert\": \"$RIG/etc/app.crt\"}"
# The one that this provider compares `aud` with.
RIG_TOKEN_URL=$RIG_AS/common/oauth2/v2.0/token

bare() { env -i "$RIG_EXO" "$@" --config "$RIG_CONF"; }
account()
{
    rig_account "$1" "client_id=relay-app-${2,,}" "jwt_alg=$2" \
        "certificate=$RIG/etc/app.crt" "private_key=handle:$handle"
}
asked() { rig_as_count client_id="relay-app-${1,,}" status=200; }

# ----- with the TPM

for alg in PS256 RS256; do
    account "${alg,,}@contoso.test" "$alg"
    ok "$alg" bare login "${alg,,}@contoso.test"
    is "$OUT" changed 'login works'
    is "$(asked "$alg")" 1 'the provider took the signature'
    ok 'refresh' bare refresh "${alg,,}@contoso.test" --force
    is "$(asked "$alg")" 2 'took another one'
done
ok 'an account with a secret' rig_login secret@contoso.test
ok 'no key was left in a file' bash -c "! grep -rlq 'PRIVATE KEY' '$RIG/etc' '$RIG/store'"

# What spawn(8) starts: the connection is 0, 1 and 2, the environment empty.
serve()
{
    python3 - "$RIG_EXO" "$RIG_CONF" "$1" "$(id -u "$RIG_OWNER")" <<'PY'
import os, socket, subprocess, sys
exo, conf, account, uid = sys.argv[1:]
ours, theirs = socket.socketpair()
p = subprocess.Popen([exo, "serve", "--config", conf], env={}, stdin=theirs,
                     stdout=theirs, stderr=theirs, user=int(uid))
theirs.close()
ours.sendall(f"exoauth: 1\nget: {account}\nserver: localhost\n\n".encode())
reply = b"".join(iter(lambda: ours.recv(65536), b""))
p.wait()
sys.stdout.write(reply.decode())
PY
}
account fresh@contoso.test PS256
ok 'a spawned helper' serve fresh@contoso.test
like "$OUT" '^exoauth: 1.*status: ok' 'finds the key, too'
is "$(asked PS256)" 3 'and asked with it'

# ----- without

rig_stop swtpm
exits 78 'refresh without the TPM' bare refresh ps256@contoso.test --force
is "$(grep -c '' <<<"$ERR")" 1 'one line'
like "$ERR" "no private key at handle:$handle; .*openssl.cnf.*device" 'cause and remedy'
ok 'the token in hand' bare token ps256@contoso.test
ok 'another account' bare refresh secret@contoso.test --force
account new@contoso.test RS256
one_answer()
{
    ok "$1: a spawned helper" serve new@contoso.test
    like "$OUT" '^exoauth: 1.*status: misconfigured' "$1: has one answer"
    unlike "$OUT" 'tcti|ERROR' "$1: and nothing between"
}
one_answer 'no TPM'
# Named for all programs, libtss2 speaks before exoauth can silence it.
{
    echo 'openssl_conf = exoauth_init'
    sed 's/^openssl_conf/#&/' "$RIG/etc/before.cnf"
    sed 's/^tpm2 = /default = exoauth_default\n&/' <<<"$section"
    printf '[exoauth_default]\nactivate = 1\n'
} >"$RIG/etc/openssl.cnf"
one_answer 'a provider of all programs'
ok 'other accounts' bare token secret@contoso.test --min-ttl 0
like "$ERR" 'tcti' 'libtss2 did speak'
own_section
tpm_start
ok 'the TPM is back' bare refresh ps256@contoso.test --force
ok 'at once, also for who was refused' serve new@contoso.test
like "$OUT" 'status: ok' 'is served'

# ----- what is not there

cat "$RIG/etc/before.cnf" >"$RIG/etc/openssl.cnf"
exits 78 'no provider' bare refresh ps256@contoso.test --force
like "$ERR" 'openssl.cnf activates the provider for handle: URIs' 'says so'
own_section
rig_account other@contoso.test client_id=relay-app-ps256 \
    "certificate=$RIG/etc/app.crt" private_key=handle:0x81000099
exits 78 'a handle that is empty' bare login other@contoso.test
like "$(tail -n 1 <<<"$ERR")" 'no private key at handle:0x81000099; ' 'says so'
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout "$RIG/etc/x.key" \
    -out "$RIG/etc/x.crt" 2>/dev/null
rig_account other@contoso.test client_id=relay-app-ps256 \
    "certificate=$RIG/etc/x.crt" "private_key=handle:$handle"
exits 78 "another key's certificate" bare login other@contoso.test
like "$ERR" 'handle:0x81000001 does not belong to the certificate' 'says so'
