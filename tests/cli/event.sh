#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# on_event: a command on needs-login, misconfigured, recovered and expiring,
# once per change, with nothing secret, and never in the way of a login.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
need_cmd python3

site_up
site_endpoint 'ok:canary-access-token:3600'
mkdir -m 0777 "$SITE/log" "$SITE/events"
chmod 0777 "$SITE/log" "$SITE/events"
log=$SITE/events/log
person=person@contoso.test
app=app@contoso.test
echo canary-refresh-token >"$SITE/secret/refresh"
in_days() { date -u -d "+$1 days" +%F; }

# The handler writes what it was told, and all of its environment.
cat >"$SITE/handler" <<END
#!/bin/sh
printf '%s %s: %s\n' "\$EXOAUTH_EVENT" "\$EXOAUTH_ACCOUNT" "\$EXOAUTH_MESSAGE" >>$log
{ env; tr '\\0' ' ' </proc/\$\$/cmdline; ls -l /proc/self/fd; } >>$SITE/events/seen
id -un >$SITE/events/user
END
chmod 0755 "$SITE/handler"
site_conf on_event "$SITE/handler"

# What it was told since the last call; "token" and "serve" leave it behind.
told()
{
    local i
    for ((i = 0; i < ${1:-0}; i++)); do
        [[ -s $log ]] && break
        sleep 0.1
    done
    sleep 0.05
    [[ -e $log ]] && cut -d: -f1 "$log" | paste -sd,
    cp "$log" "$SITE/events/last" 2>/dev/null
    rm -f "$log"
}

site_account $person 'grant: device_code'
ok 'a first login' x login $person --refresh-token-file "$SITE/secret/refresh"
is "$(told)" '' 'is no event'
site_script 'aadsts:700082:invalid_grant'
exits 77 'a grant that was revoked' x refresh $person --force
is "$(told)" "needs-login $person" 'is one'
like "$(<"$SITE/events/last")" "AADSTS700082.*; run: exoauth login $person" \
    'with cause and remedy'
is "$(<"$SITE/events/user")" "$SITE_USER" 'told as run_as'
exits 77 'again' x refresh $person --force
exits 77 'and again' x refresh --all
is "$(told)" '' 'is no other'
site_script 'status:503:down'
exits 75 'an outage meanwhile' x refresh $person --force
is "$(told)" '' 'is none'
site_script 'aadsts:700082:invalid_grant'
exits 77 'the same after it' x refresh $person --force
is "$(told)" '' 'is none'
site_script 'ok:canary-access-token:3600'
ok 'a login' x login $person --refresh-token-file "$SITE/secret/refresh"
is "$(told)" "recovered $person" 'is the next one'
ok 'a refresh' x refresh $person --force
is "$(told)" '' 'is none'

# ----- a refusal without a word

for answer in status:400 status:401 redirect:302:https://as.example/; do
    site_script "$answer"
    not_ok "$answer" x refresh $person --force
    like "$ERR" 'refuses the grant or the client' 'names the likely cause'
    unlike "$ERR" 'no OAuth endpoint' 'and no other server'
    not_ok "$answer again" x refresh $person --force
    exits 77 "$answer, the third" x refresh $person --force
    like "$ERR" "; run: exoauth login $person" 'wants a login'
    like "$(told 20)" "needs-login $person" 'and is told'
    like "$(x status $person 2>&1)" needs-login 'status says it, too'
    site_script 'ok:canary-access-token:3600'
    ok 'a login' x login $person --refresh-token-file "$SITE/secret/refresh"
    like "$(told 20)" "recovered $person" 'mends it'
done

site_account $app "secret_file: $SITE/secret/app"
site_script 'aadsts:7000222:invalid_client'
exits 78 'an app without a good secret' x token $app
is "$(told 50)" "misconfigured $app" 'is an event, also of token'
site_script 'ok:canary-access-token:3600'
ok 'put right' x refresh $app --force
is "$(told)" "recovered $app" 'is told'

# ---- expiring: by refresh --all, once at 30 days and once at 7
ends() { site_account $app "secret_file: $SITE/secret/app" "secret_expires: $1"; }
ends "$(in_days 40)"
ok 'a secret that ends in 40 days' x refresh --all
is "$(told)" '' 'is no event'
ends "$(in_days 20)"
ok 'in 20 days, one account' x refresh $app
is "$(told)" '' 'is none of refresh without --all'
ok 'in 20 days' x refresh --all
is "$(told)" "expiring $app" 'is one'
like "$(<"$SITE/events/last")" 'the client secret ends .* in (19|20) days; make a new one' \
    'with what to do'
ok 'again' x refresh --all
is "$(told)" '' 'once'
if site_later $((15 * 86400)); then
    ok 'in 5 days' x refresh --all
    is "$(told)" "expiring $app" 'another one'
    ok 'again' x refresh --all
    is "$(told)" '' 'once'
    site_later 0
else
    skip 'in 5 days' 'faketime is not installed; run: sudo tests/deps'
fi
ends "$(in_days 300)"
ok 'a new secret' x refresh --all
is "$(told)" '' 'is none'
ends "$(in_days 3)"
ok 'which ends soon' x refresh --all
is "$(told)" "expiring $app" 'is warned of anew'

