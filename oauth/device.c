/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device grant, RFC 8628 (exoauth/oauth.h): ask for a code, then poll.
 *
 * `exoauth login` calls exo_oauth_device_start(), shows the code, waits
 * device->interval seconds and calls exo_oauth_device_poll() until it is
 * GRANTED or FAILED or the code's time is over. The caller frees the device
 * and, after GRANTED or FAILED, the tokens. What is shown to a person at a
 * terminal (code and address) is refused unless it is plain printable ASCII.
 */
#include "config.h"

#include "exoauth/oauth.h"

#include <string.h>

#include "answer.h"

#define DEFAULT_LIFE 900 /* Entra's; RFC 8628 requires the server to say */
#define DEFAULT_INTERVAL 5
#define INTERVAL_MAX 600

/* Copies a member that a person will read; EXO_E_SYNTAX, and to stays "",
 * unless it is plain ASCII without blanks at either end, fits, tells nobody
 * what to run, and shows no secret. EXO_E_NOMEM. */
static int copy_shown(const struct exo_asked *asked, struct json_object *object,
                      const char *name, char *to, size_t size)
{
    const char *text = exo_json_string(object, name);
    size_t len = strlen(text);
    int leaks;

    if (!exo_is_vschar(text) || len >= size || text[0] == ' ' ||
        text[len - 1] == ' ' || exo_text_offers(text)) {
        return EXO_E_SYNTAX;
    }
    leaks = exo_leaks(asked, NULL, text, len);
    if (leaks != 0) {
        return leaks < 0 ? leaks : EXO_E_SYNTAX;
    }
    memcpy(to, text, len + 1);
    return EXO_OK;
}

/* The same for an address: nothing but the web, and no blank in it. */
static int copy_uri(const struct exo_asked *asked, struct json_object *object,
                    const char *name, char *to, size_t size)
{
    int rc = copy_shown(asked, object, name, to, size);

    if (rc == EXO_OK &&
        ((strncmp(to, "https://", 8) != 0 && strncmp(to, "http://", 7) != 0) ||
         strchr(to, ' ') != NULL)) {
        to[0] = '\0';
        rc = EXO_E_SYNTAX;
    }
    return rc;
}

/* What is shown to the person who logs in. */
static int read_shown(const struct exo_asked *asked,
                      const struct exo_http_reply *reply,
                      struct json_object *object, struct exo_device *device,
                      struct exo_oauth_error *error)
{
    int rc = copy_shown(asked, object, "user_code", device->user_code,
                        sizeof(device->user_code));
    const char *bad = "no usable user_code";

    if (rc == EXO_OK) {
        bad = "no usable verification_uri";
        rc = copy_uri(asked, object, "verification_uri",
                      device->verification_uri,
                      sizeof(device->verification_uri));
    }
    if (rc == EXO_OK &&
        copy_uri(asked, object, "verification_uri_complete",
                 device->verification_uri_complete,
                 sizeof(device->verification_uri_complete)) == EXO_E_NOMEM) {
        rc = EXO_E_NOMEM;
    }
    if (rc == EXO_E_NOMEM) {
        return exo_no_memory(error);
    }
    return rc == EXO_OK ? EXO_OK
                        : exo_unusable(asked, reply, EXO_OK, bad,
                                       EXO_STATUS_MISCONFIGURED, error);
}

static int read_device(const struct exo_asked *asked,
                       const struct exo_http_reply *reply,
                       struct json_object *object, struct exo_device *device,
                       struct exo_oauth_error *error)
{
    const char *code = exo_json_string(object, "device_code");
    int rc;

    if (!exo_is_vschar(code)) {
        return exo_unusable(asked, reply, EXO_OK,
                            "JSON without a usable device_code",
                            EXO_STATUS_MISCONFIGURED, error);
    }
    rc = read_shown(asked, reply, object, device, error);
    if (rc != EXO_OK) {
        return rc;
    }
    if (exo_json_seconds(object, "expires_in", DEFAULT_LIFE,
                         &device->expires_in) != EXO_OK) {
        return exo_unusable(asked, reply, EXO_OK,
                            "an expires_in that is no sensible number of "
                            "seconds",
                            EXO_STATUS_MISCONFIGURED, error);
    }
    /* A senseless interval must not stop a login that works. */
    if (exo_json_seconds(object, "interval", DEFAULT_INTERVAL,
                         &device->interval) != EXO_OK ||
        device->interval > INTERVAL_MAX) {
        device->interval = DEFAULT_INTERVAL;
    }
    if (exo_secret_set(&device->device_code, code, strlen(code)) != EXO_OK) {
        return exo_no_memory(error);
    }
    return EXO_OK;
}

