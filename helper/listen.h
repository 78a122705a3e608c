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

#endif
