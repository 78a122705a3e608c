#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A store without its key, with records that are not sealed, and both: what is
# told to be typed is typed as it stands, by whom it says, and things get
# better. The table is key (absent, a link to nothing, closed, none, none beside
# a key, read-only) by record (none, sealed, unsealed, damaged, two kinds) by
# user (root or who owns all, run_as).

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_cmd python3

# Mounts of this test end with it, wherever it ends.
if [[ $(id -u) == 0 && -z ${EXO_UNSHARED:-} ]] && unshare --mount true 2>/dev/null; then
    tap_done() { rm -rf -- "$TAP_DIR"; }
    tap_done
    trap - EXIT
    EXO_UNSHARED=1 exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi

a=a@contoso.test
b=b@contoso.test
site_up
site_endpoint ok:token-1
echo canary-client-secret >"$SITE/secret/app"
for name in $a $b; do site_account $name "secret_file: $SITE/secret/app"; done
key=$SITE/etc/exoauth.key
unseal=$EXO_BUILDDIR/tests/lib/unseal
WHO=()
exoauth() { "${WHO[@]}" "$EXO" "$@" --config "$SITE_CONF"; }
own() { [[ $(id -u) != 0 ]] || chown nobody "$@"; }

mkdir "$SITE/kept"
ok 'login' x login $a
ok 'login of another' x login $b
cp "$key" "$SITE/kept/key"
for name in $a $b; do
    cp "$SITE_STORE/$name.json" "$SITE/kept/$name.sealed"
    "$unseal" "$SITE_STORE/$name.json" "$key" >"$SITE/kept/$name.unsealed"
    head -c 100 "$SITE/kept/$name.sealed" >"$SITE/kept/$name.damaged"
