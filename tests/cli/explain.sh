#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth explain: codes and lines of a log, with no configuration, store,
# home or root; what is not known has its exit status and says where to look.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
EXO=${EXO_BUILDDIR:?run it by make check, or set EXO_BUILDDIR}/exoauth
MEANINGS=${EXO_SRCDIR:-$(dirname "$0")/../..}/oauth/meanings
need_file "$EXO" 'run: make'

# A configuration that every other command stumbles over.
mkdir "$TAP_DIR/etc"
echo 'this is no configuration' >"$TAP_DIR/etc/exoauth.conf"
chmod 0666 "$TAP_DIR/etc/exoauth.conf"
explain() { env -i SASL_CONF_PATH="$TAP_DIR/etc" "$EXO" explain "$@"; }
codes() { sed -n 's/^code: //p' <<<"$OUT"; }
value() { sed -n "s/^$1: //p" <<<"$OUT"; }

ok 'a code' explain AADSTS7000222
is "$OUT" "code: AADSTS7000222
source: entra
meaning: the client secret has expired
who: an administrator of the tenant
do: make a new secret (Entra: App registrations, Certificates & secrets) and \
store it with exoauth login or in the secret file
run: exoauth login ACCOUNT --secret-file FILE
takes: at once; a new secret needs about a minute to be known
origin: Microsoft Learn: Entra authentication error codes (AADSTS)" \
    'one line for each thing to know'
is "$ERR" '' 'nothing on stderr'
want=$OUT
ok 'its number' explain 7000222
is "$OUT" "$want" 'is the same'
ok 'in other letters' explain aadsts7000222
is "$OUT" "$want" 'is the same'
ok 'in a line of a log' explain 'provider said invalid_client (AADSTS7000222)'
is "$OUT" "$want" 'is the same'
ok 'with options around it' explain -v AADSTS7000222 --config /nonexistent
is "$OUT" "$want" 'is the same'
is "$ERR" '' 'and no file is looked for'

ok 'several words' explain 535 5.7.139 Authentication unsuccessful, \
    SmtpClientAuthentication is disabled for the Mailbox.
is "$(codes)" \
    '535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox' \
    'are one text'
like "$(value run)" '^Set-CASMailbox ' 'the PowerShell to run'
like "$(value takes)" '15 to 30 minutes.* up to a day' 'and how long it takes'
ok 'every form of a code' explain 5.7.139
is "$(grep -c '^$' <<<"$OUT")" $(($(codes | wc -l) - 1)) \
    'is shown, with an empty line between two'
ok 'there are several' test "$(codes | wc -l)" -ge 8
ok 'two codes at once' explain 'AADSTS70002: no. AADSTS50126: wrong password'
is "$(codes | tr '\n' ' ')" 'AADSTS70002 AADSTS50126 ' 'are both explained'
ok 'an OAuth error name' explain invalid_scope
is "$(value origin)" 'RFC 6749, section 5.2' 'comes from its RFC'

ok 'what POP3 says, in one word' explain \
    '-ERR Authentication failure: unknown user name or bad password.'
like "$(codes)" '^-ERR Authentication failure' 'is no option'
want=$OUT
ok 'in several words' explain -ERR Authentication failure
is "$OUT" "$want" 'is the same'
ok 'after two dashes' explain -- '-ERR Authentication failure'
is "$OUT" "$want" 'is the same'

while IFS='|' read -r text code; do
    ok "$text" explain "$text"
    is "$(codes)" "$code" 'is known'
done <<'END'
* BYE Session invalidated - AccessTokenExpired|BYE Session invalidated - AccessTokenExpired
A2 BAD User is authenticated but not connected.|BAD User is authenticated but not connected
A01 NO AUTHENTICATE failed.|NO AUTHENTICATE failed
-ERR Protocol error. Connection is closed. 10|-ERR Protocol error. Connection is closed
warning: SASL authentication failure: No worthy mechs found|No worthy mechs found
no mechanism available|no mechanism available
Unable to find a callback: 32775|Unable to find a callback: 32775
no credential is stored for a@b.c; run: exoauth login a@b.c|no credential is stored
END

ok 'all that is known' explain --all
is "$(codes | sort | uniq -d)" '' 'without repetition'
for key in source meaning who "do" run takes origin; do
    is "$(grep -c "^$key: ." <<<"$OUT")" "$(codes | wc -l)" "each has $key"
done
is "$(grep -vE '^(code|source|meaning|who|do|run|takes|origin): [ -~]+$|^$' <<<"$OUT")" \
    '' 'and nothing else'
is "$(value source | uniq)" "$(printf '%s\n' entra google oauth exchange imap-pop exoauth postfix)" \
    'source by source, the provider before the mail'
is "$({ sed -n 's/^answer: //p' "$MEANINGS"/*; sed -n 's/^codes: //p' "$MEANINGS"/* | tr ' ' '\n'; } | sort)" \
    "$(codes | sort)" 'it is what the files of meanings say'
ok 'a long list' test "$(codes | wc -l)" -ge 80

exits 67 'what is not known' explain 'the cat token-like-secret-0123456789'
is "$OUT" '' 'nothing on stdout'
like "$ERR" '^exoauth: nothing is known .*; .*exoauth explain --all$' \
    'says what to do'
unlike "$ERR" 'token-like' 'and does not repeat it'
exits 67 'a code that is not known' explain AADSTS999
like "$ERR" 'https://login.microsoftonline.com/error' 'says where to look'
exits 67 'control bytes' explain $'\e[31m\x01'
exits 64 'no text' explain
exits 64 'a text and all' explain --all 7000222
exits 64 'an option of another command' explain --device
exits 64 'more than fits' explain "$(head -c 70000 /dev/zero | tr '\0' x)"

if [[ $(id -u) == 0 ]]; then
    chmod 0755 "$TAP_DIR"
    ok 'as a user who can read nothing' setpriv --reuid 65534 --regid 65534 \
        --clear-groups env -i SASL_CONF_PATH="$TAP_DIR/etc" "$EXO" explain 535
else
    skip 'as a user who can read nothing' 'not root'
fi
if [[ -e /dev/full ]]; then
    # shellcheck disable=SC2016 # for the inner shell
    exits 74 'a full disk behind stdout' bash -c '"$0" explain 535 >/dev/full' \
        "$EXO"
else
    skip 'a full disk behind stdout' 'no /dev/full here'
fi
