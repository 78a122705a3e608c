/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logging of the exoauth program (the plugin logs through its host only).
 * One sink: syslog facility mail, stderr, or a file opened O_APPEND without
 * following links. Control bytes are escaped; no caller passes a secret.
 */
#ifndef EXOAUTH_LOG_H
#define EXOAUTH_LOG_H

#include "exoauth/conf.h"
#include "exoauth/error.h"
#include "exoauth/path.h"

/* dest: "syslog", "stderr" or a path. On failure stderr is in force. */
int exo_log_open(const char *dest, enum exo_log_level level);

/* The same for a path, by that rule; path->why says why not, and is closed
 * already. Refused is a link, what has a second name, and another's file. */
int exo_log_open_file(const char *file, enum exo_log_level level,
                      const struct exo_path_rule *rule, struct exo_path *path);

/* Would that be refused (EXO_E_UNSAFE)? path is closed, its `why` as above. */
int exo_log_judge(const char *file, const struct exo_path_rule *rule,
                  struct exo_path *path);

/* Gives the open file to that user; 0, or -1 and errno. */
int exo_log_give(uid_t uid, gid_t gid);
void exo_log_close(void);
/* Does it go elsewhere than to stderr? */
bool exo_log_is_kept(void);
void exo_log(enum exo_log_level level, const char *fmt, ...) EXO_PRINTF(2, 3);
/* False if name is none of error, warning, notice, info, debug. */
bool exo_log_level_parse(const char *name, enum exo_log_level *level);
const char *exo_log_level_word(enum exo_log_level level); /* static */

#endif
