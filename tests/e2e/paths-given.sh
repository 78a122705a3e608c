#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# /run/exoauth, once it is run_as's, with the tokens for token_group below it:
# root makes and corrects what run_as could not, and nothing else there.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'being run_as'
need_cmd setpriv
own_mounts "$@"

app=app@contoso.test
mail=4711
group=daemon
gid=$(getent group $group | cut -d: -f3)
site_up
site_endpoint ok:token-1
site_account $app "secret_file: $SITE/secret/app"
site_conf token_dir /run/exoauth/tokens
mkdir -p "$SITE/own" && mount --bind "$SITE/own" /run || skip_all 'mounting is not allowed'
cleanup umount /run
chmod 0755 "$SITE"
tokens=/run/exoauth/tokens

# As contrib/tmpfiles.d makes it at boot.
booted()
{
    rm -rf /run/exoauth
    install -d -m 0755 /run/exoauth
    install -d -m 0700 -o nobody -g nogroup $tokens
}
reads() { site_as $mail:"$gid" cat "$1/$app"; }
published()
{
    is "$ERR" '' "$1: without a warning"
    is "$(stat -c '%U:%G %a' "$2" "$2/$app" | paste -sd,)" \
        "nobody:$group 2750,nobody:$group 640" 'the tokens are for token_group'
    ok 'which can read them' reads "$2"
    unlike "$(x doctor $app 2>&1)" "$2 .*token_group" 'doctor agrees'
}

for key in 'log /run/exoauth/log' 'status_file /run/exoauth/status.json'; do
    site_conf token_group $group
    site_conf ${key}
    booted
    ok "${key%% *}, after a boot" x refresh $app --force
    published "${key%% *}" $tokens
    is "$(stat -c '%U %a' /run/exoauth)" 'nobody 755' 'beside what run_as writes'
    rm -rf $tokens
    ok 'without the directory of tokens' x refresh $app --force
    published 'made anew' $tokens
    # As setup does it.
    site_conf token_group
    booted
    ok 'without token_group' x refresh $app --force
    is "$(stat -c '%U:%G %a' $tokens)" 'nobody:nogroup 700' 'they are of run_as alone'
    site_conf token_group $group
    ok 'with token_group, later' x refresh $app --force
    published 'corrected' $tokens
    site_conf token_group
    ok 'without it again' x refresh $app --force
    is "$(stat -c '%U:%G %a' $tokens)" 'nobody:nogroup 700' 'they are of run_as alone again'
    site_conf token_group $group
    booted
    ok '--prepare' x refresh --prepare
    ok 'and run_as' site_as 65534:65534 "$EXO" refresh $app --force --config "$SITE_CONF"
    published 'as the units do it' $tokens
    site_conf "${key%% *}"
done

# Where more than the last directory is of run_as, in a jail, too.
site_conf token_group $group
install -d -o nobody -g nogroup "$SITE/mine" "$SITE_ROOT$SITE/mine"
site_conf token_dir "$SITE/mine/a/tokens"
ok 'two directories below one of run_as' x refresh $app --force
published 'made' "$SITE/mine/a/tokens"
published 'in the jail' "$SITE_ROOT$SITE/mine/a/tokens"

# run_as leads root to what is not its own.
install -d -m 0700 "$SITE/roots"
install -d -m 0700 -o $mail "$SITE/hers"
was=$(stat -c '%n %U:%G %a' "$SITE/roots" "$SITE/hers")
site_conf token_dir "$SITE/mine/link"
for to in roots hers; do
    ln -sfn "$SITE/$to" "$SITE/mine/link"
    chown -h nobody "$SITE/mine/link"
    ok "a link of run_as to $to" x refresh $app --force
    isnt "$ERR" '' 'is told of'
    is "$(stat -c '%n %U:%G %a' "$SITE/roots" "$SITE/hers")" "$was" 'and gives nothing away'
done
