# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# progress.sh: a sign of life from a step that takes minutes and writes to a
# file. For tests/deps and tests/all.
#
#   progress LABEL COMMAND...   every EXO_PROGRESS seconds (15), on stderr, a
#                               line "LABEL: 45 s: " and what COMMAND prints,
#                               until progress_end
#
# One at a time. It ends by itself when the shell that started it is gone.

PROGRESS=''

progress()
{
    local label=$1 shell=$BASHPID began=$SECONDS
    shift
    progress_end
    {
        trap 'kill "$nap" 2>/dev/null; exit' TERM
        while kill -0 "$shell" 2>/dev/null; do
            printf '%s: %d s: %s\n' "$label" $((SECONDS - began)) \
                "$("$@" 2>/dev/null | tr -cd '\t -~' | cut -c1-120)" >&2
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
