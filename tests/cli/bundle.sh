#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Bundles of credentials: an export that fails leaves nothing behind and
# touches nothing that is there, a passphrase that is easily guessed is
# refused, and what opening a bundle costs is said before it is spent.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

app=app@contoso.test
site_up
site_endpoint ok:token-1
site_account $app "secret_file: $SITE/secret/app"
ok 'login' x login $app
printf 'correct horse\n' >"$SITE/secret/passphrase"
good=(--password-file "$SITE/secret/passphrase")

# As root's are: run_as can neither make nor remove anything there.
out=$SITE/out
mkdir -m 0755 "$out"
files() { (cd "$out" && find . -mindepth 1 | sort | paste -sd' '); }

# ---- an export that fails
exits 67 'export of what is not stored' x export nobody@contoso.test --out "$out/b" "${good[@]}"
is "$(files)" '' 'leaves no file'
exits 64 'without a terminal' x export $app --out "$out/b" </dev/null
is "$(files)" '' 'neither'
mv "$SITE/etc/exoauth.key" "$SITE/key"
exits 74 'without the key' x export $app --out "$out/b" "${good[@]}"
is "$(files)" '' 'neither'
mv "$SITE/key" "$SITE/etc/exoauth.key"
# Past the limit the kernel sends SIGXFSZ, which is ignored.
small() { (ulimit -f 0; exec "$EXO" export $app --out "$out/b" "${good[@]}" --config "$SITE_CONF"); }
exits 74 'an export past the limit of file sizes' small
is "$(files)" '' 'leaves nothing either'
echo precious >"$out/b"
exits 64 'export to a file that is there' x export $app --out "$out/b" "${good[@]}"
one_line 'a file that is there' 'File exists; name a file that is not there yet'
is "$(<"$out/b")" precious 'which stays'
ln -s "$out/c" "$out/l"
exits 64 'export to a link' x export $app --out "$out/l" "${good[@]}"
is "$(files)" './b ./l' 'makes nothing where it leads'
exits 64 'export to a directory' x export $app --out "$out/" "${good[@]}"
exits 64 'export to no directory' x export $app --out "$SITE/nowhere/b" "${good[@]}"
rm "$out/l" "$out/b"
printf 'left' >"$out/.tmp.0123456789abcdef"
here() { (cd "$out" && "$EXO" export $app --out b "${good[@]}" --config "$SITE_CONF"); }
ok 'export' here
is "$(files)" ./b 'makes its file, and removes what a killed one left'
is "$(stat -c %a "$out/b")" 600 'with mode 0600'

# ---- passphrases
refused()
{
    exits 64 "$1: refused" x export $app --out "$out/s" --password-file "$SITE/secret/short"
    one_line "$1" 'fewer than 12 characters; choose a longer one, or add --force'
    is "$(files)" ./b "$1: and nothing is written"
}
printf 'elevenchars\n' >"$SITE/secret/short"
refused '11 characters'
key=$(sha256sum <"$SITE/etc/exoauth.key")
exits 64 'rekey under 11 characters' x rekey --passphrase --password-file "$SITE/secret/short"
one_line 'rekey' 'fewer than 12 characters'
is "$(sha256sum <"$SITE/etc/exoauth.key")" "$key" 'and the key is as it was'
for with in '' --no-passphrase '--passphrase --no-passphrase'; do
    # shellcheck disable=SC2086 # two words
    exits 64 "rekey $with with a file" x rekey $with --password-file "$SITE/secret/passphrase"
    one_line "rekey $with with a file" '--password-file goes with --passphrase, .*; see: exoauth rekey --help'
