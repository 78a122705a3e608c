/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the provider's errors mean and what mends them (exoauth/explain.h).
 *
 * oauth/error.c asks for every refused request; everything returned is
 * static and an unknown code is NULL. AADSTS codes are Microsoft's and may
 * change, which is why nothing here decides what the program does next.
 * "Entra: A, B" is the way through the Entra admin centre's menu.
 *
 * Rows stand in strcmp() order, for bsearch(); the test checks it. Texts
 * that serve several codes have a name, as a pair of meaning and remedy.
 */
#include "config.h"

#include "exoauth/explain.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"

/* One row, one shape: left to itself it would set each in another column. */
/* clang-format off */
#define GRANT_CONSENT \
    "grant admin consent (Entra: App registrations, API permissions, Grant " \
    "admin consent)"
#define WAIT "wait, exoauth tries again by itself"

#define SECRET_WRONG \
    "the client secret or password was not accepted", \
    "store the current secret Value with exoauth login (Entra: App " \
    "registrations, Certificates & secrets)"
#define NO_APP \
    "the tenant knows no app with this client_id", \
    "compare client_id and tenant with Entra: App registrations, Overview; " \
    "an app of another organisation needs admin consent first"
#define APP_DISABLED \
    "the app is disabled", \
    "set Enabled for users to sign-in to Yes (Entra: Enterprise " \
    "applications, Properties)"
#define OWN_TENANT \
    "the app or grant does not work through this shared tenant name", \
    "set tenant to the organisation's GUID or domain (Entra: Overview)"
#define NO_TENANT \
    "the request names no tenant", \
    "set tenant in the account file to the organisation's GUID or domain " \
    "(Entra: Overview)"
#define OTHER_CLOUD \
    "the tenant or app belongs to another national cloud", \
    "set cloud in the account file to the tenant's"
#define BAD_REQUEST \
    "the request was malformed or lacked a field", \
    "look for stray characters in client_id, tenant and scope of the " \
    "account file"
#define BAD_SCOPE \
    "the scope is not valid for this grant", \
    "remove scope from the account file; an app uses " \
    "https://outlook.office365.com/.default, a user " \
    "https://outlook.office.com/SMTP.Send and the like"
#define MIXED_SCOPE \
    "the scopes do not belong to exactly one resource", \
    "keep to scopes that begin with https://outlook.office.com, or remove " \
    "scope from the account file"
#define NO_RESOURCE \
    "the mail service is missing, disabled or not permitted for the app in " \
    "this tenant", \
    "license Exchange Online and add the permission (Entra: App " \
    "registrations, API permissions, Office 365 Exchange Online)"
#define NO_CONSENT \
    "nobody has consented to what the app asks for", \
    GRANT_CONSENT
#define ADMIN_CONSENT \
    "only an administrator may consent to what the app asks for", \
    GRANT_CONSENT
#define NO_USER \
    "the user does not exist in this tenant", \
    "sign in with a user of that tenant, or correct tenant in the account " \
    "file"
#define BAD_PASSWORD \
    "the user name or password is wrong, or the user signs in elsewhere " \
    "(federated)", \
    "correct it; a federated user needs another grant, such as device_code"
#define OLD_PASSWORD \
    "the user's password has expired", \
    "change the password, then log in again"
#define MFA \
    "the tenant asks this user for multifactor authentication", \
    EXO_LOG_IN_AGAIN
#define DEVICE_RULE \
    "Conditional Access wants a registered or compliant device", \
    "exclude the app from that policy (Entra: Conditional Access), or use " \
    "client_credentials"
#define BLOCKED \
    "Conditional Access or a risk policy blocks this sign-in", \
    "find the policy in Entra: Sign-in logs, Conditional Access, and " \
    "exclude the app; it may forbid device_code only"
#define TENANT_RULE \
    "tenant restrictions or a cross-tenant policy forbid the sign-in", \
    "have an administrator allow it (Entra: External Identities, " \
    "Cross-tenant access settings)"
