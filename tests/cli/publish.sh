#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Who gets at a published token: `allow` that is narrower than token_group and
# `publish: no` keep it from everybody who may not ask, also what was published
# before; and a file that a login may not read is passed over for a source that
# answers.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
site_endpoint ok:first-token:3600
app=app@contoso.test
secret="secret_file: $SITE/secret/app"
here=$SITE_TOKENS
jail=$SITE_ROOT$SITE_TOKENS
file=$SITE/etc/exoauth.d/$app.conf
# What is in both directories, as "here" and "jail" with mode and group.
where()
{
    local name=${1:-$app}
    echo $(cd "$here" && stat -c 'here %a %G' "$name" 2>/dev/null) \
        $(cd "$jail" && stat -c 'jail %a %G' "$name" 2>/dev/null)
}
mine=$(id -gn "$SITE_USER")

# ----- publish

site_account $app "$secret"
ok 'a token' x token $app
is "$(where)" "here 600 $mine jail 600 $mine" 'is published by default'
ok 'show' x show $app
like "$OUT" $'(^|\n)publish: yes\n' 'says so'
before=$(site_count)
sed -i 's/^servers: .*/servers: other.contoso.test/' "$file"
ok 'servers, changed by hand' x refresh $app
is "$(sed -n 's/^servers: //p' "$here/$app" "$jail/$app" | sort -u)" other.contoso.test 'are published'
is "$(site_count)" "$before" 'without a request'
site_account $app "$secret" 'publish: no'
ok 'publish: no' x token $app
is "$OUT" first-token 'has the token'
is "$(where)" '' 'what was published is gone'
is "$(site_count)" "$before" 'without a request'
ok 'refresh' x refresh $app --force
is "$(where)" '' 'publishes nothing'
ok 'refresh --all' x refresh --all
is "$(where)" '' 'nor does that'
ok 'show' x show $app
like "$OUT" $'(^|\n)publish: no\n' 'says so'
like "$OUT" "from $file:5" 'and where it stands'
echo "not ours" >"$here/$app" && [[ $(id -u) == 0 ]] && {
    ok 'a file of root in its place' x token $app
    is "$(<"$here/$app")" 'not ours' 'stays'
}
rm -f "$here/$app"
echo precious >"$SITE/victim"
ln -s "$SITE/victim" "$here/$app"
ok 'a link in its place' x token $app
is "$(<"$SITE/victim")" precious 'is not followed'
is "$(readlink "$here/$app")" "$SITE/victim" 'and stays'
rm -f "$here/$app"
site_account $app "$secret" 'publish: maybe'
not_ok 'neither yes nor no' x token $app
one_line 'publish: maybe' "$file line 6: publish must be yes or no"
site_account $app "$secret" 'Publish: off'
ok 'off' x token $app
is "$(where)" '' 'is no'
site_conf publish no
site_account $app "$secret"
ok 'for every account' x token $app
is "$(where)" '' 'by exoauth.conf'
unlike "$ERR" unknown 'which knows the key'
site_account $app "$secret" 'publish: yes'
ok 'but this one' x token $app
is "$(where)" "here 600 $mine jail 600 $mine" 'which says yes'
site_conf publish
ok '--set publish=no' x login $app --secret-file "$SITE/secret/app" --set publish=no
is "$(where)" '' 'takes it back at once'
like "$(<"$file")" $'\npublish: no' 'and stands in the file'
not_ok '--set publish=never' x login $app --set publish=never
like "$ERR" 'publish must be yes or no' 'is refused'

# A borrowed credential: as far as both let it.
site_account $app "$secret"
shared=shared@contoso.test
printf 'credential: %s\nservers: mail.contoso.test\n' $app \
    >"$SITE/etc/exoauth.d/$shared.conf"
ok 'an account that borrows' x token $shared
is "$(where $shared)$(where)" \
    "here 600 $mine jail 600 ${mine}here 600 $mine jail 600 $mine" \
    'both are published'
echo 'publish: no' >>"$SITE/etc/exoauth.d/$shared.conf"
ok 'publish: no of who borrows' x token $shared
is "$(where $shared)" '' 'takes back its own'
is "$(where)" "here 600 $mine jail 600 $mine" 'and not what it borrows'
sed -i '/publish/d' "$SITE/etc/exoauth.d/$shared.conf"
ok 'again' x token $shared
site_account $app "$secret" 'publish: no'
ok 'publish: no of who lends' x token $shared
is "$(where $shared)$(where)" '' 'takes back both'

if [[ $(id -u) != 0 ]]; then
    skip 'token_group' 'needs root'
    exit 0
fi

# ----- allow and token_group

