# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# rig.sh: everything an end-to-end test needs around exoauth, on loopback, in
# the test's own directory, without touching the host: a CA here, the provider
# in provider.sh, Dovecot and Postfix in mail.sh. Source it after tap.sh.
#
#   rig_init                make $RIG and copy the built program and plugin in
#   exo COMMAND [ARG]...    the program with the rig's configuration
#   rig_conf KEY [VALUE]    set (or drop) a key of exoauth.conf
#   rig_account NAME [KEY=VALUE]...   write an account file that logs in at the
#                           rig's provider (client_id=relay-app by default)
#   rig_publish NAME TOKEN [KEY=VALUE]...  publish a token by hand
#   rig_sasl CMD [ARG]...   run a libsasl2 client with the built plugin
#   rig_port                a free port of $TAP_LOOP
#   rig_daemon NAME CMD...  background process, logs to log/NAME.log, stopped at
#                           the end; rig_stop NAME ends it earlier
#   rig_wait SECONDS CMD... poll until CMD succeeds
#   rig_log_wait REGEX FILE [SECONDS [COUNT]]   until COUNT lines match
#   rig_login NAME [ARG]...   exo login at the rig's provider, as relay-app
#   rig_up [JSON [y|n]]     all of it: provider, Dovecot, MX and a Postfix
#                           "client" (chrooted or not), not yet started
#   rig_client              rig_up, with what tests call relay and bob and, of
#                           that Postfix, log, queue and etc
#   rig_doctor [ARG]...     exoauth doctor; postconf reads the client by itself
#
# EXO_BUILDDIR (absolute) holds ./exoauth and .libs/; EXO_SRCDIR the sources;
# EXO_NODE_DIR a node_modules with oidc-provider (tests/deps installs it).

