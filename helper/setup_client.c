/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the smtp(8) client that will log in has to be told (setup.h): in
 * main.cf for the relayhost, as options of a service of its own with
 * --transport. Called by exo_setup_plan(); adds to the list of changes and
 * finds the jail.
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

#include "setup.h"

#define SAYS_MAX 4096

/* One parameter for the client: where it is to stand. */
struct client {
    struct exo_setup *setup;
    const struct exo_postfix_service *service; /* NULL: yet to be made */
    struct exo_buf options; /* of the transport: " -o name=value"... */
};

/* What is in force for it now. A service of its own begins with what main.cf
 * says and not with what it was told last time. */
static const char *now(const struct client *c, const char *name)
{
    const char *value =
        c->service && !c->setup->transport
            ? exo_postfix_override(c->setup->postfix, c->service, name)
            : NULL;

    return value ? value : exo_postfix_get(c->setup->postfix, name);
}

static void want(struct client *c, const char *name, const char *value)
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
static void want_text(struct client *c, const char *name,
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

/* A value that has to be this, and is left alone if it is. Of a service of
 * its own it is always said: main.cf may change. */
static void want_value(struct client *c, const char *name, const char *value)
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

static void want_tls(struct client *c)
{
    const char *level = now(c, "smtp_tls_security_level");
    const char *port = NULL;

    if (exo_buf_done(&c->setup->relay, &port) == 0) {
        port = strrchr(port, ':');
    }
    want_value(c, "smtp_tls_security_level",
               exo_setup_is_strict(level) ? level : "secure");
    if (port && (strcmp(port, ":465") == 0 || strcmp(port, ":smtps") == 0 ||
                 strcmp(port, ":submissions") == 0)) {
        want_value(c, "smtp_tls_wrappermode", "yes");
    }
}

/* smtp(8) reads a CAfile before it enters the jail, a CApath within. */
static void want_ca(struct client *c)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    };

    if (*now(c, "smtp_tls_CAfile") != '\0' ||
        (*now(c, "smtp_tls_CApath") != '\0' && !c->setup->chroot)) {
        return;
    }
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        if (access(bundles[i], R_OK) == 0) {
            want(c, "smtp_tls_CAfile", bundles[i]);
            return;
        }
    }
    exo_setup_warn("no bundle of CA certificates was found, and without one "
                   "no server can be verified; install ca-certificates, or "
                   "set smtp_tls_CAfile");
}

/* Every option but noplaintext, in its order. */
static int want_security(struct client *c, struct exo_err *err)
{
    static const char name[] = "smtp_sasl_tls_verified_security_options";
    static const char *const never[] = { "noactive", "mutual_auth",
                                         "forward_secrecy" };
    const char *list = now(c, name);
    struct exo_buf left = EXO_BUF_INIT(SAYS_MAX);
    bool plain = !exo_postfix_has_word(list, "noplaintext");

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (exo_postfix_has_word(list, never[i])) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s has %s, which no login with a token can "
                               "fulfil; it is yours to decide: take it out, or "
                               "use another relay",
                               name, never[i]);
        }
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
static void want_maps(struct client *c)
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
        want_value(c, "smtp_sender_dependent_authentication", "yes");
    }
    exo_buf_free(&list);
}

/* Without a filter libsasl2 might prefer GSSAPI or SCRAM where a server has
 * it; but a filter is for every relay that has a password, too. */
static void want_filter(struct client *c)
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
static void want_pace(struct client *c, const char *transport)
{
    struct exo_setup *s = c->setup;
    struct exo_buf name = EXO_BUF_INIT(512);
    struct exo_buf value = EXO_BUF_INIT(32);
    const char *limit, *key, *want;
    long n;

    if (s->options->rate_delay > 0) {
        exo_buf_fmt(&name, "%s_destination_rate_delay", transport);
        exo_buf_fmt(&value, "%llds", (long long)s->options->rate_delay);
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

static int want_all(struct client *c, const char *transport,
                    struct exo_err *err)
{
    int rc;

    want_tls(c);
    want_ca(c);
    want_value(c, "smtp_sasl_auth_enable", "yes");
    want_maps(c);
    rc = want_security(c, err);
    want_filter(c);
    want_pace(c, transport);
    return rc != 0 ? rc : c->options.error;
}

/* ---- the relayhost ----------------------------------------------------- */

/* An option of the service in master.cf wins over main.cf. */
static int check_overrides(const struct exo_setup *s,
                           const struct exo_postfix_service *service,
                           struct exo_err *err)
{
    for (size_t i = 0; i < s->changes.n; i++) {
        const struct exo_change *c = &s->changes.item[i];

        if (exo_postfix_override(s->postfix, service, c->name)) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s/%s has its own %s in master.cf, which would "
                               "win; use --transport NAME, or run: postconf "
                               "-c %s -PX %s/%s/%s",
                               service->name, service->type, c->name,
                               EXO_SH(s->postfix->config_dir, "DIR"),
                               EXO_SH(service->name, "NAME"),
                               EXO_SH(service->type, "TYPE"),
                               EXO_SH(c->name, "PARAMETER"));
        }
    }
    return 0;
}

