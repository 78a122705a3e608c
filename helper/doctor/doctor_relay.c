/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: what smtp(8) will do where mail goes. Called by doctor_rules.c, for
 * each set of values that logs in.
 *
 * Postfix is asked for the ways (by sender, else by main.cf), and its maps for
 * the keys that smtp(8) has: the sender, the host, then the destination as it
 * is written. What is found may be a password: it ends in the answer, and only
 * the name in front of it is looked at.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor_postfix.h"
#include "helper/settings/reach.h"

#define SENDERS 20 /* the others are alike, or doctor ACCOUNT */

/* ---- where mail goes --------------------------------------------------- */

/* [host] or [host]:port: the host. Else it is looked for by MX, and nobody
 * here can say which one that will be. */
static bool host_of(const char *hop, char host[256])
{
    size_t len = *hop == '[' ? strcspn(hop, "]") : 0;

    if (len < 2 || hop[len] != ']' || len > 255) {
        return false;
    }
    memcpy(host, hop + 1, len - 1);
    host[len - 1] = '\0';
    return true;
}

static int add_route(struct exo_routes *r, const char *sender,
                     const char *service, size_t len, const char *hops)
{
    size_t n;

    for (hops += strspn(hops, ", \t\r\n"); *hops != '\0';
         hops += n, hops += strspn(hops, ", \t\r\n")) {
        struct exo_route *grown =
            realloc(r->route, (r->n + 1) * sizeof(*r->route));
        struct exo_route *at;

        if (!grown) {
            return EXO_E_NOMEM;
        }
        r->route = grown;
        at = &grown[r->n++];
        memset(at, 0, sizeof(*at));
        n = strcspn(hops, ", \t\r\n");
        (void)snprintf(at->sender, sizeof(at->sender), "%s", sender);
        (void)snprintf(at->service, sizeof(at->service), "%.*s", (int)len,
                       service);
        (void)snprintf(at->hop, sizeof(at->hop), "%.*s", (int)n, hops);
    }
    return 0;
}

/* The key that Postfix has for a sender, then that of his domain. */
static int ask_sender(const struct exo_postfix *p, const char *maps,
                      const char *sender, struct exo_postfix_answer *a)
{
    int rc = exo_postfix_ask(p, maps, sender, a);

    return rc == EXO_E_NOENT ? exo_postfix_ask(p, maps, strrchr(sender, '@'), a)
                             : rc;
}

/* A table may have another way for this sender; *answer holds its text. */
static const char *way(const struct exo_doctor *d, const char *name,
                       const char *sender, const char *otherwise,
                       struct exo_postfix_answer *answer)
{
    const char *maps = exo_postfix_get(d->postfix, name);
    const char *text;
    size_t len;

    return *maps != '\0' && *sender != '\0' &&
                   ask_sender(d->postfix, maps, sender, answer) == 0 &&
                   exo_secret_reveal(&answer->value, &text, &len) == 0 &&
                   strcasecmp(text, "DUNNO") != 0
               ? text
               : otherwise;
}

/* transport, or transport:destination, which wins over the relayhost. */
static int route(const struct exo_doctor *d, const char *sender,
                 const char *transport, struct exo_routes *r)
{
    size_t len = strcspn(transport, ":");
    struct exo_postfix_answer a = EXO_POSTFIX_ANSWER_INIT;
    int rc;

    rc = add_route(r, sender, transport, len,
                   transport[len] == ':' && transport[len + 1] != '\0'
                       ? transport + len + 1
                       : way(d, "sender_dependent_relayhost_maps", sender,
                             exo_postfix_get(d->postfix, "relayhost"), &a));
    exo_postfix_answer_free(&a);
    return rc;
}

/* An @domain serves any name of its domain. */
static int route_account(const struct exo_doctor *d,
                         const struct exo_account *account,
                         struct exo_routes *r)
{
    struct exo_postfix_answer a = EXO_POSTFIX_ANSWER_INIT;
    char sender[2 * EXO_ACCOUNT_MAX];
    int rc = 0;

    (void)snprintf(sender, sizeof(sender), "%s%s",
                   account->name[0] == '@' ? "postmaster" : "", account->name);
    if (strrchr(sender, '@')) {
        rc = route(d, sender,
                   way(d, "sender_dependent_default_transport_maps", sender,
                       exo_postfix_get(d->postfix, "default_transport"), &a),
                   r);
    }
    exo_postfix_answer_free(&a);
    return rc;
}

