#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth doctor: what it says of a site where all is well, and of each thing
# that is broken on purpose; plugins, configuration, files, provider, token.
# doctor_postfix.sh has Postfix, doctor_bundle.sh the report.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/doctor.sh"

me=relay@contoso.test
site_up
doctor_up
site_endpoint ok:canary-access-token
site_account $me "secret_file: $SITE/secret/app"
chmod 0600 "$SITE/secret/app"
[[ $(id -u) == 0 ]] && chown nobody "$SITE/secret/app"
"$EXO" refresh --all --config "$SITE_CONF" >/dev/null 2>&1

# ---- all is well

ok 'a site where all is well' doctor
has ok plugin "loads $SITE/plugins/libexoauth.so for XOAUTH2" 'the plugin'
has ok other-plugins 'no other plugin' 'no other plugin'
has ok configuration "$SITE_CONF, 1 account" 'the configuration'
has ok account "$me: $SITE/etc/exoauth.d/$me.conf" 'the account'
has ok files 'owners and modes' 'owners and modes'
has ok postfix 'not set up' 'Postfix'
has ok selinux 'SELinux' 'SELinux'
has ok provider "DNS, TCP, HTTP: $(site_url)/token answers \($TAP_LOOP, HTTP 501\)" 'the provider'
has ok provider 'clock: within [0-9]+ s' 'the clock'
has ok token "$me: there is a token, no. 1, that expires in [0-9]+ min" 'the token'
has ok token 'cannot be looked into, which is no fault' 'an opaque token is fine'
is "$(grep -c '^failure' <<<"$OUT")" 0 'no failure'
no_secret 'nothing secret is shown'
unlike "$OUT$ERR" canary 'nor the token'
is "$(site_count)" 1 'nothing was asked of the provider, as a token was there'

ok 'one account' doctor $me
has ok token "$me: there is a token" 'is looked at'
exits 67 'an account that is not there' doctor other@fabrikam.test
has failure account 'no account other@fabrikam.test .*; run: exoauth login' 'is said'

before=$(site_state)
ok 'once more' doctor
is "$(site_state)" "$before" 'nothing was changed'

ok 'JSON' doctor --json
is "$(python3 -c 'import json, sys
d = json.load(sys.stdin)
assert d["exoauth"] == 1
for c in d["checks"]:
    assert set(c) == {"check", "level", "account", "state", "message"}, c
    assert c["level"] in ("ok", "skipped", "warning", "failure"), c
print(*sorted({c["check"] for c in d["checks"]}))' <<<"$OUT")" \
    'account configuration files jail other-plugins plugin postfix provider selinux token' \
    'every check has a finding, every member is there'
exits 64 'JSON and a report on one output' doctor --json --bundle -
exits 64 'an option of others' doctor --all

# ---- the plugin and others

DOCTOR_PLUGINS=$SITE/empty
exits 78 'a plugin that is not there' doctor
has failure plugin "libexoauth.so is not in $SITE/empty, .*; install it" 'is said'
DOCTOR_PLUGINS=$SITE/broken
printf 'no library\n' >"$SITE/broken/libexoauth.so"
exits 78 'a plugin that cannot be loaded' doctor
has failure plugin "cannot load $SITE/broken/libexoauth.so: .*(short|invalid ELF).*; reinstall" \
    'with the words of libsasl2'
DOCTOR_PLUGINS=$SITE/crash
if cc_plugin crash 'raise(11);'; then
    exits 78 'a plugin that crashes' doctor
    has failure plugin 'crashed \(signal 11\); .*: remove it' 'does not take doctor along'
    has ok token "$me: there is a token" 'which goes on'
else
    skip 'a plugin that crashes' 'no compiler'
fi
DOCTOR_PLUGINS=$SITE/hang
if cc_plugin hang 'pause();'; then
    exits 75 'a plugin that hangs' doctor
    has failure plugin 'did not end in time; .*: remove it' 'does not hang doctor'
else
    skip 'a plugin that hangs' 'no compiler'