static int plan_relayhost(struct exo_setup *s, struct exo_err *err)
{
    const char *route = exo_postfix_get(s->postfix, "default_transport");
    struct client c = { s, NULL, EXO_BUF_INIT(SAYS_MAX) };
    const char *relay;
    char name[128] = "";
    int rc;

    memcpy(name, route,
           strcspn(route, ":") < sizeof(name) ? strcspn(route, ":") : 0);
    c.service = exo_postfix_find(s->postfix, name, "unix");
    if (!c.service || strcmp(c.service->command, "smtp") != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "default_transport is %s, which is no smtp(8) in "
                           "master.cf; use --transport NAME",
                           route);
    }
    s->chroot = c.service->chroot;
    rc = want_all(&c, name, err);
    if (rc == 0) {
        rc = exo_buf_done(&s->relay, &relay);
    }
    if (rc == 0) {
        want_value(&c, "relayhost", relay);
        rc = check_overrides(s, c.service, err);
    }
    exo_buf_free(&c.options);
    return rc;
}

/* ---- a transport of its own -------------------------------------------- */

static int check_name(const struct exo_setup *s,
                      const struct exo_postfix_service *service,
                      struct exo_err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *name = s->transport;

    if (*name == '\0' || *name == '-' || name[strspn(name, letters)] != '\0' ||
        strcmp(name, EXO_SETUP_SERVICE) == 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--transport %s: not a name for a service; use "
                           "letters, digits, - and _",
                           name);
    }
    if (service && !strstr(service->line, "/exoauth_passwd")) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--transport %s: there is such a service already, "
                           "for others; choose another name",
                           name);
    }
    return 0;
}

/* The senders are led to it before what led them elsewhere. */
static void want_ways(struct exo_setup *s)
{
    static const char name[] = "sender_dependent_default_transport_maps";
    const char *today = exo_postfix_said(s->postfix, name);
    struct exo_buf list = EXO_BUF_INIT(EXO_SETUP_TEXT);

    exo_setup_map(s, EXO_SETUP_WAYS, &list);
    exo_setup_other_maps(s, today, &list);
    exo_changes_text(&s->changes, EXO_SETUP_MAIN, name, today, &list);
    exo_buf_free(&list);
}

static int plan_transport(struct exo_setup *s, struct exo_err *err)
{
    const struct exo_postfix_service *smtp =
        exo_postfix_find(s->postfix, "smtp", "unix");
    struct client c = { s, NULL, EXO_BUF_INIT(EXO_BLOCK_VALUE) };
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    struct exo_changes master = { NULL, 0, 0 };
    const char *name;
    int rc;

    c.service = exo_postfix_find(s->postfix, s->transport, "unix");
    rc = check_name(s, c.service, err);
    if (rc != 0) {
        return rc;
    }
    s->chroot = c.service ? c.service->chroot : !smtp || smtp->chroot;
    rc = want_all(&c, s->transport, err);
    exo_buf_fmt(&text, "%s unix - - %c - - smtp", s->transport,
                s->chroot ? 'y' : 'n');
    exo_buf_join(&text, &c.options);
    want_ways(s);
    /* master.cf comes before main.cf. */
    exo_buf_reset(&c.options);
    exo_buf_fmt(&c.options, "%s/unix", s->transport);
    if (exo_buf_done(&c.options, &name) == 0) {
        exo_changes_text(&master, EXO_SETUP_MASTER, name,
                         c.service ? c.service->line : NULL, &text);
    } else {
        master.error = c.options.error;
    }
    for (size_t i = 0; i < s->changes.n; i++) {
        const struct exo_change *item = &s->changes.item[i];

        exo_changes_add(&master, item->kind, item->name, item->before,
                        item->after);
    }
    if (s->changes.error != 0) {
        master.error = s->changes.error;
    }
    exo_changes_free(&s->changes);
    s->changes = master;
    exo_buf_free(&c.options);
    exo_buf_free(&text);
    return rc;
}

int exo_setup_plan_client(struct exo_setup *s, struct exo_err *err)
{
    return s->transport ? plan_transport(s, err) : plan_relayhost(s, err);
}
