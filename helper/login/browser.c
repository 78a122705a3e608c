/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login in the browser, with the browser on this host (--browser) or
 * anywhere (--paste). Called by login; the protocol is in oauth/pkce.c,
 * oauth/redirect.c and oauth/grant.c, HTTP in listener.c.
 *
 * What a person reads goes to stderr, because stdout carries the result. The
 * tokens are the caller's; err has one line when it fails. A request that is
 * not this login's answer is ignored: anybody on this host can send one, and
 * it must not end the login.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "browser.h"
#include "exoauth/block.h"
#include "exoauth/pkce.h"
#include "exoauth/process.h"
#include "exoauth/clock.h"
#include "listener.h"
#include "helper/app/prompt.h"

#define PASTE_TRIES 3

bool exo_browser_display(const struct exo_app *app)
{
    const char *x = getenv("DISPLAY");
    const char *wayland = getenv("WAYLAND_DISPLAY");

    /* As root we are run_as by now: its uid owns the store, and a browser
     * must not. The URL on the terminal is for the person's own. */
    return !app->root && !exo_conf_secure_mode() &&
           ((x && x[0] != '\0') || (wayland && wayland[0] != '\0'));
}

/* Some browsers stay. A session of its own, so that Ctrl-C here does not end
 * a browser that it started; where there is none, the URL is on the terminal.
 */
static void open_url(const char *url)
{
    const char *const argv[] = { "xdg-open", url, NULL };
    struct exo_process process = EXO_PROCESS_INIT;

    process.argv = argv;
    process.env = environ;
    (void)!exo_process_leave(&process);
}

/* The URL to open; pkce is the caller's to free in every case. */
static int begin(const struct exo_browser *b, const char *redirect_uri,
                 struct exo_pkce *pkce, struct exo_buf *url, const char **page,
                 struct exo_err *err)
{
    int rc = exo_pkce_make(pkce);

    *page = NULL;
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot make a random state for the login: %s; try "
                           "again",
                           exo_strerror(rc));
    }
    rc =
        exo_authorization_url(b->client, pkce, redirect_uri, b->hint, url, err);
    return rc != 0 ? rc : exo_buf_done(url, page);
}

/* Runs the code grant, if there is still something that it is for; err is set
 * from the provider's answer. */
static int redeem(const struct exo_browser *b, const struct exo_secret *code,
                  const char *redirect_uri, const struct exo_pkce *pkce,
                  struct exo_tokens *tokens, struct exo_err *err)
{
    struct exo_oauth_error error;
    int rc = exo_ground_check(b->ground, err);

    if (rc != 0) {
        exo_err_words(err, rc);
        return EXO_E_STATUS;
    }
    rc = exo_oauth_code(b->client, code, redirect_uri, &pkce->verifier, tokens,
                        &error);
    if (rc != 0) {
        *err = error.err;
    }
    return rc;
}

static int too_late(const struct exo_browser *b, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_NEEDS_LOGIN,
                       "no browser came back within %lld s; add --paste for a "
                       "browser elsewhere, or run: exoauth login %s",
                       (long long)b->wait,
                       EXO_SH(b->client->account, "ACCOUNT"));
}

/* One request of a browser. 0 or EXO_E_STATUS: the login is decided;
 * EXO_E_NOENT: go on waiting. */
static int judge(const struct exo_browser *b, struct exo_visit *request,
                 const char *redirect_uri, const struct exo_pkce *pkce,
                 struct exo_tokens *tokens, struct exo_err *err)
{
    struct exo_secret code = EXO_SECRET_INIT;
    struct exo_oauth_error error;
    int rc =
        exo_redirect_parse(b->client, pkce, b->issuer, b->sends_iss,
                           request->target, request->target_len, &code, &error);

    if (rc == EXO_E_SYNTAX ||
        (rc == EXO_E_UNSAFE && error.err.status == EXO_STATUS_NEEDS_LOGIN)) {
        exo_visit_answer(request, "400 Bad Request", "Not this login",
                         "This is not the answer to the login that is "
                         "waiting. Use the newest address it printed.");
        exo_say("ignored: %-s", exo_err_text(&error.err, rc));
        return EXO_E_NOENT;
    }
    if (rc == 0) {
        rc = redeem(b, &code, redirect_uri, pkce, tokens, err);
    } else {
        *err = error.err;
        rc = EXO_E_STATUS;
    }
    exo_secret_free(&code);
    if (rc == 0) {
        exo_visit_answer(request, "200 OK", "Login complete",
                         "exoauth has what it needs. You may close this "
                         "page.");
    } else {
        exo_visit_answer(request, "200 OK", "Login failed",
                         "exoauth did not get a token. The reason stands in "
                         "the terminal where the login was started.");
    }
    return rc;
}

static int await_browser(const struct exo_browser *b,
                         struct exo_listener *listener,
                         const char *redirect_uri, const struct exo_pkce *pkce,
                         struct exo_tokens *tokens, struct exo_err *err)
{
    int64_t deadline_ms = exo_clock_ms() + b->wait * 1000;
    struct exo_visit request;
    int rc = EXO_E_NOENT;

