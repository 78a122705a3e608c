#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A request outlives whoever waits for it: a living token is the answer after
# two seconds, what was begun is saved, and signals wait for that where a
# credential is being spent and nowhere else. tests/fault/killed.sh does it at
# random moments.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_conf timeout 20
site_endpoint ok
who=alice@contoso.test
answer() { printf 'fields:{"access_token":"token-%s","refresh_token":"canary-rt-%s"}' "$1" "$1"; }
serial() { site_record $who serial; }

# A stored token that lives, but was made with other settings: it is due.
generation=0
due()
{
    generation=$((generation + 1))
    site_account $who 'grant: authorization_code' "scope: s$generation" \
        "authorization_endpoint: $SITE_URL/authorize" \
        "device_authorization_endpoint: $SITE_URL/devicecode"
}
# serial_is N: within ten seconds.
has_serial() { [[ $(serial) == "$1" ]]; }
serial_is() { soon has_serial "$1"; }
has_asked() { [[ $(site_count) -gt $1 ]]; }
asked() { soon has_asked "$1"; }
echo canary-rt-0 >"$SITE/secret/rt"
due
site_script "$(answer 1)"
ok 'a credential' x login $who --refresh-token-file "$SITE/secret/rt"

# ----- two seconds with a living token

due
site_script "slow:3:$(answer 2)"
ok 'token: the provider is slow' x token $who
is "$OUT$ERR" token-1 'token: the living token is the answer'
is "$(serial)" 1 'token: before the provider has answered'
ok 'token: what it answers is saved' serial_is 2
is "$(site_record $who refresh_token)" canary-rt-2 'token: with the new refresh token'

due
site_script "slow:3:$(answer 3)"
request() { printf 'exoauth: 1\nget: %s\n\n' $who; }
request >"$SITE/request"
ok 'serve: the provider is slow' x serve <"$SITE/request"
like "$OUT" 'token: token-2' 'serve: the living token is the answer'
is "$(serial)" 3 'serve: and it stays until the record is saved'

ask="$(dirname "${BASH_SOURCE[0]}")/../lib/ask.py"
due
site_script "slow:3:$(answer 4)"
"$EXO" serve --listen "$SITE/run/socket" --config "$SITE_CONF" >"$SITE/listen.log" 2>&1 &
listener=$!
for ((i = 0; i < 200; i++)); do [[ -S $SITE/run/socket ]] && break; sleep 0.05; done
before=$(site_count)
ok 'listen: the provider is slow' python3 "$ask" "$SITE/run/socket" <"$SITE/request"
like "$OUT" 'token: token-3' 'listen: the living token is the answer'
is "$(serial)" 3 'listen: before the provider has answered'
kill -TERM $listener
kill -TERM $listener 2>/dev/null
wait $listener
is $? 0 'listen: SIGTERM, twice, ends it'
is "$(serial)" 4 'listen: when the record is saved'

# ----- the asker goes

spawned()
{
    python3 - "$EXO" "$SITE_CONF" "$SITE/request" "$1" <<'PY'
import select, socket, subprocess, sys
exo, conf, request, wait = sys.argv[1:]
ours, theirs = socket.socketpair()
p = subprocess.Popen([exo, "serve", "--config", conf], stdin=theirs,
                     stdout=theirs, stderr=subprocess.DEVNULL)
theirs.close()
ours.sendall(open(request, "rb").read())
ours.shutdown(socket.SHUT_WR)
print("ended", p.wait(), end=" ")
early = select.select([ours], [], [], 0)[0]
print("early" if early else "unanswered", end=" ")
if wait == "wait":
    ours.settimeout(30)
    print(ours.recv(65536).decode().split("token: ")[-1].strip())
PY
}
due
site_script "slow:3:$(answer 5)"
is "$(spawned wait)" 'ended 0 unanswered token-4' \
    'spawned: ends at once, and the answer follows'
ok 'spawned: what the provider says is saved' serial_is 5
due
site_script "slow:2:$(answer 6)"
is "$(spawned go)" 'ended 0 unanswered ' 'spawned: the asker goes'
ok 'spawned: what the provider says is saved all the same' serial_is 6

# ----- signals

# signalled NAME CMD...: after the provider was asked; its exit status.
signalled()
{
    local name=$1 before
    shift
    before=$(site_count)
    "$@" >"$SITE/out" 2>&1 &
    local pid=$!
    asked "$before" || return 99
    kill "-$name" $pid
    wait $pid 2>/dev/null
}
for name in TERM INT HUP QUIT ALRM; do
    n=$((generation + 1))
    due
    site_script "slow:1:$(answer "$n")"
    # A shell ignores SIGINT and SIGQUIT for what it starts in the background.
    signalled $name python3 -c 'import os, signal, sys