: "${TAP_LOADED:?source tap.sh first}"
RIG_SRC=${EXO_SRCDIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
RIG_SRC=$(cd "$RIG_SRC" && pwd)
RIG_HERE=$RIG_SRC/tests/lib
RIG_DOMAIN=contoso.test
RIG_TENANT=contoso.test
: "${EXO_NODE_DIR:=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/exoauth-tests}"
# A proxy of the host's must not see loopback traffic.
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
. "$RIG_HERE/provider.sh"
. "$RIG_HERE/mail.sh"

rig_init()
{
    # A bare debootstrap has no /etc/hosts.
    getent hosts localhost >/dev/null ||
        skip_all 'localhost does not resolve; put "127.0.0.1 localhost" into /etc/hosts'
    RIG=$(tap_dir)
    RIG_CONF=$RIG/sasl2/exoauth.conf
    RIG_TOKENS=$RIG/tokens
    RIG_STORE=$RIG/store
    RIG_CA=$RIG/pki/ca.crt
    RIG_SASL=$RIG/sasl
    RIG_OWNER=$(id -un) RIG_GROUP=''
    RIG_CHROOTS=()
    RIG_NAME_POSTFIX=''
    cleanup rig_stop_all
    mkdir -p "$RIG"/{bin,sasl,sasl2/exoauth.d,log,pids,etc,exolog}
    if [[ $(id -u) == 0 ]]; then
        RIG_OWNER=nobody
        getent group postfix >/dev/null && RIG_GROUP=postfix
        chown nobody "$RIG/exolog"
    else
        # Not the user's own configuration, so the program makes neither.
        mkdir -m 0700 "$RIG_STORE" "$RIG_TOKENS"
    fi
    rig_pki
    rig_programs
    {
        echo 'log_level: debug'
        echo "store: file:$RIG_STORE"
        echo "token_dir: $RIG_TOKENS"
        echo "ca_file: $RIG_CA"
        echo "log: $RIG/exolog/exoauth.log"
        echo "socket: none"
        echo "helper: none"
        if [[ $(id -u) == 0 ]]; then
            echo "run_as: $RIG_OWNER"
            [[ -n $RIG_GROUP ]] && echo "token_group: $RIG_GROUP"
        fi
    } >"$RIG_CONF"
}

# nobody must be able to run the program and postfix to load the plugin, and
# the build tree may be closed to them: hence copies. The two password
# mechanisms come along as links, so that what the host has installed besides
# (another XOAUTH2 plugin, an exoauth) is out of the picture.
rig_programs()
{
    local build=${EXO_BUILDDIR:-$PWD} dir name
    RIG_EXO=$RIG/bin/exoauth
    for name in "$build/.libs/exoauth" "$build/exoauth"; do
        [[ -f $name && -x $name ]] || continue
        cp -- "$name" "$RIG_EXO"
        break
    done
    [[ -x $RIG_EXO ]] ||
        skip_all "no exoauth in ${EXO_BUILDDIR:-$PWD}; set EXO_BUILDDIR"
    cp -L -- "$build/.libs/libexoauth.so" "$RIG_SASL/" 2>/dev/null ||
        skip_all "no .libs/libexoauth.so in $build"
    for dir in /usr/lib/*/sasl2 /usr/lib64/sasl2 /usr/lib/sasl2; do
        [[ -e $dir/libplain.so ]] || continue
        ln -s "$dir"/libplain.so "$dir"/liblogin.so "$RIG_SASL/"
        break
    done
}

rig_pki()
{
    local d=$RIG/pki ec=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    local san='DNS:localhost,DNS:smtp.office365.com,DNS:outlook.office365.com'
    san+=',DNS:login.microsoftonline.com,IP:127.0.0.1,IP:::1'
    need_cmd openssl
    mkdir -p "$d"
    {
        openssl req -x509 "${ec[@]}" -days 30 -subj '/CN=exoauth test CA' \
            -keyout "$d/ca.key" -out "$d/ca.crt" \
            -addext basicConstraints=critical,CA:TRUE \
            -addext keyUsage=critical,keyCertSign,cRLSign &&
        openssl req "${ec[@]}" -subj /CN=localhost \
            -keyout "$d/srv.key" -out "$d/srv.csr" &&
        openssl x509 -req -in "$d/srv.csr" -CA "$d/ca.crt" -CAkey "$d/ca.key" \
            -CAcreateserial -days 30 -out "$d/srv.crt" \
            -extfile <(echo "subjectAltName=$san"; echo extendedKeyUsage=serverAuth) &&
        openssl req -x509 "${ec[@]}" -days 30 -subj /CN=localhost \
            -addext "subjectAltName=$san" \
            -keyout "$d/rogue.key" -out "$d/rogue.crt"
    } >"$RIG/log/pki.log" 2>&1 || bail "openssl failed: $(tail -n3 "$RIG/log/pki.log")"
    chmod 0644 "$d"/*.key
}

# ----- exoauth

# The file's own name goes last so that "exo login --help" works, too.
exo() { "$RIG_EXO" "$@" --config "$RIG_CONF"; }

rig_conf()
{
    local key=$1 rest
    rest=$(grep -v "^$key:" "$RIG_CONF")
    { printf '%s\n' "$rest"; [[ $# -gt 1 ]] && echo "$key: ${*:2}"; } >"$RIG_CONF"
}

rig_account_file() { printf '%s\n' "$RIG/sasl2/exoauth.d/$1.conf"; }

rig_account()
{
    local name=$1 pair file
    local -A keys=([provider]=microsoft [tenant]=$RIG_TENANT
        [client_id]=relay-app [token_endpoint]=${RIG_TOKEN_URL:-}
        [servers]="localhost $TAP_LOOP")
    shift
    file=$(rig_account_file "$name")
    [[ -z ${keys[token_endpoint]} ]] && unset 'keys[token_endpoint]'
    for pair; do
        if [[ -n ${pair#*=} ]]; then
            keys[${pair%%=*}]=${pair#*=}
        else
            unset "keys[${pair%%=*}]"
        fi
    done
    for pair in "${!keys[@]}"; do
        echo "$pair: ${keys[$pair]}"
    done >"$file"
}

# Configures NAME through the program itself, as an administrator would.
# KEY=VALUE arguments become --set, the rest goes through.
rig_login()
{
    local name=$1 arg
    local -a args=()
    local -A keys=([tenant]=$RIG_TENANT [servers]=localhost
        [token_endpoint]=$RIG_TOKEN_URL
        [device_authorization_endpoint]=$RIG_DEVICE_URL)
    shift
    if [[ " $* " != *' client_id='* ]]; then
        keys[client_id]=relay-app
        keys[secret_file]=$(rig_secret_file)
    fi
    for arg; do
        case $arg in
        [a-z]*=*) keys[${arg%%=*}]=${arg#*=} ;;
        *) args+=("$arg") ;;
        esac
    done
    for arg in "${!keys[@]}"; do args+=(--set "$arg=${keys[$arg]}"); done
    exo login "$name" "${args[@]}"
}

rig_up()
{
    need_root 'Postfix starts only as root'
    rig_init
    rig_as_start "${1:-}"
    RIG_MX_PORT=$(rig_port)
    rig_dovecot_start
    rig_mx_start
    rig_postfix_client client "${2:-y}"
}

rig_client()
{
    relay=relay@contoso.test
    bob=bob@contoso.test
    rig_up
    log=$(rig_postfix_log client)
    queue=$(rig_postfix_queue client)
    etc=$(rig_postfix_etc client)
}

rig_doctor()
{
    printf '#!/bin/sh\ncase $1 in -c) shift 2 ;; esac\nexec %s -c %s "$@"\n' \
        "$(command -v postconf)" "$(rig_postfix_etc client)" >"$RIG/bin/postconf"
    chmod 0755 "$RIG/bin/postconf"
    PATH=$RIG/bin:$PATH rig_sasl "$RIG_EXO" doctor "$@" --config "$RIG_CONF"
}

# A secret file that the program will accept, holding the provider's secret.
# shellcheck disable=SC2120 # a test may give its own name and secret
rig_secret_file()
{
    local file=$RIG/etc/${1:-secret}
    printf '%s\n' "${2:-$RIG_SECRET}" >"$file"
    chown "$RIG_OWNER" "$file"
    chmod 0400 "$file"
    printf '%s\n' "$file"
}

rig_token_dirs()
{
    local root
    printf '%s\n' "$RIG_TOKENS"
    for root in "${RIG_CHROOTS[@]}"; do printf '%s\n' "$root$RIG_TOKENS"; done
}

# KEY=VALUE replaces a line, KEY= drops it.
rig_publish()
{
    local name=$1 token=$2 now dir key pair
    local -a order=(account user servers serial issued refresh_after
        usable_until expires token)
    shift 2
    now=$(date +%s)
    local -A line=([account]=$name [user]=$name
        [servers]="localhost $TAP_LOOP" [serial]=1 [issued]=$now
        [refresh_after]=$((now + 3000)) [usable_until]=$((now + 3000))
        [expires]=$((now + 3600)) [token]=$token)
    for pair; do line[${pair%%=*}]=${pair#*=}; done
    while IFS= read -r dir; do
        mkdir -p "$dir"
        {
            echo 'exoauth: 1'
            for key in "${order[@]}"; do
                [[ -n ${line[$key]} ]] && echo "$key: ${line[$key]}"
            done
            echo
        } >"$dir/.$name.new"
        chmod 0640 "$dir/.$name.new"
        chmod 2750 "$dir"
        if [[ $(id -u) == 0 ]]; then
            chown "$RIG_OWNER:${RIG_GROUP:-nogroup}" "$dir" "$dir/.$name.new"
            chmod 2750 "$dir"
        fi
        mv "$dir/.$name.new" "$dir/$name"
    done < <(rig_token_dirs)
}

rig_unpublish()
{
    local dir
    while IFS= read -r dir; do rm -f "$dir/$1"; done < <(rig_token_dirs)
}

rig_published()
{
    sed -n "s/^$2: //p" "$RIG_TOKENS/$1"
}

rig_sasl()
{
    env SASL_PATH="$RIG_SASL" SASL_CONF_PATH="$RIG/sasl2" "$@"
}

# ----- processes, ports, waiting

# Below the range the kernel hands to outgoing connections, so that nothing
# takes it between the probe and the bind; random, for parallel runs.
rig_port()
{
    python3 - <<'PY'
import os, random, socket
where = os.environ["TAP_LOOP"]
family = socket.AF_INET6 if ":" in where else socket.AF_INET
while True:
    port = random.randrange(11000, 32000)
    with socket.socket(family) as s:
        try:
            s.bind((where, port))
        except OSError:
            continue
    print(port)
    break
PY
}

rig_daemon()
{
    local name=$1
    shift
    setsid "$@" >>"$RIG/log/$name.log" 2>&1 </dev/null {TAP_FD}>&- &
    echo $! >"$RIG/pids/$name.pid"
    disown $!
}

# Ends NAME politely, then not. Only what rig_daemon recorded is signalled.
rig_stop()
{
    local file=$RIG/pids/$1.pid pid i
    [[ -s $file ]] || return 0
    pid=$(<"$file")
    pid=${pid//[^0-9]/}
    kill -TERM "$pid" 2>/dev/null
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null
    rm -f "$file"
}

rig_stop_all()
{
    local name
    for name in $RIG_NAME_POSTFIX; do rig_postfix_stop "$name"; done
    for name in "$RIG"/pids/*.pid; do
        [[ -e $name ]] && rig_stop "$(basename "$name" .pid)"
    done
}

rig_wait()
{
    # The command sees these names, so they must not be ones it uses.
    local rig_left=$(($1 * 10))
    shift
    while ((rig_left-- > 0)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

rig_log_has() { [[ $(grep -cE -e "$1" "$2") -ge $3 ]]; }

rig_log_wait()
{
    rig_wait "${3:-20}" rig_log_has "$1" "$2" "${4:-1}" && return
    diag "not in $(basename "$2"): $1"
    diag "$(tail -n 15 "$2")"
    return 1
}