done
chmod 0600 "$SITE"/kept/*

# state KEY [ACCOUNT KIND]...: the store and its key as they are to be
state()
{
    local kind=$1
    shift
    rm -f "$SITE_STORE"/*@* "$SITE"/run/tokens/* "$key"
    site_conf key_file
    case $kind in
    there) cp -p "$SITE/kept/key" "$key"; chmod 0400 "$key"; own "$key" ;;
    none) site_conf key_file none ;;
    both) cp -p "$SITE/kept/key" "$key"; own "$key"; site_conf key_file none ;;
    link) ln -s "$SITE/nowhere" "$key" ;;
    esac
    while [[ $# -gt 0 ]]; do
        cp -p "$SITE/kept/$1.$2" "$SITE_STORE/$1.json"
        own "$SITE_STORE/$1.json"
        shift 2
    done
    STATE="$kind $*"
}
# told COMMAND...: it fails, and says why and what to do in a line
told()
{
    tap_run exoauth "$@"
    RC=$?
    [[ $RC != 0 ]] || ERR=''
    [[ $1 != status ]] || return
    ERR=$(grep -v 'authorised\|could not be saved' <<<"$ERR")
    one_line "$*"
}
offers() { grep -oE '(run|run as root): (exoauth|chown|chmod) [^;,]*' <<<"$ERR"; }
# typed WORD: that command of what was told
typed()
{
    local line
    line=$(offers | grep -m 1 -E ": (exoauth )?$1( |$)")
    diag "typed: $line"
    [[ -n $line ]] || { fail "$1 is offered"; diag "$ERR"; return; }
    if [[ $line == run\ as\ root:* ]]; then
        local WHO=()
    fi
    ok "$line" eval "${line#*: }"
}
works()
{
    ok "$1: login" exoauth login $a
    ok "$1: token" exoauth token $a
    is "$OUT" token-1 'and there is one'
    is "$(grep -l '"seal": *"none"' "$SITE_STORE"/*.json 2>/dev/null)" '' 'nothing is unsealed'
}
nobody_else() { unlike "$(offers)" 'as root' "$1: by nobody else"; }

# ---- no key
state absent $a unsealed
for command in token status refresh; do
    told $command $a
    [[ $command != status ]] || ERR=$OUT
    is "$(offers | wc -l)" 2 "$command: two ways"
done
nobody_else unsealed
typed rekey
ok 'what was stored works' exoauth token $a
works 'sealed'
state absent $a unsealed; told token $a; typed remove; works 'forgotten'
state absent $a unsealed; told login $a; typed rekey; works 'login, sealed'
state absent $a unsealed; told login $a; typed remove; works 'login, forgotten'
state absent $b unsealed; told login $a; typed rekey; works 'another one, sealed'
state absent $b unsealed; told login $a; typed remove; works 'another one, forgotten'

state absent $a sealed; told token $a; typed remove; works 'sealed'
state absent $a sealed; told login $a; typed remove; works 'sealed, login'
state absent $a sealed; told rekey; typed remove; works 'sealed, rekey'
state absent $b sealed; told login $a; typed remove; works 'another one is sealed'
state absent $a sealed; cp -p "$SITE/kept/key" "$key"; own "$key"; works 'the key is put back'

state absent $a unsealed $b sealed
told token $a
typed_before=$(offers)
tap_run exoauth rekey
one_line 'rekey'
like "$typed_before $ERR" "rekey.*put it back; or if it is lost for good, run: exoauth remove $b" 'says what is in its way'
typed remove
ok 'then rekey' exoauth rekey
works 'of two kinds'
state absent $a unsealed $b sealed; told token $a; typed remove
told login $a; typed remove; works 'of two kinds, both forgotten'

for command in token login; do
    state absent $a damaged; told $command $a; typed remove; works "damaged, $command"
    state absent $b damaged; told login $a; typed remove; works "another one is damaged, $command"
done
state there $a damaged; told token $a; typed login; works 'damaged, beside a key'
state absent; works 'nothing is there'
state there $a unsealed; told token $a; typed login; works 'unsealed, beside a key'
state there $a unsealed; told token $a; typed rekey; works 'unsealed, beside a key, sealed'

# ---- a key that is of no use
for record in '' "$a unsealed" "$a sealed"; do
    # shellcheck disable=SC2086 # two words
    state link $record
    told login $a
    like "$ERR" 'correct or remove it|the key back|exoauth rekey' "a link to nothing${record:+, $record}"
    rm "$key"
    [[ $record != *unsealed ]] || ok 'rekey' exoauth rekey
    [[ $record != *\ sealed ]] || { told login $a; typed remove; }
    works 'and without it'
done
state there $a sealed; chmod 0644 "$key"; told token $a; typed 'ch(own|mod)'; works 'a key that others can read'

# ---- a key in a directory that cannot be entered
# vault MODE OWNER:GROUP: a directory with the key below it
vault()
{
    state there $a sealed
    rm -rf "$SITE/vault"
    mkdir -p "$SITE/vault/in"
    cp -p "$key" "$SITE/vault/in/key"
    chmod 0755 "$SITE/vault/in"
    chmod "$1" "$SITE/vault"
    [[ $(id -u) != 0 ]] || chown "$2" "$SITE/vault"
    site_conf key_file "$SITE/vault/in/key"
}
closed()
{
    for command in "token $a" "login $a"; do
        # shellcheck disable=SC2086 # words
        { vault "$2" "$3"; told $command; }
        like "$ERR" "key file $SITE/vault/in/key: .* cannot enter $SITE/vault; " "$1, $command: says which"
        unlike "$ERR" '400' 'and nothing that does not help'
        typed "chmod $4"
        ok 'it works' exoauth token $a
    done
    vault "$2" "$3"
    "$EXO" doctor $a --config "$SITE_CONF" >"$SITE/found" 2>/dev/null
    like "$(<"$SITE/found")" \
        "failure  files         key file $SITE/vault/in/key: [^;]* cannot enter $SITE/vault; set key_file in .* elsewhere, or run: chmod $4 $SITE/vault\$" \
        "$1: doctor, too"
    rm -rf "$SITE/vault"
    site_conf key_file
}
closed 'of its own' 0600 nobody u\\+x
if [[ $(id -u) == 0 ]]; then
    # Which is not opened to everybody.
    for command in "token $a" "login $a"; do
        # shellcheck disable=SC2086 # words
        { vault 0700 root:root; told $command; }
        like "$ERR" "cannot enter $SITE/vault; set key_file in $SITE_CONF to a file in another directory" "of root, $command"
        unlike "$ERR" 'chmod' 'is not opened'
        "$EXO" doctor $a --config "$SITE_CONF" >"$SITE/found" 2>/dev/null
        like "$(<"$SITE/found")" "cannot enter $SITE/vault; set key_file in .* in another directory" 'doctor, too'
        site_conf key_file
        ok 'it works' exoauth token $a
    done
    closed 'of its group' 0705 root:65534 g\\+x
fi

# ---- none
state none $a sealed; told token $a
like "$ERR" 'key_file is none, but .*remove that line and put the key back' 'both are said'
site_conf key_file; cp -p "$SITE/kept/key" "$key"; own "$key"; works 'that was done'
state none $a sealed; told token $a; typed remove
ok 'none, and it is forgotten' exoauth login $a
state none $a sealed; told rekey
site_conf key_file; told rekey; typed remove; works 'none, and rekey'
state none $a unsealed; told rekey
like "$ERR" 'remove that line and run' 'rekey under none'
site_conf key_file; ok 'that was done' exoauth rekey; works 'sealed'
state both $a sealed; told token $a
like "$ERR" 'remove that line, or if nothing in the store is sealed, move' 'none beside a key'
site_conf key_file; works 'that line is removed'
state both $a unsealed; told token $a; rm "$key"
ok 'the key is moved away' exoauth token $a

# ---- what nobody can store, nobody knows
state absent
ok 'status: mail flows' x status $a
like "$OUT" 'no state of it can be stored: there is no key file' 'but it says so'
exits 1 'a warning for a monitor' x status --nagios $a

[[ $(id -u) == 0 ]] || exit 0

# ---- as run_as, who can write the store and not the key
WHO=(site_as 65534:65534)
chmod 0755 "$SITE/etc"
state absent; told login $a
like "$ERR" 'run as root: exoauth refresh --all' 'run_as, nothing there'
typed refresh; works 'run_as, after root'
for command in "token $a" "login $a" "refresh $a"; do
    # shellcheck disable=SC2086 # words
    { state absent $a unsealed; told $command; typed rekey; works "run_as: $command"; }
done
for command in "token $a" "login $a"; do
    # shellcheck disable=SC2086 # words
    { state absent $a unsealed; told $command; typed remove; }
    told login $a; typed refresh; works "run_as: $command, forgotten"
done
state absent $a sealed; told login $a; typed remove; told login $a; typed refresh; works 'run_as, sealed'
state absent $a unsealed; told rekey
like "$ERR" 'Permission denied; run it as root' 'run_as: rekey'
ok 'as root' x rekey
state none $a unsealed; told rekey
like "$ERR" 'remove that line and run as root: exoauth rekey' 'run_as: rekey under none'
state there $a sealed; chown root "$key"; told token $a
like "$(offers)" '^run as root: chown 65534' 'a key of root'
typed chown; works 'run_as, its own key'
state there $a sealed; chmod 0644 "$key"; told token $a; nobody_else 'a mode of its own'
typed chmod; works 'run_as, a mode'

for command in token login; do
    vault 0700 root:root
    told $command $a
    is "$(offers)" '' "run_as, $command: a directory of root's is not opened to everybody"
    vault 0700 root:65534
    told $command $a
    like "$(offers)" "^run as root: chmod g\\+x $SITE/vault" "run_as, $command: a directory that is closed"
    typed chmod
    ok 'it works' exoauth $command $a
done
rm -rf "$SITE/vault"
site_conf key_file

# ---- where nothing can be made
[[ -n ${EXO_UNSHARED:-} ]] || exit 0
mkdir "$SITE/ro" "$SITE/rw"
mount -t tmpfs -o ro,mode=0755 exoauth-test "$SITE/ro" || exit 0
cleanup umount "$SITE/ro"
for who in root run_as; do
    WHO=()
    [[ $who == root ]] || WHO=(site_as 65534:65534)
    state absent
    site_conf key_file "$SITE/ro/exoauth.key"
    told login $a
    like "$ERR" "Read-only file system; set key_file in .* that root can write" "$who: names key_file"
    unlike "$(offers)" 'refresh' 'and nothing that does not help'
    site_conf key_file "$SITE/rw/exoauth.key"
    [[ $who == root ]] || { told login $a; typed refresh; }
    works "$who: that was done"
    rm -f "$SITE/rw/exoauth.key"
    state absent $a unsealed
    site_conf key_file "$SITE/ro/exoauth.key"
    told login $a
    tap_run x rekey
    one_line "$who: rekey" 'Read-only file system; set key_file in .* that root can write'
    site_conf key_file "$SITE/rw/exoauth.key"
    ok "$who: then rekey" x rekey
    works "$who: rekey"
    rm -f "$SITE/rw/exoauth.key"
done
