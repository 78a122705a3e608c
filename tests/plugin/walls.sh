#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The walls between the rooms (HACKING): plugin -> common -> libc;
# process -> common; helper, mail -> process;
# helper -> oauth, store -> json, net, common; helper -> mail -> common. Who includes whom is read from the
# #include lines, so a wall that falls is seen before anything links.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

cd "${EXO_SRCDIR:-$(dirname "$0")/../..}" || exit 1

# FILE:HEADER for each #include in the rooms.
includes()
{
    find "$@" -name '*.[ch]' -exec grep -HoE \
        '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]*' {} + |
        sed -E 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*["<]/:/' |
        LC_ALL=C sort
}

rooms='common process plugin json net store oauth mail helper include'
for room in $rooms; do
    [[ -d $room ]] || skip_all "$room is missing"
done
# shellcheck disable=SC2086
all=$(includes $rooms)
like "$all" 'plugin/init\.c:plugin\.h' 'the #include lines are found'

# none DESC FILES HEADERS: no #include of HEADERS in FILES
none()
{
    is "$(grep -E "^($2):($3)" <<<"$all")" '' "$1"
}
# only DESC HEADERS FILES: #include of HEADERS in FILES alone
only()
{
    is "$(grep -E "^[^:]*:($2)" <<<"$all" | grep -vE "^($3):")" '' "$1"
}

contract='(\.\./)*(include/)?exoauth'
libc_headers=$(grep -E '^(plugin|common)/' <<<"$all" | cut -d: -f2 |
    grep -vE "^(config\.h|plugin\.h|[a-z_]+\.h|common/.*|$contract/.*)$" |
    grep -vE '^(sys|netinet|arpa|linux)/' | grep -vE '^sasl/' | sort -u)

none 'nothing includes the plugin' '(common|json|net|store|oauth|mail|helper|include)/.*' \
    '(.*/)?plugin(/|\.h)'
none 'the plugin knows common and the contracts alone' 'plugin/.*' \
    '(.*/)?(process|json|net|store|oauth|mail|helper)/'
none 'common knows no other room' 'common/.*' \
    '(.*/)?(process|json|net|store|oauth|mail|helper|plugin)/'
none 'plugin and common know no contract of the other rooms' \
    '(plugin|common)/.*' \
    "$contract/(explain|http|json|mail|oauth|process|provider|record|store|broker|grant)\\.h"
is "$libc_headers" '' 'plugin and common include libc headers alone'
none 'oauth does not know the store' 'oauth/.*' \
    "(.*/)?(store/|$contract/(store|record)\\.h)"
none 'the store does not know oauth' 'store/.*' \
    "(.*/)?(oauth/|$contract/(oauth|provider|explain)\\.h)"
none 'net knows neither store nor oauth' 'net/.*' \
    "(.*/)?(store/|oauth/|helper/|$contract/(store|record|oauth|provider)\\.h)"
none 'mail knows common alone' 'mail/.*' \
    "(.*/)?(net/|store/|oauth/|helper/|$contract/(explain|http|oauth|provider|record|store)\\.h)"
none 'no other room but the helper knows mail' \
    '(common|json|net|store|oauth|plugin)/.*' "(.*/)?(mail/|$contract/mail\\.h)"
none 'children are a matter of the helper and of mail' \
    '(json|net|store|oauth)/.*' "$contract/process\\.h"
none 'process knows common alone' 'process/.*' \
    "(.*/)?(net/|store/|oauth/|mail/|helper/|plugin/|$contract/(explain|http|json|mail|oauth|provider|record|store)\\.h)"
none 'nothing below it includes the helper' \
    '(common|process|json|net|store|oauth|mail|include)/.*' '(.*/)?helper/'

# The rooms of helper/, each with those that it may call; cli calls all.
while read -r room below; do
    others=$(printf '%s\n' helper/*/ | sed 's/helper.//; s/.$//' |
        grep -vxE "$room${below:+|${below// /|}}" | paste -sd'|')
    none "helper/$room calls ${below:-no other room}" "helper/$room/.*" \
        "(.*/)?helper/($others)/"
done <tests/lib/helper_rooms
is "$(printf '%s\n' helper/*/ | wc -l)" 11 'which are all of them'
is "$(find helper -maxdepth 1 -name '*.[ch]')" '' 'and no file lies outside of them'

only 'nothing but doctor looks into an access token' '(helper/doctor/)?doctor_claims\.h' \
    'helper/doctor/doctor_(claims|fit)\.c'
only 'SASL headers only in plugin/ and mail/' 'sasl/' \
    '(plugin|mail)/.*'
only 'curl only in net/' 'curl/' 'net/.*'
only 'OpenSSL only in oauth/, store/ and mail/, and in no header' 'openssl/' \
    '(oauth|store|mail)/[a-z_0-9]*\.c'
only 'json-c only in json/, store/, oauth/ and helper/' '(json-c/|json\.h)' \
    '(json|store|oauth|helper)/.*'
none 'json knows common alone' 'json/.*' \
    "(.*/)?(net|store|oauth|mail|helper|plugin)/|$contract/(http|mail|oauth|record|store)\\.h"
is "$(grep -rlE 'json_tokener|json_object_from_f' $rooms)" '' \
    'no text is given to the parser of json-c'
# An error without words cannot leave a function: status and text are set
# together, and who reads the text of a failure says which failure it is.
var='(err|error|why|ignored|reload|trouble|worst|closed|last)'
# shellcheck disable=SC2086
is "$(grep -rnE "\\b$var(\\.|->)(status|said) = |\\b$var(\\.|->)text\\[0\\] = " \
    --include='*.[ch]' $rooms | grep -v '^common/error\.c:')" '' \
    'nobody sets a status without a text'
# These have just set it, or are given it with its words.
# shellcheck disable=SC2086
is "$(grep -rlE "\\b$var(\\.|->)text\\b" --include='*.c' $rooms |
    LC_ALL=C sort | xargs)" \
    'common/error.c common/source.c helper/broker/outcome.c helper/cli/main.c mail/ready.c plugin/init.c plugin/mech.c' \
    'the text of an error is read by exo_err_text()'