site_account $app "$secret"
site_conf token_group daemon
wide='here 640 daemon jail 640 daemon'
narrow='here 600 daemon'
ok 'token_group' x refresh $app
is "$(where)" "$wide" 'can read it'
for row in "bin|$narrow" "root|$narrow" "1 2|$narrow" "@bin|$narrow" \
    "@daemon|$wide" "bin @daemon|$wide" "daemon|$narrow" "@nobodys-group|$narrow"; do
    site_account $app "$secret" "allow: ${row%|*}"
    ok "allow: ${row%|*}" x token $app
    is "$(where)" "${row#*|}" "allow: ${row%|*}: published as far as that"
done
site_account $app "$secret"
ok 'no allow' x token $app
is "$(where)" "$wide" 'is published again'
site_conf allow bin
ok 'allow of exoauth.conf' x token $app
is "$(where)" "$narrow" 'counts, too'
site_conf allow
ok '--set allow=bin' x login $app --secret-file "$SITE/secret/app" --set allow=bin
is "$(where)" "$narrow" 'withdraws at once what was published'
site_account $app "$secret" 'allow: bin'
ok 'an account that borrows' x token $shared
is "$(where $shared)" "$narrow" 'is as narrow as what it borrows'
site_conf token_group
ok 'without a group' x refresh $app --force
is "$(where)" "here 600 $mine jail 600 $mine" \
    'only run_as can read it, in the jail, too'

# ----- what is forbidden is taken back whatever is wrong with the rest

site_conf token_group daemon
site_key=$SITE/etc/exoauth.key
for state in key record store locked provider; do
    for how in 'publish: no|' "allow: bin|$narrow"; do
        site_account $app "$secret"
        rm -f "$site_key" "$SITE_STORE/$app".*
        site_conf key_command
        site_script ok:first-token:3600
        ok "$state: a token" x refresh $app --force
        is "$(where)" "$wide" 'is published'
        chmod 0700 "$SITE_STORE"
        case $state in
        key) mv "$site_key" "$SITE/key-away" ;;
        record) echo broken >"$SITE_STORE/$app.json" ;;
        store) mv "$SITE_STORE" "$SITE/store-away"; echo >"$SITE_STORE" ;;
        locked) mv "$site_key" "$SITE/key-away"; site_conf key_command false ;;
        provider) site_script error:invalid_client ;;
        esac
        x refresh --all >/dev/null 2>&1
        is "$(where)" "$wide" "$state: what may be published stays"
        site_account $app "$secret" "${how%|*}"
        x refresh --all >/dev/null 2>&1
        is "$(where)" "${how#*|}" "$state: ${how%|*} is obeyed"
        [[ $state != store ]] || { rm "$SITE_STORE"; mv "$SITE/store-away" "$SITE_STORE"; }
        rm -f "$SITE/key-away"
    done
done
rm -f "$SITE_STORE/$app".*
site_conf key_command
site_script ok:first-token:3600
site_account $app "$secret"
ok 'a token' x refresh $app --force
# What cannot be read takes nothing back, and doctor says that it does not.
for bad in 'publish: NO' 'publish: none' 'publish:' 'allow:' 'no colon'; do
    site_account $app "$secret" "$bad"
    not_ok "$bad" x refresh $app
    is "$(where)" "$wide" "$bad: it stays"
    like "$(x doctor 2>&1)" "what is published stays, .*correct it, then run: exoauth refresh $app" \
        "$bad: doctor says so"
done

# ----- a login that may not read the file

site_conf token_group daemon
site_conf socket "$SITE/sock/et"
mkdir "$SITE/sock"
chown nobody "$SITE/sock"
site_account @contoso.test "$secret"
ok 'the domain' x token other@contoso.test
site_account $app "$secret" 'allow: root 2'
ok 'narrow' x refresh $app --force
is "$(where)" "$narrow" 'again'
"$EXO" serve --listen "$SITE/sock/et" --config "$SITE_CONF" \
    >"$SITE/serve.log" 2>&1 </dev/null &
server=$!
cleanup kill $server
for ((i = 0; i < 200; i++)); do [[ -S $SITE/sock/et ]] && break; sleep 0.05; done
# A member of token_group whom allow names: by the socket, without a word.
ok 'a user whom allow names' setpriv --reuid 2 --regid 1 --clear-groups \
    "$EXO" token -v $app --config "$SITE_CONF"
is "$OUT" first-token 'has the token'
unlike "$ERR" 'ignored|Permission denied|token_group' 'and no warning of the file'
not_ok 'a member of token_group whom it does not name' site_as 1:1 \
    "$EXO" token $app --config "$SITE_CONF"
like "$ERR" "may not have the token of $app" 'has not, nor that of the domain'
like "$ERR" "add the user to allow in $file$" 'and is told what to do'
ok 'who has none of its own' site_as 1:1 "$EXO" token other@contoso.test \
    --config "$SITE_CONF"
is "$OUT" first-token 'has that of the domain'
kill $server
wait $server 2>/dev/null
not_ok 'no socket' site_as 2:1 "$EXO" token $app --config "$SITE_CONF"
like "$ERR" "not readable for this user in $here" 'the error says why'
