/* SPDX-License-Identifier: BSD-2-Clause */
/* serve --listen: for containers, where nothing else accepts connections. */
#ifndef EXOAUTH_LISTEN_H
#define EXOAUTH_LISTEN_H

#include "app.h"

/* Binds path (mode 0666, a dead socket there is replaced), as root if we
 * are; *fd listens. */
int exo_listen_open(struct exo_app *app, const char *path, int *fd,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Accepts until SIGTERM or SIGINT, a process per request; removes path. */
int exo_listen_run(struct exo_app *app, const char *path, int fd,
                   struct exo_err *err) EXO_MUST_CHECK;

struct exo_request;

/* One request on in, the reply on out, and what was replied. self: who a pipe
 * or file stands for. given: the request, where a listener has read it. */
enum exo_status exo_serve_one(struct exo_app *app, int in, int out, uid_t self,
                              const struct exo_request *given);

#endif
