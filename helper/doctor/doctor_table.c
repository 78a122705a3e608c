/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: the table of what is wrong with a parameter of Postfix and what
 * would be right. doctor_rules.c judges every service by it; a rule looks at
 * one view (doctor_postfix.h) and changes nothing.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "doctor_postfix.h"
#include "exoauth/block.h"
#include "exoauth/text.h"

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(word, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool forbids(const struct exo_view *v, const char *value)
{
    (void)v;
    return exo_postfix_has_word(value, "noplaintext");
}

static bool allows(const struct exo_view *v, const char *value)
{
    return !forbids(v, value);
}

static bool verifies_none(const struct exo_view *v, const char *level)
{
    static const char *const verifying[] = { "verify",    "secure",      "dane",
                                             "dane-only", "fingerprint", NULL };

    return !is_one_of(level, verifying) &&
           exo_view_get(v, "smtp_tls_policy_maps")[0] == '\0';
}

static bool has_no_ca(const struct exo_view *v, const char *file)
{
    static const char *const by_ca[] = { "verify", "secure", NULL };

    return is_one_of(exo_view_get(v, "smtp_tls_security_level"), by_ca) &&
           file[0] == '\0' && exo_view_get(v, "smtp_tls_CApath")[0] == '\0' &&
           strcmp(exo_view_get(v, "tls_append_default_CA"), "yes") != 0;
}

static bool is_not_cyrus(const struct exo_view *v, const char *value)
{
    (void)v;
    return strcmp(value, "cyrus") != 0;
}

/* Of a table what it has; one that cannot be asked counts as passed. */
static bool has_mechanism(const struct exo_view *v, const char *word,
                          const char *mechanism)
{
    struct exo_postfix_answer a = EXO_POSTFIX_ANSWER_INIT;
    bool has = *word == '/' || strcasecmp(word, mechanism) == 0;

    if (!has && strchr(word, ':')) {
        has =
            exo_postfix_ask(v->d->postfix, word, mechanism, &a) != EXO_E_NOENT;
    }
    exo_postfix_answer_free(&a);
    return has;
}

/* The first word of the filter that has it decides; "!" takes it out. */
static bool passes(const struct exo_view *v, const char *filter,
                   const char *mechanism)
{
    const char *word;
    size_t len;

    while (exo_postfix_next_map(&filter, &len, &word)) {
        bool out = *word == '!';
        char one[1024] = "";

        memcpy(one, word + out, len - out < sizeof(one) ? len - out : 0);
        if (has_mechanism(v, one, mechanism)) {
            return !out;
        }
    }
    return false;
}

/* The mechanism that has to be let through: XOAUTH2, which most servers have,
 * or the first of `mechanisms` where that is not among them. */
const char *exo_rule_mechanism(const struct exo_view *v, char out[32])
{
    const char *list = v->d->app->conf ? v->d->app->conf->mechanisms : "";
    size_t len = 0;
    const char *word = exo_word_next(&list, &len);

    exo_text_fmt(out, 32, "xoauth2");
    if (word && len < 32 &&
        !exo_postfix_has_word(v->d->app->conf->mechanisms, out)) {
        memcpy(out, word, len);
        out[len] = '\0';
    }
    return out;
}

/* "xoauth2, !gssapi, static:rest": what is not named is not used. */
static bool filters_us(const struct exo_view *v, const char *filter)
{
    char mechanism[32];

    return filter[0] != '\0' &&
           !passes(v, filter, exo_rule_mechanism(v, mechanism));
}

static bool asks_too_much(const struct exo_view *v, const char *value)
{
    (void)v;
    return exo_postfix_never(value) != NULL;
}

static bool is_yes(const char *value)
{
    return strcmp(value, "yes") == 0;
}

/* Is there a way of it whose port speaks TLS from the start, or not? Of ports
 * without a meaning nobody can say. */
static bool has_port(const struct exo_view *v, bool wraps)
{
    for (size_t i = 0; i < v->routes->n; i++) {
        int kind = exo_postfix_port_wraps(v->routes->route[i].hop);

        if (exo_relay_is_of(v, &v->routes->route[i]) &&
            kind == (wraps ? 1 : 0)) {
            return true;
        }
    }
    return false;
}

static bool wraps_plain(const struct exo_view *v, const char *value)
{
    return is_yes(value) && has_port(v, false);
}

static bool wraps_not(const struct exo_view *v, const char *value)
{
    return !is_yes(value) && has_port(v, true);
}

static bool discards(const struct exo_view *v, const char *value)
{
    (void)v;
    return exo_postfix_has_word(value, "auth") ||
           exo_postfix_has_word(value, "starttls");
}

static bool is_on(const struct exo_view *v, const char *value)
{
    (void)v;
    return is_yes(value);
}

static bool is_set(const struct exo_view *v, const char *value)
{
    (void)v;
    return value[0] != '\0';
}

static bool is_empty(const struct exo_view *v, const char *value)
{
    return !is_set(v, value);
}

const struct exo_rule exo_rules[] = {
    { "smtp_sasl_tls_verified_security_options", forbids, true, false,
      "noanonymous", "no login with a token, \"no mechanism available\"",
      NULL },
    { "smtp_sasl_tls_verified_security_options", asks_too_much, true, false,
      NULL, "$n = $v asks for what no login with a token can fulfil",
      "take out noactive, mutual_auth and forward_secrecy, or use another "
      "relay" },
    { "smtp_sasl_security_options", allows, false, true,
      "noplaintext,noanonymous", "tokens may be sent without TLS", NULL },
    { "smtp_sasl_tls_security_options", allows, false, true,
      "noplaintext,noanonymous",
      "tokens may be sent to a server whose certificate was not verified",
      NULL },
    { "smtp_tls_security_level", verifies_none, true, false, "secure",
      "$n = $v verifies no certificate, and without that no token is sent",
      NULL },
    { "smtp_tls_CAfile", has_no_ca, true, false,
      "/etc/ssl/certs/ca-certificates.crt", "no CA to verify certificates with",
      NULL },
    { "smtp_sasl_type", is_not_cyrus, true, false, "cyrus", "$n is $v", NULL },
    { "smtp_sasl_mechanism_filter", filters_us, true, false, "$m",
      "$n leaves $M out", NULL },
    { "smtp_sasl_auth_cache_name", is_set, false, true, "",
      "$n is set, so that one refused token blocks the account for 90 days",
      NULL },
    { "smtp_sasl_password_maps", is_empty, true, false, NULL,
      "$n is empty, so that Postfix does not know as whom to log in",
      "name a map with lines SERVER ACCOUNT" },
    { "debug_peer_list", is_set, false, true, "",
      "$n is set, which writes tokens to the log", NULL },
    { "smtp_tls_wrappermode", wraps_plain, true, false, "no",
      "$n = $v, and the port of the relay begins without TLS", NULL },
    { "smtp_tls_wrappermode", wraps_not, true, false, "yes",
      "$n = $v, and the port of the relay begins with TLS", NULL },
    { "smtp_discard_ehlo_keywords", discards, true, false, NULL,
      "$n = $v, so that there is no login", "take out auth and starttls" },
    { "smtp_never_send_ehlo", is_on, true, true, "no",
      "$n = $v, so that there is no login", NULL },
    { NULL, NULL, false, false, NULL, NULL, NULL },
};
