#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What a login stands on, changed while a person is at work: the account's
# file, exoauth.conf, the store. A code is not spent for what is gone, a stored
# credential that works is not replaced by one that the file cannot use, and no
# login says `changed` of a credential that no command will find.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

site_up
unset DISPLAY WAYLAND_DISPLAY
site_endpoint ok:first
rm "$SITE/secret/app"
app=alice@contoso.test
file=$SITE/etc/exoauth.d/$app.conf
site_account $app "authorization_endpoint: $SITE_URL/authorize" \
    "device_authorization_endpoint: $SITE_URL/devicecode" 'grant: authorization_code'
paste_login() { python3 "${BASH_SOURCE[0]%/*}/../lib/paste.py" "$EXO" "$SITE_CONF" "$@"; }
good='f"{redirect}?code=canary-code&state={state}"'
tokens() { printf 'fields:{"access_token":"%s","refresh_token":"canary-%s"}' "$1" "$1"; }
site_script "$(tokens rt-1)"
ok 'a login' paste_login $app "$good" --paste
is "$(site_record $app refresh_token)" canary-rt-1 'has stored a credential'
cp -p "$file" "$SITE/keep.file"
cp -p "$SITE_CONF" "$SITE/keep.conf"
restore()
{
    cp -p "$SITE/keep.file" "$file"
    cp -p "$SITE/keep.conf" "$SITE_CONF"
}

# meanwhile SHELL: what a person waits for is pasted after it.
meanwhile()
{
    printf '%s\n' "$1" >"$SITE/meanwhile"
    printf '__import__("subprocess").run(["bash", "%s/meanwhile"], check=True) and %s' \
        "$SITE" "$good"
}
temps() { find "$SITE/etc" "$SITE/store" -name '.*' -type f ! -name '.exoauth-lock*' ! -name '*.lock' | wc -l; }
said() { is "$OUT" "$1" 'and says so on stdout'; }
before=$(temps)
moved="mv $SITE_STORE $SITE/moved; cp -a $SITE/moved $SITE_STORE"
back="rm -rf $SITE_STORE; mv $SITE/moved $SITE_STORE"
away="mv $SITE/etc/exoauth.d $SITE/etc/away; cp -a $SITE/etc/away $SITE/etc/exoauth.d"
home="rm -rf $SITE/etc/exoauth.d; mv $SITE/etc/away $SITE/etc/exoauth.d"
site_script "$(tokens rt-2)"

# ----- before the code is spent

# WHAT|SHELL|SHELL that undoes it|WORDS|ARG...
while IFS='|' read -r what change undo words args; do
    count=$(site_count)
    # shellcheck disable=SC2086
    exits 75 "$what" paste_login $app "$(meanwhile "$change")" --paste $args
    said ''
    like "$ERR" "$words" "$what: says what"
    is "$(site_count)" "$count" "$what: the code is not spent"
    eval "$undo"
    restore
    is "$(site_record $app refresh_token)" canary-rt-1 "$what: the credential is what it was"
    is "$(temps)" "$before" "$what: nothing is left"
done <<ROWS
the file, with --set|echo '# a note' >>$file|:|$app.conf was changed by somebody else meanwhile|--set client_id=other
another client_id|sed -i s/client_id:.app/client_id:\ other/ $file|:|client_id was changed by somebody else meanwhile, in .*$app.conf
another endpoint|sed -i s/devicecode/elsewhere/ $file|:|device_authorization_endpoint was changed
no file|rm $file|:|$app.conf was removed by somebody else meanwhile; put it back
another store|sed -i s,^store:.*,store:\ file:$SITE/other, $SITE_CONF|:|store was changed by somebody else meanwhile, in .*exoauth.conf
another account_dir|echo account_dir: $SITE/other >>$SITE_CONF|:|account_dir was changed
another user|sed -i s/^run_as:.*/run_as:\ daemon/ $SITE_CONF|:|run_as was changed
another key|echo key_file: $SITE/other.key >>$SITE_CONF|:|key_file was changed
a command for the key|echo key_command: echo >>$SITE_CONF|:|key_command was changed
no configuration|rm $SITE_CONF|:|was changed by somebody else meanwhile
a store that is moved|$moved|$back|$SITE_STORE is not the directory any more
a moved account_dir, with --set|$away|$home|exoauth.d is not the directory any more|--set client_id=other
ROWS

# Of what no credential depends on, a person hears nothing.
count=$(site_count)
ok 'a comment, and another log level' paste_login $app "$(meanwhile \
    "echo '# a note' >>$file; echo log_level: debug >>$SITE_CONF")" --paste
said changed
restore
is "$(site_record $app refresh_token)" canary-rt-2 'are no reason to ask again'

ok 'an account_dir that says the same' paste_login $app "$(meanwhile "$away")" --paste
eval "$home"

# ----- while a device code waits

