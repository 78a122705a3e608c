/* SPDX-License-Identifier: BSD-2-Clause */
/* The authorization_code grant (RFC 6749 section 4.1) as a person sees it. */
#ifndef EXOAUTH_BROWSER_H
#define EXOAUTH_BROWSER_H

#include <stdint.h>

#include "helper/app/app.h"
#include "exoauth/oauth.h"
#include "ground.h"

#define EXO_BROWSER_WAIT 600 /* seconds a person may take */

/* One login; strings borrowed. */
struct exo_browser {
    const struct exo_oauth_client *client;
    const char *issuer;              /* for `iss`; "": not known */
    bool sends_iss;                  /* and it must be there */
    const char *hint;                /* login_hint, usually the mailbox */
    const char *redirect_uri;        /* of --paste */
    int64_t wait;                    /* seconds, of --browser */
    const struct exo_ground *ground; /* looked at before the code is spent */
};

/* Is there a display, and a browser that may be ours? */
bool exo_browser_display(const struct exo_app *app);

/*
 * Prints the URL, opens it where there is a display, and waits for the
 * browser on loopback. No lock is held meanwhile. The page it ends on says
 * success only once the code has been redeemed.
 */
int exo_browser_login(const struct exo_app *app,
                      const struct exo_browser *browser,
                      struct exo_tokens *tokens,
                      struct exo_err *err) EXO_MUST_CHECK;

/* Prints the URL and asks for the address the browser ended on. */
int exo_browser_paste(const struct exo_browser *browser,
                      struct exo_tokens *tokens,
                      struct exo_err *err) EXO_MUST_CHECK;

#endif
