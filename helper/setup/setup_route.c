/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way that mail goes to the relay (setup.h): by the relayhost, with what
 * the client is told in main.cf, or by a transport of its own, a service in
 * master.cf with options, for the senders of a map. Called by
 * exo_setup_plan() before the rest of the plan, as it finds the jail.
 *
 * Adds to the list of changes. An error names what stands in the way: another
 * service of that name, or an option in master.cf that would win.
 */
#include "config.h"

#include <string.h>

#include "setup_client.h"

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
    struct exo_setup_client c = { s, NULL, EXO_BUF_INIT(EXO_BLOCK_VALUE) };
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
    rc = exo_setup_client_plan(&c, name, err);
    if (rc == 0) {
        rc = exo_buf_done(&s->relay, &relay);
    }
    if (rc == 0) {
        exo_setup_client_value(&c, "relayhost", relay);
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
    struct exo_setup_client c = { s, NULL, EXO_BUF_INIT(EXO_BLOCK_VALUE) };
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
    rc = exo_setup_client_plan(&c, s->transport, err);
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

int exo_setup_plan_route(struct exo_setup *s, struct exo_err *err)
{
    return s->transport ? plan_transport(s, err) : plan_relayhost(s, err);
}