# ---- serve
ask() { printf 'exoauth: 1\nget: %s\n\n' "$1" >"$SITE/request"; x serve <"$SITE/request"; }
# Tokens that are worth nothing a second later, and no failure before.
ends "$(in_days 300)"
site_script 'ok:canary-access-token:1'
ok 'a short-lived token' x refresh $app --force
ok 'another' x refresh $person --force
is "$(told)" '' 'are no events'
site_script 'aadsts:7000222:invalid_client'
exits 78 'a bad secret' x refresh $app --force
is "$(told)" "misconfigured $app" 'is told'
site_script 'ok:canary-access-token:3600'
echo a-new-secret >"$SITE/secret/app"
sleep 1.2
ok 'serve' ask $app
like "$OUT" 'status: ok' 'answers'
is "$(told 50)" "recovered $app" 'and tells'

# The asker has its reply, sees the connection end, and sees the process end,
# where it waits for that, while the command still runs.
cat >"$SITE/slow" <<END
#!/bin/sh
echo begun >$SITE/events/begun
while ! [ -e $SITE/events/go ]; do sleep 0.05; done
echo "\$EXOAUTH_EVENT \$EXOAUTH_ACCOUNT: done" >>$log
END
chmod 0755 "$SITE/slow"
break_app()
{
    rm -f "$SITE/events/begun" "$SITE/events/go"
    site_conf on_event none
    site_script 'ok:canary-access-token:1'
    x refresh $app --force
    site_script 'aadsts:7000222:invalid_client'
    x refresh $app --force
    site_script 'ok:canary-access-token:3600'
    echo "a-new-secret-$1" >"$SITE/secret/app"
    sleep 1.2
    site_conf on_event "$SITE/slow"
}
spawned()
{
    python3 - "$EXO" "$SITE_CONF" "$SITE/request" <<'END'
import socket, subprocess, sys
exe, conf, request = sys.argv[1:]
ours, theirs = socket.socketpair()
child = subprocess.Popen([exe, "serve", "--config", conf], stdin=theirs,
                         stdout=theirs)
theirs.close()
ours.sendall(open(request, "rb").read())
reply = b""
while part := ours.recv(65536):
    reply += part
child.wait()
print(reply.decode())
END
}
listening()
{
    mkdir -p "$SITE/sock"; [[ $(id -u) != 0 ]] || chown nobody "$SITE/sock"
    "$EXO" serve --listen "$SITE/sock/et" --config "$SITE_CONF" 2>/dev/null >&2 &
    cleanup kill $!
    local i
    for ((i = 0; i < 100; i++)); do [[ -S $SITE/sock/et ]] && break; sleep 0.05; done
    python3 "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/ask.py" --open \
        "$SITE/sock/et" <"$SITE/request"
}
for way in spawned listening; do
    break_app $way >/dev/null 2>&1
    ok "a helper, $way" $way
    like "$OUT" 'status: ok' 'answers'
    is "$(told)" '' 'and is gone before the command is done'
    touch "$SITE/events/go"
    is "$(told 50)" "recovered $app" 'which has its time'
done
site_conf on_event "$SITE/handler"

# ---- a command that hangs or fails
site_conf on_event 'exit 3'
site_script 'aadsts:700082:invalid_grant'
exits 77 'a command that fails' x refresh $person --force
is "$(grep -c 'on_event' <<<"$ERR")" 1 'is one warning'
like "$ERR" 'on_event failed \(exit status 3\), for needs-login of person' 'that says how'
site_conf on_event "sleep 60 & echo \$! >$SITE/events/pid; wait"
site_script 'ok:canary-access-token:3600'
began=$SECONDS
sed -i 's/^client_id: .*/client_id: other/' "$SITE/etc/exoauth.d/$person.conf"
ok 'token, while a command hangs' x token $person
is "$OUT" canary-access-token 'has its answer'
ok 'long before that is killed' test $((SECONDS - began)) -lt 8
for ((i = 0; i < 50; i++)); do [[ -s $SITE/events/pid ]] && break; sleep 0.1; done
site_script 'aadsts:700082:invalid_grant'
ok 'nobody holds the lock' x refresh $app
rm -f "$SITE/events/pid"
exits 77 'refresh waits for it, for its time' x refresh $person --force
like "$ERR" 'on_event was killed after 10 s, for needs-login' 'kills it, and says so'
is "$(grep -c on_event <<<"$ERR")" 1 'once'
child=$(<"$SITE/events/pid")
for ((i = 0; i < 50; i++)); do
    { kill -0 "$child" && ! grep -q '^State:.Z' "/proc/$child/status"; } 2>/dev/null || break
    sleep 0.1
done
not_ok 'what it started is gone, too' eval \
    "kill -0 $child 2>/dev/null && ! grep -q '^State:.Z' /proc/$child/status"
site_conf on_event /nowhere/at/all
site_script 'ok:canary-access-token:3600'
ok 'a command that is not there' x refresh $person --force
like "$ERR" 'on_event failed \(exit status 127\)' 'is a warning'
site_conf on_event none
site_script 'aadsts:700082:invalid_grant'
exits 77 'none' x refresh $person --force
unlike "$ERR" 'on_event' 'is silent'

is "$(grep -cE 'canary|a secret|a-new-secret' "$SITE/events/seen")" 0 'no secret in its environment'
like "$(<"$SITE/events/seen")" 'EXOAUTH_MESSAGE=' '(which was looked at)'
is "$(grep -E '^[A-Z_]+=' "$SITE/events/seen" | cut -d= -f1 | sort -u |
    grep -vxE 'EXOAUTH_(ACCOUNT|EVENT|MESSAGE)|PATH|PWD|OLDPWD|SHLVL|_' | paste -sd' ')" '' \
    'nothing else in it'
is "$(grep -E ' -> ' "$SITE/events/seen" | grep -cE 'store|socket')" 0 'no file of ours is open in it'
