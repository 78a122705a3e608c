/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth token: one usable access token on stdout. What mutt, msmtp, mpop
 * and getmail run. A caller that may not open the store gets it from the
 * plugin's own sources, published file and sockets. Silent on stderr when it
 * works, because mail clients paint stderr over their screen.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "helper/broker/broker.h"
#include "cmd.h"
#include "exoauth/base64.h"
#include "exoauth/json.h"
#include "exoauth/clock.h"
#include "exoauth/proto.h"
#include "exoauth/source.h"
#include "exoauth/wire.h"
#include "helper/broker/flight.h"

static void put_json(struct exo_secret *out, const struct exo_token *t)
{
    struct exo_json json;

    exo_json_begin(&json, &out->hidden, false);
    exo_json_put_number(&json, "exoauth", 1);
    exo_json_put_text(&json, "account", t->account);
    exo_json_put_text(&json, "user", t->user);
    exo_json_put_text(&json, "servers", t->servers);
    exo_json_put_number(&json, "serial", t->serial);
    exo_json_put_number(&json, "issued", t->issued);
    exo_json_put_number(&json, "expires", t->expires);
    exo_json_put_bytes(&json, "token", t->token, t->token_len);
    exo_json_end(&json);
}

/* The SASL initial response in base64, as a mail client sends it. */
static int put_sasl(struct exo_secret *out, const struct exo_token *t,
                    enum exo_format format)
{
    struct exo_secret message = EXO_SECRET_INIT;
    const char *text;
    size_t at, len;
    int rc =
        format == EXO_FORMAT_XOAUTH2
            ? exo_wire_xoauth2(&message, t->user, t->token, t->token_len, &at)
            : exo_wire_oauthbearer(&message, t->user, NULL, 0, t->token,
                                   t->token_len, &at);

    if (rc == 0) {
        rc = exo_secret_reveal(&message, &text, &len);
    }
    if (rc == 0) {
        rc = exo_base64(out, text, len);
    }
    exo_secret_free(&message);
    return rc;
}

static int print(const struct exo_token *t, enum exo_format format,
                 struct exo_err *err)
{
    struct exo_secret out = EXO_SECRET_INIT;
    int rc = 0;

    switch (format) {
    case EXO_FORMAT_JSON:
        put_json(&out, t);
        break;
    case EXO_FORMAT_XOAUTH2:
    case EXO_FORMAT_OAUTHBEARER:
        rc = put_sasl(&out, t, format);
        break;
    default:
        rc = exo_secret_set(&out, t->token, t->token_len);
        break;
    }
    if (exo_err_system(err, rc, "cannot print the token of %s", t->account)) {
        rc = EXO_E_STATUS;
    } else if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_BUG, "cannot format the token: %s",
                         exo_strerror(rc));
    } else {
        exo_buf_str(&out.hidden, "\n");
        rc = exo_out_buf(&out.hidden, err);
    }
    exo_secret_free(&out);
    return rc;
}

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

/* For service users: what the plugin would get. */
static int from_sources(struct exo_app *app, const struct exo_options *options,
                        struct exo_err *err)
{
    struct exo_request request = EXO_REQUEST_INIT;
    struct exo_answer answer;
    int rc;

    request.get = options->account.name;
    request.min_ttl = options->min_ttl;
    exo_source_get(app->conf, &request, EXO_SOURCE_NO_SPAWN, warn, app,
                   &answer);
    if (answer.reply.status == EXO_STATUS_OK) {
        struct exo_token t = answer.reply.token;

        if (!t.user) {
            t.user = options->account.name;
        }
        rc = print(&t, options->format, err);
    } else {
        rc = exo_err_set(err, answer.reply.status, "%-s", answer.reply.message);
        err->retry_after = answer.reply.retry_after;
    }
    exo_answer_free(&answer);
    return rc;
}

static int from_broker(struct exo_app *app, const struct exo_options *options,
                       struct exo_err *err)
{
    struct exo_flight flight = EXO_FLIGHT_INIT;
    struct exo_want want = EXO_WANT_INIT;
    struct exo_got got;
    int rc;

    flight.begun = exo_clock_ms();
    flight.stays = getpid() == 1;
    want.flight = &flight;
    want.min_ttl = options->min_ttl;
    want.deadline_ms = exo_clock_ms() + app->conf->timeout * 1000;
    rc = exo_app_store(app, err);
    if (rc != 0 && err->status == EXO_STATUS_DENIED) {
        *err = (struct exo_err)EXO_ERR_INIT;
        return from_sources(app, options, err);
    }
    *err = (struct exo_err)EXO_ERR_INIT; /* the broker looks for a way out */
    rc = exo_broker_get(app, &options->account, &want, &got, err);
    if (rc == 0) {
        rc = print(&got.token, options->format, err);
    }
    exo_flight_end(&flight);
    exo_got_free(&got);
    return rc;
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_got got;
    int rc;

    if (options->min_ttl >= 0) {
        return from_broker(app, options, err);
    }
    rc = exo_broker_fresh(app, &options->account, &got)
             ? print(&got.token, options->format, err)
             : from_broker(app, options, err);
    exo_got_free(&got);
    return rc;
}

const struct exo_command exo_cmd_token = {
    .name = "token",
    .usage = "ACCOUNT [--min-ttl N] [--format raw|xoauth2|oauthbearer|json]",
    .help = "Prints one usable access token.\n\n"
            "  --min-ttl N           seconds it must still live\n"
            "  --format FORMAT       raw (default), xoauth2, oauthbearer, "
            "json\n",
    .options = EXO_OPT_MIN_TTL | EXO_OPT_FORMAT,
    .needs_account = true,
    .waited_for = true,
    .prepare = true,
    .run = run,
};
