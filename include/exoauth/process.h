/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child process that is bounded: the one way in which exoauth runs another
 * program, or a part of itself apart from itself. For the program only; the
 * plugin starts its helper by common/spawn.c.
 *
 * The child has default dispositions of signals and an empty mask, whatever
 * we have; a process group of its own; and no descriptor but those it is given.
 * Its real, effective and saved ids are what our effective ones are.
 *
 * A signal that ends us while we wait ends the child's group first: nobody
 * else could, and its time-out would go with us.
 */
#ifndef EXOAUTH_PROCESS_H
#define EXOAUTH_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* Who the child becomes. For root. */
struct exo_process_user {
    uid_t uid;
    gid_t gid;
    const gid_t *groups; /* the supplementary ones */
    size_t n_groups;
};

#define EXO_PROCESS_FDS 5

/* Everything is borrowed until exo_process_wait() returns. */
struct exo_process {
    /* What runs is one of these three. */
    const char *const *argv; /* a program; without a slash found in our PATH */
    const char *command;     /* a command line for /bin/sh */
    int (*work)(void *context); /* a function of ours, which returns the exit
                                 * status; our descriptors stay open in it */
    void *context;
    char *const *env; /* NULL: a PATH and nothing else; not for work */
    const char *dir;  /* to run in, NULL: ours, or / of a command line */
    const struct exo_process_user *user; /* NULL: who we are */
    /* What is 0 to 4 in it. -1: of 1 and 2 see out and said, 0 is /dev/null,
     * 3 and 4 are closed. Those for 3 and 4 not for work. */
    int fd[EXO_PROCESS_FDS];
    /* What it writes to 1 and 2 is appended; NULL: /dev/null. What out has no
     * room for is an error, what said has none for is dropped. */
    struct exo_buf *out;
    struct exo_buf *said;
    int64_t timeout_ms; /* from start to end; 0: it is never killed */
    bool asks;          /* a person: it keeps our terminal, that is, our
                         * process group; give it no time-out */
};

#define EXO_PROCESS_INIT              \
    {                                 \
        .fd = { -1, -1, -1, -1, -1 }, \
    }

struct exo_child {
    pid_t pid;
    bool group; /* it leads one of its own */
    bool holds; /* signals; before is the mask to go back to */
    sigset_t before;
    int64_t deadline_ms;
    int fd[2];
    struct exo_buf *to[2];
};

/* How it ended: signal is 0 where status is its exit status. */
struct exo_ended {
    int status;
    int signal;
};

/*
 * 0: it runs, and exo_process_wait() must follow, until when signals
 * that end a process are blocked (not for one that asks). EXO_E_NOENT,
 * EXO_E_ACCESS, EXO_E_NOMEM, EXO_E_IO: it does not, errno is kept, and nothing
 * is left.
 */
int exo_process_start(struct exo_child *child,
                      const struct exo_process *process) EXO_MUST_CHECK;

/*
 * Until the child has ended, whoever else holds its output open; then what
 * was written so far is in the buffers. 0: *ended says how. EXO_E_TIMEOUT:
 * its time was over before it ended; EXO_E_TOOBIG, EXO_E_NOMEM: its output
 * does not fit: in both cases its whole group was killed. EXO_E_IO: it
 * cannot be known how it ended. No child and no descriptor is left.
 */
int exo_process_wait(struct exo_child *child,
                     struct exo_ended *ended) EXO_MUST_CHECK;

/* Both. */
int exo_process_run(const struct exo_process *process,
                    struct exo_ended *ended) EXO_MUST_CHECK;

/* Starts it in a session of its own, and nobody waits for it or kills it. */
int exo_process_leave(const struct exo_process *process) EXO_MUST_CHECK;

/*
 * main()'s first act. What the one who started us has ignored or blocked is
 * inherited over exec: an ignored SIGCHLD loses every exit status. So nothing
 * is blocked; SIGPIPE and SIGXFSZ are ignored, as a write that fails is told by
 * its errno (EPIPE, EFBIG) and must not end the process. Every other signal
 * stays as it is: nohup(1), and a shell with trap '', mean it.
 */
void exo_signals_boot(void);
bool exo_signals_ignored(int number);
/* A forked child's first act: all have their default, none is blocked. */
void exo_signals_default(void);
/* The same for one that runs code of ours: but for SIGXFSZ, as above. */
void exo_signals_work(void);

#endif
