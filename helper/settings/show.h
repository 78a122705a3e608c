/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration in force as text, every value below a comment that says
 * where it comes from. Paths of secrets are in it, secrets never. report: for
 * others than the administrator, without commands and queries of URLs.
 */
#ifndef EXOAUTH_SHOW_H
#define EXOAUTH_SHOW_H

#include "exoauth/buf.h"
#include "settings.h"

#define EXO_SHOW_MAX ((size_t)1024 * 1024)

void exo_show_settings(struct exo_buf *out, const struct exo_settings *settings,
                       bool report);
void exo_show_conf(struct exo_buf *out, const struct exo_conf *conf,
                   bool report);

#endif
