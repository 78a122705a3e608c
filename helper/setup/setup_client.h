/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smtp(8) client that will log in: what setup tells it, as parameters in
 * main.cf or as options of a service of its own. Only setup_client.c and
 * setup_route.c include this.
 */
#ifndef EXOAUTH_SETUP_CLIENT_H
#define EXOAUTH_SETUP_CLIENT_H

#include "setup.h"

/* One client, and where what it is told is to stand. */
struct exo_setup_client {
    struct exo_setup *setup;
    const struct exo_postfix_service *service; /* NULL: yet to be made */
    struct exo_buf options; /* of the transport: " -o name=value"... */
};

/* A value that has to be this, and is left alone if it is. Of a service of
 * its own it is always said: main.cf may change. */
void exo_setup_client_value(struct exo_setup_client *client, const char *name,
                            const char *value);

/* All that a login with a token needs of it. transport: the name that the
 * parameters of its pace begin with. */
int exo_setup_client_plan(struct exo_setup_client *client,
                          const char *transport,
                          struct exo_err *err) EXO_MUST_CHECK;

#endif
