/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's proof (means.h). The broker asks for it under the account's
 * lock before each request, login before it troubles a person; what
 * a command printed serves the whole process, files are read each time, so a
 * rotated secret, certificate or assertion takes effect by itself. The caller
 * frees what was found. No text quotes what a file or command gave.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "broker.h"
#include "helper/app/command.h"
#include "means.h"

/* For the callback of exo_keypair_load(). */
struct question {
    struct exo_app *app;
    const struct exo_settings *settings;
    struct exo_secret *passphrase; /* in, or what the command gave */
};

/* Certificate and key may both be encrypted, in one file or in two. */
static int tell_passphrase(void *context, const char *what,
                           struct exo_secret *passphrase, struct exo_err *err)
{
    static const char key[] = "key_passphrase_command";
    struct question *q = context;
    const char *command =
        exo_settings_get(q->settings, EXO_KEY_KEY_PASSPHRASE_COMMAND);
    int rc = 0;

    (void)what;
    if (exo_secret_empty(q->passphrase) && command[0] != '\0') {
        rc = exo_command_output(q->app, key, command, passphrase, err);
        exo_secret_chomp(passphrase);
        return rc;
    }
    return exo_secret_empty(q->passphrase)
               ? EXO_E_NOENT
               : exo_secret_copy(passphrase, q->passphrase);
}

static int load_key(struct exo_means *means, struct exo_app *app,
                    const struct exo_settings *s,
                    const struct exo_secret *given,
                    const struct exo_secret *stored, struct exo_err *err)
{
    struct question question = { app, s, &means->secret };
    const struct exo_keypair_source source = {
        .account = s->file.name,
        .certificate = exo_settings_get(s, EXO_KEY_CERTIFICATE),
        .private_key = exo_settings_get(s, EXO_KEY_PRIVATE_KEY),
        .passphrase = tell_passphrase,
        .context = &question,
    };
    bool command =
        exo_settings_get(s, EXO_KEY_KEY_PASSPHRASE_COMMAND)[0] != '\0';
    const struct exo_secret *first = given || command ? given : stored;
    int rc = first ? exo_secret_copy(&means->secret, first) : 0;

    return rc != 0 ? rc : exo_keypair_load(&means->key, &source, err);
}

/* Tools that write such files end them as they like. */
static void strip(struct exo_secret *secret)
{
    struct exo_buf *buf = &secret->hidden;

    while (buf->len > 0 && strchr(" \t\r\n", buf->data[buf->len - 1])) {
        buf->data[--buf->len] = '\0';
    }
}

static int read_assertion(struct exo_means *means, const struct exo_settings *s,
                          struct exo_err *err)
{
    const char *path = exo_settings_get(s, EXO_KEY_ASSERTION_FILE);
    int rc = exo_secret_file("assertion_file", path, &means->assertion, err);

    strip(&means->assertion);
    if (rc == 0 && exo_secret_empty(&means->assertion)) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "assertion_file %s: it is empty; it must be a JWT",
                         path);
    }
    return rc;
}

static int find_secret(struct exo_means *means, struct exo_app *app,
                       const struct exo_settings *s,
                       const struct exo_secret *given,
                       const struct exo_secret *stored, struct exo_err *err)
{
    int rc;

    if (given) {
        return exo_secret_copy(&means->secret, given);
    }
    rc = exo_client_secret(app, s, &means->secret, err);
    if (rc == EXO_E_NOENT) {
        rc = stored ? exo_secret_copy(&means->secret, stored) : 0;
    }
    return rc;
}

/* What App Service calls IDENTITY_HEADER; the other forms have none. Never
 * what is stored: that was meant for the provider. */
static int find_header(struct exo_means *means, struct exo_app *app,
                       const struct exo_settings *s, struct exo_err *err)
{
    const char *value;

    if (s->identity != EXO_IDENTITY_APP_SERVICE) {
        return 0;
    }
    if (!exo_settings_from_environment(s, EXO_KEY_IDENTITY_ENDPOINT)) {
        return exo_client_secret(app, s, &means->secret, err);
    }
    value = getenv("IDENTITY_HEADER");
    return value ? exo_secret_set(&means->secret, value, strlen(value)) : 0;
}

int exo_means_find(struct exo_means *means, struct exo_app *app,
                   const struct exo_settings *settings,
                   const struct exo_secret *given,
                   const struct exo_secret *stored, struct exo_err *err)
{
    const struct exo_settings *s = exo_settings_owner(settings);

    means->key = NULL;
    exo_buf_init(&means->secret.hidden, EXO_SECRET_MAX);
    exo_buf_init(&means->assertion.hidden, EXO_SECRET_MAX);
    if (s->grant == EXO_GRANT_MANAGED_IDENTITY) {
        return find_header(means, app, s, err);
    }
    switch (s->auth) {
    case EXO_CLIENT_PRIVATE_KEY_JWT:
        return load_key(means, app, s, given, stored, err);
    case EXO_CLIENT_ASSERTION:
        return read_assertion(means, s, err);
    default:
        return find_secret(means, app, s, given, stored, err);
    }
}

void exo_means_free(struct exo_means *means)
{
    exo_keypair_free(means->key);
    means->key = NULL;
    exo_secret_free(&means->secret);
    exo_secret_free(&means->assertion);
}
