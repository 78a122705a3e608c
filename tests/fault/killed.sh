#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A credential is never lost to a signal or to ourselves: killed at random
# moments beside a provider that rotates, in every way in which exoauth is
# run, and after each an ordinary refresh works (tests/lib/killer.py).
# EXO_KILLS=N multiplies the rounds.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need_cmd python3
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")/../lib" && pwd)
build=${EXO_BUILDDIR:?set EXO_BUILDDIR}
need_file "$build/exoauth" 'run: make'
need_file "$build/tests/lib/asker" 'run: make check TESTS='

many=${EXO_KILLS:-1}
kinds=(refresh:120 all:60 token:60 stdin:60 listen:50 group:50 helper:60
    host:60 adopt:50 code:50)
user=$(id -un)
if [[ $user == root ]]; then
    user=nobody
    unshare -p -f true 2>/dev/null && kinds+=(pid1:40)
fi
plan=()
for kind in "${kinds[@]}"; do
    plan+=("${kind%:*}:$((${kind#*:} * many))")
done
result=$TAP_DIR/result
ok 'every round ends' python3 "$lib/killer.py" "$build/exoauth" "$TAP_DIR/k" \
    "$user" "${plan[@]}"
printf '%s\n' "$OUT" >"$result"
grep '^#' "$result" | while IFS= read -r line; do diag "${line#\# }"; done

while read -r kind rounds spent lost; do
    is "$lost" 0 "$kind: $rounds kills lose no credential"
    isnt "$spent" 0 "$kind: some of them after the provider had answered"
    diag "$kind: $rounds rounds, $spent with a token spent, $lost lost"
done < <(grep -v '^#' "$result")
total=$(awk '!/^#/ { n += $2 } END { print n + 0 }' "$result")
ok "at least 600 rounds ($total)" test "$total" -ge 600