fi
DOCTOR_PLUGINS=$SITE/plugins:$SITE/kde
if kde=$(kdexoauth2); then
    ln -s "$kde" "$SITE/kde/libkdexoauth2.so"
    ok "Debian's plugin of KDE beside ours" doctor
    has warning other-plugins "libkdexoauth2.so.* offers XOAUTH2, too; libsasl2 takes exoauth's" \
        'is a warning, as ours is preferred'
    has ok plugin 'for XOAUTH2' 'and ours is loaded'
else
    skip "Debian's plugin of KDE beside ours" 'libsasl2-modules-kdexoauth2 cannot be had'
fi
DOCTOR_PLUGINS=$SITE/plugins:$SITE/rival
if cc_rival; then
    exits 78 'a plugin that libsasl2 prefers' doctor
    has failure other-plugins "librival.so offers XOAUTH2, and libsasl2 takes it instead .*; remove" \
        'is a failure'
else
    skip 'a plugin that libsasl2 prefers' 'no compiler'
fi
printf 'no library\n' >"$SITE/dead/libsasl-xoauth2.so"
DOCTOR_PLUGINS=$SITE/plugins:$SITE/dead
ok 'a plugin of that name that cannot be loaded' doctor
has warning other-plugins "$SITE/dead/libsasl-xoauth2.so looks like another .*; remove it" 'is named'
DOCTOR_PLUGINS=$SITE/plugins

# ---- configuration

site_conf timeot 5
printf 'tennant: x\n' >>"$SITE/etc/exoauth.d/$me.conf"
ok 'unknown keys' doctor
has warning configuration "$SITE_CONF line [0-9]+: unknown key timeot is ignored; correct" \
    'of exoauth.conf'
has warning account "$me: $SITE/etc/exoauth.d/$me.conf line [0-9]+: unknown key tennant .*; correct" \
    'of the account'
is "$(grep -c timeot <<<"$OUT")" 1 'each is told of once'
site_conf timeot
sed -i /tennant/d "$SITE/etc/exoauth.d/$me.conf"

cp "$SITE_CONF" "$SITE/whole.conf"
echo 'timeout: soon' >>"$SITE_CONF"
sed -i '0,/^timeout: 5/{/^timeout: 5/d}' "$SITE_CONF"
exits 78 'a broken exoauth.conf' doctor
has failure configuration "$SITE_CONF:[0-9]+: timeout: .*; correct that line" 'file, line, remedy'
has skipped files 'not checked: the configuration is of no use' 'what needs it is not checked'
has skipped token 'not checked: the configuration is of no use' 'nor the token'
has ok selinux 'SELinux' 'but the rest is'
has ok other-plugins 'no other plugin' 'such as other plugins'
cp "$SITE/whole.conf" "$SITE_CONF"
if [[ $(id -u) == 0 ]]; then
    site_conf run_as no-such-user-here
    exits 78 'a user that is not there' doctor
    has failure configuration 'there is no user no-such-user-here .*, or run: useradd' 'is said'
    has skipped provider 'not checked' 'and nothing is asked'
    cp "$SITE/whole.conf" "$SITE_CONF"
    tap_run setpriv --bounding-set -setuid,-setgid env PATH="$SITE/bin:$PATH" \
        SASL_PATH="$SITE/plugins" "$EXO" doctor --config "$SITE_CONF"
    has failure provider 'cannot become user nobody: .*; is the container without CAP_SETUID' \
        'root without the right to become another'
    has skipped token 'not checked' 'reads no secret'
else
    skip 'a user that is not there' 'needs root'
fi
printf 'client_id: a\nclient_id: b\n' >"$SITE/etc/exoauth.d/twice@contoso.test.conf"
exits 78 'a broken account file' doctor
has failure account 'twice@contoso.test: .*line 2.*; correct that line' 'file, line, remedy'
has ok token "$me: there is a token" 'hides no other account'
rm "$SITE/etc/exoauth.d/twice@contoso.test.conf"

