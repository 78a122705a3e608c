# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# setup.sh: a plain Postfix for the tests of `exoauth setup postfix`, sourced
# after rig.sh.
#
#   setup_rig                    provider, Dovecot and MX; an exoauth.conf
#                                without a word about Postfix
#   setup_client [y|n]           both, with what tests call relay, bob, smtp and,
#                                of a Postfix "client", etc, queue and log
#   setup_plain NAME [y|n]       a Postfix that hands its mail to the MX without
#                                a login, its smtp(8) chrooted or not
#   setup NAME ACCOUNT... [OPT]...   exoauth setup postfix for that one
#   setup_undo NAME [OPT]...
#   setup_sums FILE|DIR...       what is in them, to be compared

setup_rig()
{
    need_root 'Postfix starts only as root'
    rig_init
    rig_as_start
    RIG_MX_PORT=$(rig_port)
    rig_dovecot_start
    rig_mx_start
    rig_conf socket
    rig_conf token_group
}

setup_client()
{
    relay=relay@contoso.test
    bob=bob@contoso.test
    setup_rig
    smtp="[localhost]:$RIG_SUBMISSION_PORT"
    setup_plain client "${1:-y}"
    etc=$(rig_postfix_etc client)
    queue=$(rig_postfix_queue client)
    log=$(rig_postfix_log client)
}

# master(8) keeps little of what starts it; that it passes these two on is how
# the built plugin and its configuration are found, and the CA is the rig's.
setup_plain()
{
    local name=$1 chroot=${2:-y} queue
    rig_postfix_make "$name"
    queue=$(rig_postfix_queue "$name")
    rig_postfix_conf "$name" "relayhost=[$TAP_LOOP]:$RIG_MX_PORT" \
        "smtp_tls_CAfile=$RIG_CA" smtp_host_lookup=native \
        "import_environment=MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C SASL_PATH=$RIG_SASL SASL_CONF_PATH=$RIG/sasl2"
    rig_postfix_master "$name" -F "smtp/unix/chroot=$chroot"
    [[ $chroot == y ]] && rig_postfix_jail "$queue"
    return 0
}

setup()
{
    local name=$1
    shift
    exo setup postfix "$@" --config-dir "$(rig_postfix_etc "$name")"
}

setup_undo()
{
    local name=$1
    shift
    exo setup postfix --undo "$@" --config-dir "$(rig_postfix_etc "$name")"
}

setup_sums()
{
    find "$@" -printf '%p %y %m %U:%G %l\n' | LC_ALL=C sort
    find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}
