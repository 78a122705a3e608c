# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC1091
#
# tenant.sh: a host on which the recipes of exoauth-recipes(7) run as they are
# printed: names, ports and paths are the real ones. It is this host with other
# eyes, namespaces of network and mounts: /etc, /var, /run, /home, /root,
# /usr/local and the directory of SASL plugins are overlays that vanish at the
# end, exoauth is installed there, Microsoft's host names lead to the rig's provider, Dovecot
# and MX, whose CA is trusted, and the domain is contoso.com. Source it first,
# in place of tap.sh and rig.sh; it needs root.
#
#   tenant_up [JSON [MECHS]]   start it all; settings of the provider, and
#                              Dovecot's mechanisms ("xoauth2")
#   tenant_person NAME         make a user, whose name is also the mailbox
#   as NAME CMD...             run CMD as that user, in an environment of its own
#   recipe NAME                print the block that is marked so in the page
#   recipe_file NAME PATH [OWNER]   write it to a file
#   recipe_run NAME [USER]     run its lines, without the prompts, by bash -e
#   tenant_provider JSON       the provider anew, with other settings; what
#                              Dovecot knows of the old one is gone
#   tenant_postfix             start the host's Postfix, as Debian configures it
#   tenant_login               run the recipe "login" while alice approves
#   recipes_complete [!]REGEX  a check: all of these names were taken
#
# In a recipe only CLIENT_ID, and what a test names in PLACE, is replaced, as
# its reader does, too.

tenant_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ -z ${EXO_TENANT:-} && $(id -u) == 0 ]] &&
    unshare --net --mount true 2>/dev/null; then
    EXO_TENANT=1 exec unshare --net --mount bash "$0" "$@"
fi
. "$tenant_lib/tap.sh"
. "$tenant_lib/rig.sh"
need_root 'namespaces'
[[ -n ${EXO_TENANT:-} ]] ||
    skip_all 'unshare --net --mount is refused here (a container without it?)'
need_cmd ip unshare setpriv python3

RIG_DOMAIN=contoso.com RIG_TENANT=contoso.com
TENANT_PAGE=$RIG_SRC/man/exoauth-recipes.7
TENANT_OVER=()
declare -A PLACE=([CLIENT_ID]=device-app)

