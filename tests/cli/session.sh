#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# exoauth test and exoauth connect at a server that does everything wrong:
# certificates, broken lines, silence, long answers, plaintext after STARTTLS,
# refused tokens. The token is in nothing that they show.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/rig.sh"

need_cmd python3
alice=alice@contoso.test
rig_init
rig_conf log
rig_account "$alice"
token=$(openssl rand -hex 6000)
rig_publish "$alice" "$token"
touch "$RIG/seen" "$RIG/heard"
rig_daemon mailsrv python3 "$RIG_HERE/mailsrv.py" "$RIG"
rig_wait 20 test -s "$RIG/mailsrv.port" || bail 'the mail server does not run'
port=$(<"$RIG/mailsrv.port")

# mode WORD...: what the server does from now on
mode() { printf '%s\n' "$*" >"$RIG/mode"; }
# The TLS option that goes with the mode.
tls() { grep -q implicit "$RIG/mode" && echo implicit || echo starttls; }
x() { rig_sasl timeout 120 "$RIG_EXO" "$@" --config "$RIG_CONF"; }
try()
{
    local word=$1
    shift
    x test "$alice" "$word" --server localhost --port "$port" \
        --tls "$(tls)" --ca-file "$RIG_CA" "$@"
}
join()
{
    local word=$1
    shift
    x connect "$word" localhost "$port" "$alice" --tls "$(tls)" \
        --ca-file "$RIG_CA" "$@"
}
one_line()
{
    if [[ $(grep -c '' <<<"$ERR") == 1 && $ERR == exoauth:\ *\;* &&
        $ERR =~ ${2:-.} && ! $ERR =~ [[:cntrl:]] ]]; then
        pass "$1: one line, cause and remedy"
        return
    fi
    fail "$1: one line, cause and remedy${2:+ ($2)}"
    diag "$ERR"
}
# What is looked through for the token at the end.
hides() { printf '%s\n' "$OUT" "$ERR" >>"$RIG/shown"; }

# ----- too few descriptors are no missing mechanism

few()
{
    rig_sasl timeout 120 bash -c 'ulimit -n "$1" && shift && exec "$@"' few "$@" \
        --tls implicit --ca-file "$RIG_CA" --config "$RIG_CONF"
}
mode imap implicit
for n in 4 5 6 7; do
    for command in "test $alice imap --server localhost --port $port" \
        "connect imap localhost $port $alice"; do
        rc=0
        # shellcheck disable=SC2086 # words
        tap_run few $n "$RIG_EXO" $command || rc=$?
        if [[ $rc == 0 ]]; then
            pass "$n descriptors are enough for ${command%% *}"
        else
            is $rc 75 "${command%% *} with $n descriptors"
            like "$ERR" 'oo many open files; raise the limit of open files$' 'says so'
        fi
    done
done

# ----- it works

for proto in imap pop3 smtp; do
    for way in implicit ''; do
        mode "$proto" $way
        ok "$proto ${way:-STARTTLS}, a token of 12 KB" try "$proto"
        like "$OUT" 'C: .*<token of [0-9]{5} bytes>' 'the transcript has its size'
        like "$OUT" '^I: localhost port [0-9]+, '"${way:-STARTTLS}" 'where to,'
        like "$OUT" $'\n''I: TLSv1\.[23], the certificate is right' 'and how'
        like "$OUT" "login at localhost by $proto works" 'and says that it works'
        is "$ERR" '' 'nothing on stderr'
        hides
    done
done
like "$(tr '\1' '|' <"$RIG/seen")" "user=$alice\|auth=Bearer $token\|\|" \
    'the server has it, whole'
like "$(<"$RIG/heard")" 'EXAMINE INBOX' 'IMAP opens INBOX, and only looks'
unlike "$(<"$RIG/heard")" 'SELECT|MAIL|DATA' 'nothing is changed or sent'
mode smtp
ok 'smtp --to' try smtp --to bob@contoso.test
like "$(<"$RIG/heard")" 'RCPT TO:<bob@contoso.test>' 'sends a message'
exits 64 '--to of something else' try smtp --to 'bob>x'
exits 64 '--to for imap' try imap --to bob@contoso.test

