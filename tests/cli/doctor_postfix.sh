#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth doctor: Postfix. A main.cf and master.cf of our own, read by the real
# postconf; as root also a login in the jail of that Postfix, as its user.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/doctor.sh"
need_file /usr/sbin/postconf 'run: sudo tests/deps'

me=relay@contoso.test
site_up "$([[ $(id -u) == 0 ]] && echo 'token_group: postfix')"
doctor_up
chmod 0600 "$SITE/secret/app"
[[ $(id -u) == 0 ]] && chown nobody "$SITE/secret/app"
site_endpoint ok:canary-access-token
site_account $me "secret_file: $SITE/secret/app"
"$EXO" refresh --all --config "$SITE_CONF" >/dev/null 2>&1

doctor_postfix

postfix
ok 'a Postfix where all is well' doctor
has ok postfix 'Postfix [0-9.]+ logs in with tokens, to verified servers only' 'its settings'
if [[ $(id -u) == 0 ]]; then
    has ok jail "$me: Postfix in $SITE_ROOT gets a token for mail.contoso.test" 'a login in its jail'
    unlike "$OUT$ERR" canary 'does not show the token'
else
    has skipped jail 'not checked: needs root' 'a login in its jail'
fi
is "$(sort <"$main")" "$(sort <"$SITE/good.cf")" 'nothing was changed'

postfix smtp_sasl_tls_verified_security_options=noplaintext,noanonymous
exits 78 'the option that refuses tokens' doctor
has failure postfix "main.cf: no login with a token, .*; run: postconf -e 'smtp_sasl_tls_verified_security_options = noanonymous'" \
    'is a failure'
postfix smtp_sasl_security_options=noanonymous
ok 'tokens in the clear' doctor
has warning postfix 'main.cf: tokens may be sent without TLS; run: postconf -X smtp_sasl_security_options' \
    'are a warning'
has warning postfix 'certificate was not verified; run: postconf -X' 'as for servers that are not verified'
postfix smtp_tls_security_level=may
exits 78 'a TLS level that verifies nothing' doctor
has failure postfix "smtp_tls_security_level = may verifies no certificate, .*; run: postconf -e 'smtp_tls_security_level = secure'" \
    'is a failure'
postfix smtp_tls_CAfile=
exits 78 'no CA' doctor
has failure postfix 'no CA to verify certificates with; run: postconf -e' 'is a failure'
postfix smtp_sasl_auth_cache_name=proxy:btree:/tmp/none
ok 'the cache of refusals' doctor
has warning postfix 'smtp_sasl_auth_cache_name is set, .* 90 days; run: postconf -X' 'is a warning'
postfix smtp_sasl_mechanism_filter=plain,login
exits 78 'a filter of mechanisms' doctor
has failure postfix 'smtp_sasl_mechanism_filter leaves XOAUTH2 out; run' 'is a failure'
postfix 'smtp_sasl_mechanism_filter=plain, xoauth2'
ok 'a filter that has XOAUTH2' doctor
postfix smtp_sasl_type=dovecot
exits 78 'another SASL library' doctor
has failure postfix "smtp_sasl_type is dovecot; run: postconf -e 'smtp_sasl_type = cyrus'" 'is a failure'
postfix debug_peer_list=mail.contoso.test
ok 'a log with everything' doctor
has warning postfix 'debug_peer_list is set, which writes tokens to the log; run' 'is a warning'
postfix smtp_sasl_auth_enable=no
ok 'a Postfix that does not log in' doctor
has ok postfix 'Postfix logs in nowhere .*; to change that, run: exoauth setup postfix .*@contoso.test' 'is fine'
# master(8) listens on the socket of spawn(8) as its own user there, too.
if [[ $(id -u) == 0 ]]; then
    install -d -m 0700 -o postfix "$SITE/private"
    cat >"$SITE/listen.py" <<'END'
import os, pwd, socket, sys, time
s = socket.socket(socket.AF_UNIX)
os.setuid(pwd.getpwnam("postfix").pw_uid)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
s.listen(8)
time.sleep(600)
END
    python3 "$SITE/listen.py" "$SITE/private/exoauth" &
    cleanup kill $!
    soon test -S "$SITE/private/exoauth"
    site_conf socket "$SITE/private/exoauth"
    ok 'nor with its service' doctor
    unlike "$OUT" "socket $SITE/private/exoauth is of uid" 'whose socket is as it should be'
    postfix
    ok 'as where it logs in' doctor
    site_conf socket none
fi
postfix smtp_sasl_password_maps=
exits 78 'no map' doctor
has failure postfix 'smtp_sasl_password_maps is empty, .*; name a map' 'is a failure'
postfix "smtp_sasl_password_maps=texthash:$SITE/none"
exits 78 'a map that is not there' doctor
has failure postfix "$SITE/none: .*; correct smtp_sasl_password_maps" 'is a failure'
postfix smtp_sasl_password_maps=static:x
ok 'a map that is no file' doctor
has skipped postfix 'not checked: it is no text file' 'is not looked into'

postfix smtp_sasl_password_maps=static:someone:canary-inline
ok 'a report' doctor_any --bundle -
like "$OUT" 'smtp_sasl_password_maps = static:\(not shown\)' 'does not show such a map'
unlike "$OUT" canary 'nor what is in it'