#define REVOKED \
    "the grant was revoked, for instance by a changed password", \
    EXO_LOG_IN_AGAIN
#define RT_EXPIRED \
    "the refresh token has expired, as it does after 90 days without use", \
    EXO_LOG_IN_AGAIN
#define BAD_CODE \
    "the code that was entered is not the one shown", \
    EXO_LOG_IN_AGAIN
#define OLD_CODE \
    "the code expired or was used before", \
    EXO_LOG_IN_AGAIN
#define NO_FEDERATION \
    "no federated credential of the app fits the assertion", \
    "compare issuer, subject and audience (Entra: App registrations, " \
    "Certificates & secrets, Federated credentials)"
#define THROTTLED \
    "the provider asks for fewer requests", \
    WAIT
#define FAULT \
    "a temporary fault at the provider", \
    WAIT
#define FEDERATION_DOWN \
    "the organisation's own identity provider or authentication agent does " \
    "not answer", \
    "wait; if it stays so, look after AD FS or the pass-through " \
    "authentication agents"
#define SUPPORT \
    "a fault at Microsoft that waiting does not cure", \
    "open a support request with the entry in Entra: Sign-in logs"
#define DECLINED \
    "the sign-in or consent was declined", \
    EXO_LOG_IN_AGAIN
#define PERSON \
    "the provider wants the user to sign in or consent again", \
    EXO_LOG_IN_AGAIN
#define RESOURCE \
    "the provider does not know the resource the token is for", \
    "check scope in the account file"

