#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Secrets mounted as Kubernetes does: the name is a link through ..data, a
# link to a directory with a time for a name, and an update is one rename of
# ..data, after which the old directory goes. While another process does that
# all the time, each request has a whole old or a whole new value, and a
# certificate its own key.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"

need_cmd openssl python3
site_up
site_endpoint ok:mounted
volume=$SITE/etc/volume
group=$(id -g)
[[ $(id -u) != 0 ]] || group=$(id -g "$SITE_USER")

# Two generations of everything. The two keys of the store open each other's.
for g in old new; do
    mkdir -p "$SITE/gen/$g"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$g" \
        -keyout "$SITE/gen/$g/tls.key" -out "$SITE/gen/$g/tls.crt" 2>/dev/null
    for name in secret token; do
        printf "canary.$g.%03000d" 0 >"$SITE/gen/$g/$name"
    done
done
one=$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)
two=$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)
printf 'exoauth: 1\nkey: %s\nold_key: %s\n' "$one" "$two" >"$SITE/gen/old/store.key"
printf 'exoauth: 1\nkey: %s\nold_key: %s\n' "$two" "$one" >"$SITE/gen/new/store.key"

# kubelet's AtomicWriter. The mode of a volume with fsGroup: 0440, of root.
cat >"$SITE/kubelet" <<'PY'
import os, shutil, sys, time
volume, gen, group, times = *sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4])
os.makedirs(volume, exist_ok=True)
n = 0
while not os.path.exists(f"{volume}/../stop") and n != times:
    data = f"..2026_11_21_{os.getpid()}.{n}"
    os.mkdir(f"{volume}/{data}")
    for name in os.listdir(gen + "/old"):
        to = f"{volume}/{data}/{name}"
        shutil.copy(f"{gen}/{('old', 'new')[n % 2]}/{name}", to)
        os.chmod(to, 0o440)
        os.chown(to, -1, group)
    os.symlink(data, f"{volume}/..data_tmp")
    before = os.path.realpath(f"{volume}/..data")
    os.rename(f"{volume}/..data_tmp", f"{volume}/..data")
    for name in os.listdir(gen + "/old"):
        if not os.path.lexists(f"{volume}/{name}"):
            os.symlink(f"..data/{name}", f"{volume}/{name}")
    if before != f"{volume}/..data":
        shutil.rmtree(before)
    n += 1
    time.sleep(0.005)
print(n)
PY
kubelet() { python3 "$SITE/kubelet" "$volume" "$SITE/gen" "$group" "$1"; }
ok 'a volume' kubelet 1
site_conf key_file "$volume/store.key"
site_account secret@contoso.test "secret_file: $volume/secret"
site_account assertion@contoso.test "assertion_file: $volume/token"
site_account certificate@contoso.test "certificate: $volume/tls.crt" "private_key: $volume/tls.key"
accounts=(secret@contoso.test assertion@contoso.test certificate@contoso.test)
for a in "${accounts[@]}"; do ok "$a" x login "$a"; done

# ----- updates all the time

kubelet -1 >"$SITE/swaps" 2>&1 &
swapper=$!
bad=''
for _ in {1..60}; do
    for a in "${accounts[@]}"; do
        tap_run x refresh "$a" --force || bad+="$a: $ERR"$'\n'
    done
done
touch "$SITE/etc/stop"
wait "$swapper"
is "$bad" '' 'no request fails'
ok 'more than a hundred updates meanwhile' test "$(<"$SITE/swaps")" -gt 100
diag "$(<"$SITE/swaps") updates"
whole() { site_forms "$1" | grep . | sort -u | tr '\n' ' '; }
for field in client_secret client_assertion; do
    is "$(whole $field | tr ' ' '\n' | grep '^canary' | tr '\n' ' ')" \
        "$(cat "$SITE/gen/new/secret") $(cat "$SITE/gen/old/secret") " \
        "$field was a whole old or a whole new one"
done
ok 'status' x status
unlike "$OUT" 'misconfigured|transient|store' 'has no trouble on record'

# ----- what an update can leave behind

rm "$SITE/etc/stop"
cp "$SITE/gen/old/tls.key" "$SITE/gen/new/tls.key"
ok 'an update with the wrong key' kubelet 2
exits 78 'is found' x refresh certificate@contoso.test --force
one_line 'the wrong key' 'does not belong to the certificate'
ok 'the next update' kubelet 1
ok 'works at once' x refresh certificate@contoso.test --force
rm "$volume/..data"
exits 74 'no volume, no key of the store' x refresh secret@contoso.test --force
one_line 'no key' 'sealed with key .*, which is not there; put the key back'
printf 'exoauth: 1\nkey: %s\nold_key: %s\n' "$one" "$two" >"$SITE/key"
chmod 0400 "$SITE/key"
[[ $(id -u) != 0 ]] || chown "$SITE_USER" "$SITE/key"
site_conf key_file "$SITE/key"
for a in "${accounts[@]}"; do
    exits 78 "$a: no volume, no proof" x refresh "$a" --force
    one_line "$a" "$volume"
done
ok 'the volume is back' kubelet 1
for a in "${accounts[@]}"; do ok "$a: works at once" x refresh "$a" --force; done
no_secret 'nothing is shown'
