/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: the parameters that Postfix logs in with. Called by
 * doctor_postfix.c. One table (doctor_table.c) says of each what is wrong and
 * what would be right, and every service of master.cf that logs in is judged by
 * it with the values that it has: its own (-o), else main.cf's.
 *
 * What main.cf says is told once, as main.cf's, and only where a service uses
 * it. What is one service's own is put right in that service: the command
 * takes the option away where main.cf's value is right, else gives it the
 * right one. So no remedy for one service changes the mail of the others.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_postfix.h"

static bool is_bad(const struct exo_view *v, const struct exo_rule *rule)
{
    return rule->is_bad(v, exo_view_get(v, rule->name));
}

/* The parameter to change: the one that it is by default, where that has the
 * value. */
static const char *target(const struct exo_view *v, const struct exo_rule *rule,
                          char out[EXO_VIEW_NAME])
{
    char other[EXO_VIEW_NAME];

    for (exo_view_name(v, rule->name, out);
         rule->unset && exo_view_default(out); memcpy(
             out, exo_view_default(out), strlen(exo_view_default(out)) + 1)) {
        const char *value = exo_view_own(v, out);

        if (!value) {
            value = exo_postfix_said(v->d->postfix, out);
        }
        if (value && (!exo_view_refers(value, other) ||
                      strcmp(other, exo_view_default(out)) != 0)) {
            break;
        }
    }
    return out;
}

/* ---- findings ---------------------------------------------------------- */

/* "main.cf: ..." or "master.cf, relay: ...". */
static const char *say(const struct exo_view *v, const char *name,
                       const char *value, const char *what,
                       char out[EXO_ERR_TEXT])
{
    struct exo_buf text = EXO_BUF_INIT(EXO_ERR_TEXT);
    const char *whole;
    char mechanism[32];

    (void)exo_rule_mechanism(v, mechanism);
    for (char *p = mechanism; *p != '\0'; p++) {
        *p = (char)toupper((unsigned char)*p);
    }
    exo_buf_fmt(&text, "%s%s: ", v->service ? "master.cf, " : "main.cf",
                v->service ? v->service->name : "");
    for (; *what != '\0'; what++) {
        if (*what == '$') {
            what++;
            exo_buf_str(&text, *what == 'n'   ? name
                               : *what == 'M' ? mechanism
                                              : value);
        } else {
            exo_buf_add(&text, what, 1);
        }
    }
    exo_text_fmt(out, EXO_ERR_TEXT, "%s",
                 exo_buf_done(&text, &whole) == 0 ? whole : name);
    exo_buf_free(&text);
    return out;
}

/* What was found, and the command that puts it right. */
static void find(const struct exo_view *v, bool fails, const char *what,
                 const char *flag, const char *setting)
{
    /* A postconf of that shell would take another one. */
    const char *other = getenv("MAIL_CONFIG");
    const char *dir = v->d->postfix->config_dir;
    bool c = other && *other != '\0' && strcmp(other, dir) != 0;
    char text[EXO_ERR_TEXT];

    exo_text_fmt(text, sizeof(text), "%s; run: postconf%s%s -%s %s", what,
                 c ? " -c " : "", c ? EXO_SH(dir, "DIR") : "",
                 EXO_SH(flag, "FLAG"), EXO_SH(setting, "SETTING"));
    if (fails) {
        exo_doctor_fail(v->d, NULL, EXO_STATUS_MISCONFIGURED, "%-s", text);
    } else {
        exo_doctor_warn(v->d, NULL, "%-s", text);
    }
}

/* The option goes where main.cf is right, and else gets the right value. */
static void tell(const struct exo_view *v, const struct exo_rule *rule)
{
    char name[EXO_VIEW_NAME], at[EXO_VIEW_NAME], what[EXO_ERR_TEXT];
    struct exo_view rest = { v->d, v->service, target(v, rule, at), v->routes };
    bool drop = exo_view_own(v, at) && !is_bad(&rest, rule);
    char mechanism[32];
    const char *good = !rule->good ? ""
                       : strcmp(rule->good, "$m") == 0
                           ? exo_rule_mechanism(v, mechanism)
                           : rule->good;
    struct exo_buf setting = EXO_BUF_INIT(EXO_ERR_TEXT);
    const char *text;

    (void)say(v, exo_view_name(v, rule->name, name),
              exo_view_get(v, rule->name), rule->what, what);
    if (v->service) {
        exo_buf_fmt(&setting, "%s/%s/", v->service->name, v->service->type);
    }
    exo_buf_str(&setting, at);
    if (!drop && (v->service || !rule->unset)) {
        exo_buf_fmt(&setting, "%s%s", v->service ? "=" : " = ", good);
    }
    if (!drop && !rule->good) {
        exo_doctor_fail(v->d, NULL, EXO_STATUS_MISCONFIGURED, "%s; %s", what,
                        rule->advice);
    } else if (exo_buf_done(&setting, &text) != 0) {
        exo_doctor_skip(v->d, NULL, "%s: not checked: out of memory", name);
    } else {
        find(v, rule->fails, what,
             v->service ? (drop ? "PX" : "P") : (rule->unset ? "X" : "e"),
             text);
    }
    exo_buf_free(&setting);
}

