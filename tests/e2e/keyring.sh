#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The recipes of exoauth-recipes(7) for key_command, as they are printed, with
# the programs that they name: the key that they keep seals the store, and
# while it is locked nothing is read or stored, exit status 75 and a line that
# says what to unlock.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/site.sh"
need_root 'mounting file systems'
need_cmd unshare mount openssl

if [[ -z ${EXO_UNSHARED:-} ]]; then
    unshare --mount --pid --fork true 2>/dev/null ||
        skip_all 'unshare --mount --pid is not allowed'
    rm -rf -- "$TAP_DIR"
    trap - EXIT
    # Keyrings and agents start each other; all of them end with this test.
    EXO_UNSHARED=1 exec unshare --mount --pid --fork --kill-child --mount-proc \
        --propagation private "$BASH" "$0" "$@"
fi
page=${EXO_SRCDIR:-$(dirname "$0")/../..}/man/exoauth-recipes.7
me=me@contoso.test
home=$SITE/home
bus=/run/user/65534
mkdir -p /run/user
mount -t tmpfs -o mode=0755 exoauth-test /run/user ||
    skip_all 'mounting a tmpfs is not allowed'
cleanup umount /run/user
# The key of the host must be on a disk.
if [[ -d /var/lib/systemd ]]; then
    systemd=$(mktemp -d /var/tmp/exo.XXXXXX)
    cleanup rm -rf "$systemd"
    mount --bind "$systemd" /var/lib/systemd || skip_all 'mounting is not allowed'
    cleanup umount /var/lib/systemd
fi
site_up
site_endpoint 'fields:{"access_token":"token-1","refresh_token":"refresh-1"}'
printf 'refresh-0\n' >"$SITE/secret/refresh"
chmod 0755 "$SITE"
install -d -m 0700 -o 65534 -g 65534 "$home" "$home/.config" "$home/.config/exoauth" "$bus"
chmod 0644 "$SITE/secret/refresh"

# Of a recipe its reader replaces the home directory; here the file in /etc, too.
recipe()
{
    awk -v name="$1" '
        $0 == ".\\\" recipe: " name { found = 1; next }
        found && /^\.Bd -literal/ { inside = 1; next }
        inside && /^\.Ed/ { exit }
        inside { print }' "$page" |
        sed -e "s|/home/alice|$home|g" -e "s|/etc/exoauth.cred|$SITE/etc/exoauth.cred|" \
            -e 's/^[$#] //'
    echo "$1" >>"$SITE/recipes"
}
recipes_complete()
{
    is "$(sort -u "$SITE/recipes")" "$(sed -n 's/^\.\\" recipe: //p' "$page" | grep -E "$1" | sort)" \
        'every block of its part was run'
}
as()
{
    site_as 65534:65534 env -i PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 \
        HOME="$home" DBUS_SESSION_BUS_ADDRESS="unix:path=$bus/bus" \
        XDG_RUNTIME_DIR="$bus" GNUPGHOME= "$@"
}
mine() { as env -u GNUPGHOME "$EXO" "$@"; }
login()
{
    mine login $me --set provider=custom --set client_id=app --set grant=device_code \
        --set scope=mail --set servers=mail.contoso.test \
        --set "token_endpoint=$SITE_URL/token" --refresh-token-file - <"$SITE/secret/refresh"
}
# begin NAME: its key and its line of exoauth.conf, and a login with both.
begin()
{
    as env -u GNUPGHOME bash -e -c "cd; $(recipe "key-$1")" >"$SITE/made" 2>&1 </dev/null ||
        { fail "$1: $(<"$SITE/made")"; return 1; }
    pass "$1: makes a key"
    rm -rf "$home/.local/state" "$home/.local/share/exoauth" "$home/.config/exoauth/exoauth.d"
    recipe "key-$1-conf" | as tee "$home/.config/exoauth/exoauth.conf" >/dev/null
    ok "$1: login" login
    ok "$1: the record is sealed" grep -q '"seal": "aes-256-gcm"' "$home/.local/state/exoauth/store/$me.json"
    is "$(find "$home" -name exoauth.key)" '' "$1: there is no key file"
    ok "$1: token" mine token $me
    is "$OUT" token-1 "$1: opens it"
}
locked()
{
    ok "$1, locked: a token that is published" mine token $me
    rm "$home/.local/state/exoauth/tokens/$me"
    exits 75 "$1, locked: token" mine token $me
    is "$OUT" '' "$1, locked: prints nothing"
    one_line "$1, locked" 'key_command .*; .*locked, unlock it'
    exits 75 "$1, locked: refresh" mine refresh $me --force
    exits 75 "$1, locked: login" login
    ok "$1, locked: the record is as it was" grep -q '"seal": "aes-256-gcm"' "$home/.local/state/exoauth/store/$me.json"
}
have() { command -v "$1" >/dev/null || { skip "$2" "$1 is not installed; run: sudo tests/deps"; return 1; }; }

