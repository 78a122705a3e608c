/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading INI files in the dialect of Python's configparser, without its
 * interpolation: `[section]`, `option = value` or `option: value`, lines that
 * are indented deeper than their option continue its value, `#` and `;` begin
 * a comment line. Options are compared without regard to ASCII case.
 */
#ifndef EXOAUTH_INI_H
#define EXOAUTH_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "exoauth/buf.h"

enum exo_ini_kind {
    EXO_INI_END,
    EXO_INI_SECTION, /* name */
    EXO_INI_OPTION,  /* name and value */
    EXO_INI_MORE,    /* value: another line of the last option's */
    EXO_INI_BAD      /* none of them, or an option before any section */
};

/* A place in a text and the line there, which borrows from the text. */
struct exo_ini {
    const char *next;
    const char *end;
    bool in_section;
    bool in_option;
    size_t indent; /* of the last section or option */
    unsigned line; /* from 1 */
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

/* Fails where the text did. */
int exo_ini_begin(struct exo_ini *ini,
                  const struct exo_secret *text) EXO_MUST_CHECK;
enum exo_ini_kind exo_ini_next(struct exo_ini *ini);

/*
 * The value of an option; its lines are joined by "\n". false, with value
 * empty, if it is not there. value is replaced, and takes over the error of a
 * text that has one. Not to be asked about a text in which exo_ini_next()
 * finds EXO_INI_BAD.
 */
bool exo_ini_get(const struct exo_secret *text, const char *section,
                 const char *option, struct exo_secret *value);

#endif
