# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# machine.sh: a Debian machine of the test's own for `exoauth setup postfix`: an
# /etc, a queue and a plugin directory, in a mount namespace. To be sourced
# after site.sh.
#
#   machine_up                  makes it, with $EXO the copy of the program that
#                               spawn(8) may run, and $relay, $etc, $conf,
#                               $plugins; x is exoauth with its configuration
#   machine_plain <MAIN.CF      Postfix and exoauth.conf as before any setup

machine_up()
{
    relay=relay@contoso.test
    etc=/etc/postfix
    conf=/etc/sasl2/exoauth.conf
    plugins=$(dirname "$(ls /usr/lib/*/sasl2/libplain.so 2>/dev/null)")
    need_file "$plugins/libplain.so" 'install libsasl2-modules'
    own_dir /etc
    own_dir "$plugins"
    own_dir /var/spool/postfix empty
    cleanup umount "$plugins" /etc /var/spool/postfix
    mkdir -p "$SITE/bin" /etc/sasl2
    # What spawn(8) runs must be open to its user.
    cp "$EXO" "$SITE/bin/exoauth" 2>/dev/null || bail 'no program'
    EXO=$SITE/bin/exoauth
    cp -L "$EXO_BUILDDIR/.libs/libexoauth.so" "$plugins/"
    x() { "$EXO" "$@" </dev/null; }
}

machine_plain()
{
    rm -rf $etc/exoauth* $etc/.tmp.* /var/spool/postfix/*
    mkdir -p /var/spool/postfix/{pid,private,public}
    cp /usr/share/postfix/master.cf.dist $etc/master.cf
    cat >$etc/main.cf
    printf '%s\n' "account_dir: $SITE/etc/exoauth.d" "store: file:$SITE_STORE" \
        "token_dir: $SITE_TOKENS" 'helper: none' "run_as: exotest$$" \
        '# kept' 'timeout: 5' >$conf
}
