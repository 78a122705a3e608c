/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asker HELPER CONFIG ACCOUNT MS: asks a helper as the plugin does, with that
 * deadline, and prints what came of it: the token, a status word, or an error
 * of the library.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/ask.h"
#include "exoauth/clock.h"
#include "exoauth/proto.h"

int main(int argc, char **argv)
{
    struct exo_request request = EXO_REQUEST_INIT;
    struct exo_answer answer;
    int rc;

    if (argc != 5) {
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    request.get = argv[3];
    exo_answer_init(&answer);
    rc = exo_ask_helper(argv[1], argv[2], &request,
                        exo_clock_ms() + atoi(argv[4]), &answer);
    if (rc != 0) {
        (void)printf("%s\n", exo_strerror(rc));
    } else if (answer.reply.status == EXO_STATUS_OK) {
        (void)printf("%.*s\n", (int)answer.reply.token.token_len,
                     answer.reply.token.token);
    } else {
        (void)printf("%s\n", exo_status_word(answer.reply.status));
    }
    exo_answer_free(&answer);
    return rc == 0 && answer.reply.status == EXO_STATUS_OK ? 0 : 1;
}
