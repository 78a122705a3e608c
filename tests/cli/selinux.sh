#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# contrib/selinux: the module compiles, goes together with Debian's policy, and
# allows what it is there for and not more. Nothing is loaded: this needs no
# kernel with SELinux, and it cannot tell what such a kernel would refuse.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
: "${EXO_NODE_DIR:=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/exoauth-tests}"
src=${EXO_SRCDIR:-$(dirname "$0")/../..}

need_file /usr/share/selinux/devel/Makefile 'run: sudo tests/deps'
need_cmd make checkmodule semodule_unpackage
for to_cil in /usr/libexec/selinux/hll/pp /usr/lib/selinux/hll/pp; do
    [[ -x $to_cil ]] && break
done
need_file "$to_cil"
dir=$(tap_dir)
cd "$dir" || exit 1
cp "$src"/contrib/selinux/exoauth.* .

compile() { env -u MAKEFLAGS make -f /usr/share/selinux/devel/Makefile exoauth.pp; }
ok 'the module compiles' compile
unlike "$OUT$ERR" '[Ww]arning|deprecated' 'without a warning'
ok 'and is a module' semodule_unpackage exoauth.pp exoauth.mod exoauth.files
for path in /usr/bin/exoauth /usr/local/bin/exoauth '/var/lib/exoauth(/.*)?' \
    '/run/exoauth(/.*)?' '/run/exoauth/tokens(/.*)?' '/etc/sasl2/exoauth\.key' \
    '/var/spool/postfix/run/exoauth/tokens(/.*)?'; do
    ok "it labels $path" grep -qF -- "$path" exoauth.files
done
ok 'as text' "$to_cil" exoauth.pp exoauth.cil

# ----- with Debian's policy

for modules in /usr/share/selinux/default \
    "$EXO_NODE_DIR/debian/selinux-policy-default/usr/share/selinux/default" ''; do
    [[ -e $modules/base.pp.bz2 ]] && break
done
if [[ -z $modules ]] || ! command -v secilc >/dev/null ||
    ! command -v bzcat >/dev/null ||
    ! /usr/bin/python3 -c 'import setools' 2>/dev/null; then
    skip 'what the policy allows' \
        'no policy of Debian to link with; run: sudo tests/deps'
    exit
fi
# The modules that Postfix's needs.
link=(exoauth.cil)
for name in base cron getty hostname mta postfix unconfined xdg xserver; do
    bzcat "$modules/$name.pp.bz2" >"$name.pp" && "$to_cil" "$name.pp" "$name.cil"
    link+=("$name.cil")
done
ok 'the module goes together with it' \
    secilc -M true -c 33 -o policy.33 -f /dev/null "${link[@]}"

# setools belong to the python3 of Debian.
#
# Questions are collected and answered by one process, as loading a policy takes
# long: yes_/no_ SOURCE TARGET CLASS PERMISSION, whether there is a rule without
# a condition, other than those for domains that may do anything; becomes
# SOURCE TARGET CLASS TYPE [NAME].
: >questions
yes_() { echo "yes $*" >>questions; }
no_() { echo "no $*" >>questions; }
becomes() { echo "becomes $*" >>questions; }

# The plugin in Postfix.
yes_ postfix_smtp_t exoauth_token_t file read
yes_ postfix_smtp_t exoauth_token_t dir search
yes_ postfix_smtp_t exoauth_runtime_t sock_file write
yes_ postfix_smtp_t exoauth_t unix_stream_socket connectto
yes_ postfix_smtp_t init_t unix_stream_socket connectto
yes_ postfix_smtp_t postfix_private_t sock_file write
yes_ postfix_smtp_t postfix_master_t unix_stream_socket connectto
yes_ postfix_smtp_t postfix_spool_t dir search
no_ postfix_smtp_t exoauth_token_t file write
no_ postfix_smtp_t exoauth_var_lib_t file read
no_ postfix_smtp_t exoauth_key_t file read
no_ postfix_smtp_t init_runtime_t sock_file write
no_ postfix_smtpd_t exoauth_token_t file read