    while (rc == EXO_E_NOENT) {
        rc = exo_listener_next(listener, deadline_ms, &request);
        if (rc == EXO_E_TIMEOUT) {
            return too_late(b, err);
        }
        if (rc == 0) {
            rc = judge(b, &request, redirect_uri, pkce, tokens, err);
        }
    }
    return rc;
}

static void welcome(struct exo_listener *listener, uid_t uid)
{
    if (uid != (uid_t)-1 && listener->n_uids < EXO_LISTENER_UIDS) {
        listener->uids[listener->n_uids++] = uid;
    }
}

static uid_t number_of(const char *text)
{
    int64_t number = -1;

    return text && exo_block_number(text, &number) == 0 && number >= 0 &&
                   number < UINT32_MAX
               ? (uid_t)number
               : (uid_t)-1;
}

/* Whose browser may come: ours, and that of who became another user for this,
 * by sudo or after a login. Who starts a login by hand says that of themselves;
 * in a set-id process the environment is somebody else's. */
static void welcome_all(struct exo_listener *listener,
                        const struct exo_app *app)
{
    char text[32] = "";
    FILE *file = NULL;

    welcome(listener, geteuid());
    welcome(listener, app->started_by);
    if (exo_conf_secure_mode()) {
        return;
    }
    welcome(listener, number_of(getenv("SUDO_UID")));
    file = fopen("/proc/self/loginuid", "re");
    if (file) {
        if (fgets(text, sizeof(text), file)) {
            welcome(listener, number_of(text));
        }
        (void)fclose(file);
    }
}

int exo_browser_login(const struct exo_app *app, const struct exo_browser *b,
                      struct exo_tokens *tokens, struct exo_err *err)
{
    struct exo_buf url = EXO_BUF_INIT(EXO_REDIRECT_MAX);
    struct exo_listener listener;
    struct exo_pkce pkce;
    char redirect_uri[64];
    const char *page;
    int rc = exo_listener_open(&listener, err);

    if (rc != 0) {
        return rc;
    }
    welcome_all(&listener, app);
    /* Entra ignores the port of localhost, and of no other name. */
    (void)snprintf(redirect_uri, sizeof(redirect_uri), "http://localhost:%u",
                   listener.port);
    rc = begin(b, redirect_uri, &pkce, &url, &page, err);
    if (rc == 0) {
        (void)fprintf(stderr,
                      "To authorise %s, open this page in a browser on this "
                      "host and sign in as the owner of the mailbox:\n\n    "
                      "%s\n\nwaiting for it on %s ...\n",
                      b->client->account, page, redirect_uri);
        if (exo_browser_display(app)) {
            open_url(page);
        }
        rc = await_browser(b, &listener, redirect_uri, &pkce, tokens, err);
    }
    exo_listener_close(&listener);
    exo_pkce_free(&pkce);
    exo_buf_free(&url);
    return rc;
}

int exo_browser_paste(const struct exo_browser *b, struct exo_tokens *tokens,
                      struct exo_err *err)
{
    struct exo_buf url = EXO_BUF_INIT(EXO_REDIRECT_MAX);
    struct exo_secret address = EXO_SECRET_INIT;
    struct exo_secret code = EXO_SECRET_INIT;
    struct exo_oauth_error error;
    struct exo_pkce pkce;
    const char *page, *text;
    size_t len;
    int rc = begin(b, b->redirect_uri, &pkce, &url, &page, err);

    if (rc != 0) {
        goto out;
    }
    (void)fprintf(stderr,
                  "To authorise %s, open this page in any browser and sign in "
                  "as the owner of the mailbox:\n\n    %s\n\nIt ends on an "
                  "empty page or an error, which is as it should be. Copy "
                  "that page's whole address.\n\n",
                  b->client->account, page);
    for (int i = 0; i < PASTE_TRIES; i++) {
        rc = exo_prompt_line("Paste the address: ", &address, err);
        if (rc != 0) {
            break;
        }
        rc = exo_secret_reveal(&address, &text, &len);
        if (rc != 0) {
            break;
        }
        rc = exo_redirect_parse(b->client, &pkce, b->issuer, b->sends_iss, text,
                                len, &code, &error);
        if (rc != 0) {
            *err = error.err;
        }
        if (rc != EXO_E_SYNTAX || isatty(0) != 1) {
            break;
        }
        exo_say("%-s", exo_err_text(&error.err, rc));
    }
    if (rc == EXO_E_SYNTAX || rc == EXO_E_UNSAFE) {
        rc = EXO_E_STATUS;
    }
    if (rc == 0) {
        rc = redeem(b, &code, b->redirect_uri, &pkce, tokens, err);
    }
out:
    exo_secret_free(&address);
    exo_secret_free(&code);
    exo_pkce_free(&pkce);
    exo_buf_free(&url);
    return rc;
}
