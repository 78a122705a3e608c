#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth show: the effective configuration, each value with its origin, and
# the whole a file that exoauth itself can read.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"

site_up '# a comment' 'tenant: contoso.test' 'refresh_margin: 300'
dir=$SITE/etc/exoauth.d

# What stands directly above the line of a key.
origin() { grep -B99 "^$1: " <<<"$OUT" | grep '^# from ' | tail -n 1; }
value() { sed -n "s/^$1: //p" <<<"$OUT"; }

printf '%s\n' '# mine' 'client_id: my-app' "secret_file: $SITE/secret/app" \
    >"$dir/relay@contoso.test.conf"
ok 'an account at Microsoft' x show relay@contoso.test
is "$(value client_id)" my-app 'a value of the file'
is "$(origin client_id)" "# from $dir/relay@contoso.test.conf:2" 'file and line'
is "$(value tenant)" contoso.test 'a value of exoauth.conf'
is "$(origin tenant)" "# from $SITE_CONF:9" 'its file and line'
is "$(value token_endpoint)" \
    https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token \
    'a value of the provider'
is "$(origin token_endpoint)" '# from provider microsoft' 'says so'
is "$(value scope)" https://outlook.office365.com/.default 'the scope of an app'
is "$(value grant)" client_credentials 'a grant that follows from the secret'
is "$(value provider)" microsoft 'the default provider'
is "$(origin provider)" '# from default' 'says so'
is "$(value user)" relay@contoso.test 'user= is the account'
is "$(value refresh_margin)" 300 'a key of exoauth.conf proper'
is "$(value timeout)" 5 'a number of exoauth.conf'
is "$(value socket)" none 'no socket is said'
is "$(value token_dir)" "$SITE_TOKENS" 'the token directory'
is "$(value log_level)" notice 'a default'
is "$(value mechanisms)" 'xoauth2 oauthbearer' 'the mechanisms'
is "$(value initial_response) $(value noplaintext)" 'yes no' 'what is yes or no'
unlike "$OUT" 'a secret' 'the secret is not shown, only where it is'
is "$ERR" '' 'nothing on stderr'

# The output is an exoauth.conf that gives the same again.
want=$(grep -v '^#' <<<"$OUT" | sort)
mkdir -p "$SITE/again/exoauth.d"
printf '%s\n' "$OUT" >"$SITE/again/exoauth.conf"
: >"$SITE/again/exoauth.d/relay@contoso.test.conf"
sed -i "s,^account_dir: .*,account_dir: $SITE/again/exoauth.d," \
    "$SITE/again/exoauth.conf"
ok 'the output as a configuration' \
    "$EXO" show relay@contoso.test --config "$SITE/again/exoauth.conf"
is "$(grep -v '^#' <<<"$OUT" | sed "s,/again/,/etc/," | sort)" "$want" \
    'shows the same again'
ok 'the store was not opened' test ! -e "$SITE_STORE/relay@contoso.test.lock"

site_account @contoso.test "secret_file: $SITE/secret/app"
ok 'a mailbox that the domain account serves' x show bob@contoso.test
is "$(value user)" bob@contoso.test 'user= is the mailbox'
like "$OUT" "@contoso.test.conf" 'the file is named'
like "$OUT" 'those of @contoso.test' 'and whose credential it is'
ok 'the domain account' x show @contoso.test
is "$(value user)" '' 'has no user= of its own'

printf '%s\n' 'credential: @contoso.test' 'user: info@contoso.test' \
    >"$dir/carol@contoso.test.conf"
ok 'an account with another credential' x show carol@contoso.test
is "$(value credential)" @contoso.test 'which is shown'
is "$(value user)" info@contoso.test 'its own user='
is "$(value client_id)" app "the client of the credential's file"
is "$(origin client_id)" "# from $dir/@contoso.test.conf:2" 'and its origin'

# Every key that exists is shown, once it says something.
need_file "$EXO_BUILDDIR/tests/lib/tables" 'run: make check TESTS='
while read -r table key; do
    [[ $table == conf ]] || continue
    case $key in
    timeout | refresh_margin) say=77 ;;
    initial_response) say=no ;;
    noplaintext) say=yes ;;
    log_level) say=error ;;
    mechanisms) say=oauthbearer ;;
    proxy) say=http://127.0.0.1:9 ;;
    store) say=file:$SITE/elsewhere ;;
    run_as) say=$(id -un daemon) ;;
    token_group) say=nogroup ;;
    *) say=$SITE/elsewhere ;;
    esac
    # This decides what is read at all.
    [[ $key == account_dir ]] && say=$dir
    cp "$SITE_CONF" "$SITE/conf.kept"
    site_conf "$key" "$say"
    tap_run x show carol@contoso.test
    is "$(value "$key")" "$say" "$key is shown"
    mv "$SITE/conf.kept" "$SITE_CONF"
done < <("$EXO_BUILDDIR/tests/lib/tables")

exits 67 'an unknown account' x show nobody@fabrikam.test
like "$ERR" 'no account nobody@fabrikam.test .*; run: exoauth login' \
    'cause and remedy'
is "$OUT" '' 'nothing on stdout'
exits 64 'no account given' x show
printf 'client_id: a\nclient_id: b\n' >"$dir/twice@contoso.test.conf"
exits 78 'a key given twice' x show twice@contoso.test
like "$ERR" "twice@contoso.test.conf.*2.*; correct that line" 'file, line, remedy'
printf 'client_id: a\nno_such_key: b\n' >"$dir/unknown@contoso.test.conf"
ok 'an unknown key' x show unknown@contoso.test
like "$ERR" 'line 2: unknown key no_such_key' 'is a warning by name'
unlike "$OUT" no_such_key 'and is not in force'
