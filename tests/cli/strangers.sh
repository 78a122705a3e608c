#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# serve --listen and a local user who is in nobody's `allow`: whatever such a
# user does to the socket, others are answered at once, and the log stays short.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_root 'connections of several users'
need_cmd python3
mkdir -p "$SITE/log" "$SITE/sock"
chown nobody "$SITE/log" "$SITE/sock"
site_up "log: $SITE/log/exoauth.log"
site_conf timeout 20
site_endpoint ok:first-token
app=app@contoso.test
site_account $app "secret_file: $SITE/secret/app" 'allow: root bin'
ok 'a token' x token $app

"$EXO" serve --listen "$SITE/sock/et" --config "$SITE_CONF" \
    >"$SITE/serve.out" 2>"$SITE/serve.err" </dev/null &
server=$!
cleanup kill -KILL $server
for ((i = 0; i < 200; i++)); do [[ -S $SITE/sock/et ]] && break; sleep 0.05; done

# crowd KIND N UID: N connections of this uid, held open while root asks; then
# prints root's answer, and what became of the connections.
cat >"$SITE/crowd.py" <<'PY'
import os, resource, socket, sys

path, account, kind, n, uid = sys.argv[1:4] + [int(a) for a in sys.argv[4:6]]
request = f"exoauth: 1\nget: {account}\n\n".encode()
first = {"idle": b"", "half": b"exoauth: 1\nget: ", "whole": request}[kind]
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
down, up = os.pipe(), os.pipe()
if os.fork() == 0:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    held = []
    for _ in range(n):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        try:
            s.sendall(first)
        except OSError:  # refused already
            pass
        held.append(s)
    os.write(up[1], b"x")
    os.read(down[0], 1)
    told = 0
    for s in held:
        s.settimeout(30)
        try:
            told += b"status: denied" in s.recv(4096)
        except OSError:
            pass
    os.write(up[1], b"%d" % told)
    os._exit(0)
os.read(up[0], 1)


def ask():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(path)
    s.sendall(request)
    return s.recv(65536)


reply = ask()
print("answered" if b"status: ok" in reply else f"not answered: {reply}")
os.write(down[1], b"x")
print("denied", os.read(up[0], 100).decode())
PY
crowd() { python3 "$SITE/crowd.py" "$SITE/sock/et" $app "$@"; }
processes() { ps -o pid= --ppid "$server" | wc -l; }

# The listener has 256 processes at most; idle connections have none.
idle()
{
    python3 - "$SITE/sock/et" "$1" <<'PY' &
import os, resource, signal, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
os.setgroups([]); os.setgid(2); os.setuid(2)
held = []
for _ in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    held.append(s)
print("held", flush=True)
signal.pause()
PY
}
idle 100 >"$SITE/idle"
pid=$!
cleanup kill $pid
for ((i = 0; i < 200; i++)); do [[ -s $SITE/idle ]] && break; sleep 0.05; done
is "$(processes)" 0 'who says nothing gets no process'
kill $pid

for n in 256 1400; do
    ok "root asks, beside $n idle connections of a stranger" crowd idle $n 2
    like "$OUT" '^answered' 'and is answered while they are open'
    ok "beside $n half requests" crowd half $n 4711
    like "$OUT" '^answered' 'and is answered'
done
ok 'beside 200 requests of a stranger' crowd whole 200 4712
like "$OUT" '^answered' 'root is answered'
like "$OUT" 'denied 200$' 'and each of them is refused'
ok 'beside 1400 requests of a stranger' crowd whole 1400 4713
like "$OUT" '^answered' 'root is answered'

for uid in 4711 4712 4713; do
    is "$(grep -c "uid $uid: refused" "$SITE/log/exoauth.log")" 1 \
        "one line in the log for uid $uid"
done
like "$(grep 'uid 4712' "$SITE/log/exoauth.log")" \
    "may not have the token of $app; add the user to allow" 'with the remedy'
ok 'the log is short' test "$(wc -l <"$SITE/log/exoauth.log")" -lt 12

# Who is allowed is not counted: all of Postfix is one user.
many() { python3 "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/ask.py" --as 2:2 \
    --many 200 "$SITE/sock/et"; }
site_account $app "secret_file: $SITE/secret/app" 'allow: root daemon bin'
printf 'exoauth: 1\nget: %s\n\n' $app >"$SITE/request"
ok '200 at once from one user' many <"$SITE/request"
like "$OUT" '^200 exoauth: 1\|status: ok' 'are all answered'

# A request has two seconds, whatever `timeout` says.
printf 'exoauth: 1\nget: ' >"$SITE/half"
unfinished() { timeout 15 python3 "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/ask.py" \
    --open --as 4714:4714 "$SITE/sock/et" <"$SITE/half"; }
ok 'half a request is not waited for as long as an answer' unfinished
is "$OUT" '' 'and has no reply'
pieces()
{
    python3 - "$SITE/sock/et" $app <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
s.connect(sys.argv[1])
for c in f"exoauth: 1\nget: {sys.argv[2]}\n\n":
    s.send(c.encode())
print(s.recv(65536).decode())
PY
}
ok 'a request byte by byte' pieces
like "$OUT" 'status: ok' 'is answered'

# ----- those who leave before they are answered

lines() { grep -c . "$SITE/log/exoauth.log"; }
before=$(lines)
python3 - "$SITE/sock/et" <<'PY'
import os, socket, sys
os.setgroups([])
os.setgid(3)
os.setuid(3)
for _ in range(60):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendall(b"exoauth: 1\nget: app@contoso.test\n\n")
    s.close()
PY
sleep 1
ok "60 who leave at once are a line or two, and not $(($(lines) - before))" \
    test $(($(lines) - before)) -le 3

kill -TERM $server
wait $server
is $? 0 'SIGTERM ends it'
is "$(cat "$SITE/serve.out" "$SITE/serve.err")" '' 'it said nothing'