postfix
printf '%s\n' "[mail.contoso.test]:587 $me:canary-password" >"$map"
ok 'a report' doctor_any --bundle -
like "$OUT" "smtp_sasl_password_maps = texthash:$map" 'shows which file is the map'
unlike "$OUT" canary 'and nothing of it'
ok 'a map with a password' doctor
has warning postfix "$map has a password for $me, .*; remove it" 'is a warning'
unlike "$OUT$ERR" canary 'and the password is not shown'
printf '%s\n' '# comment' '[mail.contoso.test]:587 other@contoso.test' >"$map"
ok 'a map with a name that is no account' doctor
has warning postfix "$map names other@contoso.test, which is no account; correct the name, or run: exoauth login other@contoso.test" 'is a warning'
printf '%s\n' '[gmail.test]:587 someone:canary-password' >"$map"
ok 'a map without an account of ours' doctor
has warning postfix "$map names no account of exoauth; add a line" 'is a warning'
unlike "$OUT" 'someone' 'and says nothing of passwords elsewhere'
printf '%s\n' "[mail.contoso.test]:587 $me" '[gmail.test]:587 someone:canary-password' >"$map"
ok 'both' doctor
has ok postfix 'logs in with tokens' 'is fine'
printf '%s\n' "[mail.contoso.test]:587 $me" >"$map"

postfix "import_environment=SASL_PATH=$SITE/empty"
exits 78 'a Postfix that looks for plugins elsewhere' doctor
has failure postfix "Postfix looks for plugins in $SITE/empty, where libexoauth.so is not; install" \
    'is a failure'
mkdir "$SITE/postfix/sasl"
cp "$SITE_CONF" "$SITE/postfix/sasl/exoauth.conf"
postfix "cyrus_sasl_config_path=$SITE/postfix/sasl:/usr/lib/sasl"
ok 'an exoauth.conf where Postfix would look' doctor
has warning postfix "$SITE/postfix/sasl/exoauth.conf is read by nobody, .*; move it to /etc/sasl2" 'is a warning'

postfix
sed -i /^exoauth/d "$master"
ok 'no service' doctor
has warning postfix 'master.cf has no service for exoauth, .*; run: exoauth setup postfix .*@contoso.test' 'is a warning'
postfix
site_conf chroot "$SITE"
exits 78 'a jail without tokens' doctor
has failure postfix "Postfix logs in from its jail $SITE_ROOT, .*; add to $SITE_CONF: chroot: $SITE_ROOT" \
    'is a failure'
site_conf chroot "$SITE_ROOT"

postfix smtp_sasl_auth_enable=no
sed -i 's/^relay .*/&\n  -o smtp_sasl_auth_enable=yes\n  -o smtp_tls_security_level=may/' "$master"
exits 78 'a transport with options of its own' doctor
has failure postfix 'master.cf, relay: smtp_tls_security_level = may' 'is looked at'

printf 'smtp unix - -\n' >"$master"
tap_run doctor
has failure postfix '.*; correct that' 'a broken master.cf'

if [[ $(id -u) == 0 ]]; then
    postfix
    mv "$SITE_ROOT$SITE_TOKENS/$me" "$SITE/published"
    exits 78 'no token in the jail' doctor
    has failure jail "$me: no token for $me: .*" 'in the words of the plugin'
    mv "$SITE/published" "$SITE_ROOT$SITE_TOKENS/$me"
    chmod 0700 "$SITE_ROOT$SITE_TOKENS"
    tap_run doctor
    has failure jail "$me: " 'a jail that the mail user cannot read'
    has failure files "$SITE_ROOT$SITE_TOKENS cannot be entered by token_group postfix; run" \
        'said of the files, too'
    chmod 2750 "$SITE_ROOT$SITE_TOKENS"
    sed -i 's/ y /  n /' "$master"
    ok 'no jail' doctor
    has ok jail "$me: Postfix gets a token" 'works as well'
    tap_run site_as "65533:$(getent group postfix | cut -d: -f3)" env PATH="$SITE/bin:$PATH" \
        SASL_PATH="$SITE/plugins" "$EXO" doctor --config "$SITE_CONF"
    has ok token "$me: there is a token, no. 1" 'a member of token_group has the published token'
    has skipped jail 'not checked: needs root' 'and cannot try a jail'
    postfix mail_owner=no-such-user-here
    tap_run doctor
    has failure jail 'there is no user no-such-user-here, the mail_owner' 'a user that is not there'
else
    skip 'a login in the jail' 'needs root'
fi

# ----- a person on that host, with accounts of his own

postfix
site_conf chroot "$SITE"
mkdir -p "$SITE/home/.config/exoauth/exoauth.d"
cp "$SITE_CONF" "$SITE/home/.config/exoauth/exoauth.conf"
site_conf chroot "$SITE_ROOT"
person=()
if [[ $(id -u) == 0 ]]; then
    chown -R nobody "$SITE/home"
    person=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
tap_run "${person[@]}" env -u SASL_CONF_PATH -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u XDG_DATA_HOME \
    HOME="$SITE/home" PATH="$SITE/bin:$PATH" SASL_PATH="$SITE/plugins" "$EXO" doctor
like "$OUT" "configuration +$SITE/home/.config/exoauth/exoauth.conf" 'a person has a configuration of his own'
is "$(grep -cE '^(warning|failure) +postfix ' <<<"$OUT")" 0 'by which Postfix is not judged'
has skipped postfix "not checked: .*the system's configuration" 'which'
unlike "$OUT" 'setup postfix|chroot:' 'nor told to use it'

all_have_remedies