edit_soon() { (sleep 1; "$@") & soon=$!; }
other_client() { sed -i 's/client_id: app/client_id: other/' "$file"; }
site_script pending "$(tokens rt-3)"
count=$(site_count)
edit_soon other_client
exits 75 'device code' x login $app --device
wait "$soon"
like "$ERR" 'client_id was changed by somebody else' 'says what'
restore
is "$(site_record $app refresh_token)" canary-rt-2 'the credential is what it was'

# ----- while the provider is asked

site_script "slow:2:$(tokens rt-4)"
while_asked() # SHELL ARG...
{
    local change=$1 n pid i
    shift
    n=$(site_count)
    paste_login $app "$good" --paste "$@" >"$SITE/out" 2>"$SITE/err" &
    pid=$!
    for ((i = 0; i < 200; i++)); do
        [[ $(site_count) -gt $n ]] && break
        sleep 0.05
    done
    eval "$change"
    wait "$pid"
    STATUS=$? OUT=$(<"$SITE/out") ERR=$(<"$SITE/err")
}
while_asked "echo '# a note' >>$file" --set client_id=other
is "$STATUS $OUT" '75 ' 'the file, with --set'
like "$ERR" "$app.conf was changed by somebody else" 'says what'
restore
is "$(site_record $app refresh_token)" canary-rt-2 'a credential that works stays with its file'
ok 'which goes on' x refresh $app --force
while_asked other_client
is "$STATUS $OUT" '75 ' 'another client_id'
like "$ERR" 'the credential is stored; client_id was changed by somebody else' 'says what'
restore
is "$(site_record $app refresh_token)" canary-rt-4 'and what it brought is stored'
while_asked "$moved"
is "$STATUS $OUT" '75 ' 'a store that is moved'
like "$ERR" "the credential is stored; $SITE_STORE is not the directory" 'says what'
eval "$back"
while_asked "sed -i 's,^store:.*,store: file:$SITE/other,' $SITE_CONF"
is "$STATUS $OUT" '75 ' 'another store'
like "$ERR" 'the credential is stored; store was changed' 'says what'
restore

# The old one is worth nothing, or there is none: then what a code brought is.
site_script dead
not_ok 'a grant that has ended' x refresh $app --force
site_script "slow:2:$(tokens rt-5)"
while_asked "echo '# a note' >>$file" --set client_id=other
is "$STATUS" 75 'the file, with --set, where the grant has ended'
like "$ERR" 'the credential is stored; .*was changed by somebody else' 'says what is stored'
restore
is "$(site_record $app refresh_token)" canary-rt-5 'the new one is kept'

# ----- what run_as may not read

# The draft is root's to read, and keeps the mode of the file.
if [[ $(id -u) == 0 ]]; then
    rt=rt@contoso.test
    printf '# a relay\n' >"$SITE/etc/exoauth.d/$rt.conf"
    chmod 0600 "$SITE/etc/exoauth.d/$rt.conf"
    printf 'canary-given\n' >"$SITE/secret/given"
    adopt() { x login $rt --set provider=custom --set client_id=app --set "token_endpoint=$SITE_URL/token" \
        --set servers=mail.contoso.test --set grant=authorization_code --refresh-token-file "$SITE/secret/given"; }
    site_script "$(tokens rt-6)"
    count=$(site_count)
    exits 78 'a file that run_as may not read' adopt
    like "$ERR" "may not read it; run: chmod a\\+r $SITE/etc/exoauth.d/$rt.conf" 'is told'
    is "$(site_count)" "$count" 'and nothing is spent'
    eval "${ERR##*run: }"
    ok 'that was typed' adopt
    chmod 0600 "$SITE/etc/exoauth.d/$rt.conf"
    exits 78 'status says the same' x status $rt
    like "$ERR$OUT" "run: chmod a\\+r $SITE/etc/exoauth.d/$rt.conf" 'of a stored one'
    chmod 0644 "$SITE/etc/exoauth.d/$rt.conf"
    chmod 0700 "$SITE/etc/exoauth.d"
    exits 78 'a directory that run_as may not enter' adopt
    like "$ERR" "cannot read account_dir $SITE/etc/exoauth.d: .*; run: chmod a\\+rx $SITE/etc/exoauth.d" 'is told'
    eval "$(sed -n 's/.*run: \(chmod .*\)/\1/p' <<<"$ERR" | tail -n 1)"
    ok 'that was typed, too' adopt

    # A restore that made all of it root's.
    chown -R root "$SITE_STORE"
    whose="store $SITE_STORE: it belongs to uid 0, not to $SITE_USER \\(run_as\\); .*chown -R it to run_as if all is of exoauth"
    exits 74 "a store of root's: status" x status
    like "$OUT" "$whose" 'says whose it is'
    exits 77 "a store of root's: remove" x remove $rt
    like "$ERR" "$whose" 'so does remove'
    ok "a store of root's: token" x token $rt
    is "$OUT" rt-6 'has what is published'
    chown -R "$SITE_USER" "$SITE_STORE"
    ok 'that was done' x refresh $rt --force
fi
