/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between path.c, which walks, and path_rule.c, which judges each component.
 * shown is the way so far, for path->why. 0 or EXO_E_UNSAFE.
 */
#ifndef EXOAUTH_COMMON_PATH_RULE_H
#define EXOAUTH_COMMON_PATH_RULE_H

#include "exoauth/path.h"

/* A directory, open as fd: nobody else can put other things into it. */
int exo_path_rule_dir(struct exo_path *path, const struct exo_path_rule *rule,
                      int fd, const struct stat *st,
                      const char *shown) EXO_MUST_CHECK;

/* A link, open as fd, whose directory obeys. */
int exo_path_rule_link(struct exo_path *path, const struct exo_path_rule *rule,
                       int fd, const struct stat *st,
                       const char *shown) EXO_MUST_CHECK;

/* What is neither directory nor link, in path->dir. */
int exo_path_rule_entry(struct exo_path *path, const struct exo_path_rule *rule,
                        const struct stat *st,
                        const char *shown) EXO_MUST_CHECK;

/* path->why; EXO_E_UNSAFE. */
int exo_path_refuse(struct exo_path *path, const char *fmt, ...)
    EXO_PRINTF(2, 3);

#endif
