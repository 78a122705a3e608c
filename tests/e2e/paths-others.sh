#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What is said of a directory: chmod where it is exoauth's own, and where that
# helps; in one that others use, as /var/log, another place is named, for they
# have their rights there.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'being run_as'
need_cmd setpriv

app=app@contoso.test
site_up
site_endpoint ok:token-1
chmod 0755 "$SITE"
site_account $app "secret_file: $SITE/secret/app"
as() { site_as 65534:65534 "$EXO" "$@" --config "$SITE_CONF"; }
failures() { grep -E '^(failure|warning) ' <<<"$(x doctor 2>&1)"; }
paste()
{
    local said=${2#*"$1"}
    [[ $2 == *"$1"* ]] || return 1
    said=${said%%$'\n'*}
    diag "${said%%; *}"
    sh -c "${said%%; *}"
}

# ----- an account_dir that run_as cannot list

accounts=$SITE/etc/exoauth.d
ok 'refresh' x refresh --all
unlike "$(failures)" 'account_dir' 'doctor: nothing wrong yet'
for closed in "0711 $accounts" "0744 $accounts" "0700 $accounts" "0700 $SITE/etc"; do
    mode=${closed%% *} dir=${closed#* }
    for command in 'refresh --all' status list doctor; do
        chmod "$mode" "$dir"
        OUT=$(x $command 2>&1)
        [[ $closed == "0744 $accounts" && $command != doctor ]] ||
            like "$OUT" "cannot read account_dir $accounts: uid 65534 may not list $dir; run: chmod a\\+rx $dir" \
                "mode $mode of ${dir##*/}: $command"
        [[ $command != doctor ]] || like "$OUT" "failure .*cannot read account_dir" 'is a failure'
        [[ $OUT != *run:* ]] || paste 'run: ' "$(grep account_dir <<<"$OUT")"
        chmod go+rx "$dir"
    done
done
chmod 0711 "$accounts"
paste 'run: ' "$(failures | grep account_dir)"
unlike "$(failures)" account_dir 'what doctor says helps'
ok 'refresh' x refresh --all
ok 'list' x list
chmod 0711 "$accounts"
like "$(site_as 4711:4711 "$EXO" list --config "$SITE_CONF" 2>&1)" "run as root: chmod a\\+rx $accounts" \
    'a third user cannot do it'
chmod 0755 "$accounts"
# One that is not exoauth's.
mkdir -m 0755 "$SITE/home" "$SITE/home/accounts"
cp "$accounts/"* "$SITE/home/accounts/"
site_conf account_dir "$SITE/home/accounts"
chmod 0700 "$SITE/home"
exits 78 'below a directory of somebody' x refresh --all
like "$ERR" "uid 65534 may not enter $SITE/home; name another directory for account_dir in $SITE_CONF" \
    'another place is named'
unlike "$ERR$(failures)" 'chmod[^;]* [^ ]*/home( |$)' 'and not given to everybody'
site_conf account_dir

# ----- directories that others share, as Ubuntu and Debian ship /var/log, /var/local

install -d -m 0775 -g mail "$SITE/varlog"
install -d -m 2775 -g staff "$SITE/varlocal"
install -d -m 0777 "$SITE/pool"
for dir in varlog varlocal pool; do
    install -d -o nobody "$SITE/$dir/exoauth"
    was=$(stat -c '%U:%G %a' "$SITE/$dir")
    cp "$SITE/secret/app" "$SITE/$dir/secret"
    for key in "log $SITE/$dir/exoauth.log" "log $SITE/$dir/exoauth/log" \
        "status_file $SITE/$dir/exoauth/status.json" "token_dir $SITE/$dir/exoauth/t" \
        "store file:$SITE/$dir/exoauth/store" "ca_file $SITE/$dir/secret"; do
        site_conf ${key}
        x refresh --all --force >/dev/null 2>"$SITE/said"
        OUT=$(<"$SITE/said")$(failures)
        like "$OUT" "$SITE/$dir can be written to by (its group|everybody); use a path in directories that only root can write to" \
            "${key%% *} in $dir: names another place"
        unlike "${OUT//$'\n'/; }" "ch(mod|own)[^;]* $SITE/$dir( |;|\$)" 'and takes nothing from others'
        is "$(stat -c '%U:%G %a' "$SITE/$dir")" "$was" 'nor does it'
        site_conf "${key%% *}"
        [[ $key != store* ]] || site_conf store "file:$SITE_STORE"
        [[ $key != token_dir* ]] || site_conf token_dir "$SITE_TOKENS"
    done
done

# ----- and those of exoauth

own()
{
    mkdir -p "$SITE/own$1"
    chmod 0775 "$SITE/own$1"
    chgrp mail "$SITE/own$1"
}
own /etc
own /etc/keys
own /etc/exoauth.d
cp "$accounts/"* "$SITE/own/etc/exoauth.d/"
{
    grep -v '^store:' "$SITE_CONF"
    echo "store: file:$SITE/own/store"
    echo "key_file: $SITE/own/etc/keys/key"
} >"$SITE/own/etc/exoauth.conf"
for _ in 1 2 3 4; do
    said=$("$EXO" doctor --config "$SITE/own/etc/exoauth.conf" 2>&1; "$EXO" refresh --all --config "$SITE/own/etc/exoauth.conf" 2>&1)
    said=$(grep 'written to' <<<"$said" | head -n 1)
    [[ -n $said ]] || break
    like "$said" 'run: chmod g-w ' 'a directory of exoauth: chmod'
    paste 'run: ' "$said"
done
is "$said" '' 'until it is put right'
ok 'refresh' "$EXO" refresh --all --config "$SITE/own/etc/exoauth.conf"
