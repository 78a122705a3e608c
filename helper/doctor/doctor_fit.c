/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: what a token says of itself, beside what its account is configured
 * for. Called by doctor_token.c. It is shown and compared for a person who
 * wonders why a server refuses it, for Exchange does not say; that nothing
 * else in this program looks into a token is a rule of
 * doc/design.md.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "doctor_claims.h"
#include "doctor_fit.h"
#include "exoauth/provider.h"

/* Exchange Online goes by several names, all of which it takes; */
static const char *const exchange[] = { "outlook.office365.com",
                                        "outlook.office.com",
                                        "00000002-0000-0ff1-ce00-000000000000",
                                        NULL };
/* those of national clouds are other services. */
static const char *const national[] = { "outlook.office365.us",
                                        "partner.outlook.cn", NULL };

/* Without scheme and final slash. */
static void bare(const char *url, size_t len, struct exo_buf *out)
{
    const char *slashes = memmem(url, len, "://", 3);

    if (slashes) {
        len -= (size_t)(slashes + 3 - url);
        url = slashes + 3;
    }
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    exo_buf_add(out, url, len);
}

static bool is_in(const char *const *list, const char *name)
{
    for (; *list; list++) {
        if (strcasecmp(*list, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The host of the first scope that is a URL, if there is one. */
static void host_of_scopes(const char *list, struct exo_buf *out)
{
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        const char *slashes = memmem(word, len, "://", 3);
        const char *end = slashes ? memchr(slashes + 3, '/',
                                           len - (size_t)(slashes + 3 - word))
                                  : NULL;

        if (end) {
            bare(word, (size_t)(end - word), out);
            return;
        }
    }
}

/* Whom the token has to be for: the mail service of the provider, where it is
 * known; else what the account asks for. "" if nobody says. */
static void wanted_audience(const struct exo_settings *owner,
                            struct exo_buf *out)
{
    const struct exo_provider *p =
        exo_provider_find(exo_settings_get(owner, EXO_KEY_PROVIDER),
                          exo_settings_get(owner, EXO_KEY_CLOUD));
    const char *resource = exo_settings_get(owner, EXO_KEY_RESOURCE);

    if (p) {
        host_of_scopes(p->app_scope, out);
    }
    if (out->len == 0 && resource[0] != '\0') {
        bare(resource, strlen(resource), out);
    }
    if (out->len == 0) {
        host_of_scopes(exo_settings_get(owner, EXO_KEY_SCOPE), out);
    }
}

static bool is_exchange(const struct exo_buf *audience)
{
    const char *name;

    return exo_buf_done(audience, &name) == 0 &&
           (is_in(exchange, name) || is_in(national, name));
}

static bool names_audience(const char *list, const char *want)
{
    struct exo_buf name = EXO_BUF_INIT(512);
    const char *word, *one;
    bool found = false;
    size_t len;

    while (!found && (word = exo_word_next(&list, &len)) != NULL) {
        exo_buf_reset(&name);
        bare(word, len, &name);
        found = exo_buf_done(&name, &one) == 0 &&
                (strcasecmp(one, want) == 0 ||
                 (is_in(exchange, one) && is_in(exchange, want)));
    }
    exo_buf_free(&name);
    return found;
}

static void check_audience(struct exo_doctor *d,
                           const struct exo_account *account,
                           const struct exo_settings *owner,
                           const struct exo_claims *claims)
{
    struct exo_buf want = EXO_BUF_INIT(512);
    const char *name;

    wanted_audience(owner, &want);
    if (claims->audience[0] == '\0') {
        exo_doctor_ok(d, account, "audience: the token names none");
    } else if (exo_buf_done(&want, &name) != 0) {
        exo_doctor_skip(d, account, "audience: not checked: out of memory");
    } else if (want.len == 0 || names_audience(claims->audience, name)) {
        exo_doctor_ok(d, account, "audience: %s", claims->audience);
    } else {
        exo_doctor_fail(d, account, EXO_STATUS_MISCONFIGURED,
                        "audience: the token is for %s and not for %s, and "
                        "servers will refuse it; correct scope, then run: "
                        "exoauth refresh %s --force",
                        claims->audience, name,
                        EXO_SH(account->name, "ACCOUNT"));
    }
    exo_buf_free(&want);
}

static bool has_word(const char *list, const char *want, size_t want_len)
{
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        if (len == want_len && strncasecmp(word, want, len) == 0) {
            return true;
        }
    }
    return false;
}

static const char *base_name(const char *word, size_t *len)
{
    const char *slash = memrchr(word, '/', *len);

    if (slash) {
        *len -= (size_t)(slash + 1 - word);
        word = slash + 1;
    }
    return word;
}

/* The first permission that was asked for and is not there; NULL: none. A
 * token has the name alone, a request may have the whole URL. */
static const char *missing_scope(const char *list, const char *scopes,
                                 size_t *len)
{
    static const char about_login[] = "openid profile email offline_access";
    const char *word;

    while ((word = exo_word_next(&list, len)) != NULL) {
        size_t whole = *len;
        const char *name = base_name(word, len);

        if (*len > 0 && !has_word(about_login, name, *len) &&
            !has_word(".default", name, *len) &&
            !has_word(scopes, name, *len) && !has_word(scopes, word, whole)) {
            return name;
        }
    }
    return NULL;
}

static void check_scopes(struct exo_doctor *d,
                         const struct exo_account *account,
                         const struct exo_settings *owner,
                         const struct exo_claims *claims)
{
    const char *missing;
    size_t len = 0;

    missing = missing_scope(exo_settings_get(owner, EXO_KEY_SCOPE),
                            claims->scopes, &len);
    if (claims->scopes[0] == '\0') {
        exo_doctor_ok(d, account, "scopes: the token names none");
    } else if (missing) {
        exo_doctor_fail(d, account, EXO_STATUS_MISCONFIGURED,
                        "scopes: %.*s is missing, there are %s; give the "
                        "application that permission and consent to it, then "
                        "run: exoauth login %s",
                        (int)len, missing, claims->scopes,
                        EXO_SH(account->name, "ACCOUNT"));
    } else {
        exo_doctor_ok(d, account, "scopes: %s", claims->scopes);
    }
}

/* Without a role, RBAC for Applications in Exchange may allow the mailbox
 * all the same, and Entra does not know. */
static void check_roles(struct exo_doctor *d, const struct exo_account *account,
                        const struct exo_settings *owner,
                        const struct exo_claims *claims)
{
    struct exo_buf want = EXO_BUF_INIT(512);
    const char *roles = claims->roles;

    wanted_audience(owner, &want);
    if (roles[0] != '\0' &&
        (!is_exchange(&want) || strcasestr(roles, "SendAsApp") ||
         strcasestr(roles, "AccessAsApp"))) {
        exo_doctor_ok(d, account, "roles: %s", roles);
    } else if (is_exchange(&want)) {
        exo_doctor_warn(d, account,
                        "roles: %s, neither SMTP.SendAsApp nor "
                        "IMAP.AccessAsApp nor POP.AccessAsApp; right with RBAC "
                        "for Applications, else add one and grant admin "
                        "consent, then run: exoauth refresh %s --force",
                        roles[0] != '\0' ? roles : "none",
                        EXO_SH(account->name, "ACCOUNT"));
    } else {
        exo_doctor_ok(d, account, "roles: the token names none");
    }
    exo_buf_free(&want);
}

static void check_mailbox(struct exo_doctor *d,
                          const struct exo_account *account,
                          const struct exo_settings *settings,
                          const struct exo_claims *claims)
{
    const char *user = exo_settings_get(settings, EXO_KEY_USER);

    if (user[0] == '\0') {
        user = account->name;
    }
    if (claims->mailbox[0] == '\0') {
        exo_doctor_ok(d, account, "mailbox: the token names none");
    } else if (strcasecmp(claims->mailbox, user) == 0) {
        exo_doctor_ok(d, account, "mailbox: %s", claims->mailbox);
    } else {
        exo_doctor_warn(d, account,
                        "mailbox: the token is %s's, and the login is for %s; "
                        "right if that is a shared mailbox with Full Access or "
                        "an alias, else run: exoauth login %s",
                        claims->mailbox, user,
                        EXO_SH(account->name, "ACCOUNT"));
    }
}

static void check_client(struct exo_doctor *d,
                         const struct exo_account *account,
                         const struct exo_settings *owner,
                         const struct exo_claims *claims)
{
    const char *id = exo_settings_get(owner, EXO_KEY_CLIENT_ID);

    if (claims->client[0] != '\0' && strcasecmp(claims->client, id) != 0) {
        exo_doctor_warn(d, account,
                        "client: the token was given to %s, and client_id is "
                        "%s; run: exoauth refresh %s --force",
                        claims->client, id, EXO_SH(account->name, "ACCOUNT"));
    }
}

/* A server that refuses a token in a way nobody can read. */
static void tell_of_refusals(struct exo_doctor *d,
                             const struct exo_account *account,
                             const struct exo_settings *owner)
{
    struct exo_buf want = EXO_BUF_INIT(512);

    wanted_audience(owner, &want);
    if (is_exchange(&want)) {
        exo_doctor_ok(
            d, account,
            "if Exchange refuses this token, it does not say why, and nothing "
            "asks for another; compare audience, roles or scopes and mailbox "
            "above, and as permissions given since then are in new tokens "
            "only, run: exoauth refresh %s --force",
            EXO_SH(account->name, "ACCOUNT"));
    }
    exo_buf_free(&want);
}

void exo_doctor_fit(struct exo_doctor *d, const struct exo_account *account,
                    const struct exo_settings *settings, const char *token,
                    size_t len)
{
    const struct exo_settings *owner = exo_settings_owner(settings);
    bool app = owner->grant == EXO_GRANT_CLIENT_CREDENTIALS ||
               owner->grant == EXO_GRANT_MANAGED_IDENTITY;
    struct exo_claims claims;

    if (exo_claims_read(&claims, token, len) != 0) {
        exo_doctor_ok(d, account,
                      "the token cannot be looked into, which is no fault");
    } else {
        check_audience(d, account, owner, &claims);
        if (app) {
            check_roles(d, account, owner, &claims);
        } else {
            check_scopes(d, account, owner, &claims);
            check_mailbox(d, account, settings, &claims);
        }
        check_client(d, account, owner, &claims);
    }
    tell_of_refusals(d, account, owner);
}
