/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth serve: one request on stdin, one reply on stdout, exit 0. Started
 * per connection by spawn(8), by a systemd socket or by the plugin; serve.c
 * answers. Or, with --listen, the socket itself (listen.c), with a process for
 * each request. There is no daemon with state: all state is in the store.
 *
 * The socket is opened in before(), as root if we are. Failures are those of
 * the two, and nothing is to be freed.
 */
#include "config.h"

#include <signal.h>

#include "cmd.h"
#include "helper/serve/listen.h"
#include "helper/serve/serve.h"

static int before(struct exo_app *app, struct exo_options *options,
                  struct exo_err *err)
{
    if (options->listen) {
        /* Whoever started us may ignore it, and a service manager means us. */
        (void)signal(SIGTERM, SIG_DFL);
        return exo_listen_open(app, options->listen, &options->listen_fd, err);
    }
    return 0;
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    if (options->listen) {
        return exo_listen_run(app, options->listen, options->listen_fd, err);
    }
    (void)exo_serve_one(app, 0, 1, app->started_by, NULL);
    return 0;
}

const struct exo_command exo_cmd_serve = {
    .name = "serve",
    .usage = "[--listen PATH]",
    .help = "Answers one request on stdin, or listens on a UNIX socket.\n\n"
            "  --listen PATH         listen there, mode 0666; `allow` "
            "decides\n",
    .options = EXO_OPT_LISTEN,
    .quiet = true,
    .prepare = true,
    .before = before,
    .run = run,
};