static const struct exo_explanation table[] = {
    { "AADSTS16000", NO_USER },
    { "AADSTS230109", FAULT },
    { "AADSTS28002", BAD_SCOPE },
    { "AADSTS28003", BAD_SCOPE },
    { "AADSTS40008", SUPPORT },
    { "AADSTS40010", FEDERATION_DOWN },
    { "AADSTS50000", SUPPORT },
    { "AADSTS50001", NO_RESOURCE },
    { "AADSTS500011", NO_RESOURCE },
    { "AADSTS500014", NO_RESOURCE },
    { "AADSTS500021", TENANT_RULE },
    { "AADSTS500022", TENANT_RULE },
    { "AADSTS50014", NO_USER },
    { "AADSTS50020", NO_USER },
    { "AADSTS500212", TENANT_RULE },
    { "AADSTS500213", TENANT_RULE },
    { "AADSTS50033", FAULT },
    { "AADSTS50034", NO_USER },
    { "AADSTS50053",
      "the user is locked out, or the address it signs in from is blocked",
      "stop whatever repeats the failing sign-in and wait 30 minutes "
      "(Entra: Sign-in logs)" },
    { "AADSTS50055", OLD_PASSWORD },
    { "AADSTS50056", BAD_PASSWORD },
    { "AADSTS50057",
      "the user account is disabled",
      "enable it (Entra: Users, or Update-MgUser -AccountEnabled)" },
    { "AADSTS50059", NO_TENANT },
    { "AADSTS50072", MFA },
    { "AADSTS50074", MFA },
    { "AADSTS50076", MFA },
    { "AADSTS50078", MFA },
    { "AADSTS50079", MFA },
    { "AADSTS50085",
      "the user's own identity provider asks for a new sign-in",
      EXO_LOG_IN_AGAIN },
    { "AADSTS50086", SUPPORT },
    { "AADSTS50087", FAULT },
    { "AADSTS50088", FAULT },
    { "AADSTS50097", DEVICE_RULE },
    { "AADSTS50105",
      "the user or app is not assigned to this application",
      "assign it (Entra: Enterprise applications, Users and groups), or set "
      "Assignment required to No" },
    { "AADSTS50126", BAD_PASSWORD },
    { "AADSTS50128", NO_TENANT },
    { "AADSTS50129", DEVICE_RULE },
    { "AADSTS50131", BLOCKED },
    { "AADSTS50132", REVOKED },
    { "AADSTS50133", REVOKED },
    { "AADSTS50134",
      "code and sign-in met different data centres",
      "set tenant to the organisation's GUID, then log in again" },
    { "AADSTS50144", OLD_PASSWORD },
    { "AADSTS50155", DEVICE_RULE },
    { "AADSTS50173", REVOKED },
    { "AADSTS50187", DEVICE_RULE },
    { "AADSTS50194", OWN_TENANT },
    { "AADSTS50196",
      "Entra has stopped a loop of identical requests",
      "find the program that asks again and again, stop it and wait 10 "
      "minutes" },
    { "AADSTS51004", NO_USER },
    { "AADSTS53000", DEVICE_RULE },
    { "AADSTS530003", DEVICE_RULE },
    { "AADSTS53001", DEVICE_RULE },
    { "AADSTS53002", BLOCKED },
    { "AADSTS53003", BLOCKED },
    { "AADSTS530032", BLOCKED },
    { "AADSTS530035",
      "the tenant's security defaults block this sign-in",
      "use client_credentials, or replace security defaults by Conditional "
      "Access (Entra: Overview, Properties)" },
    { "AADSTS53011", BLOCKED },
    { "AADSTS65001", NO_CONSENT },
    { "AADSTS65004",
      "the user declined to give consent",
      EXO_LOG_IN_AGAIN },
    { "AADSTS650052", NO_RESOURCE },
    { "AADSTS650056", NO_CONSENT },
    { "AADSTS650057", NO_RESOURCE },
    { "AADSTS70000",
      "the refresh token is not valid any more",
      EXO_LOG_IN_AGAIN },
    { "AADSTS70001", APP_DISABLED },
    { "AADSTS700011", NO_APP },
    { "AADSTS7000112", APP_DISABLED },
    { "AADSTS700016", NO_APP },
    { "AADSTS70002", SECRET_WRONG },
    { "AADSTS7000215",
      "the client secret is wrong, often its ID was copied instead of its "
      "Value",
      "store the Value of a current secret with exoauth login, or correct "
      "the secret file (Entra: App registrations, Certificates & secrets)" },
    { "AADSTS7000218",
      "the request carried no client secret, and the app is not a public "
      "client",
      "set Allow public client flows to Yes (Entra: App registrations, "
      "Authentication), or give the account a client secret" },
    { "AADSTS700022", MIXED_SCOPE },
    { "AADSTS7000222",
      "the client secret has expired",
      "make a new secret (Entra: App registrations, Certificates & secrets) "
      "and store it with exoauth login or in the secret file" },
    { "AADSTS7000229",
      "the app has no service principal in this tenant",
      "grant admin consent, or run New-MgServicePrincipal -AppId CLIENT_ID; "
      "it takes a few minutes to work" },
    { "AADSTS700023", MIXED_SCOPE },
    { "AADSTS700024",
      "the assertion is outside its time range",
      "set this host's clock by NTP, or have the federated token renewed" },
    { "AADSTS700025",
      "the app is a public client, which must not send a secret",
      "remove secret_file, secret_command and client_auth from the account "
      "file" },
    { "AADSTS70008", RT_EXPIRED },
    { "AADSTS700082", RT_EXPIRED },
    { "AADSTS700084",
      "refresh tokens of a single-page app end after 24 hours",
      "move the redirect URI to Mobile and desktop applications (Entra: App "
      "registrations, Authentication), then log in again" },
    { "AADSTS70011", BAD_SCOPE },
    { "AADSTS70012", FAULT },
    { "AADSTS70016",
      "nobody has entered the code yet",
      "enter the code on the page shown" },
    { "AADSTS70018", BAD_CODE },
    { "AADSTS70019", OLD_CODE },
    { "AADSTS70021", NO_FEDERATION },
    { "AADSTS700211", NO_FEDERATION },
    { "AADSTS700213", NO_FEDERATION },
    { "AADSTS700223", NO_FEDERATION },
    { "AADSTS70025", NO_FEDERATION },
    { "AADSTS70043",
      "the sign-in frequency of Conditional Access ended the grant",
      "exclude the app from it (Entra: Conditional Access, Session), then "
      "log in again" },
    { "AADSTS80001", FEDERATION_DOWN },
    { "AADSTS80002", FEDERATION_DOWN },
    { "AADSTS80005", FEDERATION_DOWN },
    { "AADSTS80014", FEDERATION_DOWN },
    { "AADSTS90002",
      "there is no such tenant in this cloud",
      "correct tenant in the account file to the organisation's GUID or "
      "domain (Entra: Overview), and cloud" },
    { "AADSTS90006", FAULT },
    { "AADSTS90009", BAD_SCOPE },
    { "AADSTS9001023", OWN_TENANT },
    { "AADSTS90012", FAULT },
    { "AADSTS90013", BAD_REQUEST },
    { "AADSTS90014", BAD_REQUEST },
    { "AADSTS900144", BAD_REQUEST },
    { "AADSTS90019", NO_TENANT },
    { "AADSTS90023", BAD_REQUEST },
    { "AADSTS9002313", BAD_REQUEST },
    { "AADSTS9002332", OWN_TENANT },
    { "AADSTS90024", FAULT },
    { "AADSTS90033", FAULT },
    { "AADSTS90036", SUPPORT },
    { "AADSTS90038", OTHER_CLOUD },
    { "AADSTS900382", OTHER_CLOUD },
    { "AADSTS900432", OTHER_CLOUD },
    { "AADSTS90051", OTHER_CLOUD },
    { "AADSTS90055", THROTTLED },
    { "AADSTS90090", FAULT },
    { "AADSTS90091", FAULT },
    { "AADSTS90094", ADMIN_CONSENT },
    { "AADSTS90095", ADMIN_CONSENT },
    { "AADSTS90100", BAD_REQUEST },
    { "AADSTS90119", BAD_CODE },
    { "AADSTS90120", OLD_CODE },
    { "AADSTS90124", OWN_TENANT },
    { "AADSTS90130", OWN_TENANT },
    { "access_denied", DECLINED },
    { "authorization_declined", DECLINED },
    { "authorization_pending",
      "nobody has finished the sign-in yet",
      "enter the code on the page shown" },
    { "bad_verification_code", BAD_CODE },
    { "consent_required", NO_CONSENT },
    { "expired_token", OLD_CODE },
    { "interaction_required", PERSON },
    { "invalid_client",
      "the provider does not accept this client and its secret",
      "check client_id, and store a current secret with exoauth login or in "
      "the secret file" },
    { "invalid_grant",
      "the grant was refused: expired, revoked, or made for another client",
      EXO_LOG_IN_AGAIN },
    { "invalid_request",
      "the provider finds the request malformed",
      "check client_id, tenant, scope and client_auth in the account file" },
    { "invalid_resource", RESOURCE },
    { "invalid_scope",
      "the provider does not grant this scope to this client",
      "correct or remove scope in the account file" },
    { "invalid_target", RESOURCE },
    { "login_required", PERSON },
    { "server_error", FAULT },
    { "slow_down", THROTTLED },
    { "temporarily_unavailable", FAULT },
    { "unauthorized_client",
      "this client may not use this grant",
      "allow the grant for the app at the provider, or change grant or "
      "client_auth in the account file" },
    { "unsupported_grant_type",
      "the provider does not offer this grant",
      "change grant in the account file, and check token_endpoint" },
    { "user_password_expired", OLD_PASSWORD },
};
/* clang-format on */

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

static int by_code(const void *code, const void *row)
{
    return strcmp(code, ((const struct exo_explanation *)row)->code);
}

const struct exo_explanation *exo_explain(const char *code)
{
    if (code == NULL)
        return NULL;
    return bsearch(code, table, TABLE_LEN, sizeof(table[0]), by_code);
}

const struct exo_explanation *exo_explain_row(size_t row)
{
    return row < TABLE_LEN ? &table[row] : NULL;
}