for proto in imap pop3 smtp; do
    mode "$proto" implicit long
    ok "$proto: answers of 12 KB" try "$proto"
    like "$OUT" '<[0-9]+ bytes more>' 'are cut in the transcript'
done

for proto in imap pop3 smtp; do
    mode "$proto" caps=12000
    ok "$proto: 12 KB of capabilities" try "$proto"
    mode "$proto" caps=40000
    try "$proto" >/dev/null 2>"$RIG/err"
    like "$?" '^(0|78)$' 'too many of them do no harm'
done

# ----- the account's own server

mode imap implicit
rig_account "$alice" 'servers=smtp.contoso.test localhost'
ok 'imap without --server' x test "$alice" imap --port "$port" --tls implicit \
    --ca-file "$RIG_CA"
rig_account "$alice"

# ----- a server that the token is not for

: >"$RIG/seen"
rig_publish "$alice" "$token" servers=mail.contoso.test
for proto in imap pop3 smtp; do
    mode "$proto" implicit
    exits 78 "$proto, a server that is not in servers" try "$proto"
    one_line 'a server that is not in servers' 'may not be sent to localhost'
done
is "$(<"$RIG/seen")" '' 'no token went there'
rig_publish "$alice" "$token"

# ----- no plugin

mode imap implicit
mkdir -p "$RIG/none.d"
exits 78 'no plugin where libsasl2 looks' env SASL_PATH="$RIG/none.d" \
    SASL_CONF_PATH="$RIG/sasl2" "$RIG_EXO" test "$alice" imap --server localhost \
    --port "$port" --tls implicit --ca-file "$RIG_CA" --config "$RIG_CONF"
one_line 'no plugin where libsasl2 looks' 'no mechanism for a token'

# ----- certificates

make_cert()
{
    local name=$1 san=$2
    shift 2
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -subj /CN=test -keyout "$RIG/pki/$name.key" -out "$RIG/pki/$name.csr" &&
        openssl x509 -req -in "$RIG/pki/$name.csr" -CA "$RIG/pki/ca.crt" \
            -CAkey "$RIG/pki/ca.key" -CAcreateserial -out "$RIG/pki/$name.crt" \
            -extfile <(echo "subjectAltName=$san") "$@"
} >>"$RIG/log/pki.log" 2>&1
make_cert expired DNS:localhost -days -1 || bail 'no expired certificate'
make_cert other DNS:mail.contoso.test -days 30
: >"$RIG/seen"
for way in implicit ''; do
    for proto in imap pop3 smtp; do
        mode "$proto" $way cert=expired
        exits 78 "$proto ${way:-STARTTLS}, an expired certificate" try "$proto"
        one_line 'an expired certificate' 'certificate has expired'
        mode "$proto" $way cert=rogue
        exits 78 "$proto ${way:-STARTTLS}, a self-signed certificate" try "$proto"
        one_line 'a self-signed certificate' 'self-signed.*--ca-file'
        mode "$proto" $way cert=other
        exits 78 "$proto ${way:-STARTTLS}, a certificate of another name" \
            try "$proto"
        one_line 'a certificate of another name' 'hostname mismatch'
        mode "$proto" $way tls=1.1
        exits 75 "$proto ${way:-STARTTLS}, TLS 1.1" try "$proto"
        one_line 'TLS 1.1' 'TLS'
    done
done
mode imap implicit
exits 78 'without --ca-file' x test "$alice" imap --server localhost \
    --port "$port" --tls implicit
one_line 'without --ca-file' 'issuer.*--ca-file'
exits 64 '--ca-file that is none' try imap --ca-file /etc/hostname
exits 64 '--ca-file that is not there' try imap --ca-file "$RIG/none"
is "$(<"$RIG/seen")" '' 'no token went anywhere'
ok 'by address' x connect imap "$TAP_LOOP" "$port" "$alice" --tls implicit \
    --ca-file "$RIG_CA" --timeout 1 </dev/null

