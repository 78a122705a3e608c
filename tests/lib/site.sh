# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# site.sh: an exoauth of its own for a test of the commands, below $TAP_DIR:
# configuration, store, token directories and a scripted token endpoint. To be
# sourced after tap.sh. As root it runs as root's machines do, with `run_as`
# another user; otherwise everything belongs to the user who tests.
#
#   site_up [KEY: VALUE]...      makes it; more lines for exoauth.conf
#   site_account NAME [LINE]...  an account file of provider custom
#   site_endpoint [ANSWER]...    starts endpoint.py; before site_account
#   site_script [ANSWER]...      the answers from now on
#   site_gets [ANSWER]...        the same for GETs, which are 404 otherwise
#   site_asked [N]               the last N GETs (1): path and headers
#   site_url [URL]               $SITE_URL as a regular expression
#   site_count                   prints how many requests it had
#   x COMMAND [ARG]...           exoauth with this site's configuration
#   site_conf KEY [VALUE]        sets (or drops) a key of exoauth.conf
#   site_record NAME KEY         a member of the stored record, unsealed
#   site_edit NAME CMD...        the stored record, unsealed, through a filter
#   site_forms KEY               that field of every request so far
#   site_publish_count           how many published files there are
#   site_later SECONDS           from now on x runs that much later
#   site_as UID:GID CMD...       as another user; needs root
#   one_line DESC [REGEX]        $ERR is one line of cause and remedy
#   no_secret DESC               no word of $SITE/secret is in $OUT, $ERR or a
#                                log

SITE=$TAP_DIR
SITE_CONF=$SITE/etc/exoauth.conf
SITE_STORE=$SITE/store
SITE_TOKENS=$SITE/run/tokens
SITE_ROOT=$SITE/jail
SITE_URL=http://$TAP_LOOP_URL:1
# With an IPv6 address its brackets would be a class.
site_url() { sed 's/[][]/\\&/g' <<<"${1:-$SITE_URL}"; }
EXO=${EXO_BUILDDIR:?run it by make check, or set EXO_BUILDDIR}/exoauth

SITE_LATER=()

x() { "${SITE_LATER[@]}" "$EXO" "$@" --config "$SITE_CONF"; }

site_up()
{
    need_file "$EXO" 'run: make'
    mkdir -p "$SITE/etc/exoauth.d" "$SITE/run" "$SITE_ROOT$SITE/run" "$SITE/secret"
    if [[ $(id -u) == 0 ]]; then
        SITE_USER=nobody
    else
        SITE_USER=$(id -un)
        mkdir -m 0700 "$SITE_STORE" "$SITE_TOKENS" "$SITE_ROOT$SITE_TOKENS"
    fi
    printf '%s\n' "store: file:$SITE_STORE" "token_dir: $SITE_TOKENS" \
        "chroot: $SITE_ROOT" "run_as: $SITE_USER" 'socket: none' \
        'helper: none' 'timeout: 5' "$@" >"$SITE_CONF"
    printf 'a secret\n' >"$SITE/secret/app"
    chmod 0644 "$SITE_CONF" "$SITE/secret/app"
    site_readers
}

# Where whoever owns an imported file can run them, too.
site_readers()
{
    export EXOAUTH_IMPORT_DIR=$SITE/readers
    mkdir "$EXOAUTH_IMPORT_DIR"
    cp "${EXO_SRCDIR:?}"/readers/{import-*,reader.py} "$EXOAUTH_IMPORT_DIR/"
    chmod -R go=rX "$EXOAUTH_IMPORT_DIR"
}

site_account()
{
    local name=$1
    shift
    printf '%s\n' 'provider: custom' 'client_id: app' \
        "token_endpoint: $SITE_URL/token" 'servers: mail.contoso.test' "$@" \
        >"$SITE/etc/exoauth.d/$name.conf"
    chmod 0644 "$SITE/etc/exoauth.d/$name.conf"
}

site_endpoint()
{
    need_cmd python3
    # Detached from stdout, or a pipe behind the test would never end.
    python3 "${EXO_SRCDIR:-$(dirname "${BASH_SOURCE[0]}")/../..}/tests/lib/endpoint.py" \
        --http --listen "${SITE_LISTEN:-$TAP_LOOP:0}" "$SITE" "$@" \
        >"$SITE/endpoint.log" 2>&1 </dev/null &
    SITE_ENDPOINT=$!
    cleanup kill "$SITE_ENDPOINT"
    local i
    for ((i = 0; i < 200; i++)); do
        [[ -s $SITE/endpoint.port ]] && break
        sleep 0.05
    done
    [[ -s $SITE/endpoint.port ]] || bail 'the token endpoint did not start'
    SITE_URL=http://$TAP_LOOP_URL:$(<"$SITE/endpoint.port")
}