# Who starts the program, and that it then is in its own domain.
becomes init_t exoauth_exec_t process exoauth_t
becomes postfix_master_t exoauth_exec_t process exoauth_t
becomes system_cronjob_t exoauth_exec_t process exoauth_t
# With NoNewPrivileges=yes there is no transition without this.
yes_ init_t exoauth_t process2 nnp_transition
# Its connection, from systemd and from spawn(8).
yes_ exoauth_t init_t unix_stream_socket write
yes_ exoauth_t postfix_master_t unix_stream_socket write
yes_ exoauth_t postfix_master_t fd use

# The program.
yes_ exoauth_t http_port_t tcp_socket name_connect
yes_ exoauth_t squid_port_t tcp_socket name_connect
yes_ exoauth_t exoauth_t udp_socket create
yes_ exoauth_t cert_t file read
yes_ exoauth_t etc_t file read
yes_ exoauth_t exoauth_key_t file read
yes_ exoauth_t exoauth_t capability setuid
for permission in create write rename unlink lock setattr; do
    yes_ exoauth_t exoauth_var_lib_t file "$permission"
    yes_ exoauth_t exoauth_token_t file "$permission"
done
yes_ exoauth_t exoauth_runtime_t sock_file create
yes_ exoauth_t postfix_spool_t dir create
yes_ exoauth_t syslogd_t unix_dgram_socket sendto
no_ exoauth_t smtp_port_t tcp_socket name_connect
no_ exoauth_t shadow_t file read
no_ exoauth_t user_home_t file read
no_ exoauth_t postfix_etc_t file write
no_ exoauth_t etc_t file write

# What it makes has the right type, whoever makes the directory.
becomes exoauth_t etc_t file exoauth_key_t
for domain in exoauth_t unconfined_t; do
    becomes "$domain" var_run_t dir exoauth_runtime_t exoauth
    becomes "$domain" exoauth_runtime_t dir exoauth_token_t tokens
    becomes "$domain" var_lib_t dir exoauth_var_lib_t exoauth
    becomes "$domain" postfix_spool_t dir exoauth_runtime_t exoauth
done
yes_ systemd_tmpfiles_t exoauth_var_lib_t dir create
yes_ systemd_tmpfiles_t exoauth_token_t dir create
yes_ init_t exoauth_runtime_t sock_file create

cat >answer.py <<'PY'
import setools

policy = setools.SELinuxPolicy("policy.33")


def conditional(rule):
    try:
        return rule.conditional is not None
    except setools.exception.RuleNotConditional:
        return False


def allowed(source, target, tclass, perm):
    query = setools.TERuleQuery(policy, ruletype=["allow"], source=source,
                                target=target, tclass=[tclass], perms=[perm])
    return [str(rule) for rule in query.results() if not conditional(rule)
            and str(rule.source) != "files_unconfined_type"]


def becomes(source, target, tclass, default, name=None):
    query = setools.TERuleQuery(policy, ruletype=["type_transition"],
                                source=source, target=target, tclass=[tclass])
    found = []
    for rule in query.results():
        try:
            given = rule.filename
        except setools.exception.TERuleNoFilename:
            given = None
        if str(rule.default) == default and given == name:
            found.append(str(rule))
    return found


for line in open("questions"):
    what, *rest = line.split()
    found = becomes(*rest) if what == "becomes" else allowed(*rest)
    print("ok" if bool(found) == (what != "no") else found or "no such rule",
          line.strip(), sep="\t", flush=True)
PY
ok 'the policy can be asked' /usr/bin/python3 answer.py
is "$(grep -c . <<<"$OUT")" "$(grep -c . questions)" 'about everything'
while IFS=$'\t' read -r verdict question; do
    is "$verdict" ok "$question"
done <<<"$OUT"
