# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# provider.sh: the token endpoints of the rig, sourced by rig.sh.
#
#   rig_as_start [JSON]     the provider; $RIG_AS is its URL, $RIG_TOKEN_URL its
#                           token endpoint
#   rig_as_set JSON / rig_as_fault JSON / rig_as_reset / rig_as_count K=V...
#   rig_as_token [CLIENT]   an access token by curl, without exoauth
#   rig_as_refresh_token [USER [CLIENT]]  a refresh token, by the device flow
#   rig_endpoint_start ANSWER...   endpoint.py, for answers no provider gives

rig_as_start()
{
    local settings=${1:-}
    [[ -n $settings ]] || settings='{}'
    need_cmd node curl
    need_file "$EXO_NODE_DIR/node_modules/oidc-provider" 'run: sudo tests/deps'
    RIG_SECRET=${RIG_SECRET:-$(openssl rand -hex 20)}
    python3 - "$settings" "$RIG_SECRET" "$RIG_DOMAIN" >"$RIG/as.json" <<'PY'
import json, sys
print(json.dumps({"secret": sys.argv[2], "domain": sys.argv[3],
                  **json.loads(sys.argv[1])}))
PY
    rm -f "$RIG/as.port"
    rig_daemon as env EXO_NODE_DIR="$EXO_NODE_DIR" NODE_NO_WARNINGS=1 \
        node "$RIG_HERE/as.mjs" "$RIG"
    rig_wait 30 test -s "$RIG/as.port" ||
        bail "the provider did not start: $(tail -n5 "$RIG/log/as.log")"
    RIG_AS=https://localhost:$(<"$RIG/as.port")
    RIG_TOKEN_URL=$RIG_AS/$RIG_TENANT/oauth2/v2.0/token
    RIG_DEVICE_URL=$RIG_AS/$RIG_TENANT/oauth2/v2.0/devicecode
}

rig_as_stop() { rig_stop as; }

rig_curl() { curl -sS --noproxy '*' --max-time 30 --cacert "$RIG_CA" "$@"; }

rig_as_set() { rig_curl -o /dev/null -d "$1" "$RIG_AS/_test/set"; }
rig_as_fault() { rig_curl -o /dev/null -d "$1" "$RIG_AS/_test/fault"; }
rig_as_reset() { rig_curl -o /dev/null -X POST "$RIG_AS/_test/reset"; }
rig_as_stats() { rig_curl "$RIG_AS/_test/stats"; }

rig_as_count()
{
    local IFS='&'
    rig_curl "$RIG_AS/_test/count?$*"
}

rig_json() { python3 -c 'import json,sys; print(json.load(sys.stdin).get(sys.argv[1],""))' "$1"; }

rig_as_token()
{
    rig_curl "$RIG_TOKEN_URL" -d grant_type=client_credentials \
        -d client_id="${1:-relay-app}" -d client_secret="$RIG_SECRET" \
        --data-urlencode scope=https://outlook.office365.com/.default |
        rig_json access_token
}

rig_as_revoke()
{
    rig_curl "$RIG_AS/revoke" --data-urlencode "token=$1" \
        -d client_id="${2:-relay-app}" -d client_secret="$RIG_SECRET"
}

# What a person does at the browser: rig_as_approve CODE USER [--decline]
rig_as_approve()
{
    "$RIG_HERE/approve" ${3:+"$3"} "$RIG_CA" "$RIG_AS/device" "$1" "$2"
}

rig_as_refresh_token()
{
    local user=${1:-alice@$RIG_DOMAIN} client=${2:-device-app} reply code host
    host=https://outlook.office.com
    reply=$(rig_curl "$RIG_DEVICE_URL" -d client_id="$client" --data-urlencode \
        "scope=offline_access $host/SMTP.Send $host/IMAP.AccessAsUser.All $host/POP.AccessAsUser.All")
    code=$(rig_json device_code <<<"$reply")
    rig_as_approve "$(rig_json user_code <<<"$reply")" "$user" || return
    rig_curl "$RIG_TOKEN_URL" -d client_id="$client" -d device_code="$code" \
        -d grant_type=urn:ietf:params:oauth:grant-type:device_code |
        rig_json refresh_token
}

rig_endpoint_start()
{
    need_cmd python3
    rm -f "$RIG/endpoint.port"
    rig_daemon endpoint python3 "$RIG_HERE/endpoint.py" "$RIG" "$@"
    rig_wait 20 test -s "$RIG/endpoint.port" ||
        bail "endpoint.py did not start: $(tail -n5 "$RIG/log/endpoint.log")"
    RIG_ENDPOINT=https://localhost:$(<"$RIG/endpoint.port")
    RIG_TOKEN_URL=$RIG_ENDPOINT/token
    RIG_DEVICE_URL=$RIG_ENDPOINT/devicecode
}