static int parse_device(const struct exo_asked *asked,
                        const struct exo_http_reply *reply,
                        struct exo_device *device,
                        struct exo_oauth_error *error)
{
    struct json_object *object = NULL;
    int parse_rc = exo_json_parse(&reply->body, &object);
    int rc;

    if (parse_rc == EXO_E_NOMEM) {
        rc = exo_no_memory(error);
    } else if (exo_is_refusal(reply, object, "device_code")) {
        rc = exo_refused(asked, reply, object, error);
    } else if (parse_rc != EXO_OK) {
        rc = exo_unusable(asked, reply, parse_rc, "", EXO_STATUS_TRANSIENT,
                          error);
    } else {
        rc = read_device(asked, reply, object, device, error);
    }
    exo_json_free(object);
    return rc;
}

int exo_oauth_device_start(const struct exo_oauth_client *client,
                           struct exo_device *device,
                           struct exo_oauth_error *error)
{
    struct exo_secret form = EXO_SECRET_INIT, made = EXO_SECRET_INIT;
    const struct exo_asked asked = {
        .client = client,
        .url = client->device_authorization_endpoint,
        .key = "device_authorization_endpoint",
        .made = &made,
    };
    struct exo_http_reply reply;
    int rc;

    memset(device, 0, sizeof(*device));
    device->device_code = (struct exo_secret)EXO_SECRET_INIT;
    memset(error, 0, sizeof(*error));
    if (exo_form_scope(&form, client) != EXO_OK) {
        rc = exo_no_memory(error);
        goto out;
    }
    rc = exo_oauth_post(&asked, &form, &reply, error);
    if (rc == EXO_OK) {
        rc = parse_device(&asked, &reply, device, error);
    }
    exo_http_reply_free(&reply);
out:
    exo_secret_free(&form);
    exo_secret_free(&made);
    return rc;
}

void exo_device_free(struct exo_device *device)
{
    exo_secret_free(&device->device_code);
}

static int poll_once(const struct exo_oauth_client *client,
                     const struct exo_device *device, struct exo_tokens *tokens,
                     struct exo_oauth_error *error)
{
    struct exo_secret form = EXO_SECRET_INIT, made = EXO_SECRET_INIT;
    const struct exo_asked asked = { .client = client,
                                     .url = client->token_endpoint,
                                     .key = "token_endpoint",
                                     .sent = &device->device_code,
                                     .made = &made };
    struct exo_http_reply reply;
    int rc;

    rc = exo_form_text(&form, "grant_type",
                       "urn:ietf:params:oauth:grant-type:device_code");
    if (rc == EXO_OK) {
        rc = exo_form_secret(&form, "device_code", &device->device_code);
    }
    if (rc != EXO_OK) {
        rc = exo_no_memory(error);
        goto out;
    }
    rc = exo_oauth_post(&asked, &form, &reply, error);
    if (rc == EXO_OK) {
        rc = exo_oauth_answer(&asked, &reply, tokens, error);
    }
    exo_http_reply_free(&reply);
out:
    exo_secret_free(&form);
    exo_secret_free(&made);
    return rc;
}

static void slow_down(struct exo_device *device, int64_t more)
{
    device->interval = device->interval + more < INTERVAL_MAX
                           ? device->interval + more
                           : INTERVAL_MAX;
}

enum exo_device_step exo_oauth_device_poll(
    const struct exo_oauth_client *client, struct exo_device *device,
    struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    exo_tokens_init(tokens);
    memset(error, 0, sizeof(*error));
    if (poll_once(client, device, tokens, error) == EXO_OK) {
        return EXO_DEVICE_GRANTED;
    }

    if (strcmp(error->error, "authorization_pending") == 0) {
        return EXO_DEVICE_PENDING;
    }
    if (strcmp(error->error, "slow_down") == 0) {
        slow_down(device, 5);
        return EXO_DEVICE_PENDING;
    }
    /* A damaged success has used the code up; no poll brings it back. */
    if (error->err.status != EXO_STATUS_TRANSIENT ||
        error->http_status / 100 == 2) {
        return EXO_DEVICE_FAILED;
    }
    slow_down(device, device->interval);
    return EXO_DEVICE_PENDING;
}
