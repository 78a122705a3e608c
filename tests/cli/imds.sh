#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Grant managed_identity at the places that cannot be configured: IMDS at
# 169.254.169.254 and Arc's directory of keys, in a network and a file system
# of the test's own.

if [[ $(id -u) == 0 && -z ${EXO_HOST:-} ]] && unshare -mn true 2>/dev/null; then
    EXO_HOST=1 exec unshare -mn bash "$0" "$@"
fi
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'it makes a network and a file system of its own'
[[ -n ${EXO_HOST:-} ]] || skip_all 'unshare -mn is not allowed here'
need_cmd ip mount

unset IDENTITY_ENDPOINT IDENTITY_HEADER IMDS_ENDPOINT AZURE_CLIENT_ID
ip link set lo up
site_up "proxy: http://$TAP_LOOP_URL:1"
me=vm@contoso.test
file=$SITE/etc/exoauth.d/$me.conf
echo 'grant: managed_identity' >"$file"

exits 75 'not a host of Azure' x token $me
one_line 'not a host of Azure' "169.254.169.254.*; managed_identity works on Azure's own hosts only"
like "$(site_record $me error_text)" 'cannot connect|no answer' 'and it is recorded'

ip addr add 169.254.169.254/32 dev lo
# shellcheck disable=SC2034 # for site_endpoint
SITE_LISTEN=169.254.169.254:80
site_endpoint
imds()
{
    python3 - "$@" <<'PY'
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
    "http://169.254.169.254/_test/get", "\n".join(sys.argv[1:]).encode())
PY
}
imds 'fields:{"expires_in":"7199","expires_on":"1","not_before":"1","refresh_token":"","client_id":"c","resource":"https://outlook.office365.com"}'
ok 'IMDS' x refresh $me --force
is "$(site_asked | sed -n 1p)" \
    '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Foutlook.office365.com' \
    'the path'
like "$(site_asked)" $'\nmetadata: true' 'the header'
left=$(($(site_record $me expires) - $(site_record $me issued)))
is "$left" 7199 'expires_in as a string'
is "$(site_record $me refresh_token)" '' 'no refresh token'
is "$(site_record $me failures)" 0 'and all is well again'
imds status:404:{} ok:second
exits 75 'IMDS is being updated' x refresh $me --force
is "$(site_record $me state)" transient 'which passes'
ok 'refresh' x refresh $me --force
tap_run x token $me
is "$OUT" second 'as the next try shows'
imds 'error:invalid_request:Identity not found'
exits 78 'no identity any more' x refresh $me --force
is "$(site_record $me state)" misconfigured 'does not pass'

# ----- Arc

mkdir -p /var/opt
mount -t tmpfs tmpfs /var/opt
keys=/var/opt/azcmagent/tokens
mkdir -p $keys
printf 'canary-arc-key\n' >$keys/one.key
echo canary-arc-key >"$SITE/secret/arc"
# As himds has it: neither root's nor ours, and ours by the group alone.
chown -R 12345:"$(id -g nobody)" $keys
chmod 0750 $keys
chmod 0640 $keys/one.key
echo 'identity_endpoint: http://169.254.169.254/arc' >>"$file"

imds "challenge:Basic realm=$keys/one.key" ok:arc-token
ok 'Arc' x token $me
is "$OUT" arc-token 'the token'
is "$(site_asked 2 | grep -c '^/arc?api-version=2020-06-01')" 2 'two requests'
is "$(site_asked 2 | grep '^authorization')" 'authorization: Basic canary-arc-key' \
    'the second with the key'
no_secret 'which is not shown'
refuse()
{
    imds "challenge:Basic realm=$1" ok:never
    x refresh $me --force >/dev/null 2>&1
    like "$(site_record $me error_text)" "Arc wants a proof.*$2.*himds" "$3"
    unlike "$(site_record $me error_text)" canary "$3: it is not quoted"
    unlike "$(site_asked)" authorization "$3: nothing is sent"
}
printf 'canary-elsewhere\n' >/var/opt/outside.key
chmod 0644 /var/opt/outside.key
ln -s ../../outside.key $keys/link.key
refuse $keys/link.key 'symbolic link' 'a link'
ln $keys/one.key $keys/twice.key
refuse $keys/one.key 'more than one hard link' 'a second name'
rm $keys/twice.key
head -c 4097 /dev/zero | tr '\0' a >$keys/big.key
chmod 0644 $keys/big.key
refuse $keys/big.key 'large' 'more than 4096 bytes'
head -c 4096 $keys/big.key >$keys/full.key
imds "challenge:Basic realm=\"$keys/full.key\"" ok:full
ok '4096 bytes, and the path in quotes' x refresh $me --force
tap_run x token $me
is "$OUT" full 'are a key'
printf 'two\nlines\n' >$keys/lines.key
refuse $keys/lines.key 'no key' 'two lines'
: >$keys/empty.key
refuse $keys/empty.key 'no key' 'nothing'
refuse $keys/none.key 'not found' 'no such file'
chown 54321 $keys/full.key
refuse $keys/full.key 'owner' 'a stranger'\''s file'
chmod 0640 $keys/lines.key
chown 12345:12345 $keys/lines.key
refuse $keys/lines.key 'not allowed|denied|refused|permission' 'not in the group'
imds "challenge:Basic realm=$keys/one.key" "challenge:Basic realm=$keys/one.key"
x refresh $me --force >/dev/null 2>&1
like "$(site_record $me error_text)" '401.*does not accept' 'a key that is not believed'
imds "challenge:Basic realm=$keys/one.key" 'error:denied:your key was canary-arc-key'
x refresh $me --force >/dev/null 2>&1
unlike "$(site_record $me error_text)" canary-arc-key 'an answer that repeats the key'
