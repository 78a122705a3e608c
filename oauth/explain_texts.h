/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files oauth/explain*.c only: the tables, and the texts that
 * serve several rows. A case is a list of members of struct exo_explanation,
 * from meaning to takes; a row adds the code before it and the source behind
 * it. "Entra: A, B" is the way through the Entra admin centre's menu; words
 * in capitals are the reader's to replace.
 */
#ifndef EXOAUTH_EXPLAIN_TEXTS_H
#define EXOAUTH_EXPLAIN_TEXTS_H

#include "answer.h"
#include "exoauth/explain.h"

/* What a mail program or server says. match holds alternatives divided by
 * "|", each of parts divided by "*" that follow each other in the text. */
struct exo_mail_answer {
    const char *match;
    struct exo_explanation what;
};

extern const struct exo_explanation exo_explain_aadsts[];
extern const size_t exo_explain_aadsts_len;
extern const struct exo_explanation exo_explain_oauth[];
extern const size_t exo_explain_oauth_len;
/* The first that matches is meant: the special stand before the general. */
extern const struct exo_mail_answer exo_explain_exchange[];
extern const size_t exo_explain_exchange_len;
extern const struct exo_mail_answer exo_explain_local[];
extern const size_t exo_explain_local_len;

/* clang-format off */
#define WHO_ADMIN "an administrator of the tenant"
#define WHO_EXCHANGE "an Exchange administrator"
#define WHO_USER "the user of the mailbox"
#define WHO_HOST "whoever runs exoauth on this host"
#define WHO_NOBODY "nobody, it passes"

#define RUN_LOGIN "exoauth login ACCOUNT"
#define RUN_SECRET "exoauth login ACCOUNT --secret-file FILE"
#define RUN_TENANT "exoauth login ACCOUNT --set tenant=TENANT"
#define RUN_REFRESH "exoauth refresh ACCOUNT --force"
#define RUN_SHOW "exoauth show ACCOUNT"
#define RUN_STATUS "exoauth status ACCOUNT"
#define RUN_POLICIES "Get-MgIdentityConditionalAccessPolicy"
#define RUN_CONSENT \
    "open https://login.microsoftonline.com/TENANT/adminconsent?client_id=" \
    "CLIENT_ID, then exoauth refresh ACCOUNT --force"

#define TAKES_NOW "at once"
#define TAKES_RETRY \
    "at once with exoauth refresh ACCOUNT --force, else within the hour"
#define TAKES_MINUTES "a few minutes"
#define TAKES_SECRET "at once; a new secret needs about a minute to be known"
#define TAKES_CODE "as long as the code lives, usually 15 minutes"
#define TAKES_EXCHANGE \
    "15 to 30 minutes, for a new mailbox up to a day"
#define TAKES_PASSES "seconds to minutes; exoauth tries again by itself"

#define ENTRA "Microsoft Learn: Entra authentication error codes (AADSTS)"
#define ENTRA_DEVICE "Microsoft Learn: OAuth 2.0 device authorization grant"
#define ENTRA_REPLY "Microsoft Learn: Redirect URI restrictions"
#define ENTRA_CERT "Microsoft Learn: Certificate credentials"
#define WIF "Azure Workload Identity: Troubleshooting"
#define AZURE_DOCS "Azure HDInsight: Authentication issues"
#define GOOGLE "Google: Using OAuth 2.0, authorization errors"
#define OIDC "OpenID Connect Core 1.0, section 3.1.2.6"
#define RFC6749_4 "RFC 6749, section 4.1.2.1"
#define RFC6749_5 "RFC 6749, section 5.2"
#define RFC6750 "RFC 6750, section 3.1"
#define RFC8628 "RFC 8628, section 3.5"
#define RFC8707 "RFC 8707, section 2"
#define SEEN "public reports of this code"

#define GRANT_CONSENT \
    "grant admin consent (Entra: App registrations, API permissions, Grant " \
    "admin consent)"
#define WAIT "wait, exoauth tries again by itself"

#define SECRET_WRONG \
    "the client secret or password was not accepted", \
    "store the current secret Value with exoauth login (Entra: App " \
    "registrations, Certificates & secrets)", \
    WHO_HOST, RUN_SECRET, TAKES_RETRY
#define NO_APP \
    "the tenant knows no app with this client_id", \
    "compare client_id and tenant with Entra: App registrations, Overview; " \
    "an app of another organisation needs admin consent first", \
    WHO_HOST, RUN_SHOW, TAKES_MINUTES
#define APP_DISABLED \
    "the app is disabled", \
    "set Enabled for users to sign-in to Yes (Entra: Enterprise " \
    "applications, Properties)", \
    WHO_ADMIN, \
    "Update-MgServicePrincipal -ServicePrincipalId OBJECT_ID " \
    "-AccountEnabled:$true", \
    TAKES_MINUTES
#define OWN_TENANT \
    "the app or grant does not work through this shared tenant name", \
    "set tenant to the organisation's GUID or domain (Entra: Overview)", \
    WHO_HOST, RUN_TENANT, TAKES_NOW
#define NO_TENANT \
    "the request names no tenant", \
    "set tenant in the account file to the organisation's GUID or domain " \
    "(Entra: Overview)", \
    WHO_HOST, RUN_TENANT, TAKES_NOW
#define OTHER_CLOUD \
    "the tenant or app belongs to another national cloud", \
    "set cloud in the account file to the tenant's", \
    WHO_HOST, "exoauth login ACCOUNT --set cloud=CLOUD", TAKES_NOW
#define BAD_REQUEST \
    "the request was malformed or lacked a field", \
    "look for stray characters in client_id, tenant and scope of the " \
    "account file", \
    WHO_HOST, RUN_SHOW, TAKES_NOW
