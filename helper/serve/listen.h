/* SPDX-License-Identifier: BSD-2-Clause */
/* serve --listen: for containers, where nothing else accepts connections. */
#ifndef EXOAUTH_LISTEN_H
#define EXOAUTH_LISTEN_H

#include <signal.h>

#include "helper/app/app.h"

#define EXO_LISTEN_BACKLOG 1024

/* Binds path (mode 0666, a dead socket there is replaced), as root if we
 * are; *fd listens. */
int exo_listen_open(struct exo_app *app, const char *path, int *fd,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Accepts until SIGTERM or SIGINT, a process per request; removes path. */
int exo_listen_run(struct exo_app *app, const char *path, int fd,
                   struct exo_err *err) EXO_MUST_CHECK;

/* The signals that exo_listen_run() takes from signalfd(2). */
void exo_listen_mask(sigset_t *mask);

#endif
