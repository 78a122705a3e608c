#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `exoauth setup postfix`, and its --undo, killed at each system call that
# changes something: Postfix's configuration is whole, mail flows, the old way
# or the new one, and undo brings back the bytes that were there.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/setup.sh"

need_cmd strace
strace -o /dev/null true 2>/dev/null || skip_all 'strace may trace nothing here'
setup_client
rig_login "$relay" || bail 'login'
rig_postfix_start client
calls=mkdir,mkdirat,rmdir,rename,renameat,renameat2,link,symlink,unlink,unlinkat
calls+=,chmod,fchmod,fchmodat,chown,fchown,fchownat,fsync,fdatasync,ftruncate,write
plain=$RIG/plain made=$RIG/made
mkdir "$plain" "$made"

# Reloads in a row overrun the logging of Postfix: each one is waited for, and
# done again where its line was lost.
reload()
{
    local n i
    for i in 1 2 3; do
        n=$(grep -c 'reload -- version' "$log")
        rig_postfix_reload client
        rig_wait 10 rig_log_has 'reload -- version' "$log" $((n + 1)) && return
    done
    return 1
}

# state SAVED: what is in force comes from there again.
save()
{
    cp -a "$etc" "$RIG_CONF" "$1/"
    [[ ! -d $queue$RIG_TOKENS ]] || cp -a "$queue$RIG_TOKENS" "$1/"
}
# master(8) may still be reading them for the reload before, and dies of a
# main.cf that is not there: each file is replaced by a rename.
state()
{
    local file
    for file in "$1"/etc/*; do
        cp -a "$file" "$etc/.new" && mv -fT "$etc/.new" "$etc/${file##*/}"
    done
    for file in "$etc"/* "$etc"/.[!.]*; do
        [[ -e $1/etc/${file##*/} ]] || rm -rf "$file"
    done
    cp -a "$1/exoauth.conf" "$RIG_CONF"
    if [[ $1 == "$plain" ]]; then
        chown nobody:nogroup "$RIG_TOKENS"
        chmod 0700 "$RIG_TOKENS"
    fi
    rm -rf "$queue/tmp"
    if [[ -d $1/tokens ]]; then
        mkdir -p "$queue$RIG_TOKENS"
        cp -a "$1/tokens/." "$queue$RIG_TOKENS"
    fi
    reload
}

# What a killed setup left goes with the next one, or with its undo.
strays()
{
    local d
    find "$etc" -name '.tmp.*'
    for d in /run/exoauth.?????? /tmp/exoauth.??????; do
        [[ ! -O $d ]] || ! flock -n "$d" true || echo "$d" # not one at work
    done
}

# A temporary file that a killed writer left has a random name, and no reader.
sums() { setup_sums "$etc" "$RIG_CONF" | grep -v '/\.tmp\.' | grep -v "$etc d"; }
journal() { setup_sums "$etc" "$RIG_CONF" | grep -vE "/\.tmp\.|$etc d|exoauth\.undo"; }

n_mail=0
mail_flows()
{
    n_mail=$((n_mail + 1))
    rig_send client "$relay" "$bob" "mail-$n_mail" &&
        rig_mail_wait "$bob" "mail-$n_mail" 1 60
}

# Is that state, which may have been seen before, one to live with?
declare -A SEEN=() UNDONE=()
sound()
{
    local key
    key=$(journal)
    [[ -n ${SEEN[$key]:-} ]] && return 0
    postfix -c "$etc" check >"$RIG/log/check" 2>&1 && [[ ! -s $RIG/log/check ]] &&
        mail_flows && reload && mail_flows || return 1
    SEEN[$key]=1
}

traced()
{
    local expr=$1
    shift
    # strace ends by the signal that it injects, and the shell would tell.
    (exec strace -o "$RIG/log/strace" -e "trace=$calls" $expr \
        "$RIG_EXO" setup postfix "$@" --yes --config "$RIG_CONF" \
        --config-dir "$etc" >"$RIG/log/killed" 2>&1 </dev/null)
}

# killed WHAT CALLS SAVED WORD...: that command, killed at each of its calls,
# of which strace counts each kind by itself. Afterwards the state is sound,
# and undo leads back.
killed()
{
    local what=$1 only=$2 from=$3 call n rc bad='' points key left
    shift 3
    state "$from"
    traced '' "$@" || { fail "$what: $(<"$RIG/log/killed")"; return; }
    points=$(sed -n 's/^\([a-z0-9]*\)(.*/\1/p' "$RIG/log/strace" |
        grep -xE "$only" | awk '{ print $1, ++n[$1] }')
    while read -r call n; do
        state "$from"
        traced "-e inject=$call:signal=KILL:when=$n" "$@"
        rc=$?
        [[ $rc == 137 ]] || bad+=" $call-$n:exit-$rc"
        sound || { bad+=" $call-$n:unsound"; diag "$(<"$RIG/log/check")" \
            "$(tail -n 12 "$log")"; }
        key=$(sums)
        [[ -n ${UNDONE[$key]:-} ]] && continue
        UNDONE[$key]=1
        setup_undo client --yes >"$RIG/log/undo" 2>&1 || bad+=" $call-$n:undo-fails"
        [[ $(sums) == "$before" ]] || bad+=" $call-$n:undo-differs"
        left=$(strays)
        [[ -z $left ]] || bad+=" $call-$n:$left"
    done <<<"$points"
    n=$(grep -c . <<<"$points")
    is "$bad" '' "$what, killed at each of $n calls: sound, and undone"
    ok "$what: there were calls to be killed at" test "$n" -ge 4
} 2>/dev/null

before=$(sums)
save "$plain"
ok 'mail flows before' mail_flows
killed setup '.*' "$plain" "$relay" --relayhost "$smtp"
state "$plain"
ok 'setup' setup client "$relay" --relayhost "$smtp" --yes
ok 'mail flows after it' mail_flows
save "$made"
killed undo '.*' "$made" --undo
state "$plain"
killed 'setup of a transport' 'renameat2?' "$plain" "$relay" --relayhost "$smtp" \
    --transport m365
ok 'states that were tried with mail' test "${#SEEN[@]}" -ge 5
diag "${#SEEN[@]} states, $n_mail messages"
is "$(rig_mail_count "$bob")" "$n_mail" 'every message arrived once'
