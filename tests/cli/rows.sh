#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# oauth/rows.awk: whoever adds a meaning or a provider writes a paragraph of
# text; what is wrong in it stops the build with file, line and cause.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

rows() { awk -f "$ROWS" -v form="$1" "$TAP_DIR/source"; }
ROWS=${EXO_SRCDIR:-$(dirname "$0")/../..}/oauth/rows.awk
whole='answer: 599 9.9.9 Moon
words: 9.9.9*moon
meaning: the moon is full
who: nobody, it passes
do: wait
run: exoauth status ACCOUNT
takes: a month
origin: an almanac'

given() { printf '%s\n' "$@" >"$TAP_DIR/source"; }
# LINE CAUSE, of what was given
stops()
{
    exits 1 "$2" rows "${3:-meanings}"
    is "$ERR" "$TAP_DIR/source:$1: $2" 'with file and line'
}

given '# A comment.' '' "$whole"
ok 'a paragraph' rows meanings
is "$OUT" '    { .code = "599 9.9.9 Moon", .words = "9.9.9*moon", .meaning = "the moon is full", .who = "nobody, it passes", .remedy = "wait", .run = "exoauth status ACCOUNT", .takes = "a month", .origin = "an almanac", .source = "source" },' \
    'is a row of the table'
given "${whole/moon is full/\"moon\"}"
ok 'quotation marks' rows meanings
like "$OUT" 'meaning = "the \\"moon\\" is full"|meaning = "the \\"moon\\"",' 'are kept'
given 'origin: an almanac' '' 'codes: M1 M2' "$(sed '1,2d; $d' <<<"$whole")"
ok 'two codes and an origin for all' rows meanings
is "$(grep -c 'code = "M[12]".*origin = "an almanac"' <<<"$OUT")" 2 'are two rows'

given "$whole" 'colour: blue'
stops 9 'unknown key colour'
given "$whole" 'do: sleep'
stops 9 'do stands twice'
given "$whole" '' "$whole"
stops 17 '599 9.9.9 Moon stands twice'
given "$whole" 'a line'
stops 9 'no line of the form key: value'
given "${whole/wait/}"
stops 5 'no line of the form key: value'
given "$(sed '/^takes/d' <<<"$whole")" ''
stops 7 'this paragraph has no takes'
given "$(sed '/^words/d' <<<"$whole")"
stops 7 'this answer has no words'
given "$whole" '' 'origin: another'
stops 10 'this paragraph has neither codes nor answer'
given "${whole/full/v\\x}"
stops 3 'neither a backslash nor anything outside ASCII'
given "${whole/full/völlig}"
stops 3 'neither a backslash nor anything outside ASCII'

given 'provider: lunar' 'cloud: near' 'token_endpoint: https://moon.example/token' '' \
    'provider: lunar' 'cloud: far' '' 'provider: solar'
ok 'providers' rows providers
is "$(head -n 1 <<<"$OUT")" '    { .name = "lunar", .cloud = "near", .token_endpoint = "https://moon.example/token", .authorization_endpoint = "", .device_authorization_endpoint = "", .app_scope = "", .delegated_scope = "", .resource = "", .servers = "", },' \
    'what one does not have is empty'
is "$(tail -n 2 <<<"$OUT")" '#define EXO_PROVIDERS "lunar, solar"
#define EXO_CLOUDS { "lunar", "near, far" }, { "solar", "" },' 'names and clouds in order'
given 'cloud: far'
stops 1 'this paragraph has no provider' providers