if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' \
    2>/dev/null; then
    make_cert six 'DNS:localhost,IP:::1' -days 30
    mkdir -p "$RIG/six"
    ln -s ../pki "$RIG/six/pki"
    echo 'imap implicit cert=six' >"$RIG/six/mode"
    rig_daemon six python3 "$RIG_HERE/mailsrv.py" "$RIG/six" ::1
    rig_wait 20 test -s "$RIG/six/mailsrv.port" || bail 'no server on ::1'
    rig_account "$alice" 'servers=localhost ::1'
    rig_publish "$alice" "$token" 'servers=localhost ::1'
    ok 'by an address of IPv6' x test "$alice" imap --server ::1 \
        --port "$(<"$RIG/six/mailsrv.port")" --tls implicit --ca-file "$RIG_CA"
    rig_account "$alice"
    rig_publish "$alice" "$token"
else
    skip 'by an address of IPv6' 'no ::1 here'
fi

# ----- lines that break, garbage, silence

for proto in imap pop3 smtp; do
    for way in implicit ''; do
        for step in greeting caps starttls tls caps2 auth response visit; do
            [[ $way == implicit && $step =~ ^(caps|starttls)$ ]] && continue
            # IMAP has the response in the command.
            [[ $proto == imap && $step == auth ]] && continue
            to=()
            [[ $proto == smtp ]] && to=(--to bob@contoso.test)
            mode "$proto" $way "drop=$step"
            exits 75 "$proto ${way:-STARTTLS}, hangs up at $step" \
                try "$proto" "${to[@]}"
            one_line "hangs up at $step"
            mode "$proto" $way "garbage=$step"
            not_ok "$proto ${way:-STARTTLS}, garbage at $step" \
                try "$proto" "${to[@]}"
            one_line "garbage at $step"
            hides
        done
    done
    mode "$proto" implicit endless=greeting
    exits 78 "$proto, a line without an end" try "$proto"
    one_line 'a line without an end' 'no mail server'
    mode "$proto" implicit silent=greeting
    exits 75 "$proto, a server that never answers" try "$proto" --timeout 1
    one_line 'a server that never answers' 'is over'
    mode "$proto" implicit silent=response
    exits 75 "$proto, no answer to the token" join "$proto" --timeout 1
    one_line 'no answer to the token' 'is over'
done

# ----- always something more, or something too early

# took BYTES: the server could send no more than that before it was left
took()
{
    rig_wait 20 test -s "$RIG/taken" || : >"$RIG/taken"
    ok "$1: a bounded reply" test "$(<"$RIG/taken")" -lt $((16 * mb))
    rm -f "$RIG/taken"
}
mb=$((1024 * 1024))
for proto in imap pop3 smtp; do
    for step in greeting caps2 response visit; do
        [[ $proto == pop3 && $step =~ ^(response|visit)$ ]] && continue
        to=()
        [[ $proto$step == smtpvisit ]] && to=(--to bob@contoso.test)
        mode "$proto" implicit "flood=$step"
        not_ok "$proto, a flood at $step" try "$proto" "${to[@]}"
        one_line "a flood at $step"
        unlike "$OUT" ' works' 'is no login'
        took "$proto, $step"
    done
    mode "$proto" implicit flood=caps2
    not_ok "$proto, a flood at a login for a client" join "$proto" </dev/null
    one_line 'a flood for a client'
    mode "$proto" implicit drip=greeting
    exits 75 "$proto, a byte now and then" try "$proto" --timeout 2
    one_line 'a byte now and then' 'is over'
    mode "$proto" implicit slow=0.9
    exits 75 "$proto, each answer in time and all of them not" \
        try "$proto" --timeout 2
    one_line 'each answer in time' 'is over'
    exits 75 "$proto, the same for a client" join "$proto" --timeout 2 </dev/null
    for step in auth response; do
        mode "$proto" implicit "early=$step"
        exits 78 "$proto, accepted before the token: $step" try "$proto"
        one_line "accepted before the token: $step" 'before'
        unlike "$OUT" ' works' 'is no login'
    done