done
ok 'rekey --force takes them' x rekey --passphrase --force --password-file "$SITE/secret/short"
isnt "$(sha256sum <"$SITE/etc/exoauth.key")" "$key" 'the key is under them'
rm "$SITE/etc/exoauth.key" "$SITE_STORE"/*
ok 'login' x login $app
printf '\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\n' >"$SITE/secret/short"
refused '11 umlauts'
ok 'export --force takes them' x export $app --out "$out/s" --force --password-file "$SITE/secret/short"
ok 'which import takes' x import "$out/s" --force --password-file "$SITE/secret/short"
printf '\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\n' >"$SITE/secret/long"
ok '12 umlauts' x export $app --out "$out/t" --password-file "$SITE/secret/long"

# ---- what is there is kept, also where it cannot be read now
record=$SITE_STORE/$app.json
kept()
{
    before=$(sha256sum <"$record")
    ok "$1: import" x import "$out/b" "${good[@]}"
    is "$OUT" unchanged "$1: changes nothing"
    like "$ERR" "$app has a credential already, which is kept${2:-; to replace it, add --force}" "$1: and says so"
    [[ -z ${2:-} ]] || unlike "$ERR" --force "$1: and offers nothing that would replace it"
    is "$(sha256sum <"$record")" "$before" "$1: it is as it was"
}
kept 'a credential'
cp -p "$record" "$SITE/record"
printf '{' >"$record"
kept 'a damaged one' ': damaged credential '
cp -p "$SITE/record" "$record"
cp -p "$SITE/etc/exoauth.key" "$SITE/key"
ok 'rekey' x rekey
cp -p "$SITE/record" "$record"
kept 'one of another key' ': the credential of .* is sealed '
cp -fp "$SITE/key" "$SITE/etc/exoauth.key"
ok 'its key back' x token $app
unread()
{
    before=$(sha256sum <"$record")
    exits 75 "$1: import" "${@:2}"
    unlike "$ERR" '--force|unchanged' "$1: offers nothing that would replace it"
    is "$OUT" '' "$1: and says nothing of success"
    is "$(sha256sum <"$record")" "$before" "$1: it is as it was"
}
short_of_files() { (ulimit -n 6; x import "$out/b" "${good[@]}"); }
unread 'a shortage' short_of_files
site_conf key_command 'echo the keyring is locked >&2; exit 1'
unread 'a keyring that is locked' x import "$out/b" "${good[@]}"
site_conf key_command

# ---- one that was renewed since: the file has a refresh token that is spent
person=person@contoso.test
site_account $person 'grant: device_code'
printf 'canary-rt-0\n' >"$SITE/secret/rt"
site_script 'fields:{"access_token":"at-1","refresh_token":"canary-rt-1"}'
ok 'login of a person' x login $person --refresh-token-file "$SITE/secret/rt"
ok 'export' x export $person --out "$out/p" "${good[@]}"
ok 'import of what is there' x import "$out/p" "${good[@]}"
like "$ERR" 'has a credential already, .*add --force' 'names --force'
sleep 1.1 # records count seconds
site_script 'fields:{"access_token":"at-2","refresh_token":"canary-rt-2"}'
ok 'a refresh' x refresh $person --force
ok 'import of the one before' x import "$out/p" "${good[@]}"
is "$OUT" unchanged 'changes nothing'
like "$ERR" "$person has a newer credential than the file, which is kept; the one in the file may be spent" 'says which is newer'
unlike "$ERR" 'add --force' 'and does not ask to replace it'
is "$(site_record $person refresh_token)" canary-rt-2 'it is there'
ok 'import --force' x import "$out/p" --force "${good[@]}"
like "$ERR" "$person had a newer credential than the file; if the next refresh is refused, run: exoauth login $person" 'says so'
is "$(site_record $person refresh_token)" canary-rt-1 'and does as it is told'

# ---- what opening costs
ok 'import' x import "$out/b" --force "${good[@]}"
like "$ERR" "opening $out/b takes 64 MiB of memory and about 1 s" 'says what it costs'
sed 's/^kdf: .*/kdf: scrypt 15 8 4/' "$out/b" >"$out/changed"
exits 64 'a bundle that asks for something else' x import "$out/changed" "${good[@]}"
like "$ERR" 'takes 32 MiB of memory and about 1 s .scrypt N=2.15 r=8 p=4' 'says that'
sed 's/^kdf: .*/kdf: scrypt 21 8 1/' "$out/b" >"$out/changed"
exits 64 'one that asks for too much' x import "$out/changed" "${good[@]}"
unlike "$ERR" 'MiB' 'is not opened'
one_line 'too much' 'its kdf line is not one that this version'
no_secret 'no passphrase is in any text'
