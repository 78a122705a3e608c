/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the provider apart from whoever waits for the answer: no host, no
 * deadline and no signal to our group ends a request that is in flight, and
 * nobody who has a living token waits for it longer than EXO_PATIENCE_MS.
 */
#ifndef EXOAUTH_FLIGHT_H
#define EXOAUTH_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "exoauth/clock.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"

#define EXO_PATIENCE_MS 2000

/* Of the process that somebody asked. */
struct exo_flight {
    bool spawned;  /* the asker started it, and waits for its end, too */
    bool stays;    /* it must not end before the request: whoever it belongs
                    * to (systemd, spawn(8), a container) would end that, too */
    int in, out;   /* the asker's; -1: 0 and 1 alone */
    int64_t begun; /* exo_clock_ms(), when the asker began to wait */
    /* ours */
    pid_t pid;
    int note; /* what the other has to say */
    int said; /* its stderr */
};

#define EXO_FLIGHT_INIT                             \
    {                                               \
        .in = -1, .out = -1, .note = -1, .said = -1 \
    }

/* What came of it. */
struct exo_note {
    int rc;
    struct exo_err err;
    bool renewed, asked;
    int64_t serial, issued, refresh_after, usable_until, expires;
};

enum exo_side {
    EXO_SIDE_HERE,    /* there is no process for it: do it yourself */
    EXO_SIDE_AWAY,    /* this is the one: do it, tell, and _exit() */
    EXO_SIDE_WAITING, /* wait */
};

/*
 * Where the asker started this process, it ends here, and a child in a session
 * of its own goes on. EXO_E_NOMEM: there is none, and nothing may be asked, as
 * the asker may kill us.
 */
int exo_flight_leave(struct exo_flight *flight) EXO_MUST_CHECK;

/* Divides us. spends: signals wait for the end of the flight where we stay.
 * to_stderr: what the one that is away says there is for ours. */
enum exo_side exo_flight_begin(struct exo_flight *flight, bool spends,
                               bool to_stderr);

/* Away. The token is borrowed. */
void exo_flight_tell(struct exo_flight *flight, const struct exo_note *note,
                     const struct exo_secret *token);

/* Waiting, until then at most. EXO_E_TIMEOUT, and EXO_E_SHORT where it ended
 * without a word. The token is the caller's. */
int exo_flight_wait(struct exo_flight *flight, int64_t until_ms,
                    struct exo_note *note,
                    struct exo_secret *token) EXO_MUST_CHECK;

/* When the answer is out: stays where it has to. True if there was one that
 * is not over yet. */
bool exo_flight_pending(const struct exo_flight *flight);
void exo_flight_end(struct exo_flight *flight);

#endif