mv "$SITE/etc/exoauth.d" "$SITE/etc/away"
mkdir "$SITE/etc/exoauth.d"
exits 0 'no account at all' doctor
has warning configuration "no account in $SITE/etc/exoauth.d, .*; run: exoauth login" 'is a warning'
has warning plugin 'offers nothing without an account' 'and why nothing is offered'
rmdir "$SITE/etc/exoauth.d"
mv "$SITE/etc/away" "$SITE/etc/exoauth.d"

# ---- files

chmod 0644 "$SITE/secret/app"
ok 'a secret that everybody can read' doctor
has warning files "$me: secret_file $SITE/secret/app can be read by everybody; run: chmod o= " 'is a warning'
chmod 0666 "$SITE/secret/app"
exits 78 'a secret that everybody can write' doctor
has failure files "$me: secret_file $SITE/secret/app: it is writable by group or others; " 'is a failure'
chmod 0600 "$SITE/secret/app"
mv "$SITE/secret/app" "$SITE/secret/gone"
exits 78 'a secret that is not there' doctor
has failure files "$me: secret_file $SITE/secret/app: .*; it must be a regular file" 'is a failure'
mv "$SITE/secret/gone" "$SITE/secret/app"

account=$SITE/etc/exoauth.d/$me.conf
chmod 0666 "$account"
exits 78 'an account file that everybody can write' doctor
has failure account "$me: $account: it is writable by group or others; correct owner and mode" 'is a failure'
chmod 0600 "$account"
if [[ $(id -u) == 0 ]]; then
    exits 78 "an account file of root's alone" doctor
    has failure files "$me: account file $account: .*; it must be a regular file that nobody can read" \
        'is a failure, as run_as reads it'
else
    skip "an account file of root's alone" 'needs root'
fi
chmod 0644 "$account"
chmod 0600 "$SITE_CONF"
exits 78 'an exoauth.conf that programs cannot read' doctor
has failure files "$SITE_CONF has mode 0600, .*; it holds no secret, run: chmod 0644" 'is a failure'
chmod 0644 "$SITE_CONF"

chmod 0755 "$SITE_STORE"
exits 74 'a store that is open to others' doctor
has failure files "$SITE_STORE has mode 0755, .*; run: (runuser -u [a-z]+ -- )?chmod 0700 $SITE_STORE" 'is a failure'
chmod 0700 "$SITE_STORE"
chmod 0644 "$SITE_STORE/$me.json"
exits 74 'a record that is open to others' doctor
has failure files "$SITE_STORE/$me.json has mode 0644, .*; run: (runuser -u [a-z]+ -- )?chmod 0600" 'is a failure'
chmod 0600 "$SITE_STORE/$me.json"
mv "$SITE_STORE" "$SITE/store.away"
exits 74 'a store that is not there' doctor
has failure files "store $SITE_STORE: No such file or directory; it is made by: exoauth login" 'is a failure'
mv "$SITE/store.away" "$SITE_STORE"
chmod 0777 "$SITE_TOKENS"
exits 74 'a token directory that everybody can write to' doctor
has failure files "$SITE_TOKENS (has mode 0777, .*; run: (runuser -u [a-z]+ -- )?chmod 0700|can be written to .*; run)" \
    'is a failure'
chmod 0700 "$SITE_TOKENS"
if [[ $(id -u) == 0 ]]; then
    chown daemon "$SITE_STORE"
    exits 74 'a store of another user' doctor
    has failure files "$SITE_STORE belongs to another user: it belongs to uid [0-9]+; move it away" 'is a failure'
    chown nobody "$SITE_STORE"
else
    skip 'a store of another user' 'needs root'
fi
site_conf chroot /no/such/jail
exits 78 'a jail that is not there' doctor
has failure files 'chroot /no/such/jail is not a directory; correct chroot' 'is a failure'
site_conf chroot "$SITE_ROOT"
mv "$SITE_ROOT$SITE_TOKENS" "$SITE/tokens.away"
ok 'nothing published in the jail' doctor
has warning files "not published in $SITE_ROOT$SITE_TOKENS: No such .*; run: exoauth refresh --all" \
    'is a warning'
mv "$SITE/tokens.away" "$SITE_ROOT$SITE_TOKENS"

