#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Whose browser comes back to login --browser: with a real sudo the one who
# typed it, with a real sshd and ssh -L the user of that session; anybody else is
# refused, hears of --paste, and ends no login. On 127.0.0.1 and on [::1].

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'it types sudo and runs an sshd'
own_mounts "$@"
need_cmd sudo curl ssh ssh-keygen
sshd=$(PATH=$PATH:/usr/sbin command -v sshd) ||
    skip_all 'sshd is not installed; run: sudo tests/deps'

site_up
site_endpoint 'fields:{"access_token":"browser-1","refresh_token":"canary-rt-1"}'
who=alice@contoso.test
me=daemon me_uid=$(id -u daemon) other=bin other_uid=$(id -u bin)
[[ $me_uid != 0 && $other_uid != 0 ]] || skip_all 'there is no user daemon or bin'
site=(--set provider=custom --set client_id=desk --set servers=mail.contoso.test
    --set "token_endpoint=$SITE_URL/token" --set scope=mail
    --set "authorization_endpoint=$SITE_URL/authorize")
mkdir "$SITE/bin"
cp "$EXO" "$SITE/bin/exoauth"
chmod 0755 "$SITE/bin" "$SITE/bin/exoauth"
printf '%s ALL=(ALL) NOPASSWD: %s\n' "$me" "$SITE/bin/exoauth" >"$SITE/sudoers"
chmod 0440 "$SITE/sudoers"
mount --bind "$SITE/sudoers" /etc/sudoers || skip_all 'cannot mount in here'
as() { setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }

# begin COMMAND...: a login by it, in the background
begin()
{
    rm -f "$SITE"/login.*
    {
        "$@" login $who --browser --wait 60 "${site[@]}" --config "$SITE_CONF" \
            >"$SITE/login.out" 2>"$SITE/login.err" </dev/null
        echo $? >"$SITE/login.rc"
    } &
    job=$!
    soon grep -q 'waiting for it' "$SITE/login.err"
    url=$(grep -oE 'http://[^ ]*authorize[^ ]*' "$SITE/login.err")
    port=$(sed -n 's/.*localhost%3A\([0-9]*\).*/\1/p' <<<"$url")
    state=$(sed -n 's/.*[?&]state=\([^&]*\).*/\1/p' <<<"$url")
}
# browse UID BASE CODE: what that user's browser is shown
browse()
{
    as "$1" curl -sg -m 20 --noproxy '*' -w '\nstatus %{http_code}\n' \
        "$2/?code=$3&state=$state" 2>&1
}
finish()
{
    wait "$job"
    RC=$(<"$SITE/login.rc") ERR=$(<"$SITE/login.err")
}
# served WHAT WHOSE COMMAND...: a login by it is WHOSE to end, and no other's
served()
{
    local what=$1 whose=$2
    shift 2
    begin "$@"
    like "$(browse "$other_uid" "http://$TAP_LOOP_URL:$port" theirs)" 'status 403' \
        "$what: another user is refused"
    like "$(browse "$me_uid" "http://$TAP_LOOP_URL:$port" mine)" 'status 200' \
        "$what: $whose is served"
    finish
    is "$RC" 0 "$what: login succeeds"
}
by_sudo() { as "$me_uid" sudo -n "$SITE/bin/exoauth" "$@"; }
as_service() { as "$me_uid" sudo -n -u nobody "$SITE/bin/exoauth" "$@"; }

# ----- sudo

for base in "http://$TAP_LOOP_URL" 'http://[::1]'; do
    grep -qs '^0*1 ' /proc/net/if_inet6 || [[ $base != *::* ]] ||
        { skip "sudo, $base" 'no IPv6 on this host'; continue; }
    begin by_sudo
    before=$(site_count)
    OUT=$(browse "$other_uid" "$base:$port" theirs)
    like "$OUT" 'status 403' "sudo, $base: another user is refused"
    like "$OUT" '--paste' 'and hears of --paste'
    # One who is gone when it is looked at has no owner any more.
    as "$other_uid" python3 -c 'import encodings.idna, socket, sys
for i in range(20):
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
    s.sendall(f"GET /?code=gone&state={sys.argv[3]} HTTP/1.1\r\n\r\n".encode())
    s.close()' "$(tr -d '[]' <<<"${base#http://}")" "$port" "$state" 2>/dev/null
    is "$(site_count)" "$before" 'no code of theirs reached the provider'
    like "$(browse "$me_uid" "$base:$port" mine)" 'Login complete.*status 200' \
        'the browser of who typed it is served'
    finish
    is "$RC" 0 'login succeeds'
    is "$(site_forms code | tail -n 1)" mine 'with the right code'
    like "$ERR" 'refused a connection .*; .*--paste' 'and says what it refused'
done

saved=("${site[@]}")
site=()
served 'sudo -u' 'who typed it' as_service
site=("${saved[@]}")

# ----- the login uid, where the name of who typed it is lost

# shellcheck disable=SC2016 # for the inner shell
known='echo "$1" >/proc/self/loginuid && shift && exec "$@"'
if sh -c "$known" sh "$me_uid" true 2>/dev/null; then
    served su 'who has logged in' sh -c "$known" sh "$me_uid" "$SITE/bin/exoauth"
else
    skip 'the login uid' 'this kernel keeps none'
fi

# ----- ssh -L

mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$SITE/host" && ssh-keygen -q -t ed25519 -N '' -f "$SITE/user"
free_port()
{
    python3 -c 'import os, socket
where = os.environ["TAP_LOOP"]
s = socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET)
s.bind((where, 0))
print(s.getsockname()[1])'
}
listens() { (exec 3<>"/dev/tcp/$TAP_LOOP/$1") 2>/dev/null; }
await() { local i; for ((i = 0; i < 200; i++)); do listens "$1" && return; sleep 0.05; done; false; }
ssh_port=$(free_port)
"$sshd" -D -e -f /dev/null -p "$ssh_port" -h "$SITE/host" \
    -o "ListenAddress=$TAP_LOOP_URL:$ssh_port" -o "AuthorizedKeysFile=$SITE/user.pub" \
    -o StrictModes=no -o UsePAM=no -o PidFile=none -o PasswordAuthentication=no \
    >"$SITE/sshd.log" 2>&1 </dev/null &
cleanup kill $!
await "$ssh_port" || bail "sshd does not listen: $(tail -n3 "$SITE/sshd.log")"
# tunnel USER: from a port of its own to the login
tunnel()
{
    far=$(free_port)
    ssh -F none -N -i "$SITE/user" -p "$ssh_port" -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o ExitOnForwardFailure=yes \
        -L "$TAP_LOOP_URL:$far:localhost:$port" "$1@$TAP_LOOP" \
        >"$SITE/ssh.log" 2>&1 </dev/null &
    tunnel=$!
    cleanup kill "$tunnel"
    await "$far" || bail "no tunnel: $(tail -n3 "$SITE/ssh.log" "$SITE/sshd.log")"
}
begin by_sudo
before=$(site_count)
tunnel "$other"
OUT=$(browse "$me_uid" "http://$TAP_LOOP_URL:$far" through)
like "$OUT" 'status 403' "ssh -L of another user: refused"
like "$OUT" '--paste' 'with the remedy'
is "$(site_count)" "$before" 'and no code reached the provider'
kill "$tunnel"
tunnel "$me"
like "$(browse "$other_uid" "http://$TAP_LOOP_URL:$far" mine)" 'status 200' \
    'ssh -L of who typed sudo is served'
finish
is "$RC" 0 'login succeeds'
kill "$tunnel"