# An HTTP/1.0 request without curl, which a tester may not have.
site_http()
{
    local port=${SITE_URL##*:} body=${2:-}
    local LC_ALL=C # the length is in bytes
    exec {SITE_FD}<>"/dev/tcp/$TAP_LOOP/$port"
    printf '%s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s' "$1" "${#body}" \
        "$body" >&"$SITE_FD"
    sed '1,/^\r*$/d' <&"$SITE_FD"
    exec {SITE_FD}>&-
}

site_script() { site_http 'POST /_test/script' "$(printf '%s\n' "$@")" >/dev/null; }
site_gets() { site_http 'POST /_test/get' "$(printf '%s\n' "$@")" >/dev/null; }
site_count() { site_http 'GET /_test/count'; }

site_conf()
{
    local key=$1 rest
    rest=$(grep -v "^$key:" "$SITE_CONF")
    { printf '%s\n' "$rest"; [[ $# -gt 1 ]] && echo "$key: ${*:2}"; } >"$SITE_CONF"
}

site_record()
{
    "$EXO_BUILDDIR/tests/lib/unseal" "$SITE_STORE/$1.json" "$SITE/etc/exoauth.key" |
        python3 -c 'import json, sys
r = json.load(sys.stdin)
print({**r, **r["secret"]}.get(sys.argv[1], ""))' "$2"
}

# Headers as "name: value", in the order of their names.
site_asked()
{
    python3 -c 'import json, sys
gets = [r for r in map(json.loads, open(sys.argv[1])) if r["method"] == "GET"]
for r in gets[-int(sys.argv[2]):]:
    print(r["path"])
    for name in sorted(r["headers"]):
        print(name + ": " + r["headers"][name])' \
        "$SITE/endpoint.requests" "${1:-1}"
}

# The stored record through a filter, sealed as it was; owner and mode stay.
site_edit()
{
    local record=$SITE_STORE/$1.json key=$SITE/etc/exoauth.key
    local unseal=$EXO_BUILDDIR/tests/lib/unseal
    shift
    (umask 077; "$unseal" "$record" "$key" | "$@" >"$SITE/edited" &&
        "$unseal" -s "$SITE/edited" "$key" >"$SITE/sealed") &&
        cat "$SITE/sealed" >"$record"
    rm -f "$SITE/edited" "$SITE/sealed"
}

site_forms()
{
    python3 -c 'import json, sys
for line in open(sys.argv[1]):
    print(*json.loads(line)["form"].get(sys.argv[2], [""]))' \
        "$SITE/endpoint.requests" "$1"
}

# faketime names a file in /dev/shm after the process, leaves it behind where that
# is killed, and fails in a later process with the same id.
site_later_sweep()
{
    local file
    for file in /dev/shm/faketime_shm_* /dev/shm/sem.faketime_sem_*; do
        [[ -O $file && ! -d /proc/${file##*_} ]] && rm -f "$file"
    done
}

# By faketime: what is stored and published stays as the program wrote it.
site_later()
{
    command -v faketime >/dev/null || return 1
    site_later_sweep
    cleanup site_later_sweep
    SITE_LATER=()
    [[ $1 == 0 ]] || SITE_LATER=(faketime -f "+${1}s")
}

site_publish_count() { find "$SITE_TOKENS" "$SITE_ROOT$SITE_TOKENS" -type f | wc -l; }

site_as()
{
    local who=$1
    shift
    setpriv --reuid "${who%%:*}" --regid "${who#*:}" --clear-groups "$@"
}

one_line()
{
    local lines
    lines=$(grep -c '' <<<"$ERR")
    if [[ $lines == 1 && $ERR == exoauth:\ * && $ERR == *\;* &&
        $ERR =~ ${2:-.} && ! $ERR =~ [[:cntrl:]] ]]; then
        pass "$1: one line, cause and remedy"
        return
    fi
    fail "$1: one line, cause and remedy${2:+ ($2)}"
    diag "$lines lines: $ERR"
}

no_secret()
{
    local found word
    found=$(
        while IFS= read -r word; do
            grep -qaF -e "$word" <<<"$OUT" && echo "stdout: $word"
            grep -qaF -e "$word" <<<"$ERR" && echo "stderr: $word"
            grep -laF -e "$word" "$SITE"/log/* 2>/dev/null
        done < <(cat "$SITE"/secret/*)
    )
    is "$found" '' "$1"
}
