# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# doctor.sh: for the tests of exoauth doctor, to be sourced after site.sh.
#
#   doctor_up                    plugin directories, a postconf of our own, and
#                                a Postfix that is not set up
#   doctor_postfix               a Postfix where all is well, of the account $me:
#                                $main, $master and $map are its files
#   postfix [KEY=VALUE]...       that one, but for these parameters of main.cf
#   doctor [ARG]...              exoauth doctor of this site, with the plugins
#                                of $DOCTOR_PLUGINS
#   doctor_any [ARG]...          the same, failing only where doctor itself fails
#   all_have_remedies            of every warning and failure so far
#   has LEVEL CHECK REGEX DESC   a line of $OUT
#   site_state                   owner, mode and content of all that exoauth
#                                keeps, as one word
#   kdexoauth2                   prints the path of Debian's libkdexoauth2.so
#   cc_plugin NAME CODE          a plugin in $SITE/NAME that does this
#   cc_rival                     one in $SITE/rival that ranks above ours

doctor_up()
{
    mkdir -p "$SITE"/{bin,plugins,empty,broken,crash,hang,kde,rival,dead,postfix}
    ln -s "$EXO_BUILDDIR/.libs/libexoauth.so" "$SITE/plugins/libexoauth.so"
    need_file "$SITE/plugins/libexoauth.so" 'run: make'
    cat >"$SITE/bin/postconf" <<END
#!/bin/sh
case \$1 in -c) shift 2 ;; esac
test -e "$SITE/postfix/main.cf" || {
    echo "postconf: fatal: open $SITE/postfix/main.cf: No such file or directory" >&2
    exit 1
}
exec /usr/sbin/postconf -c "$SITE/postfix" "\$@"
END
    chmod 0755 "$SITE/bin/postconf"
    DOCTOR_PLUGINS=$SITE/plugins
}

doctor_postfix()
{
    main=$SITE/postfix/main.cf
    master=$SITE/postfix/master.cf
    map=$SITE/postfix/sasl_passwd
    printf '%s\n' "[mail.contoso.test]:587 $me" >"$map"
    cat >"$SITE/good.cf" <<END
compatibility_level = 3.6
queue_directory = $SITE_ROOT
mail_owner = postfix
import_environment = MAIL_CONFIG SASL_PATH=$SITE/plugins
relayhost = [mail.contoso.test]:587
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = texthash:$map
smtp_sasl_tls_verified_security_options = noanonymous
smtp_tls_security_level = secure
smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt
END
    cat >"$SITE/good.master" <<END
smtp      unix  -       -       y       -       -       smtp
relay     unix  -       -       y       -       -       smtp
local     unix  -       n       n       -       -       local
exoauth   unix  -       n       n       -       100     spawn user=nobody argv=$EXO serve
END
}

postfix()
{
    local pair
    cp "$SITE/good.cf" "$main"
    cp "$SITE/good.master" "$master"
    for pair; do
        sed -i "/^${pair%%=*} *=/d" "$main"
        echo "${pair%%=*} = ${pair#*=}" >>"$main"
    done
}

doctor()
{
    local rc=0
    PATH=$SITE/bin:$PATH SASL_PATH=$DOCTOR_PLUGINS "$EXO" doctor "$@" \
        --config "$SITE_CONF" >"$SITE/doctor.out" || rc=$?
    grep -E '^(warning|failure) ' "$SITE/doctor.out" >>"$SITE/doctor.bad"
    cat "$SITE/doctor.out" || rc=74
    return "$rc"
}

# Of every run.
all_have_remedies()
{
    local found
    found=$(grep -vE '; [a-z]' "$SITE/doctor.bad" | sort -u)
    is "$found" '' 'every warning and failure says what to do'
}

# Whatever it finds; not what a crash or a wrong call leaves behind.
doctor_any()
{
    local rc=0
    doctor "$@" || rc=$?
    [[ $rc == 0 || $rc == 67 || ($rc -ge 74 && $rc -le 78) ]]
}

has()
{
    if grep -qE -e "^$1 +$2 +.*$3" <<<"$OUT"; then
        pass "$4: $1"
        return
    fi
    fail "$4: $1"
    diag "no line of $2 with: $3"
    diag "$OUT"
}

site_state()
{
    (cd "$SITE" && find etc store run jail secret \
        -not -name '*.lock' -printf '%p %U %m %T@\n' | sort) | cksum
}

# shellcheck disable=SC2120
kdexoauth2()
{
    local dir=$SITE/kde.deb
    mkdir -p "$dir"
    (cd "$dir" && apt-get download libsasl2-modules-kdexoauth2 &&
        dpkg -x ./*.deb .) >/dev/null 2>&1 || return 1
    readlink -f "$(find "$dir" -name libkdexoauth2.so | head -n 1)"
}

# With the headers of libsasl2, which are needed to build exoauth, too.
cc_plugin()
{
    command -v "${CC:-cc}" >/dev/null || return 1
    printf '%s\n' '#include <signal.h>' '#include <unistd.h>' '#include <sasl/sasl.h>' \
        '#include <sasl/saslplug.h>' "${3:-}" \
        'int sasl_client_plug_init(const sasl_utils_t *utils, int max,' \
        '    int *version, sasl_client_plug_t **list, int *count)' \
        '{ (void)utils; (void)max; *version = SASL_CLIENT_PLUG_VERSION;' \
        "  *list = 0; *count = 0; $2 return SASL_OK; }" >"$SITE/$1.c"
    "${CC:-cc}" -shared -fPIC -o "$SITE/$1/lib$1.so" "$SITE/$1.c"
}

cc_rival()
{
    cc_plugin rival '*list = &rival; *count = 1;' \
        'static int step(void) { return SASL_FAIL; }
static sasl_client_plug_t rival = { "XOAUTH2", 0,
    SASL_SEC_NOANONYMOUS | SASL_SEC_NOPLAINTEXT | SASL_SEC_PASS_CREDENTIALS,
    SASL_FEAT_WANT_CLIENT_FIRST, 0, 0, (void *)step, (void *)step, 0, 0, 0,
    0, 0 };'
}