tenant_overlay()
{
    local dir name
    mkdir "$RIG/over"
    mount -t tmpfs tmpfs "$RIG/over" || skip_all 'tmpfs cannot be mounted'
    for dir; do
        name=$RIG/over/${dir//\//_}
        mkdir -p "$name/up" "$name/work" "$dir"
        mount -t overlay overlay -o \
            "lowerdir=$dir,upperdir=$name/up,workdir=$name/work" "$dir" ||
            skip_all "$dir cannot be overlaid here"
        TENANT_OVER+=("$dir")
    done
}

tenant_down()
{
    local dir
    for dir in "${TENANT_OVER[@]}" "$RIG/over"; do umount -l "$dir"; done
}

tenant_plugin_dir()
{
    dirname "$(find /usr/lib /usr/lib64 -maxdepth 3 -name libplain.so \
        2>/dev/null | head -n 1)"
}

tenant_up()
{
    local plugins host hash pid
    plugins=$(tenant_plugin_dir)
    [[ $plugins != . ]] || skip_all 'libsasl2-modules is not installed'
    ip link set lo up || bail 'no loopback'
    # Before rig_init: its own cleanup needs what is mounted, and runs first.
    cleanup tenant_down
    rig_init
    tenant_overlay /etc /var /run /home /root /usr/local "$plugins"
    rm -rf /etc/sasl2 /etc/postfix/main.cf /var/lib/exoauth* /run/exoauth
    # Another mechanism of that name would be another test.
    rm -f "$plugins"/lib*oauth*
    install -D -m 0755 "$RIG_EXO" /usr/local/bin/exoauth
    install -m 0644 "$RIG_SASL/libexoauth.so" "$plugins/libexoauth.so"
    {
        echo "$TAP_LOOP localhost"
        for host in login.microsoftonline.com smtp.office365.com \
            outlook.office365.com; do
            echo "$TAP_LOOP $host"
        done
    } >/etc/hosts
    echo 'hosts: files' >>/etc/nsswitch.conf
    sed -i '0,/^hosts:/{/^hosts:/d}' /etc/nsswitch.conf
    cat "$RIG_CA" >>/etc/ssl/certs/ca-certificates.crt
    hash=$(openssl x509 -hash -noout -in "$RIG_CA")
    cp "$RIG_CA" "/etc/ssl/certs/$hash.0"
    useradd --system --user-group --home-dir /var/lib/exoauth --no-create-home \
        --shell /usr/sbin/nologin exoauth 2>/dev/null || id exoauth >/dev/null ||
        bail 'no user exoauth'
    install -d -m 0700 -o exoauth -g exoauth /var/lib/exoauth

    RIG_MX_PORT=$(rig_port)
    rig_as_start "${1:-}"
    rig_dovecot_start "${2:-xoauth2}"
    rig_mx_start
    tenant_forward
}

tenant_forward()
{
    rm -f "$RIG/forward.ready"
    rig_daemon forward python3 "$tenant_lib/forward.py" "$RIG/forward.ready" \
        "443:${RIG_AS##*:}" "993:$RIG_IMAPS_PORT" "143:$RIG_IMAP_PORT" \
        "995:$RIG_POP3S_PORT" "587:$RIG_MXSUBMISSION_PORT"
    rig_wait 20 test -e "$RIG/forward.ready" ||
        bail "no forwarding: $(tail -n3 "$RIG/log/forward.log")"
}

# The provider anew, with other settings.
tenant_provider()
{
    rig_stop forward
    rig_as_stop
    rig_as_start "$1"
    tenant_forward
}

tenant_person()
{
    useradd --create-home --shell /bin/bash "$1" ||
        bail "no user $1"
    mkdir -p "$RIG/mail/$1@contoso.com"/{new,cur,tmp}
    chown -R nobody:nogroup "$RIG/mail/$1@contoso.com"
}

# A message that waits in the mailbox ADDRESS.
tenant_mail()
{
    local box=$RIG/mail/$1 name
    mkdir -p "$box"/{new,cur,tmp}
    name=$(date +%s).$RANDOM.test
    printf 'From: bob@contoso.com\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <%s@contoso.com>\n\nHello.\n' \
        "$1" "$2" "$(date -R)" "$name" >"$box/new/$name"
    chown -R nobody:nogroup "$box"
}

as()
{
    local user=$1 home
    shift
    home=$(getent passwd "$user" | cut -d: -f6)
    (cd "$home" && exec setpriv --reuid="$user" --regid="$user" --init-groups \
        env -i HOME="$home" USER="$user" LOGNAME="$user" LC_ALL=C.UTF-8 \
        TERM=xterm PATH=/usr/local/bin:/usr/bin:/bin "$@")
}

# The literal block behind the comment
#     .\" recipe: NAME
# as a reader of the page sees it.
recipe()
{
    local text key
    text=$(awk -v name="$1" '
        $0 == ".\\\" recipe: " name { found = 1; next }
        found && /^\.Bd -literal/ { inside = 1; next }
        inside && /^\.Ed/ { exit }
        inside { print }' "$TENANT_PAGE" |
        sed -e 's/\\e/\\/g' -e 's/^\\&//' -e 's/\\(dq/"/g')
    [[ $text ]] || bail "no recipe $1 in exoauth-recipes(7)"
    echo "$1" >>"$RIG/recipes"
    for key in "${!PLACE[@]}"; do text=${text//"$key"/"${PLACE[$key]}"}; done
    printf '%s\n' "$text"
}

# Was every recipe taken whose name matches (or, with !, does not)?
recipes_complete()
{
    local names
    names=$(sed -n 's/^\.\\" recipe: //p' "$TENANT_PAGE" | sort)
    if [[ $1 == !* ]]; then
        names=$(grep -vE "${1#!}" <<<"$names")
    else
        names=$(grep -E "$1" <<<"$names")
    fi
    is "$(sort -u "$RIG/recipes")" "$names" 'every block of the page was run'
}

recipe_file()
{
    local owner=${3:-root}
    install -d -o "$owner" "$(dirname "$2")"
    recipe "$1" >"$2"
    chmod 0600 "$2"
    chown "$owner" "$2"
}

# Continuation lines have no prompt.
recipe_script() { recipe "$1" | sed -e 's/^[$#] //'; }

recipe_run()
{
    if [[ -n ${2:-} ]]; then
        as "$2" bash -e -c "$(recipe_script "$1")"
    else
        env -i HOME=/root USER=root LC_ALL=C.UTF-8 TERM=xterm \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            bash -e -c "cd /; $(recipe_script "$1")"
    fi
}

# Exoauth shows the code on stderr and waits for the person at the browser.
tenant_login()
{
    local code
    recipe_run login alice >"$RIG/login.out" 2>"$RIG/login.err" </dev/null &
    if ! rig_wait 20 tenant_code; then
        cat "$RIG/login.err" >&2
        return 1
    fi
    code=$(tenant_code)
    rig_as_approve "$code" alice@contoso.com || return
    wait $! || { cat "$RIG/login.err" >&2; return 1; }
    cat "$RIG/login.out"
}

tenant_code()
{
    grep -A2 'enter the code:' "$RIG/login.err" | grep -oE '[0-9A-Z-]{5,}$'
}

# /etc/postfix as a new installation has it; only what a recipe cannot say is
# set here: where to log without syslogd, and names without DNS.
tenant_postfix()
{
    need_cmd postfix
    cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
    cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
    TENANT_LOG=/var/log/mail.log
    : >"$TENANT_LOG"
    postconf -e "maillog_file=$TENANT_LOG" smtp_host_lookup=native \
        inet_interfaces=loopback-only \
        myhostname=relay.contoso.com myorigin=contoso.com mydestination=
    cleanup postfix stop
    postfix check && /usr/lib/postfix/configure-instance.sh && postfix start &&
        rig_wait 20 test -s /var/spool/postfix/pid/master.pid &&
        tr -d ' ' </var/spool/postfix/pid/master.pid >"$RIG/pids/postfix.pid"
}