/* ---- the services ------------------------------------------------------ */

/* Does main.cf send by it what has no transport of its own? */
static bool is_default(const struct exo_view *v)
{
    const char *route = exo_postfix_get(v->d->postfix, "default_transport");
    size_t len = strcspn(route, ":");

    return strlen(v->service->name) == len &&
           strncmp(v->service->name, route, len) == 0;
}

/* An option keeps it from logging in, where main.cf would have it, or where it
 * has passwords of its own to log in with. */
static void check_mute(const struct exo_view *v)
{
    char name[EXO_VIEW_NAME], what[EXO_ERR_TEXT];
    struct exo_view rest = { v->d, v->service,
                             exo_view_name(v, "smtp_sasl_auth_enable", name),
                             v->routes };
    struct exo_buf setting = EXO_BUF_INIT(EXO_ERR_TEXT);
    char maps[EXO_VIEW_NAME];
    bool own = exo_view_own(v, exo_view_name(v, "smtp_sasl_password_maps",
                                             maps)) != NULL;
    bool drop = exo_view_logs_in(&rest);
    const char *option;

    if (exo_view_logs_in(v) || (!drop && !own)) {
        return;
    }
    (void)say(v, name, exo_view_get(v, name),
              "$n = $v, so that it does not log in", what);
    exo_buf_fmt(&setting, "%s/%s/%s%s", v->service->name, v->service->type,
                name, drop ? "" : "=yes");
    if (!is_default(v) && !own) {
        exo_doctor_ok(v->d, NULL, "%s", what); /* may be meant */
    } else if (exo_buf_done(&setting, &option) == 0) {
        find(v, false, what, drop ? "PX" : "P", option);
    }
    exo_buf_free(&setting);
}

/* Of main.cf once, if a service has its value; of each that has its own. */
static void check_rule(const struct exo_view *v, size_t n,
                       const struct exo_rule *rule)
{
    struct exo_view main_cf = { v->d, NULL, NULL, v->routes };
    bool bad = exo_view_logs_in(&main_cf) && is_bad(&main_cf, rule);
    bool used = n == 0;
    char at[EXO_VIEW_NAME];

    for (size_t i = 0; i < n; i++) {
        if (!exo_view_logs_in(&v[i]) || !is_bad(&v[i], rule)) {
            continue;
        }
        (void)target(&v[i], rule, at);
        if (bad && !exo_view_own(&v[i], at) && strncmp(at, "lmtp_", 5) != 0) {
            used = true;
        } else {
            tell(&v[i], rule);
        }
    }
    if (bad && used) {
        tell(&main_cf, rule);
    }
}

static bool is_same(const struct exo_view *a, const struct exo_view *b,
                    const char *name)
{
    return strcmp(exo_view_get(a, name), exo_view_get(b, name)) == 0;
}

/* Each set of values once. */
static void check_maps(const struct exo_view *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *maps = exo_view_get(&v[i], "smtp_sasl_password_maps");
        bool seen = !exo_view_logs_in(&v[i]) || maps[0] == '\0';

        for (size_t j = 0; !seen && j < i; j++) {
            seen = exo_view_logs_in(&v[j]) &&
                   is_same(&v[i], &v[j], "smtp_sasl_password_maps");
        }
        if (!seen) {
            bool meant = exo_postfix_check_map(v[i].d, maps);

            for (size_t j = i; v->d->app->conf && j < n; j++) {
                if (exo_view_logs_in(&v[j]) &&
                    is_same(&v[i], &v[j], "smtp_sasl_password_maps")) {
                    exo_relay_check(&v[j], maps, meant);
                }
            }
        }
    }
}

/* How main.cf's rules, the maps, and where mail goes, hold for them. */
static void check_views(const struct exo_view *v, size_t n)
{
    for (size_t i = 0; exo_rules[i].name; i++) {
        check_rule(v, n, &exo_rules[i]);
    }
    check_maps(v, n);
}

bool exo_postfix_check_logins(struct exo_doctor *d)
{
    struct exo_routes routes = { NULL, 0 };
    struct exo_view main_cf = { d, NULL, NULL, &routes };
    struct exo_view *v = calloc(d->postfix->n_services + 1, sizeof(*v));
    bool any = false;
    size_t n = 0;

    if (!v || exo_relay_routes(d, &routes) != 0) {
        exo_doctor_skip(d, NULL, "not checked: out of memory");
        exo_relay_routes_free(&routes);
        free(v);
        return true;
    }
    for (size_t i = 0; i < d->postfix->n_services; i++) {
        v[n] = (struct exo_view){ d, &d->postfix->service[i], NULL, &routes };
        if (exo_postfix_is_client(v[n].service)) {
            check_mute(&v[n]);
            any = exo_view_logs_in(&v[n++]) || any;
        }
    }
    any = n == 0 ? exo_view_logs_in(&main_cf) : any;
    if (n == 0) {
        v[0] = main_cf;
    }
    if (any) {
        check_views(v, n);
        exo_relay_tell(d, &routes);
    }
    exo_relay_routes_free(&routes);
    free(v);
    return any;
}
