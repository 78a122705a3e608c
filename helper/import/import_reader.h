/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reader and what it is given: between import_reader.c, which runs it, and
 * import_files.c, which opens and closes all of it.
 */
#ifndef EXOAUTH_IMPORT_READER_H
#define EXOAUTH_IMPORT_READER_H

#include "exoauth/process.h"
#include "import.h"

#define EXO_READER_SAID ((size_t)64 * 1024) /* its messages, bytes */
#define EXO_READER_GROUPS 256
#define EXO_READER_ENV 20

struct exo_reader {
    const struct exo_import *in;
    struct exo_buf path;
    struct exo_buf env_text[EXO_READER_ENV];
    char *env[EXO_READER_ENV + 1];
    size_t n_env;
    int fd[EXO_PROCESS_FDS];
    struct exo_process_user user;
    bool becomes;
    gid_t groups[EXO_READER_GROUPS];
    struct exo_buf said;
};

void exo_reader_init(struct exo_reader *r, const struct exo_import *in);
/* Opens the files, and decides who it is. EXO_E_STATUS or EXO_E_NOMEM. */
int exo_reader_open(struct exo_reader *r, struct exo_err *err) EXO_MUST_CHECK;
void exo_reader_free(struct exo_reader *r);

#endif