# shellcheck disable=SC2086
is "$(grep -rlE '\b(printf|puts|putchar|vprintf)\(|[(,] ?stdout[,)]' \
    --include='*.c' $rooms | LC_ALL=C sort | xargs)" \
    'helper/app/out.c helper/cli/options.c helper/cli/options_table.c' \
    'results are printed by exo_out() and --help alone'
# json-c only reads. What we write goes through json/write.c, whose errors are
# those of the buffer; a constructor of json-c that fails is easy to overlook.
# The tree of what we read is made in one file, which looks at each.
makers='json_object_new_|json_object_(object|array)_(add|put|del|insert)'
makers+='|json_object_set_|json_object_to_json|json_object_to_f'
# shellcheck disable=SC2086
is "$(grep -rlE "$makers" --include='*.[ch]' $rooms)" 'json/build.c' \
    'nobody builds JSON but by json/write.c, and a tree but json/build.c'
# A secret is read by exo_secret_reveal(), which cannot be called without a look
# at its error. These five write into one, or cut it into pieces in place.
# shellcheck disable=SC2086
is "$(grep -rlE 'hidden\.data' --include='*.[ch]' $rooms | LC_ALL=C sort | xargs)" \
    'helper/doctor/doctor_map.c helper/import/import_block.c helper/login/listener.c store/keyring.c store/seal.c' \
    'nobody reads past the error of a secret'
only 'NSS only in the helper' '(pwd|grp|netdb)\.h' \
    'helper/.*|store/.*|process/process\.c|mail/(lookup\.h|login_try\.c)'

# shellcheck disable=SC2086
uses=$(grep -rlE 'exo_buf_shown\(' --include='*.c' $rooms |
    grep -v '^common/buf\.c$' | LC_ALL=C sort)
like "$uses" 'common/path\.c' 'the uses of exo_buf_shown() are found'
# shellcheck disable=SC2086
is "$(python3 tests/lib/shown.py $uses)" '' \
    'what a buffer in error hands out goes into messages alone'

# A file that could not be read for a shortage is not bad: who reads one, and
# calls it so in the words of an error, has asked first. What is unsafe is that.
careless()
{
    awk '/^[a-z].*\(/ && !/;$/ { name = $0; body = "" }
        { body = body $0 "\n" }
        /^}/ {
            if (body ~ /exo_(file|path)_|[^_a-z]open(at)?\(|access\(/ &&
                body ~ /EXO_STATUS_MISCONFIGURED/ &&
                body ~ /exo_strerror\(|exo_errno_text\(|why|%m/ &&
                body !~ /exo_err_system\(|exo_error_is_shortage\(|exo_doctor_system\(/ &&
                body !~ /EXO_E_UNSAFE|refuse\(rc/) {
                sub(/\(.*/, "", name)
                print FILENAME ": " name
            }
            body = ""
        }' "$@"
}
careless_one='static int read_one(void)
{
    int rc = exo_file_read(1);

    return rc == 0 ? 0 : exo_err_set(err, EXO_STATUS_MISCONFIGURED, "%s", exo_strerror(rc));
}'
like "$(careless - <<<"$careless_one")" 'read_one' 'a careless reader is found'
# shellcheck disable=SC2086
is "$(careless $(find $rooms -name '*.c'))" '' 'a shortage is asked for before a file is called bad'

# Functions that have a better one here.
banned='strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|strtok_r|gets|system'
banned+='|popen|alloca|tmpnam|mktemp|tempnam|atoi|atol|strncpy|strncat|rand'
# shellcheck disable=SC2086
found=$(find $rooms -name '*.[ch]' -exec grep -nEH \
    "(^|[^A-Za-z0-9_>.])($banned)[[:space:]]*\(" {} + |
    grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)')
is "$found" '' 'no banned function is called'

nss=$(find plugin common -name '*.[ch]' -exec grep -nEH \
    '(^|[^A-Za-z0-9_])(getpw|getgr|getaddrinfo|gethostby|initgroups)' {} +)
is "$nss" '' 'plugin and common never ask NSS'

process=$(find plugin common -name '*.c' -exec grep -nEH \
    '(^|[^A-Za-z0-9_])(umask|chdir|setenv|unsetenv|putenv|setlocale|signal|sigaction|sigprocmask|pthread_sigmask|setrlimit|atexit|fork|vfork|exit|abort|assert)[[:space:]]*\(' {} + |
    grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)')
is "$process" '' 'plugin and common leave the process as it is'

# shellcheck disable=SC2086
long=$(find $rooms -name '*.[ch]' -exec wc -l {} + |
    awk '$1 > 400 && $2 != "total"')
is "$long" '' 'no file has more than 400 lines'

# Every contract compiles alone.
need_cmd "${CC:-cc}"
for header in include/exoauth/*.h; do
    ok "$header compiles alone" "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Iinclude \
        -Wall -Wextra -Werror -fsyntax-only -x c "$header"
done