#define BAD_SCOPE \
    "the scope is not valid for this grant", \
    "remove scope from the account file; an app uses " \
    "https://outlook.office365.com/.default, a user " \
    "https://outlook.office.com/SMTP.Send and the like", \
    WHO_HOST, RUN_SHOW, TAKES_NOW
#define MIXED_SCOPE \
    "the scopes do not belong to exactly one resource", \
    "keep to scopes that begin with https://outlook.office.com, or remove " \
    "scope from the account file", \
    WHO_HOST, RUN_SHOW, TAKES_NOW
#define NO_RESOURCE \
    "the mail service is missing, disabled or not permitted for the app in " \
    "this tenant", \
    "license Exchange Online and add the permission (Entra: App " \
    "registrations, API permissions, Office 365 Exchange Online)", \
    WHO_ADMIN, \
    "Get-MgServicePrincipal -Filter \"appId eq " \
    "'00000002-0000-0ff1-ce00-000000000000'\"", \
    TAKES_EXCHANGE
#define NO_CONSENT \
    "nobody has consented to what the app asks for", \
    GRANT_CONSENT, \
    WHO_ADMIN, RUN_CONSENT, TAKES_MINUTES
#define ADMIN_CONSENT \
    "only an administrator may consent to what the app asks for", \
    GRANT_CONSENT, \
    WHO_ADMIN, RUN_CONSENT, TAKES_MINUTES
#define NO_USER \
    "the user does not exist in this tenant", \
    "sign in with a user of that tenant, or correct tenant in the account " \
    "file", \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define BAD_PASSWORD \
    "the user name or password is wrong, or the user signs in elsewhere " \
    "(federated)", \
    "correct it; a federated user needs another grant, such as device_code", \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define OLD_PASSWORD \
    "the user's password has expired", \
    "change the password, then log in again", \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define MFA \
    "the tenant asks this user for multifactor authentication", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define DEVICE_RULE \
    "Conditional Access wants a registered or compliant device", \
    "exclude the app from that policy (Entra: Conditional Access), or use " \
    "client_credentials", \
    WHO_ADMIN, RUN_POLICIES, TAKES_MINUTES
#define BLOCKED \
    "Conditional Access or a risk policy blocks this sign-in", \
    "find the policy in Entra: Sign-in logs, Conditional Access, and " \
    "exclude the app; it may forbid device_code only", \
    WHO_ADMIN, RUN_POLICIES, TAKES_MINUTES
#define TENANT_RULE \
    "tenant restrictions or a cross-tenant policy forbid the sign-in", \
    "have an administrator allow it (Entra: External Identities, " \
    "Cross-tenant access settings)", \
    WHO_ADMIN, "Get-MgPolicyCrossTenantAccessPolicyDefault", TAKES_MINUTES
#define REVOKED \
    "the grant was revoked, for instance by a changed password", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define RT_EXPIRED \
    "the refresh token has expired, as it does after 90 days without use", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define BAD_CODE \
    "the code that was entered is not the one shown", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define OLD_CODE \
    "the code expired or was used before", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define NO_FEDERATION \
    "no federated credential of the app fits the assertion", \
    "compare issuer, subject and audience (Entra: App registrations, " \
    "Certificates & secrets, Federated credentials)", \
    WHO_ADMIN, \
    "Get-MgApplicationFederatedIdentityCredential -ApplicationId OBJECT_ID", \
    TAKES_MINUTES
#define THROTTLED \
    "the provider asks for fewer requests", \
    WAIT, \
    WHO_NOBODY, RUN_STATUS, TAKES_PASSES
#define FAULT \
    "a temporary fault at the provider", \
    WAIT, \
    WHO_NOBODY, RUN_STATUS, TAKES_PASSES
#define FEDERATION_DOWN \
    "the organisation's own identity provider or authentication agent does " \
    "not answer", \
    "wait; if it stays so, look after AD FS or the pass-through " \
    "authentication agents", \
    WHO_ADMIN, RUN_STATUS, TAKES_PASSES
#define SUPPORT \
    "a fault at Microsoft that waiting does not cure", \
    "open a support request with the entry in Entra: Sign-in logs", \
    WHO_ADMIN, RUN_STATUS, "as long as the support request"
#define DECLINED \
    "the sign-in or consent was declined", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define PERSON \
    "the provider wants the user to sign in or consent again", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
#define RESOURCE \
    "the provider does not know the resource the token is for", \
    "check scope in the account file", \
    WHO_HOST, RUN_SHOW, TAKES_NOW
#define REDIRECT \
    "the redirect URI is not one that the app has registered", \
    "register http://localhost under Mobile and desktop applications " \
    "(Entra: App registrations, Authentication)", \
    WHO_ADMIN, \
    "Update-MgApplication -ApplicationId OBJECT_ID -PublicClient " \
    "@{RedirectUris='http://localhost'}", \
    TAKES_MINUTES
#define BAD_CERTIFICATE \
    "the certificate is not the app's, or its key did not make the signature", \
    "upload the certificate that belongs to private_key (Entra: App " \
    "registrations, Certificates & secrets)", \
    WHO_ADMIN, \
    "openssl x509 -in CERTIFICATE -noout -fingerprint -sha1 -dates", \
    TAKES_MINUTES
#define BAD_ASSERTION \
    "the signed assertion is malformed or names another client", \
    "compare client_id, certificate and token_endpoint in the account file", \
    WHO_HOST, RUN_SHOW, TAKES_NOW
#define PKCE \
    "the proof that code and request belong together (PKCE) does not fit", \
    EXO_LOG_IN_AGAIN, \
    WHO_USER, RUN_LOGIN, TAKES_NOW
/* clang-format on */

#endif