for s in signal.SIGINT, signal.SIGQUIT:
    signal.signal(s, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$EXO" refresh $who --force --config "$SITE_CONF"
    is $? $((128 + $(kill -l $name))) "SIG$name acts"
    is "$(site_record $who refresh_token)" "canary-rt-$n" \
        "SIG$name: when the record is saved"
done
n=$((generation + 1))
due
site_script "slow:1:$(answer "$n")"
(trap '' HUP; signalled HUP "$EXO" refresh $who --force --config "$SITE_CONF")
is $? 0 'SIGHUP that was ignored stays so'

app=app@contoso.test
site_account $app "secret_file: $SITE/secret/app"
site_script hang
signalled TERM timeout --foreground -s KILL 12 "$EXO" token $app --config "$SITE_CONF"
is $? 143 'an app has nothing to lose: SIGTERM acts at once'
due
site_script hang
signalled TERM "$EXO" login $who --device --config "$SITE_CONF"
is $? 143 'nor has who polls for a device'

python3 - "$EXO" "$SITE_CONF" $who >"$SITE/silent" <<'PY' &
import os, socket, sys
s = socket.socket(socket.AF_INET6 if ":" in os.environ["TAP_LOOP"] else socket.AF_INET)
s.bind((os.environ["TAP_LOOP"], 0))
s.listen()
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
print("connected", flush=True)
c.recv(1 << 16)
c.recv(1 << 16)
PY
cleanup kill $!
for ((i = 0; i < 200; i++)); do [[ -s $SITE/silent ]] && break; sleep 0.05; done
url=$SITE_URL
SITE_URL=https://$TAP_LOOP_URL:$(<"$SITE/silent")
due
SITE_URL=$url
"$EXO" refresh $who --force --config "$SITE_CONF" >"$SITE/out" 2>&1 &
pid=$!
for ((i = 0; i < 200; i++)); do grep -q connected "$SITE/silent" && break; sleep 0.05; done
kill -TERM $pid
wait $pid
is $? 143 'nor who is still connecting'

# ----- export waits for what is being spent

n=$((generation + 1))
due
site_script "slow:2:$(answer "$n")"
before=$(site_count)
x refresh $who --force >/dev/null 2>&1 &
pid=$!
asked "$before"
echo 'a long passphrase' >"$SITE/secret/passphrase"
ok 'export while a refresh is in flight' x export $who --out "$SITE/bundle" \
    --password-file "$SITE/secret/passphrase"
wait $pid
x remove $who >/dev/null 2>&1
ok 'and what is imported' x import "$SITE/bundle" --password-file "$SITE/secret/passphrase"
is "$(site_record $who refresh_token)" "canary-rt-$n" 'is what the provider gave'

# ----- a terminal

n=$((generation + 1))
due
site_script "slow:2:$(answer "$n")"
said=$(python3 - "$(site_count)" "$SITE_URL" "$EXO" refresh $who --force --config "$SITE_CONF" <<'PY'
import os, pty, sys, time, urllib.request
before, url, *argv = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
for _ in range(200):
    if urllib.request.urlopen(url + "/_test/count").read() > before.encode() + b"\n":
        break
    time.sleep(0.05)
os.write(fd, b"\x03")
seen = b""
while b"at most" not in seen:
    seen += os.read(fd, 1000)
running = os.waitpid(pid, os.WNOHANG)[0] == 0
print("still running" if running else "ended", seen.decode().split("exoauth:")[-1].strip())
print("signal", os.waitpid(pid, 0)[1] & 127)
PY
)
like "$said" 'still running saving the credential, at most 1[0-9] s' 'Ctrl-C: is answered at once'
like "$said" 'signal 2$' 'Ctrl-C: and acts'
is "$(site_record $who refresh_token)" "canary-rt-$n" 'Ctrl-C: when the record is saved'

# Whoever is stopped holds nothing up.
n=$((generation + 1))
due
site_script "slow:2:$(answer "$n")" "$(answer "$((n + 1))")"
before=$(site_count)
# A process group that is not an orphan, which SIGTSTP would leave alone.
python3 -c 'import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:], preexec_fn=os.setpgrp)
open(sys.argv[1], "w").write(str(child.pid))
child.wait()' "$SITE/pid" "$EXO" refresh $who --force --config "$SITE_CONF" >/dev/null 2>&1 &
parent=$!
asked "$before"
soon test -s "$SITE/pid"
pid=$(<"$SITE/pid")
is_stopped() { [[ $(ps -o stat= -p "$pid") == T* ]]; }
kill -TSTP "$pid"
ok 'SIGTSTP: it stops' soon is_stopped
is "$(site_record $who refresh_token)" "canary-rt-$n" 'when the record is saved'
ok 'and the lock is free' python3 -c 'import fcntl, sys
fcntl.lockf(open(sys.argv[1], "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)' "$SITE_STORE/$who.lock"
kill -CONT "$pid"
wait "$parent"
