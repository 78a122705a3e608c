/* SPDX-License-Identifier: BSD-2-Clause */
/* Between doctor_postfix.c, doctor_rules.c, doctor_table.c, doctor_view.c,
 * doctor_map.c, doctor_relay.c and doctor_jail.c only. */
#ifndef EXOAUTH_DOCTOR_POSTFIX_H
#define EXOAUTH_DOCTOR_POSTFIX_H

#include "doctor.h"

#define EXO_VIEW_NAME 80 /* bytes of a parameter's name, with the NUL */

/* Mail of that sender ("": of anybody) goes by this service to that host. */
struct exo_route {
    char sender[2 * EXO_ACCOUNT_MAX];
    char service[128];
    char hop[512];          /* as smtp(8) looks it up: [host]:port */
    bool login;             /* there is one */
    char why[EXO_ERR_TEXT]; /* what to do for one; "": nothing */
};

struct exo_routes {
    struct exo_route *route;
    size_t n;
};

/* The values of main.cf, or of one service. */
struct exo_view {
    struct exo_doctor *d;
    const struct exo_postfix_service *service; /* NULL: main.cf */
    const char *without; /* an option that is not looked at, or NULL */
    struct exo_routes *routes;
};

/* Where main.cf leads mail. What cannot be told (the domain of a recipient) is
 * not among them. EXO_E_NOMEM. */
int exo_relay_routes(struct exo_doctor *d,
                     struct exo_routes *routes) EXO_MUST_CHECK;
void exo_relay_routes_free(struct exo_routes *routes);

/* Does this view send that way? */
bool exo_relay_is_of(const struct exo_view *v, const struct exo_route *route);

/* As whom smtp(8) logs in where mail goes, and may that token go there? meant:
 * these maps name accounts of ours. */
void exo_relay_check(const struct exo_view *v, const char *maps, bool meant);

/* The ways on which it has no login, when all have been looked at. */
void exo_relay_tell(struct exo_doctor *d, const struct exo_routes *routes);

/* lmtp(8) has the parameters of smtp(8) under names of its own. */
const char *exo_view_name(const struct exo_view *v, const char *name,
                          char out[EXO_VIEW_NAME]);

/* The one whose value is the default of this one, or NULL. */
const char *exo_view_default(const char *name);

/* "$other", "${other}" or "$(other)" and nothing else: other. */
bool exo_view_refers(const char *value, char out[EXO_VIEW_NAME]);

/* The service's own (-o), as written; NULL: none. */
const char *exo_view_own(const struct exo_view *v, const char *name);

/* What Postfix uses. name: as of smtp(8). */
const char *exo_view_get(const struct exo_view *v, const char *name);

bool exo_view_logs_in(const struct exo_view *v);

/* What is wrong with a parameter, and what would be right. */
struct exo_rule {
    const char *name;
    bool (*is_bad)(const struct exo_view *v, const char *value);
    bool fails;         /* or it is a warning */
    bool unset;         /* main.cf is right without it */
    const char *good;   /* without blanks, which postconf -P takes none of */
    const char *what;   /* "$n", its "$v"alue, "$M"echanism */
    const char *advice; /* where there is no value to name */
};

extern const struct exo_rule exo_rules[]; /* ends with one without a name */

/* "$m" in lower case: the mechanism that a filter must let through. */
const char *exo_rule_mechanism(const struct exo_view *v, char out[32]);

/* What Postfix logs in with, in main.cf and in each service of master.cf. Does
 * it log in anywhere? */
bool exo_postfix_check_logins(struct exo_doctor *d);

/* The users and passwords of smtp_sasl_password_maps, as far as they stand in
 * a text file. No password is kept or shown. False: none of them is ours, and
 * that was said. */
bool exo_postfix_check_map(struct exo_doctor *d, const char *maps);

/* The jail of the services that log in; NULL: they are in none. */
const char *exo_postfix_jail(const struct exo_postfix *postfix);

/* Is there a service of master.cf that runs exoauth serve? */
bool exo_postfix_serves(const struct exo_postfix *postfix);

#endif
