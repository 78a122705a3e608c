# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# progress.sh: a sign of life from a step that takes minutes and writes to a
# file. For tests/deps and tests/all.
#
#   progress [-q] LABEL COMMAND...   every EXO_PROGRESS seconds (15), on stderr, a
#                               line "LABEL: 45 s: " and what COMMAND prints,
#                               until progress_end; -q: not at once
#
# One at a time. It ends by itself when the shell that started it is gone.

PROGRESS=''

progress()
{
    local label shell=$BASHPID began=$SECONDS quiet=0
    [[ $1 == -q ]] && { quiet=1; shift; }
    label=$1
    shift
    progress_end
    {
        nap=''
        trap 'kill "$nap" 2>/dev/null; exit' TERM
        while kill -0 "$shell" 2>/dev/null; do
            [[ $quiet == 1 ]] ||
                printf '%s: %d s: %s\n' "$label" $((SECONDS - began)) \
                    "$("$@" 2>/dev/null | tr -cd '\t -~' 2>/dev/null | cut -c1-120)" >&2
            quiet=0
            sleep "${EXO_PROGRESS:-15}" &
            nap=$!
            wait "$nap"
        done
    } &
    PROGRESS=$!
}

progress_end()
{
    [[ -n $PROGRESS ]] || return 0
    kill "$PROGRESS" 2>/dev/null
    wait "$PROGRESS" 2>/dev/null
    PROGRESS=''
}
