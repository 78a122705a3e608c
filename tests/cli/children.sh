#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The commands that exoauth runs: how often, until when, and what the one who
# started exoauth has done to its signals, which exec hands down.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
need_cmd python3

site_up
site_endpoint 'ok:canary-access-token:3600'
mkdir -m 0777 "$SITE/log"
chmod 0777 "$SITE/log"
app=app@contoso.test
person=person@contoso.test
ran=$SITE/log/ran

# runs N DESC: the secret's command ran N times since the last look
runs()
{
    is "$(grep -c . "$ran" 2>/dev/null || echo 0)" "$1" "$2"
    rm -f "$ran"
}

# ---- a proof is found once per command
counted="echo x >>$ran; printf 'a secret'"
site_account $app "secret_command: $counted"
ok 'a login' x login $app
runs 1 'runs secret_command once'
is "$(site_forms client_secret | tail -n1)" 'a secret' 'which the provider gets'
ok 'a refresh' x refresh $app --force
runs 1 'runs it once'
ok 'a token that is there' x token $app
runs 0 'does not run it'
site_script 'ok:canary-access-token:1' 'ok:canary-access-token:3600'
ok 'a short-lived one' x refresh $app --force
rm -f "$ran"
sleep 1.2
ok 'a token' x token $app
runs 1 'runs it once'
ok 'login --set' x login $app --set "scope=one"
runs 1 'runs it once'
ok 'login --if-needed' x login $app --if-needed --set "scope=two"
runs 1 'runs it once'
ok 'refresh --all' x refresh --all --force
runs 1 'runs it once'
printf 'exoauth: 1\nget: %s\n\n' $app >"$SITE/request"
site_script 'ok:canary-access-token:1' 'ok:canary-access-token:3600'
ok 'a short-lived one' x refresh $app --force
rm -f "$ran"
sleep 1.2
ok 'a request' x serve <"$SITE/request"
runs 1 'runs it once'
site_account $app "secret_command: echo x >>$ran; echo another"
ok 'the secret is another one' x refresh $app --force
is "$(site_forms client_secret | tail -n1)" another 'which counts at once'
runs 1 'and is found once'
site_account $person 'grant: device_code' "secret_command: $counted"
echo canary-refresh-token >"$SITE/secret/refresh"
ok 'a login with a refresh token' x login $person --refresh-token-file "$SITE/secret/refresh"
runs 1 'runs secret_command once'
rm "$SITE/etc/exoauth.d/$person.conf"

# ---- nor where we are, which a stranger may have filled
mkdir "$SITE/here"
chmod 0777 "$SITE/here"
site_account $app "secret_command: pwd >$SITE/log/where; printf 'a secret'"
ok 'a refresh in some directory' env --chdir="$SITE/here" "$EXO" refresh $app --force --config "$SITE_CONF"
is "$(<"$SITE/log/where")" / 'runs it in /'

# ---- the end of a command is its own
site_account $app "secret_command: sleep 60 & printf 'a secret'"
ok 'a command that leaves something in the background' x refresh $app --force
is "$(site_forms client_secret | tail -n1)" 'a secret' 'has given the secret'
before=$(site_count)
site_account $app "secret_command: printf 'a secret'; exec >&-; echo \$\$ >$SITE/log/pid; sleep 45"
exits 75 'one that closes its output and stays' x refresh $app --force
one_line 'it' 'secret_command gave no answer within 10 s'
is "$(site_count)" "$before" 'is not believed'
not_ok 'and is gone' kill -0 "$(<"$SITE/log/pid")"

# ---- a signal that ends us ends what we run: its time-out would go with us
runs_long="echo \$\$ >$SITE/log/pid; { sleep 2; touch $SITE/log/late; } & sleep 45"
for key in secret_command key_command; do
    rm -f "$SITE/log/pid"
    site_account $app "secret_file: $SITE/secret/app"
    if [[ $key == secret_command ]]; then
        site_account $app "secret_command: $runs_long"
    else
        site_conf key_command "$runs_long"
    fi
    "$EXO" refresh $app --force --config "$SITE_CONF" >/dev/null 2>&1 &
    pid=$!
    soon test -s "$SITE/log/pid"
    kill -TERM $pid
    wait $pid
    is $? 143 "SIGTERM while $key runs: it acts"
    sleep 2.5
    not_ok "on the whole group of the command" test -e "$SITE/log/late"
    site_conf $key
done

