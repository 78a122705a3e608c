#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What doctor and a login say of files, sockets, programs and directories that
# are somebody else's or of the wrong type: no token of a stranger is believed,
# no program of hers is started, and no remedy makes it worse.

# shellcheck disable=SC2034 # OUT and ERR are of the checks

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'being somebody else'
need_cmd python3 openssl setpriv

her=4711
app=app@contoso.test
site_up
site_endpoint ok:token-1
site_account $app "secret_file: $SITE/secret/app"
chmod 0755 "$SITE"
third() { site_as 4712:4712 "$EXO" "$@" --config "$SITE_CONF" 2>&1; }
said() { OUT=$(x doctor $app 2>&1); like "$OUT" "$1" "doctor: $2"; }
ok 'a token is published' x refresh $app

# ----- token directories

chmod 0755 "$SITE_TOKENS"
chmod 0644 "$SITE_TOKENS/$app"
like "$(third token $app)" 'token-1' 'a directory of run_as is believed'
install -d -o $her "$SITE/hers"
cp -r "$SITE_TOKENS" "$SITE/hers/tokens"
chown -R $her "$SITE/hers"
sed -i 's/^token: .*/token: hers/' "$SITE/hers/tokens/$app"
site_conf token_dir "$SITE/hers/tokens"
OUT=$(third token $app)
unlike "$OUT" '^hers' 'one of a stranger is not'
install -d -m 1777 "$SITE/sticky"
site_as $her:$her ln -s "$SITE/hers/tokens" "$SITE/sticky/tokens"
site_conf token_dir "$SITE/sticky/tokens"
unlike "$(third token $app)" '^hers' 'nor through her link'
site_conf token_dir "$SITE_TOKENS"

# ----- helper

printf '#!/bin/sh\nexit 1\n' >"$SITE/helper"
chmod 0755 "$SITE/helper"
said 'ok .*files' 'nothing wrong yet'
site_conf helper "$SITE/helper"
OUT=$(x doctor $app 2>&1)
unlike "$OUT" 'helper .* is not started' 'doctor: one of root is fine'
cp "$SITE/helper" "$SITE/hers/helper"
cp "$SITE/helper" "$SITE/open"
chmod 0777 "$SITE/open"
cp "$SITE/helper" "$SITE/owned"
chown $her "$SITE/owned"
site_as $her:$her ln -s "$SITE/helper" "$SITE/sticky/helper"
ln -s sticky/helper "$SITE/twice"
install -d -m 2775 -g staff "$SITE/local"
cp "$SITE/helper" "$SITE/local/helper"
site_conf helper "$SITE/local/helper"
OUT=$(x doctor $app 2>&1)
unlike "$OUT" 'helper .* is not started' 'doctor: one in a directory of staff, as /usr/local of old'
install -d -m 2775 -g 4713 "$SITE/theirs"
cp "$SITE/helper" "$SITE/theirs/helper"
for file in theirs/helper hers/helper open owned sticky/helper twice; do
    site_conf helper "$SITE/$file"
    said "failure .*helper $SITE/$file is not started: .*; name another" "helper: $file"
done
site_conf helper none

# ----- sockets

listen()
{
    python3 -c 'import os, socket, sys, time
os.setresuid(*[int(sys.argv[3])] * 3)
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], int(sys.argv[2], 8))
s.listen(9)
time.sleep(60)' "$SITE/$1" "${mode:-666}" "${2:-0}" </dev/null >/dev/null 2>&1 &
    listener=$!
    for _ in {1..200}; do [[ -S $SITE/$1 ]] && break; sleep 0.05; done
    sleep 0.3
    site_conf socket "$SITE/$1"
}
listen sticky/socket $her
said "failure .*socket $SITE/sticky/socket is of uid $her" 'a socket of a stranger'
kill "$listener"
wait "$listener" 2>/dev/null
mode=600 listen own
said "warning .*socket $SITE/own has mode 0600" 'a socket that nobody else can use'
kill "$listener"
wait "$listener" 2>/dev/null
said "warning .*socket $SITE/own: no program listens" 'a dead one'
site_conf socket none

# ----- locks

chown root "$SITE_STORE/$app.lock"
said "failure .*lock file .*$app.lock belongs to uid 0.*leave it in place" "a lock of root's"
unlike "$OUT" 'run: rm' 'is not to be removed'
chown nobody "$SITE_STORE/$app.lock"

# ----- files that everybody can read, and directories in place of files

remedy()
{
    said "warning .*$1 .*$2 can be read by everybody; run: chown nobody" "$1"
    eval "$(sed -n "s|.*$2 can be read by everybody; run: ||p" <<<"$OUT" | head -n 1)"
    ok 'what it tells leaves it to run_as' site_as 65534:65534 test -r "$2"
    OUT=$(x doctor $app 2>&1)
    unlike "$OUT" "$2 can be read" 'and is all there is to do'
}
remedy secret_file "$SITE/secret/app"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$SITE/k.pem" -out "$SITE/c.pem" \
    -days 90 -subj /CN=x 2>/dev/null
cat "$SITE/k.pem" "$SITE/c.pem" >"$SITE/both.pem"
chmod 0644 "$SITE"/*.pem
site_account $app "certificate: $SITE/both.pem"
remedy certificate "$SITE/both.pem"
site_account $app "certificate: $SITE/c.pem" "private_key: FILE:$SITE/k.pem"
remedy private_key "$SITE/k.pem"
site_as $her:$her ln -s "$SITE/k.pem" "$SITE/sticky/k.pem"
for scheme in file FILE File; do
    site_account $app "certificate: $SITE/c.pem" "private_key: $scheme:$SITE/sticky/k.pem"
    x refresh $app --force >/dev/null 2>"$SITE/said"
    like "$(<"$SITE/said")" 'is a symbolic link of uid 4711' "private_key: $scheme: goes by the walk"
done
mkdir "$SITE/dir"
site_conf key_file "$SITE/dir"
was=$(stat -c '%U %a' "$SITE/dir")
x refresh $app --force >/dev/null 2>"$SITE/said"
OUT=$(cat "$SITE/said"; x doctor $app 2>&1)
like "$OUT" "$SITE/dir: it is a directory, not a regular file; name a file" 'key_file: a directory'
unlike "$OUT" "run[a-z ]*: ch(own|mod)[^;]* $SITE/dir" 'is not to be given away'
site_conf key_file
for key in secret_file assertion_file; do
    site_account $app "$key: $SITE/dir"
    said "$key $SITE/dir: it is a directory, not a regular file; name a file" "$key: a directory"
done
is "$(stat -c '%U %a' "$SITE/dir")" "$was" 'it stays as it is'

