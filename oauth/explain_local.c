/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs on this host say: Postfix, mbsync, libsasl2 and exoauth
 * itself. explain.c takes the first row that matches, after those of
 * explain_exchange.c; libsasl2's words for our states come last, because
 * the line that holds them often has the cause beside them.
 *
 * All is static; nothing is allocated and nothing fails.
 */
#include "config.h"

#include "explain_texts.h"

#define POSTFIX "Postfix SASL_README"
#define CYRUS "Cyrus SASL, lib/common.c"
#define ISYNC "mbsync(1)"
#define AZURE_VM "Microsoft Learn: Managed identities, how to use a VM token"
#define MAN1 "exoauth(1)"
#define MAN5 "exoauth.conf(5)"
#define MAN8 "libexoauth(8)"

/* clang-format off */
const struct exo_mail_answer exo_explain_local[] = {
    { "No worthy mechs",
      { "No worthy mechs found",
        "libsasl2 has no mechanism that fits: the plugin is not loaded, has "
        "no account, or the security options forbid it",
        "set smtp_sasl_tls_verified_security_options = noanonymous, use level "
        "secure, and reload Postfix after the first account",
        WHO_HOST,
        "saslpluginviewer -c; postconf -e "
        "'smtp_sasl_tls_verified_security_options = noanonymous'; postfix "
        "reload",
        TAKES_NOW, POSTFIX } },
    { "no mechanism available",
      { "no mechanism available",
        "libsasl2 offers nothing that the server and the security options "
        "allow",
        "see that XOAUTH2 is listed, the certificate is verified, and reload "
        "Postfix after the first account",
        WHO_HOST,
        "saslpluginviewer -c; postconf -e "
        "'smtp_sasl_tls_verified_security_options = noanonymous'; postfix "
        "reload",
        TAKES_NOW, POSTFIX } },
    { "unable to find a callback",
      { "Unable to find a callback: 32775",
        "an old text of libsasl2 hides the reason: a mechanism wanted a "
        "password that nobody gave",
        "see that the account exists under the name the program logs in with, "
        "and that XOAUTH2 is used",
        WHO_HOST, "exoauth list; saslpluginviewer -c", TAKES_NOW, CYRUS } },
    { "passphrase expired",
      { "passphrase expired, has to be reset",
        "the state needs-login: someone must authorise again; nothing is "
        "asked of the provider until then",
        "see what the provider said, then log in again",
        WHO_USER, "exoauth status; exoauth login ACCOUNT", TAKES_NOW, MAN8 } },
    { "may not go to",
      { "the token may not go to this server",
        "the server is not in servers of the account, so the token stayed here",
        "correct the server in the mail program, or add it to servers in the "
        "account file",
        WHO_HOST, "exoauth login ACCOUNT --set servers='SERVERS HOST'", TAKES_NOW,
        MAN5 } },
    { "no client secret is stored",
      { "no client secret is stored",
        "the app of this account has not been given its secret",
        "store the client secret, or name a secret_file",
        WHO_HOST, RUN_SECRET, TAKES_NOW, MAN1 } },
    { "no credential is stored",
      { "no credential is stored",
        "nobody has authorised this account yet",
        "have its user log in",
        WHO_USER, RUN_LOGIN, TAKES_NOW, MAN1 } },
    { "may not open the store|may not have the token",
      { "uid N may not have the token",
        "the user that the mail program runs as may not ask for this account",
        "set token_group to the group of the program, or name it in allow of "
        "the account, beside the others that use it",
        WHO_HOST, "exoauth login ACCOUNT --set allow='USER @GROUP'", TAKES_NOW,
        MAN5 } },
    { "no account in|no account*exoauth login",
      { "no account in exoauth.d",
        "the name that the program logs in with is no account here",
        "compare it with the list, or make the account",
        WHO_HOST, "exoauth list", TAKES_NOW, MAN1 } },
    { "could not be saved|damaged credential|store is damaged",
      { "the store is damaged or full",
        "the credential store cannot be written or read",
        "mend the disk or restore the previous copy, then look at the status",
        WHO_HOST, "exoauth status", TAKES_NOW, MAN1 } },
    { "identity not found|no user assigned or delegated managed identity",
      { "Identity not found",
        "this host has no managed identity, or none with this client_id",
        "assign one to it (Azure portal: Identity), or correct client_id in "
        "the account file",
        "whoever runs the host in Azure",
        "az vm identity assign -g GROUP -n HOST", TAKES_MINUTES, AZURE_VM } },
    { "answers for issuer*calls itself",
      { "who answers for issuer URL calls itself another name",
        "the provider's metadata names another issuer, or another server "
        "answers in its place",
        "compare issuer with the one in the provider's documents, to the "
        "letter, also a slash at the end",
        WHO_HOST, "exoauth login ACCOUNT --set issuer=URL", TAKES_NOW,
        "RFC 8414, section 3.3" } },
    { "managed_identity works on",
      { "managed_identity works on Azure's own hosts only",
        "nothing answers where a host of Azure gives out its identity",
        "use another grant here, or set identity_endpoint if the service is "
        "elsewhere",
        WHO_HOST, RUN_SHOW, TAKES_NOW, MAN5 } },
    { "no socket answered|nothing published",
      { "no token: nothing published, and no socket answered",
        "the login reached neither a published token nor exoauth serve",
        "publish again, and see that chroot, token_group and the spawn "
        "service of master.cf are set",
        WHO_HOST, "exoauth refresh --all; postconf -M exoauth/unix", TAKES_NOW,
        MAN8 } },
    { "cannot connect to|could not resolve",
      { "cannot connect to the provider",
        "this host does not reach the provider",
        "check network, DNS, firewall, and proxy in exoauth.conf",
        WHO_HOST, RUN_REFRESH, TAKES_PASSES, MAN1 } },
    { "remote authentication server unavailable",
      { "remote authentication server unavailable",
        "the state transient: the provider, the network or exoauth serve does "
        "not answer",
        "wait, it is tried again; see what was last said",
        WHO_NOBODY, "exoauth status", TAKES_PASSES, MAN8 } },
    { "error when parsing configuration file",
      { "error when parsing configuration file",
        "the state misconfigured or denied: secret, tenant, scope, app or "
        "permissions are wrong",
        "see what was last said and do what it names",
        WHO_HOST, "exoauth status", TAKES_RETRY, MAN8 } },
    { "user not found",
      { "user not found",
        "the name that the program logs in with is no account here",
        "compare it with the list, or make the account",
        WHO_HOST, "exoauth list", TAKES_NOW, MAN8 } },
    { "malformed response",
      { "warning: private/smtp socket: malformed response",
        "the smtp process of Postfix died, often in a plugin or library it "
        "had loaded",
        "look for the crash in the system log, and for other SASL plugins",
        WHO_HOST, "ls /usr/lib/*/sasl2; journalctl -k", TAKES_NOW, POSTFIX } },
    { "AUTHENTICATE XOAUTH2|AUTHENTICATE OAUTHBEARER",
      { "IMAP command AUTHENTICATE XOAUTH2 returned an error",
        "the IMAP server refused the login; this line holds the token itself, "
        "so do not pass it on",
        "look at the words after it, compare user and scope, and have a new "
        "token made",
        WHO_HOST, RUN_REFRESH, TAKES_NOW, ISYNC } },
    { "generic failure",
      { "generic failure",
        "a mechanism or its plugin failed without saying why",
        "look for the line before it in the log, and for a second XOAUTH2 "
        "plugin",
        WHO_HOST, "ls /usr/lib/*/sasl2; saslpluginviewer -c", TAKES_NOW,
        CYRUS } },
};
/* clang-format on */

const size_t exo_explain_local_len =
    sizeof(exo_explain_local) / sizeof(exo_explain_local[0]);
