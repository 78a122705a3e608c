/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child process of ours that tells what it found out as one message block.
 * Only plugins.c and login_try.c include this.
 */
#ifndef EXOAUTH_MAIL_CHILD_H
#define EXOAUTH_MAIL_CHILD_H

#include "exoauth/block.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"

/*
 * Runs work() in a child and collects the message that it appended to out,
 * and what it and libsasl2 wrote to the system's log. The child leaves no
 * core file and ends when the deadline does. name is for error texts.
 */
int exo_child_run(const char *name,
                  void (*work)(void *context, struct exo_buf *out),
                  void *context, int64_t deadline_ms, struct exo_buf *message,
                  struct exo_buf *log, struct exo_err *err) EXO_MUST_CHECK;

#endif
