/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the smtp(8) client that will log in has to be told (setup.h): in
 * main.cf for the relayhost, as options of a service of its own with
 * --transport. Called by setup_route.c, which knows which of the two it is;
 * adds to the list of changes. The client is the caller's.
 *
 * A value that does its work stays as the administrator wrote it, above all a
 * stricter one. One thing is loosened: `noplaintext` goes from the options
 * for TLS with a verified certificate, as a bearer token is a plaintext
 * credential, and libsasl2 would keep it from every server.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "setup_client.h"

#define SAYS_MAX 4096

/* What is in force for it now. A service of its own begins with what main.cf
 * says and not with what it was told last time. */
static const char *now(const struct exo_setup_client *c, const char *name)
{
    const char *value =
        c->service && !c->setup->transport
            ? exo_postfix_override(c->setup->postfix, c->service, name)
            : NULL;

    return value ? value : exo_postfix_get(c->setup->postfix, name);
}

static void want(struct exo_setup_client *c, const char *name,
                 const char *value)
{
    struct exo_setup *s = c->setup;

    if (!s->transport) {
        exo_changes_add(&s->changes, EXO_SETUP_MAIN, name,
                        exo_postfix_said(s->postfix, name), value);
    } else if (strpbrk(value, " \t")) {
        exo_buf_fmt(&c->options, " -o { %s = %s }", name, value);
    } else {
        exo_buf_fmt(&c->options, " -o %s=%s", name, value);
    }
}

/* The same with a text that was built; half of one is wanted nowhere. */
static void want_text(struct exo_setup_client *c, const char *name,
                      const struct exo_buf *value)
{
    const char *text;
    int rc = exo_buf_done(value, &text);

    if (rc == 0) {
        want(c, name, text);
    } else if (c->setup->changes.error == 0) {
        c->setup->changes.error = rc;
    }
}

void exo_setup_client_value(struct exo_setup_client *c, const char *name,
                            const char *value)
{
    if (c->setup->transport || strcmp(now(c, name), value) != 0) {
        want(c, name, value);
    }
}

