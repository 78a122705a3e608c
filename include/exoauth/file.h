/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing files that matter. Every check is made on the open
 * descriptor (never on a path before opening it), every read is bounded,
 * and nothing blocks on a FIFO or device. A file that breaks its rule is
 * refused with EXO_E_UNSAFE and a text that names owner, mode or link.
 */
#ifndef EXOAUTH_FILE_H
#define EXOAUTH_FILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

enum exo_file_rule {
    /* Configuration, secrets, keys, certificates, assertions: links are
     * followed (Kubernetes mounts are links); a regular file of root or the
     * reader's effective user, not writable by group or others. */
    EXO_FILE_CONFIG,
    /* Records in the store: no link, one name, ours, mode & 077 == 0. */
    EXO_FILE_RECORD,
    /* Published tokens: no link, one name, not writable by group or others,
     * owned by root, the reader or owner. */
    EXO_FILE_TOKEN,
    /* Keys of the store: as configuration, and closed to others. */
    EXO_FILE_KEY
};

/*
 * Opens path relative to dirfd (AT_FDCWD allowed) read-only with O_CLOEXEC,
 * applies the rule; *fd is the caller's, *st the fstat. owner matters for
 * EXO_FILE_TOKEN only. why (may be NULL) gets a static text on refusal.
 * EXO_E_NOENT, EXO_E_ACCESS, EXO_E_UNSAFE, EXO_E_IO.
 */
int exo_file_open(int dirfd, const char *path, enum exo_file_rule rule,
                  uid_t owner, int *fd, struct stat *st,
                  const char **why) EXO_MUST_CHECK;

/*
 * Reads a whole file of at most out->max bytes into out (appending).
 * EXO_E_TOOBIG if it is larger; else as exo_file_open(). One spare byte
 * after the content is always allocated, as exo_block_parse() wants.
 */
int exo_file_read(int dirfd, const char *path, enum exo_file_rule rule,
                  uid_t owner, struct exo_buf *out,
                  const char **why) EXO_MUST_CHECK;

/*
 * Replaces dirfd/name by data, all or nothing, durable when it returns 0:
 * random temporary name (".tmp." and 16 hex digits, O_EXCL|O_NOFOLLOW), all
 * bytes, fchmod(mode), fsync, rename, fsync of the directory. On failure the
 * old file is untouched and the temporary one is gone. (Only if the fsync of
 * the directory itself fails, the new file has the name already.) With
 * previous != NULL the old content is first copied, as durably, to that
 * name; no hard link is made, which a reader would refuse. dirfd must be open
 * for reading, not O_PATH and not AT_FDCWD.
 */
int exo_file_replace(int dirfd, const char *name, const char *previous,
                     mode_t mode, const void *data, size_t len) EXO_MUST_CHECK;

/* Removes temporary files of writers that died, older than an hour. */
void exo_file_sweep(int dirfd);

/* write(2) until all is written; EINTR is not an error. */
int exo_file_write_all(int fd, const void *data, size_t len) EXO_MUST_CHECK;

#endif
