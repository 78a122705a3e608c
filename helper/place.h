/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories that must exist before run_as can work: made by root (or by
 * the ordinary user for himself), owned as interface.md says. Each failure
 * is one warning with its remedy.
 */
#ifndef EXOAUTH_PLACE_H
#define EXOAUTH_PLACE_H

#include <sys/stat.h>

#include "app.h"

void exo_place_store(struct exo_app *app);
void exo_place_tokens(struct exo_app *app);

/* mkdir -p; mode is that of every directory it has to make. */
int exo_place_mkdirs(const char *path, mode_t mode) EXO_MUST_CHECK;

#endif
