/* SPDX-License-Identifier: BSD-2-Clause */
/* What `exoauth serve` does with each request. */
#ifndef EXOAUTH_SERVE_H
#define EXOAUTH_SERVE_H

#include "helper/app/app.h"

struct exo_request;

/* One request on in, the reply on out, and what was replied. self: who a pipe
 * or file stands for. given: the request, where a listener has read it. */
enum exo_status exo_serve_one(struct exo_app *app, int in, int out, uid_t self,
                              const struct exo_request *given);

#endif
