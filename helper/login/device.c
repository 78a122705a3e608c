/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device code on a terminal: where to go, what to type, how long it is still
 * good. Called by login. The text goes to stderr, because stdout carries the
 * result; without a terminal there is no countdown. The tokens are the
 * caller's; err has the provider's words when it fails.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "exoauth/clock.h"

static void show(const struct exo_oauth_client *client,
                 const struct exo_device *device)
{
    (void)fprintf(stderr,
                  "To authorise %s, open this page in any browser and sign in "
                  "as the owner of the mailbox:\n\n    %s\n\n"
                  "and enter the code:\n\n    %s\n\n",
                  client->account, device->verification_uri, device->user_code);
    if (device->verification_uri_complete[0] != '\0') {
        (void)fprintf(stderr, "or open: %s\n\n",
                      device->verification_uri_complete);
    }
}

/* Sleeps for the interval, counting down once a second on a terminal. */
static void wait_interval(int64_t seconds, int64_t end_ms)
{
    const struct timespec second = { 1, 0 };
    bool terminal = isatty(2) == 1;

    for (int64_t i = 0; i < seconds; i++) {
        int64_t left = (end_ms - exo_clock_ms()) / 1000;

        if (left <= 0) {
            break;
        }
        if (terminal) {
            (void)fprintf(stderr,
                          "\rwaiting for you, the code is good for "
                          "%lld:%02lld ",
                          (long long)(left / 60), (long long)(left % 60));
        }
        (void)nanosleep(&second, NULL);
    }
}

/* Each question may bring the tokens, so before each there is still something
 * that they are for. */
static int await(const struct exo_oauth_client *client,
                 struct exo_device *device, const struct exo_ground *ground,
                 struct exo_tokens *tokens, struct exo_err *err)
{
    enum exo_device_step step = EXO_DEVICE_PENDING;
    int64_t end_ms = exo_clock_ms() + device->expires_in * 1000;
    struct exo_oauth_error error;
    int rc = 0;

    while (rc == 0 && step == EXO_DEVICE_PENDING && exo_clock_ms() < end_ms) {
        wait_interval(device->interval, end_ms);
        rc = exo_ground_check(ground, err);
        if (rc == 0) {
            step = exo_oauth_device_poll(client, device, tokens, &error);
        }
    }
    if (isatty(2) == 1) {
        (void)fputc('\n', stderr);
    }
    if (rc != 0) {
        exo_err_words(err, rc);
        return EXO_E_STATUS;
    }
    if (step == EXO_DEVICE_FAILED) {
        *err = error.err;
        return EXO_E_STATUS;
    }
    return step != EXO_DEVICE_PENDING
               ? 0
               : exo_err_set(err, EXO_STATUS_NEEDS_LOGIN,
                             "the code was not used in time; run: exoauth "
                             "login %s",
                             EXO_SH(client->account, "ACCOUNT"));
}

int exo_device_login(const struct exo_oauth_client *client,
                     const struct exo_ground *ground, struct exo_tokens *tokens,
                     struct exo_err *err)
{
    struct exo_oauth_error error;
    struct exo_device device;
    int rc;

    memset(&error, 0, sizeof(error));
    memset(&device, 0, sizeof(device));
    if (client->device_authorization_endpoint[0] == '\0') {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s has no device_authorization_endpoint; run: "
                           "exoauth login %s --set "
                           "device_authorization_endpoint=URL",
                           client->account, EXO_SH(client->account, "ACCOUNT"));
    }
    rc = exo_oauth_device_start(client, &device, &error);
    if (rc != 0) {
        *err = error.err;
        exo_device_free(&device);
        return rc;
    }
    show(client, &device);
    rc = await(client, &device, ground, tokens, err);
    exo_device_free(&device);
    return rc;
}