# ---- signals that were ignored or blocked by whoever started us
started=(python3 -c 'import os, signal, sys
for name in sys.argv[1].split(","):
    if name: signal.signal(getattr(signal, name), signal.SIG_IGN)
if sys.argv[2]:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.execvp(sys.argv[3], sys.argv[3:])')
deaf() { "${started[@]}" SIGCHLD '' "$EXO" "$@" --config "$SITE_CONF"; }

site_account $app "secret_command: printf 'a secret'"
ok 'SIGCHLD ignored: a refresh' deaf refresh $app --force
site_account $app 'secret_command: echo no such entry in the vault; exit 3'
before=$(site_count)
exits 78 'a command that fails' deaf refresh $app --force
one_line 'it' 'secret_command failed \(exit status 3\)'
is "$(site_count)" "$before" 'its words are not sent as the secret'
site_account $app 'secret_command: kill -KILL $$'
exits 75 'a command that the kernel kills' x refresh $app --force
one_line 'it' 'secret_command was killed \(signal 9\)'
site_account $app "secret_file: $SITE/secret/app"
ok 'put right' deaf login $app
ok 'rekey' deaf rekey
is "$OUT$ERR" changed 'reports no failure that was none'
site_conf on_event 'exit 7'
site_script 'aadsts:7000222:invalid_client'
exits 78 'a secret that is refused' deaf refresh $app --force
like "$ERR" 'on_event failed \(exit status 7\)' 'with an on_event that fails'
site_conf on_event
site_script 'ok:canary-access-token:3600'
ok 'put right' deaf refresh $app --force

# listens SIGNALS BLOCKED: serve --listen, started so; its socket is $socket
listens()
{
    socket=$SITE/run/socket
    rm -f "$socket"
    "${started[@]}" "$1" "$2" "$EXO" serve --listen "$socket" --config "$SITE_CONF" \
        >"$SITE/listen.log" 2>&1 </dev/null &
    server=$!
    cleanup kill -KILL "$server"
    local i
    for ((i = 0; i < 100; i++)); do
        [[ -S $socket ]] && break
        sleep 0.05
    done
}
# How many of N requests have an answer.
answered()
{
    python3 -c 'import socket, sys
n = 0
for i in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sys.argv[1])
    try:
        s.sendall(b"exoauth: 1\nget: %s\n\n" % sys.argv[3].encode())
        n += b"\nstatus: ok\n" in b"".join(iter(lambda: s.recv(65536), b""))
    except OSError:
        break
    s.close()
print(n)' "$socket" "$1" $app
}
ends()
{
    local i
    for ((i = 0; i < 100; i++)); do
        kill -0 "$server" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

# What a shell is told by trap ''.
site_account $app "secret_file: $SITE/secret/app"
site_script slow:2:ok:late
for signal in TERM ALRM USR1; do
    before=$(site_count)
    "${started[@]}" SIG$signal '' "$EXO" refresh $app --force --config "$SITE_CONF" \
        >"$SITE/out" 2>"$SITE/err" &
    asks=$!
    for ((i = 0; i < 200 && $(site_count) == before; i++)); do sleep 0.05; done
    kill -$signal $asks
    wait $asks
    is $? 0 "SIG$signal, ignored when it began, does not end a refresh"
done
site_script ok:token

listens SIGCHLD ''
is "$(answered 300)" 300 'SIGCHLD ignored: serve --listen answers 300 requests'
kill -TERM "$server"
ok 'and ends by SIGTERM' ends

listens SIGTERM,SIGCHLD,SIGALRM,SIGUSR1,SIGHUP,SIGQUIT blocked
is "$(answered 2)" 2 'everything blocked: it answers'
ignored=$((16#$(awk '$1 == "SigIgn:" { print $2 }' "/proc/$server/status")))
# SIGHUP 1, SIGQUIT 3, SIGUSR1 10, SIGPIPE 13, SIGALRM 14, SIGXFSZ 25; the shell itself
# ignores SIGINT in the background; 32 and 33 are libc's own
is $((ignored & ~(1 << 1 | 3 << 31))) \
    $((1 << 0 | 1 << 2 | 1 << 9 | 1 << 12 | 1 << 13 | 1 << 24)) \
    'what was ignored stays ignored, and SIGPIPE and SIGXFSZ are'
kill -HUP "$server"
is "$(answered 2)" 2 'SIGHUP does not end it'
kill -INT "$server"
is "$(answered 2)" 2 'nor does SIGINT, which the shell has it ignore'
kill -TERM "$server"
ok 'SIGTERM does' ends