done
mode smtp implicit early=data
exits 78 'a message that is taken before it is sent' \
    try smtp --to bob@contoso.test
unlike "$OUT" 'was sent' 'was not sent'
rm -f "$RIG/taken"

# A name with two addresses, of which the first refuses.
if unshare -m true 2>/dev/null && [[ $TAP_LOOP == 127.0.0.1 ]]; then
    printf '%s\n' '::1 localhost' '127.0.0.1 localhost' >"$RIG/etc/hosts"
    mode imap implicit
    two()
    {
        # shellcheck disable=SC2016 # for the inner shell
        rig_sasl timeout 60 unshare -m sh -c \
            'mount --bind "$1" /etc/hosts && shift && exec "$@"' sh \
            "$RIG/etc/hosts" "$RIG_EXO" test "$alice" imap --tls implicit \
            --server localhost --port "$1" --ca-file "$RIG_CA" \
            --config "$RIG_CONF"
    }
    ok 'the first address refuses' two "$port"
    exits 75 'both refuse' two "$(rig_port)"
    one_line 'both refuse' 'refused \(addresses tried: 2\)'
else
    skip 'the first address refuses' 'needs root, a mount namespace and IPv4'
fi

# A name server that never answers: resolv.conf(5) would wait minutes for it.
if unshare -m true 2>/dev/null && python3 -c 'import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("127.0.0.77", 53))' 2>/dev/null
then
    rig_daemon dns python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.77", 53))
time.sleep(600)'
    printf '%s\n' 'nameserver 127.0.0.77' 'options timeout:30 attempts:5' \
        >"$RIG/etc/resolv.conf"
    mode imap implicit
    deaf()
    {
        # shellcheck disable=SC2016 # for the inner shell
        rig_sasl timeout 60 unshare -m sh -c \
            'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' sh \
            "$RIG/etc/resolv.conf" "$RIG_EXO" test "$alice" imap --server \
            mail.contoso.test --timeout 1 --config "$RIG_CONF"
    }
    exits 75 'a name server that never answers' deaf
    one_line 'a name server that never answers' 'cannot find mail.contoso.test'
else
    skip 'a name server that never answers' 'needs root and a mount namespace'
fi

# ----- what it offers

: >"$RIG/seen"
for proto in imap pop3 smtp; do
    for list in mechs=PLAIN,LOGIN mechs=; do
        mode "$proto" implicit $list
        exits 78 "$proto, $list" try "$proto"
        one_line "$list" 'offers no XOAUTH2'
    done
    mode "$proto" nostarttls
    exits 78 "$proto, no STARTTLS" try "$proto"
    one_line 'no STARTTLS' 'offers no STARTTLS'
    mode "$proto" inject
    exits 75 "$proto, plaintext behind STARTTLS" try "$proto"
    one_line 'plaintext behind STARTTLS' 'plaintext behind'
done
is "$(<"$RIG/seen")" '' 'no token went anywhere'

# ----- refused tokens

for proto in imap pop3 smtp; do
    mode "$proto" implicit refuse=auth
    exits 78 "$proto, refused" try "$proto"
    one_line 'refused'
    mode "$proto" implicit refuse=challenge
    exits 78 "$proto, refused with a challenge" try "$proto"
    like "$OUT" '<challenge> \{"status":"401"' 'the challenge is shown'
    hides
    mode "$proto" implicit refuse=later
    exits 75 "$proto, refused for now" try "$proto"
    mode "$proto" implicit refuse=echo
    exits 78 "$proto, refused by a server that repeats the token" try "$proto" -v
    hides
    exits 78 'and to connect' join "$proto" -v </dev/null
    hides
done
mode smtp implicit refuse=auth
exits 78 'smtp, an answer that is in the tables' try smtp
one_line 'in the tables' '535 5\.7\.3 .*Exchange refuses the token'
mode imap implicit refuse=bye
exits 75 'imap, BYE to the login' try imap
one_line 'BYE' 'too many connections'
mode imap implicit folder=no
exits 78 'imap, a login that opens nothing' try imap
one_line 'a login that opens nothing' 'authenticated but not connected'

# ----- what a client hears

