/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What mail servers answer to a login or a mail, Exchange Online's own first
 * of all. explain.c takes the first row that matches, so a number with its
 * words stands before the number alone. OBJECT_ID and the like in a command
 * are the reader's to replace.
 *
 * All is static; nothing is allocated and nothing fails.
 */
#include "config.h"

#include "explain_texts.h"

#define EXO_OAUTH \
    "Microsoft Learn: Authenticate an IMAP, POP or SMTP connection using OAuth"
#define EXO_SMTPAUTH "Microsoft Learn: Authenticated client SMTP submission"
#define EXO_SUBMIT "Microsoft Learn: Fix issues with SMTP client submission"
#define EXO_THROTTLE "Microsoft Learn: SMTP submission improvements"
#define EXO_CET "Microsoft Learn: Continuous error throttling, SMTP AUTH"
#define EXO_HVE "Microsoft Learn: Troubleshoot High Volume Email"
#define EXO_BASIC "Exchange team blog: Basic authentication, Client Submission"
#define RFC4954 "RFC 4954, section 6"
#define RFC5530 "RFC 5530, section 3"
#define SEEN_REPLY "public reports of this answer"

/* clang-format off */
const struct exo_mail_answer exo_explain_exchange[] = {
    { "5.7.139*disabled for the tenant",
      { "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant",
        "authenticated SMTP is off in the whole tenant, for tokens as well as "
        "for passwords",
        "switch it on for this mailbox, which overrides the tenant; security "
        "defaults must be off",
        WHO_EXCHANGE,
        "Set-CASMailbox MAILBOX -SmtpClientAuthenticationDisabled $false",
        TAKES_EXCHANGE, EXO_SMTPAUTH } },
    { "5.7.139*disabled for the mailbox",
      { "535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox",
        "authenticated SMTP is off for this mailbox, for tokens as well as "
        "for passwords",
        "switch it on for the mailbox",
        WHO_EXCHANGE,
        "Set-CASMailbox MAILBOX -SmtpClientAuthenticationDisabled $false",
        TAKES_EXCHANGE, EXO_SMTPAUTH } },
    { "5.7.139*did not meet the criteria",
      { "535 5.7.139 the request did not meet the criteria",
        "Conditional Access or an authentication policy of the tenant forbids "
        "this login",
        "find the login in Entra: Sign-in logs, Conditional Access, and "
        "exclude app or user from that policy",
        WHO_ADMIN, RUN_POLICIES, TAKES_MINUTES, SEEN_REPLY } },
    { "5.7.139*security defaults",
      { "535 5.7.139 user is locked by security defaults policy",
        "the security defaults of the tenant switch authenticated SMTP off",
        "replace security defaults by Conditional Access (Entra: Overview, "
        "Properties), then allow SMTP for the mailbox",
        WHO_ADMIN,
        "Set-CASMailbox MAILBOX -SmtpClientAuthenticationDisabled $false",
        TAKES_EXCHANGE, EXO_SMTPAUTH } },
    { "5.7.139*credentials were incorrect",
      { "535 5.7.139 the user credentials were incorrect",
        "a password or a token that is not for this mailbox was refused",
        "see that the program offers XOAUTH2 and not LOGIN or PLAIN, and that "
        "user= is the mailbox",
        WHO_HOST, RUN_SHOW, TAKES_NOW, SEEN_REPLY } },
    { "5.7.139*basic authentication is disabled",
      { "535 5.7.139 basic authentication is disabled",
        "the program sent a password, and the tenant takes none",
        "set smtp_sasl_mechanism_filter = xoauth2, or the like in another "
        "program",
        WHO_HOST, "postconf -e 'smtp_sasl_mechanism_filter = xoauth2'",
        TAKES_NOW, SEEN_REPLY } },
    { "5.7.139*organization configuration|5.7.139*doesn't allow this auth",
      { "535 5.7.139 the organization configuration doesn't allow this "
        "authentication request",
        "an authentication policy of the tenant forbids this way to log in",
        "allow it in the authentication policy of the account, or use OAuth "
        "with an account of High Volume Email",
        WHO_EXCHANGE,
        "Get-AuthenticationPolicy | Format-List Name,AllowBasicAuth*",
        TAKES_EXCHANGE, EXO_HVE } },
    { "5.7.139",
      { "535 5.7.139 Authentication unsuccessful",
        "a setting of the tenant or mailbox forbids this login; the words "
        "after the number say which",
        "compare those words with the other answers of exoauth explain "
        "5.7.139; then allow SMTP for the mailbox",
        WHO_EXCHANGE,
        "Set-CASMailbox MAILBOX -SmtpClientAuthenticationDisabled $false",
        TAKES_EXCHANGE, SEEN_REPLY } },
    { "5.7.30",
      { "550 5.7.30 Basic authentication is not supported for Client "
        "Submission",
        "the program sent a password; Exchange Online takes OAuth tokens only",
        "have the program use XOAUTH2",
        WHO_HOST, "postconf -e 'smtp_sasl_mechanism_filter = xoauth2'",
        TAKES_NOW, EXO_BASIC } },
    { "5.7.57|client not authenticated to send",
      { "5.7.57 Client not authenticated to send mail",
        "the program sent mail without logging in, because it was not told to "
        "or found no mechanism",
        "switch authentication on (in Postfix smtp_sasl_auth_enable = yes) "
        "and see that AUTH offers XOAUTH2",
        WHO_HOST, "postconf -e 'smtp_sasl_auth_enable = yes'", TAKES_NOW,
        EXO_SUBMIT } },
    { "5.7.60|does not have permissions to send as",
      { "550 5.7.60 Client does not have permissions to send as this sender",
        "the From address is not that of the mailbox that logged in",
        "grant Send As on that address, or send from the mailbox's own",
        WHO_EXCHANGE,
        "Add-RecipientPermission MAILBOX -AccessRights SendAs -Trustee "
        "USER_OR_OBJECT_ID",
        TAKES_EXCHANGE, EXO_SUBMIT } },
    { "5.2.252*throttled|continuous send as denied",
      { "550 5.2.252 Sender throttled due to continuous send as denied errors",
        "so many mails had a forbidden From address that the sender is "
        "blocked for a while",
        "stop sending from that address, or grant Send As on it",
        WHO_EXCHANGE,
        "Add-RecipientPermission MAILBOX -AccessRights SendAs -Trustee "
        "USER_OR_OBJECT_ID",
        "when the errors have stopped", EXO_CET } },
    { "SendAsDenied|5.2.252",
      { "554 5.2.252 SendAsDenied",
        "the From address is not that of the mailbox that logged in",
        "grant Send As on that address, or send from the mailbox's own",
        WHO_EXCHANGE,
        "Add-RecipientPermission MAILBOX -AccessRights SendAs -Trustee "
        "USER_OR_OBJECT_ID",
        TAKES_EXCHANGE, EXO_OAUTH } },
    { "5.2.251",
      { "550 5.2.251 Sender throttled due to continuous mailbox full errors",
        "the mailbox is full, and so many mails failed that the sender is "
        "blocked",
        "empty the mailbox or its Sent Items, or raise its quota",
        WHO_EXCHANGE,
        "Get-MailboxStatistics MAILBOX | Format-List TotalItemSize",
        "when the errors have stopped", EXO_CET } },
    { "5.2.253",
      { "550 5.2.253 Sender throttled due to continuous invalid licence errors",
        "the mailbox has no valid Exchange licence, and the sender is blocked",
        "assign a licence with Exchange Online to the user",
        WHO_ADMIN, "Get-MgUserLicenseDetail -UserId USER",
        "up to a day for a new mailbox", EXO_CET } },
    { "5.2.254",
      { "550 5.2.254 Sender throttled due to continuous too many recipients "
        "errors",
        "more recipients were sent to than the mailbox may, and the sender is "
        "blocked",
        "send to fewer recipients, or use High Volume Email",
        WHO_HOST, "mailq",
        "when the errors have stopped", EXO_CET } },
    { "5.2.255",
      { "550 5.2.255 Sender throttled due to continuous invalid recipients "
        "errors",
        "too many recipient addresses do not exist, and the sender is blocked",
        "correct the addresses in what sends the mail",
        WHO_HOST, "mailq", "when the errors have stopped",
        EXO_CET } },
    { "mailbox full|QuotaExceeded|5.2.2",
      { "554 5.2.2 mailbox full",
        "the sending mailbox is over its quota, so Sent Items cannot grow",
        "empty the mailbox, or raise its quota",
        WHO_EXCHANGE,
        "Get-MailboxStatistics MAILBOX | Format-List TotalItemSize",
        TAKES_EXCHANGE, EXO_THROTTLE } },
    { "5.7.3",
      { "535 5.7.3 Authentication unsuccessful",
        "Exchange refuses the token: wrong object id in New-ServicePrincipal, "
        "no permission on the mailbox, another user=, or changes too fresh",
        "compare the object id with Entra: Enterprise applications (not App "
        "registrations), then wait",
        WHO_EXCHANGE,
        "New-ServicePrincipal -AppId CLIENT_ID -ObjectId "
        "OBJECT_ID_OF_THE_ENTERPRISE_APPLICATION; Add-MailboxPermission "
        "-Identity MAILBOX -User OBJECT_ID_OF_THE_ENTERPRISE_APPLICATION "
        "-AccessRights FullAccess",
        TAKES_EXCHANGE, EXO_OAUTH } },
    { "MapiExceptionLogonFailed|4.2.0*logon failure|STOREDRV*logon "
      "failure|4.2.0",
      { "430 4.2.0 STOREDRV; mailbox logon failure",
        "the login worked, but the app has no permission on this mailbox; "
        "this does not pass by itself",
        "give the service principal access to the mailbox, or a role of RBAC "
        "for Applications with it in scope",
        WHO_EXCHANGE,
        "Add-MailboxPermission -Identity MAILBOX -User USER_OR_OBJECT_ID "
        "-AccessRights FullAccess",
        TAKES_EXCHANGE, SEEN_REPLY } },
    { "concurrent connections",
      { "432 4.3.2 Concurrent connections limit exceeded",
        "more than three connections at once log in to this mailbox",
        "limit the connections of the program; the mail is sent later",
        WHO_HOST, "postconf -e 'smtp_destination_concurrency_limit = 3'",
        TAKES_PASSES, EXO_THROTTLE } },
    { "thread limit|4.3.2",
      { "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
        "the mailbox sends too much at the same time; at most three "
        "connections and 30 messages a minute",
        "limit connections and pace; the mail is sent later",
        WHO_HOST,
        "postconf -e 'smtp_destination_concurrency_limit = 3' "
        "'smtp_destination_rate_delay = 2s'",
        TAKES_PASSES, EXO_THROTTLE } },
    { "5.2.0",
      { "554 5.2.0 STOREDRV submission",
        "the mailbox has reached its 10,000 recipients of the day, or the "
        "mailbox store refuses the message",
        "wait for the next day, or use High Volume Email for bulk mail",
        WHO_HOST, "mailq", "up to a day", EXO_THROTTLE } },
    { "5.5.127|token will expire soon",
      { "501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon",
        "High Volume Email wants a token with at least ten minutes left",
        "set refresh_margin to 600 or more in exoauth.conf, and have a new "
        "token made",
        WHO_HOST, RUN_REFRESH, TAKES_NOW, EXO_HVE } },
    { "authenticated but not connected",
      { "BAD User is authenticated but not connected",
        "IMAP took the token, but its owner may not open the mailbox of user=",
        "compare user and scope in the account file, and give the owner of "
        "the token access to the mailbox",
        WHO_EXCHANGE,
        "Add-MailboxPermission -Identity MAILBOX -User USER_OR_OBJECT_ID "
        "-AccessRights FullAccess",
        TAKES_EXCHANGE, SEEN_REPLY } },
    { "AccessTokenExpired",
      { "BYE Session invalidated - AccessTokenExpired",
        "the access token ended while the session was open",
        "let the program connect again; it gets a new token by itself",
        WHO_NOBODY, RUN_STATUS, TAKES_NOW, SEEN_REPLY } },
    { "Protocol error*Connection is closed",
      { "-ERR Protocol error. Connection is closed",
        "Exchange wants AUTH XOAUTH2 and the response of POP3 on two lines, "
        "and the program sends one",
        "set initial_response: no in the exoauth.conf of that program, or use "
        "IMAP; some tenants also refuse tokens above 4096 bytes here",
        WHO_HOST, RUN_SHOW, TAKES_NOW, EXO_OAUTH } },
    { "err authentication failure|unknown user name or bad password",
      { "-ERR Authentication failure: unknown user name or bad password",
        "Exchange refuses the token for POP3: no POP permission, another "
        "user=, or POP is off for the mailbox",
        "give the app POP.AccessAsApp or POP.AccessAsUser.All, the mailbox "
        "permission, and POP",
        WHO_EXCHANGE, "Set-CASMailbox MAILBOX -PopEnabled $true",
        TAKES_EXCHANGE, EXO_OAUTH } },
    { "no authenticate failed|authenticate failed",
      { "NO AUTHENTICATE failed",
        "Exchange refuses the token for IMAP: no IMAP permission, another "
        "user=, or IMAP is off for the mailbox",
        "give the app IMAP.AccessAsApp or IMAP.AccessAsUser.All, the mailbox "
        "permission, and IMAP",
        WHO_EXCHANGE, "Set-CASMailbox MAILBOX -ImapEnabled $true",
        TAKES_EXCHANGE, EXO_OAUTH } },
    { "5.7.4|unrecognized authentication type|5.5.4*auth",
      { "504 5.7.4 Unrecognized authentication type",
        "the server does not offer XOAUTH2 here: no TLS yet, the wrong port, "
        "or a server of one's own",
        "use port 587 with STARTTLS and the host names of the account's "
        "servers",
        WHO_HOST, "postconf -e 'smtp_tls_security_level = secure'", TAKES_NOW,
        RFC4954 } },
    { "454 4.7.0",
      { "454 4.7.0 Temporary authentication failure",
        "the server cannot check logins at the moment, or counts too many of "
        "them",
        "wait, the mail program tries again",
        WHO_NOBODY, "mailq", TAKES_PASSES, RFC4954 } },
    { "5.7.8|username and password not accepted",
      { "535 5.7.8 Authentication credentials invalid",
        "the server refuses the token: not for this mailbox or service, "
        "revoked, or a password was sent",
        "compare user and scope in the account file, then have a new token "
        "made",
        WHO_HOST, RUN_REFRESH, TAKES_NOW, RFC4954 } },
    { "530 5.7.0|5.7.11|must issue a STARTTLS",
      { "530 5.7.0 Must issue a STARTTLS command first",
        "the server takes a login or mail only after STARTTLS",
        "have the program use TLS",
        WHO_HOST, "postconf -e 'smtp_tls_security_level = secure'", TAKES_NOW,
        RFC4954 } },
    { "5.5.6|5.5.2*too long|command line too long|line too long",
      { "500 5.5.6 Authentication exchange line is too long",
        "the token is longer than the server takes in one line",
        "have the program send the token after AUTH, as Postfix does; a token "
        "above 9 KB fits nowhere",
        WHO_HOST, RUN_SHOW, TAKES_NOW, RFC4954 } },
    { "[AUTHENTICATIONFAILED]",
      { "NO [AUTHENTICATIONFAILED]",
        "the IMAP server refuses the token: revoked, for another service, or "
        "not for this mailbox",
        "compare user and scope in the account file, then have a new token "
        "made",
        WHO_HOST, RUN_REFRESH, TAKES_NOW, RFC5530 } },
    { "[AUTHORIZATIONFAILED]",
      { "NO [AUTHORIZATIONFAILED]",
        "the token is right, but its owner may not act for user=",
        "correct user in the account file, or give the owner of the token "
        "access to that mailbox",
        WHO_EXCHANGE,
        "Add-MailboxPermission -Identity MAILBOX -User USER_OR_OBJECT_ID "
        "-AccessRights FullAccess",
        TAKES_EXCHANGE, RFC5530 } },
    { "[UNAVAILABLE]",
      { "NO [UNAVAILABLE]",
        "a part of the IMAP server is down for a while",
        "wait, the mail program tries again",
        WHO_NOBODY, RUN_STATUS, TAKES_PASSES, RFC5530 } },
};
/* clang-format on */

const size_t exo_explain_exchange_len =
    sizeof(exo_explain_exchange) / sizeof(exo_explain_exchange[0]);