bool exo_setup_is_strict(const char *level)
{
    static const char *const strict[] = { "secure", "fingerprint",
                                          "dane-only" };

    for (size_t i = 0; i < sizeof(strict) / sizeof(strict[0]); i++) {
        if (strncmp(level, strict[i], strlen(strict[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void want_tls(struct exo_setup_client *c)
{
    const char *level = now(c, "smtp_tls_security_level");
    const char *relay;
    int wraps = exo_buf_done(&c->setup->relay, &relay) == 0
                    ? exo_postfix_port_wraps(relay)
                    : -1;

    exo_setup_client_value(c, "smtp_tls_security_level",
                           exo_setup_is_strict(level) ? level : "secure");
    /* Of another port it is the administrator's to say. */
    if (wraps == 1) {
        exo_setup_client_value(c, "smtp_tls_wrappermode", "yes");
    } else if (wraps == 0 &&
               strcmp(now(c, "smtp_tls_wrappermode"), "no") != 0) {
        exo_setup_client_value(c, "smtp_tls_wrappermode", "no");
    }
}

/* smtp(8) reads a CAfile before it enters the jail, a CApath within. */
static int want_ca(struct exo_setup_client *c, struct exo_err *err)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    };

    if (*now(c, "smtp_tls_CAfile") != '\0' ||
        (*now(c, "smtp_tls_CApath") != '\0' && !c->setup->chroot)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        if (access(bundles[i], R_OK) == 0) {
            want(c, "smtp_tls_CAfile", bundles[i]);
            return 0;
        }
        if (exo_err_system(err, EXO_E_IO, "cannot look for %s", bundles[i])) {
            return EXO_E_STATUS;
        }
    }
    exo_setup_warn("no bundle of CA certificates was found, and without one "
                   "no server can be verified; install ca-certificates, or "
                   "set smtp_tls_CAfile");
    return 0;
}

/* Every option but noplaintext, in its order. */
static int want_security(struct exo_setup_client *c, struct exo_err *err)
{
    static const char name[] = "smtp_sasl_tls_verified_security_options";
    const char *list = now(c, name);
    struct exo_buf left = EXO_BUF_INIT(SAYS_MAX);
    bool plain = !exo_postfix_has_word(list, "noplaintext");
    const char *never = exo_postfix_never(list);

    if (never) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s has %s, which no login with a token can "
                           "fulfil; it is yours to decide: take it out, or "
                           "use another relay",
                           name, never);
    }
    if (plain && !c->setup->transport) {
        return 0;
    }
    for (const char *p = list; *p != '\0';) {
        size_t len = strcspn(p, ", \t");

        if (len > 0 && (len != 11 || strncmp(p, "noplaintext", len) != 0)) {
            exo_buf_fmt(&left, "%s%.*s", left.len > 0 ? "," : "", (int)len, p);
        }
        p += len + strspn(p + len, ", \t");
    }
    if (left.len == 0) {
        exo_buf_str(&left, "noanonymous");
    }
    want_text(c, name, &left);
    exo_buf_free(&left);
    return 0;
}

/* Ours in front of what is there, so that both are found. */
static void want_maps(struct exo_setup_client *c)
{
    static const char name[] = "smtp_sasl_password_maps";
    struct exo_setup *s = c->setup;
    const char *today = s->transport ? "" : exo_postfix_said(s->postfix, name);
    struct exo_buf list = EXO_BUF_INIT(EXO_SETUP_TEXT);

    exo_setup_map(s, EXO_SETUP_RELAY, &list);
    if (s->by_sender) {
        exo_buf_str(&list, ",");
        exo_setup_map(s, EXO_SETUP_SENDERS, &list);
    }
    exo_setup_other_maps(s, today, &list);
    want_text(c, name, &list);
    if (s->by_sender) {
        exo_setup_client_value(c, "smtp_sender_dependent_authentication",
                               "yes");
    }
    exo_buf_free(&list);
}

/* Without a filter libsasl2 might prefer GSSAPI or SCRAM where a server has
 * it; but a filter is for every relay that has a password, too. */
static void want_filter(struct exo_setup_client *c)
{
    static const char name[] = "smtp_sasl_mechanism_filter";
    struct exo_setup *s = c->setup;
    const char *filter = now(c, name);
    const char *maps = exo_postfix_said(s->postfix, "smtp_sasl_password_maps");
    struct exo_buf words = EXO_BUF_INIT(256);
    const char *list = s->conf->mechanisms;
    const char *word;
    size_t len;
    bool passes = *filter != '\0';

    while ((word = exo_word_next(&list, &len)) != NULL) {
        char one[32] = "";

        memcpy(one, word, len < sizeof(one) ? len : sizeof(one) - 1);
        passes = passes && exo_postfix_has_word(filter, one);
        exo_buf_fmt(&words, "%s%s", words.len > 0 ? "," : "", one);
    }
    if (s->transport || (!passes && (*filter != '\0' || !maps || !*maps))) {
        want_text(c, name, &words);
    }
    exo_buf_free(&words);
}

/* Exchange takes three connections at a time from a mailbox. */
static void want_pace(struct exo_setup_client *c, const char *transport)
{
    struct exo_setup *s = c->setup;
    struct exo_buf name = EXO_BUF_INIT(512);
    struct exo_buf value = EXO_BUF_INIT(32);
    const char *limit, *key, *want;
    long n;

    if (s->request->rate_delay > 0) {
        exo_buf_fmt(&name, "%s_destination_rate_delay", transport);
        exo_buf_fmt(&value, "%llds", (long long)s->request->rate_delay);
    } else if (s->exchange) {
        exo_buf_fmt(&name, "%s_destination_concurrency_limit", transport);
        limit = exo_buf_done(&name, &key) == 0
                    ? exo_postfix_get(s->postfix, key)
                    : "";
        if (*limit == '\0') {
            limit = exo_postfix_get(s->postfix,
                                    "default_destination_concurrency_limit");
        }
        n = strtol(limit, NULL, 10);
        if (n <= 0 || n > 3) {
            exo_buf_str(&value, "3");
        }
    }
    if (exo_buf_done(&name, &key) != 0 || exo_buf_done(&value, &want) != 0) {
        s->changes.error = EXO_E_NOMEM;
    } else if (want[0] != '\0' &&
               strcmp(exo_postfix_get(s->postfix, key), want) != 0) {
        exo_changes_text(&s->changes, EXO_SETUP_MAIN, key,
                         exo_postfix_said(s->postfix, key), &value);
    }
    exo_buf_free(&name);
    exo_buf_free(&value);
}

int exo_setup_client_plan(struct exo_setup_client *c, const char *transport,
                          struct exo_err *err)
{
    int rc;

    want_tls(c);
    rc = want_ca(c, err);
    if (rc != 0) {
        return rc;
    }
    exo_setup_client_value(c, "smtp_sasl_auth_enable", "yes");
    want_maps(c);
    rc = want_security(c, err);
    want_filter(c);
    want_pace(c, transport);
    return rc != 0 ? rc : c->options.error;
}