int exo_relay_routes(struct exo_doctor *d, struct exo_routes *r)
{
    struct exo_names names = EXO_NAMES_INIT;
    struct exo_err ignored = EXO_ERR_INIT; /* the check of the files says so */
    int rc = route(d, "", exo_postfix_get(d->postfix, "default_transport"), r);

    if (rc == 0) {
        rc = route(d, "", exo_postfix_get(d->postfix, "relay_transport"), r);
    }
    /* All of them, whomever doctor is for: Postfix has all of them. */
    if (rc == 0 && d->app->conf &&
        exo_settings_list(d->app->conf, exo_names_add, &names, &ignored) == 0) {
        rc = exo_names_sort(&names);
    }
    for (size_t i = 0; rc == 0 && i < names.n && i < SENDERS; i++) {
        rc = route_account(d, &names.account[i], r);
    }
    exo_names_free(&names);
    return rc;
}

void exo_relay_routes_free(struct exo_routes *r)
{
    free(r->route);
}

bool exo_relay_is_of(const struct exo_view *v, const struct exo_route *r)
{
    const char *name =
        v->service ? v->service->name
                   : exo_postfix_get(v->d->postfix, "default_transport");
    size_t len = strcspn(name, ":");

    return (!v->service || strcmp(v->service->type, "unix") == 0) &&
           strlen(r->service) == len && strncmp(r->service, name, len) == 0;
}

/* ---- as whom it logs in ------------------------------------------------ */

/* One set of maps, and what was found in it for one way. */
struct logins {
    const struct exo_view *v;
    const char *maps;
    const char *hop;
    bool found;
    bool unsure; /* a map could not be asked, which is said */
};