mode imap implicit refuse=auth
exits 78 'connect, IMAP' join imap </dev/null
like "$OUT" '^\* BYE [^;]*; .*'$'\r''$' 'BYE, cause and remedy'
mode pop3 implicit refuse=auth
exits 78 'connect, POP3' join pop3 </dev/null
like "$OUT" '^-ERR \[AUTH\] [^;]*; ' '-ERR [AUTH]'
mode pop3 implicit refuse=later
exits 75 'connect, POP3, later' join pop3 </dev/null
like "$OUT" '^-ERR \[SYS/TEMP\] ' '-ERR [SYS/TEMP]'
mode pop3 implicit cert=expired
exits 78 'connect, POP3, an expired certificate' join pop3 </dev/null
like "$OUT" '^-ERR \[SYS/PERM\] ' '-ERR [SYS/PERM]'
mode smtp implicit refuse=auth
exits 78 'connect, SMTP' join smtp </dev/null
like "$OUT" '^421 4\.7\.0 ' '421, so that no mail is sent back'
exits 64 'connect, --ca-file that is not there' x connect pop3 localhost \
    "$port" "$alice" --ca-file "$RIG/none"
like "$OUT" '^-ERR \[SYS/PERM\] cannot read' 'is told in the protocol, too'
mkdir -p "$RIG/bad"
echo 'no configuration' >"$RIG/bad/exoauth.conf"
exits 78 'connect, a broken configuration' "$RIG_EXO" connect imap localhost \
    "$port" "$alice" --config "$RIG/bad/exoauth.conf"
like "$OUT" '^\* BYE .*exoauth\.conf' 'is told in the protocol, too'
exits 64 'connect, no protocol' x connect nntp localhost 1 "$alice"
exits 64 'connect, no port' x connect imap localhost 0 "$alice"
exits 64 'connect, a word too few' x connect imap localhost "$alice"
{ cat "$RIG_CONF"; echo "account_dir: $RIG/sasl2/exoauth.d"; } >"$RIG/etc/other.conf"
exits 78 'a configuration that the plugin would not find' rig_sasl \
    "$RIG_EXO" test "$alice" imap --config "$RIG/etc/other.conf"
one_line 'a configuration that the plugin would not find' \
    "plugin would read $RIG/etc/exoauth.conf and not"

# ----- what is shown

found=$(python3 - "$RIG/shown" "$token" <<'PY'
import base64, sys
shown = open(sys.argv[1], encoding='latin-1').read()
token = sys.argv[2].encode()
forms = [token.decode()] + [base64.b64encode(token[i:]).decode() for i in range(3)]
for form in forms:
    for i in range(len(form) - 20):
        if form[i:i + 20] in shown:
            print(form[i:i + 20])
            break
PY
)
is "$found" '' 'nothing of the token, in no form, in all that was shown'
ok 'which was something' test -s "$RIG/shown"

# ----- the pipe

# pump KIND UP DOWN WHAT: bytes both ways through connect
pump()
{
    case $4 in
    gone | idle) mode imap implicit ;;
    *) mode imap implicit "fill=$3" "up=$2" ;;
    esac
    rig_sasl timeout 300 python3 "$RIG_HERE/pump.py" "$1" "$2" "$3" "$4" \
        "$RIG_EXO" connect imap localhost "$port" "$alice" --tls implicit \
        --ca-file "$RIG_CA" --config "$RIG_CONF" --timeout 3
}
ok '100 MB both ways at a time, by a socket' pump socket $((100 * mb)) \
    $((100 * mb)) both
ok '20 MB both ways at a time, by pipes' pump pipe $((20 * mb)) $((20 * mb)) both
ok 'a reader who takes his time: nothing is lost, no memory grows' \
    pump socket $((20 * mb)) $((20 * mb)) slow
ok 'a client that goes: it ends, too' pump socket 0 0 gone
ok 'by pipes, too' pump pipe 0 0 gone
ok 'a reader who goes in the middle' pump pipe 0 $((20 * mb)) closed
ok 'idle for longer than any step may take' pump socket 0 0 idle