# ---- gpg, and pass, which uses it
gpg_agent_off() { as env -u GNUPGHOME gpgconf --kill gpg-agent >/dev/null 2>&1; }
if have gpg gpg; then
    cleanup gpg_agent_off
    as env -u GNUPGHOME gpg --batch --quiet --pinentry-mode loopback --passphrase opensesame \
        --quick-generate-key alice@contoso.com default default never >"$SITE/gpg" 2>&1 ||
        bail "gpg: $(<"$SITE/gpg")"
    # What a person does at a pinentry.
    unlock()
    {
        echo x | as env -u GNUPGHOME gpg --batch --encrypt --recipient alice@contoso.com |
            as env -u GNUPGHOME gpg --batch --quiet --pinentry-mode loopback \
                --passphrase opensesame --decrypt
    }
    unlock >/dev/null 2>&1
    begin gpg
    gpg_agent_off
    locked gpg
    unlock >/dev/null 2>&1
    ok 'gpg, unlocked: refresh' mine refresh $me --force
    if have pass pass; then
        as env -u GNUPGHOME pass init alice@contoso.com >/dev/null 2>&1
        begin pass
        gpg_agent_off
        locked pass
        unlock >/dev/null 2>&1
        ok 'pass, unlocked: token' mine token $me
    fi
fi

# ---- secret-tool
if have secret-tool secret-tool && have gnome-keyring-daemon secret-tool &&
    have dbus-daemon secret-tool && have dbus-send secret-tool; then
    as dbus-daemon --session --nofork --nopidfile --address="unix:path=$bus/bus" \
        >"$SITE/dbus" 2>&1 </dev/null &
    cleanup kill $!
    for ((i = 0; i < 100; i++)); do [[ -S $bus/bus ]] && break; sleep 0.1; done
    keyring() { printf opensesame | as gnome-keyring-daemon --foreground --unlock --components=secrets; }
    keyring >"$SITE/keyring" 2>&1 &
    # Who asks for it before it is there has the bus start another, locked one.
    owned()
    {
        as dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
            org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>&1 |
            grep -q 'boolean true'
    }
    for ((i = 0; i < 300; i++)); do owned && break; sleep 0.1; done
    for ((i = 0; i < 100; i++)); do
        printf x | as secret-tool store --label=x test test 2>/dev/null && break
        sleep 0.1
    done
    begin secret-tool
    ok 'secret-tool: lock' as dbus-send --session --print-reply --dest=org.freedesktop.secrets \
        /org/freedesktop/secrets org.freedesktop.Secret.Service.Lock \
        array:objpath:/org/freedesktop/secrets/collection/login
    locked secret-tool
fi

# ---- systemd-creds, for root
if have systemd-creds systemd-creds; then
    if bash -e -c "$(recipe key-systemd-creds)" >"$SITE/made" 2>&1; then
        pass 'systemd-creds: makes a key'
        site_conf run_as
        recipe key-systemd-creds-conf >>"$SITE_CONF"
        rm -rf "$SITE_STORE" "$SITE_TOKENS" "${SITE_ROOT:?}$SITE_TOKENS"
        site_account $me 'grant: device_code' 'scope: mail'
        ok 'systemd-creds: login' x login $me --refresh-token-file "$SITE/secret/refresh"
        ok 'systemd-creds: the record is sealed' grep -q '"seal": "aes-256-gcm"' "$SITE_STORE/$me.json"
        ok 'systemd-creds: token' x token $me
        rm -f /var/lib/systemd/credential.secret
        find "$SITE" -path "*/tokens/$me" -delete
        exits 75 'systemd-creds, of another host: token' x token $me
        one_line 'systemd-creds' 'key_command .*; '
    else
        skip systemd-creds "$(tail -n 1 "$SITE/made")"
        recipe key-systemd-creds-conf >/dev/null
    fi
fi
recipes_complete '^key-'