static bool was_told(const struct exo_doctor *d, const char *text)
{
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->finding[i].check, d->check) == 0 &&
            strcmp(d->finding[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

static void tell_once(struct exo_doctor *d, struct exo_err *err, int rc)
{
    if (!was_told(d, exo_err_text(err, rc))) {
        exo_doctor_error(d, NULL, err, rc);
    }
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A lookup that Postfix cannot make, either. A text that is not there is told
 * of by doctor_map.c. */
static void tell_trouble(struct exo_doctor *d,
                         const struct exo_postfix_answer *a)
{
    const char *text = exo_postfix_made_from(a->map);
    struct exo_buf shown = EXO_BUF_INIT(2048);
    struct exo_err err = EXO_ERR_INIT;
    int rc;

    exo_postfix_show(&shown, a->map, strlen(a->map));
    if (text && is_there(text) && !strstr(a->words, "unsupported")) {
        rc =
            exo_err_set(&err, EXO_STATUS_MISCONFIGURED,
                        "no login: Postfix cannot look into %s: %s; run: "
                        "postmap %s",
                        exo_buf_shown(&shown), a->words, EXO_SH(a->map, "MAP"));
        tell_once(d, &err, rc);
    } else if (!text || is_there(text)) {
        rc = exo_err_set(&err, EXO_STATUS_MISCONFIGURED,
                         "no login: Postfix cannot look into %s: %s; correct "
                         "the map, or name one of another type "
                         "in smtp_sasl_password_maps",
                         exo_buf_shown(&shown), a->words);
        if (strncmp(a->map, "texthash:", 9) != 0 || is_there(a->map + 9)) {
            tell_once(d, &err, rc);
        }
    }
    exo_buf_free(&shown);
}

/* user, or user:password, which the map has. */
static void check_user(const struct logins *l, const char *map,
                       const char *user)
{
    struct exo_doctor *d = l->v->d;
    struct exo_settings *s = NULL;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_account account;
    char host[256];
    int rc;

    if (exo_account_set(&account, user, strcspn(user, ":")) != 0) {
        return;
    }
    if (exo_settings_load(&s, d->app->conf, &account, &err) == 0) {
        rc = host_of(l->hop, host)
                 ? exo_reach_server(s, host, "set another relayhost", &err)
                 : 0;
        if (rc != 0) {
            tell_once(d, &err, rc);
        }
    } else if (err.status == EXO_STATUS_NO_ACCOUNT && !strchr(user, ':') &&
               exo_postfix_is_stale(map)) {
        err = (struct exo_err)EXO_ERR_INIT;
        rc = exo_err_set(&err, EXO_STATUS_MISCONFIGURED,
                         "%s is newer than what postmap made of it, by which "
                         "%s logs in, which is no account; run: postmap %s",
                         exo_postfix_made_from(map), account.name,
                         EXO_SH(map, "MAP"));
        tell_once(d, &err, rc);
    }
    exo_settings_free(s);
}

/* Does smtp(8) find one by this key? */
static bool try_key(struct logins *l, const char *key, bool is_sender)
{
    struct exo_postfix_answer a = EXO_POSTFIX_ANSWER_INIT;
    const struct exo_postfix *p = l->v->d->postfix;
    const char *user;
    size_t len;
    int rc = is_sender ? ask_sender(p, l->maps, key, &a)
                       : exo_postfix_ask(p, l->maps, key, &a);

    if (rc == 0 && exo_secret_reveal(&a.value, &user, &len) == 0) {
        check_user(l, a.map, user);
        l->found = true;
    } else if (rc == EXO_E_IO) {
        tell_trouble(l->v->d, &a);
    }
    l->unsure |= rc != 0 && rc != EXO_E_NOENT;
    exo_postfix_answer_free(&a);
    return rc == 0;
}

static bool by_sender(const struct exo_view *v)
{
    return strcmp(exo_view_get(v, "smtp_sender_dependent_authentication"),
                  "yes") == 0;
}

/* By the senders that go this way. */
static void try_senders(struct logins *l)
{
    const struct exo_routes *r = l->v->routes;

    for (size_t i = 0; i < r->n; i++) {
        const struct exo_route *at = &r->route[i];

        if (at->sender[0] != '\0' && strcmp(at->hop, l->hop) == 0) {
            (void)try_key(l, at->sender, true);
        }
    }
}

/* What is to be done for a login where there is none. */
static void say_missing(struct logins *l, char out[EXO_ERR_TEXT])
{
    const char *list = l->maps;
    char first[1024] = "";
    const char *map, *source;
    size_t len;

    if (exo_postfix_next_map(&list, &len, &map) && len < sizeof(first)) {
        memcpy(first, map, len);
    }
    source = exo_postfix_made_from(first);
    if (exo_postfix_is_stale(first)) {
        exo_text_fmt(out, EXO_ERR_TEXT,
                     "to have what is new in %s, run: postmap %s", source,
                     EXO_SH(first, "MAP"));
    } else if (!by_sender(l->v) && (try_senders(l), l->found)) {
        exo_text_fmt(out, EXO_ERR_TEXT,
                     "to log in by sender, for whom it has lines, run: "
                     "postconf -e 'smtp_sender_dependent_authentication = "
                     "yes'");
    } else if (source) {
        exo_text_fmt(out, EXO_ERR_TEXT,
                     "add to %s the line \"%s ACCOUNT\", and run: postmap %s",
                     source, l->hop, EXO_SH(first, "MAP"));
    } else {
        exo_text_fmt(out, EXO_ERR_TEXT,
                     "add to the first map the line \"%s ACCOUNT\"", l->hop);
    }
}

/* One way: by the sender where that is asked for, else by host, destination. */
static void check_hop(struct logins *l, struct exo_route *at, bool meant)
{
    char host[256];

    if (by_sender(l->v)) {
        try_senders(l);
    }
    if (!host_of(l->hop, host) || !try_key(l, host, false)) {
        (void)try_key(l, l->hop, false);
    }
    at->login = l->found;
    if (!l->found && !l->unsure && meant) {
        say_missing(l, at->why);
    }
}

void exo_relay_check(const struct exo_view *v, const char *maps, bool meant)
{
    struct exo_routes *r = v->routes;

    for (size_t i = 0; i < r->n; i++) {
        struct logins l = { v, maps, r->route[i].hop, false, false };
        bool seen = !exo_relay_is_of(v, &r->route[i]);

        for (size_t j = 0; !seen && j < i; j++) {
            seen = exo_relay_is_of(v, &r->route[j]) &&
                   strcmp(r->route[j].hop, l.hop) == 0;
        }
        if (!seen) {
            check_hop(&l, &r->route[i], meant);
        }
    }
}

void exo_relay_tell(struct exo_doctor *d, const struct exo_routes *r)
{
    char text[EXO_ERR_TEXT];
    bool any = false;

    for (size_t i = 0; i < r->n; i++) {
        any |= r->route[i].login;
    }
    for (size_t i = 0; i < r->n; i++) {
        const struct exo_route *at = &r->route[i];

        if (at->why[0] == '\0') {
            continue;
        }
        exo_text_fmt(text, sizeof(text),
                     "mail goes to %s without a login, as "
                     "smtp_sasl_password_maps has nothing for it; %-s",
                     at->hop, at->why);
        if (was_told(d, text)) {
            continue;
        }
        if (any) {
            exo_doctor_warn(d, NULL, "%-s", text); /* may be meant */
        } else {
            exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED, "%-s", text);
        }
    }
}
