/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: the value of a parameter as one service of master.cf has it. Called
 * by doctor_rules.c; what is returned borrows from struct exo_postfix.
 *
 * postconf says what main.cf comes to, and what a service says of its own. It
 * does not say what the default of one parameter comes to where the service
 * has another value for what that default names, which smtp(8) goes by.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "doctor_postfix.h"

const char *exo_view_name(const struct exo_view *v, const char *name,
                          char out[EXO_VIEW_NAME])
{
    bool lmtp = v->service && strcmp(v->service->command, "lmtp") == 0 &&
                strncmp(name, "smtp_", 5) == 0;

    (void)snprintf(out, EXO_VIEW_NAME, "%s%s", lmtp ? "lmtp_" : "",
                   lmtp ? name + 5 : name);
    return out;
}

const char *exo_view_default(const char *name)
{
    static const char *const chain[] = {
        "smtp_sasl_tls_verified_security_options",
        "smtp_sasl_tls_security_options",
        "smtp_sasl_security_options",
        "lmtp_sasl_tls_verified_security_options",
        "lmtp_sasl_tls_security_options",
        "lmtp_sasl_security_options",
        NULL
    };

    for (size_t i = 0; chain[i]; i++) {
        if (strcmp(name, chain[i]) == 0) {
            return i % 3 == 2 ? NULL : chain[i + 1];
        }
    }
    return NULL;
}

bool exo_view_refers(const char *value, char out[EXO_VIEW_NAME])
{
    size_t len = strlen(value);

    if (len < 2 || *value != '$') {
        return false;
    }
    value++;
    len--;
    if (len > 2 && ((*value == '{' && value[len - 1] == '}') ||
                    (*value == '(' && value[len - 1] == ')'))) {
        value++;
        len -= 2;
    }
    if (len >= EXO_VIEW_NAME ||
        strspn(value, "abcdefghijklmnopqrstuvwxyz"
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") < len) {
        return false;
    }
    memcpy(out, value, len);
    out[len] = '\0';
    return true;
}

const char *exo_view_own(const struct exo_view *v, const char *name)
{
    return v->service && !(v->without && strcmp(v->without, name) == 0)
               ? exo_postfix_override(v->d->postfix, v->service, name)
               : NULL;
}

/*
 * What Postfix uses: a value may be another parameter's, and that one be the
 * service's own. name: the parameter's own, of exo_view_name().
 */
static const char *get_at(const struct exo_view *v, const char *name, int depth)
{
    const char *value = exo_view_own(v, name);
    const char *other = NULL;
    char at[EXO_VIEW_NAME];

    if (!value && v->service) {
        value = exo_postfix_said(v->d->postfix, name);
        other = value ? NULL : exo_view_default(name);
    }
    if (value && exo_view_refers(value, at)) {
        other = at;
    }
    if (other && depth < 8) {
        return get_at(v, other, depth + 1);
    }
    value = exo_view_own(v, name);
    return value ? value : exo_postfix_get(v->d->postfix, name);
}

const char *exo_view_get(const struct exo_view *v, const char *name)
{
    char at[EXO_VIEW_NAME];

    return get_at(v, exo_view_name(v, name, at), 0);
}

bool exo_view_logs_in(const struct exo_view *v)
{
    return strcmp(exo_view_get(v, "smtp_sasl_auth_enable"), "yes") == 0;
}
