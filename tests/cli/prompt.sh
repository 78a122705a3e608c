#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Questions on a terminal: it echoes again whatever ends or stops the command,
# at once and not after Enter, and nobody holds a lock while a person thinks.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_cmd python3
site_up
site_endpoint ok:token-1
app=app@contoso.test
site_account $app 'grant: client_credentials'
typist() { python3 "${BASH_SOURCE[0]%/*}/../lib/typist.py" "$@" --config "$SITE_CONF"; }
login() { typist "$@" -- "$EXO" login $app; }

exits 130 'Ctrl-C at the question for a secret' login 'not its id): =>\x03'
like "$OUT" 'ended SIGINT' 'ends it at once'
like "$OUT" 'echo on' 'and the terminal echoes'
exits 143 'SIGTERM' login 'not its id): =>kill:SIGTERM'
like "$OUT" $'ended SIGTERM\necho on' 'the same'
exits 129 'SIGHUP' login 'not its id): =>kill:SIGHUP'
like "$OUT" $'ended SIGHUP\necho on' 'the same'
is "$(site_count)" 0 'nobody was asked so far'
ok 'Ctrl-Z, fg, and then the answer' login 'not its id): =>half\x1a' \
    'not its id): =>canary-typed\n'
like "$OUT" 'stopped, echo on' 'echoes while it is stopped'
is "$(site_record $app client_secret)" canary-typed 'what was typed before it does not count'
unlike "$OUT" canary 'nothing of it is shown'

# Nobody can catch SIGSTOP: the mode is set again by whoever goes on.
# stopped NAME SECRET STEP...: the first login of an account; has it that secret?
stopped()
{
    local name=$1@contoso.test secret=$2
    shift 2
    site_account "$name" 'grant: client_credentials'
    ok "$name: the answer after fg" typist "$@" "not its id): =>$secret\\n" -- "${RUN[@]}" "$EXO" login "$name"
    is "$(site_record "$name" client_secret 2>/dev/null)" "$secret" 'is what was typed then'
    unlike "$OUT" canary 'and not shown'
}
RUN=()
for signal in SIGSTOP SIGTTIN SIGTTOU SIGTSTP; do
    stopped "${signal,,}" canary-then "not its id): =>kill:$signal"
    like "$OUT" 'stopped, echo' "$signal stopped it"
done
stopped half canary-whole 'not its id): =>canary-half' '=>kill:SIGSTOP'
stopped cont canary-then 'not its id): =>kill:SIGCONT'
RUN=(env --ignore-signal=CONT)
stopped ignored canary-then 'not its id): =>kill:SIGSTOP'

# ----- a file that is the terminal

ok '--secret-file - on a terminal' typist 'secret-file: =>canary-dash\n' -- \
    "$EXO" login $app --secret-file -
is "$(site_record $app client_secret)" canary-dash 'is what was typed'
unlike "$OUT" canary 'and not shown'
for file in /dev/stdin /dev/tty; do
    if [[ -c /dev/tty ]]; then
        typist 'secret-file: =>canary-tty\n' -- "$EXO" login $app --secret-file $file >"$SITE/typed" 2>&1
        unlike "$(cat "$SITE/typed")" canary "nor with $file"
    fi
done
ok 'export --password-file -' typist 'password-file: =>correct canary staple\n' -- \
    "$EXO" export $app --out "$SITE/dash" --password-file -
unlike "$OUT" canary 'is not shown'
ok 'nor import --password-file -' typist 'password-file: =>correct canary staple\n' -- \
    "$EXO" import "$SITE/dash" --password-file -
unlike "$OUT" canary 'which shows nothing'
ok 'rekey --passphrase --password-file -' typist 'password-file: =>correct canary staple\n' -- \
    "$EXO" rekey --passphrase --password-file -
unlike "$OUT" canary 'is not shown either'
ok 'as before' typist 'credential store: =>correct canary staple\n' -- "$EXO" rekey --no-passphrase
printf 'canary-pipe\n' | x login $app --secret-file - >/dev/null 2>&1
is "$(site_record $app client_secret)" canary-pipe 'a pipe is read as before'

# ----- the passphrase of the key, at the first login of an account

printf 'correct horse\n' >"$SITE/secret/passphrase"
ok 'a key under a passphrase' x rekey --passphrase --password-file "$SITE/secret/passphrase"
new=new@contoso.test
site_account $new 'grant: client_credentials'
# Taken and given back: nobody else has it.
lock=$SITE_STORE/$new.lock
cat >"$SITE/lock.py" <<'END'
import fcntl, struct, sys
try:
    f = open(sys.argv[1], "r+")
    fcntl.fcntl(f, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
except FileNotFoundError:
    pass
except OSError:
    print("lock held")
    sys.exit()
print("lock free")
END
first() { typist "credential store: =>run:python3 $SITE/lock.py $lock" \
    'credential store: =>correct horse\n' -- "$EXO" login $new --secret-file "$SITE/secret/app"; }
ok 'the first login of another account' first
like "$OUT" 'lock free' 'holds no lock while it asks'
unlike "$OUT" 'lock held' 'at no time'
ok 'and works' test -s "$SITE_STORE/$new.json"
