#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# libsasl2-modules-kdexoauth2, which KDE brings, in the same directory: it has
# an XOAUTH2 of its own that wants the token as the password. Ours must win for
# whoever has an account here, whatever the order of the directory, and must do
# KMail's work for who has none.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/rig.sh"

PATH=$PATH:/usr/sbin:/usr/lib/cyrus/bin
need_cmd dovecot imtest mbsync saslpluginviewer
kde=$(find "$EXO_NODE_DIR/debian/libsasl2-modules-kdexoauth2" -name libkdexoauth2.so 2>/dev/null)
[[ -n $kde ]] ||
    skip_all 'libsasl2-modules-kdexoauth2 is not there; tests/deps fetches it'
alice=alice@contoso.test
bob=bob@contoso.test
relay=relay@contoso.test
rig_up

# Two directories, filled in opposite order: libsasl2 loads as readdir(3) says.
ours=$RIG_SASL/libexoauth.so
mkdir "$RIG/kde-first" "$RIG/kde-last"
cp -L "$kde" "$RIG/kde-first/libkdexoauth2.so"
cp "$ours" "$RIG/kde-first/"
cp "$ours" "$RIG/kde-last/"
cp -L "$kde" "$RIG/kde-last/libkdexoauth2.so"
cp -P "$RIG_SASL"/lib{plain,login}.so "$RIG/kde-first/"
cp -P "$RIG_SASL"/lib{plain,login}.so "$RIG/kde-last/"

imap() { rig_cyrus imtest "$1" XOAUTH2 "$RIG_IMAPS_PORT" -s; }
mbsync_anew() { rm -rf "$RIG/mbsync" && rig_mbsync "$1" XOAUTH2 "${2:+PassCmd \"cat $2\"}"; }

rig_as_refresh_token "$alice" >"$RIG/etc/alice.rt"
ok 'an account' rig_login "$alice" client_id=device-app \
    --refresh-token-file "$RIG/etc/alice.rt"
# What KMail would have got for somebody else.
rig_as_refresh_token "$bob" >"$RIG/etc/bob.rt"
ok 'and a token of another person' rig_login "$bob" client_id=device-app \
    --refresh-token-file "$RIG/etc/bob.rt"
exo token "$bob" >"$RIG/etc/token"
echo secret >"$RIG/etc/password"
exo remove "$bob" --account-file >/dev/null 2>&1

for order in kde-first kde-last; do
    RIG_SASL=$RIG/$order
    rig_sasl saslpluginviewer -c >"$RIG/etc/list" 2>&1
    is "$(grep -c 'SASL mechanism: XOAUTH2' "$RIG/etc/list")" 2 \
        "$order: there are two XOAUTH2"
    like "$(imap "$alice")" 'Authenticated' "$order: imtest has no password to give"
    ok "$order: nor has mbsync" mbsync_anew "$alice"
    ok "$order: a token as the password still logs in, as KMail does it" \
        mbsync_anew "$bob" "$RIG/etc/token"
    # The other one would have sent it.
    not_ok "$order: a short password does not" \
        mbsync_anew "$bob" "$RIG/etc/password"
    like "$ERR" 'no (account|token for) bob@contoso.test' "$order: ours was asked"
done

rm -f "$RIG/sasl"/*
cp -P "$RIG/kde-first"/* "$RIG/sasl/"
RIG_SASL=$RIG/sasl
ok 'a relay account' rig_login "$relay" grant=client_credentials
rig_postfix_start client
rig_send client "$relay" "$alice" beside-kde
ok 'Postfix in its jail sends with both plugins loaded' \
    rig_mail_wait "$alice" beside-kde
