/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways to a token (ways.h), one after the other in the same world. The
 * peer of the socket lives from way_prepare() to way_clear().
 */
#include "config.h"

#include "ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "exoauth/buf.h"

static struct peer *peer;

void way_prepare(enum way way)
{
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
    struct exo_buf out = EXO_BUF_INIT(65536);
    char line[512] = "";

    peer = NULL;
    if (way == BY_FILE) {
        world_token(ALICE, &(struct token_spec){ .token = FRESH });
    } else if (way == BY_SOCKET) {
        peer = peer_start(world_path("socket"), PEER_REPLY, reply);
        snprintf(line, sizeof line, "socket: %s\ntimeout: 20\n",
                 world_path("socket"));
    } else if (way == BY_HELPER) {
        exo_buf_fmt(&out,
                    "#!/bin/sh\n"
                    "while read -r line && [ -n \"$line\" ]; do :; done\n"
                    "cat <<'END'\n%sEND\n",
                    reply);
        world_write(world_path("helper"), 0755, out.data, out.len);
        snprintf(line, sizeof line, "helper: %s\ntimeout: 20\n",
                 world_path("helper"));
    }
    world_conf(line);
    exo_buf_free(&out);
    free(reply);
}

void way_clear(void)
{
    if (peer != NULL)
        free(peer_stop(peer, NULL));
    peer = NULL;
    (void)unlink(world_path("socket"));
    (void)unlink(world_path("helper"));
    (void)unlink(world_path("tokens/" ALICE));
}