if [[ $(id -u) == 0 ]]; then
    tap_run site_as 65533:65533 env PATH="$SITE/bin:$PATH" SASL_PATH="$SITE/plugins" \
        "$EXO" doctor --config "$SITE_CONF"
    has skipped files "store $SITE_STORE: not checked: needs root" 'a plain user: the store'
    has skipped files "secret_file .*: not checked: needs root" 'the secret'
    has warning plugin 'offers nothing to your user, .*; be a member of token_group' 'the plugin'
    has failure token "$me: .*" 'no token for him'
    has ok provider 'DNS, TCP, HTTP' 'but the provider can be reached'
    tap_run site_as 65533:65533 env PATH="$SITE/bin:$PATH" \
        "$EXO" doctor --bundle - --config "$SITE_CONF"
    like "$OUT" '== configuration' 'and a report be made'
else
    skip 'a plain user' 'needs root'
fi

# ---- credentials that are shared, and the store

site_account @contoso.test "secret_file: $SITE/secret/app"
printf 'credential: @contoso.test\n' >"$SITE/etc/exoauth.d/carol@contoso.test.conf"
"$EXO" refresh --all --config "$SITE_CONF" >/dev/null 2>&1
ok 'one credential for a domain' doctor
has ok token '@contoso.test: there is a token' 'its token'
has ok token 'carol@contoso.test: the same token as @contoso.test' 'is looked at once'
ok 'a mailbox of the domain without a file' doctor dave@contoso.test
has ok token 'dave@contoso.test: there is a token' 'has that token'
mv "$SITE/etc/exoauth.key" "$SITE/key.away"
exits 74 'no key' doctor
has failure token '@contoso.test: .* is sealed with key [0-9a-f]+, which is not there; put the key back' \
    'is a failure'
has skipped token 'carol@contoso.test: the same token as @contoso.test, see there' 'for all'
mv "$SITE/key.away" "$SITE/etc/exoauth.key"
chmod 0644 "$SITE/etc/exoauth.key"
exits 74 'a key that everybody can read' doctor
has failure files "key file $SITE/etc/exoauth.key: it is accessible to others; .*; run: ch(own|mod) " 'is a failure'
chmod 0400 "$SITE/etc/exoauth.key"
echo garbage >"$SITE_STORE/@contoso.test.json"
exits 74 'a damaged record' doctor
has failure token "@contoso.test: damaged credential $SITE_STORE/@contoso.test.json: .*; (run|restore)" 'is a failure'
has ok token "$me: there is a token" 'of that account alone'

# ---- one's own

mkdir -p "$SITE/home/.config/exoauth/exoauth.d" "$SITE/home/plugins"
(umask 077; echo 'own secret' >"$SITE/home/secret")
echo "helper: none" >"$SITE/home/.config/exoauth/exoauth.conf"
printf '%s\n' 'provider: custom' 'client_id: app' "token_endpoint: $SITE_URL/token" \
    'servers: mail.contoso.test' "secret_file: $SITE/home/secret" \
    >"$SITE/home/.config/exoauth/exoauth.d/$me.conf"
own()
{
    local as=()
    [[ $(id -u) != 0 ]] || as=(site_as 65533:65533)
    "${as[@]}" env -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u XDG_DATA_HOME HOME="$SITE/home" \
        PATH="$SITE/bin:$PATH" SASL_PATH="$SITE/plugins" "$EXO" "$@"
}
chmod -R go-w "$SITE/home"
[[ $(id -u) != 0 ]] || chown -R 65533:65533 "$SITE/home"
ok 'an account of one person' own refresh --all
ok 'is looked at' own doctor
has ok configuration "$SITE/home/.config/exoauth/exoauth.conf, 1 account" 'her configuration'
has ok plugin 'for XOAUTH2' 'the plugin'
has ok files 'owners and modes' 'her files'
has ok token "$me: there is a token" 'and her token'
chmod 0755 "$SITE/home/.local/state/exoauth/store"
exits 74 'a store that others can enter' own doctor
has failure files 'store has mode 0755, .*; run: chmod 0700' 'is a failure'

all_have_remedies
