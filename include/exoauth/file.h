/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing files that matter. Every check is made on the open
 * descriptor (never on a path before opening it), every read is bounded,
 * and nothing blocks on a FIFO or device. A file that breaks its rule is
 * refused with EXO_E_UNSAFE and a text that names owner, mode or link.
 */
#ifndef EXOAUTH_FILE_H
#define EXOAUTH_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

enum exo_file_rule {
    /* Configuration, secrets, keys, certificates, assertions: links are
     * followed (Kubernetes mounts are links), by the program only where the
     * way may be trusted; a regular file of root or the reader's effective
     * user, not writable by group or others. */
    EXO_FILE_CONFIG,
    /* Records in the store: no link, one name, ours, mode & 077 == 0. */
    EXO_FILE_RECORD,
    /* Published tokens: no link, one name, not writable by group or others,
     * owned by root, the reader or owner. */
    EXO_FILE_TOKEN,
    /* Keys of the store: as configuration, and closed to others and to groups
     * but the reader's effective one, and root's for a file of root. */
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
 * The way to what is opened by path, not below a descriptor, by the rules
 * EXO_FILE_CONFIG and EXO_FILE_KEY: *dir is the directory it is in, an O_PATH
 * descriptor of the caller, name the entry there, which is no link. *dir is -1
 * where there is nothing to judge, as path is an open descriptor. On refusal
 * *why is a text that holds until the next call, with a remedy behind "; ".
 */
typedef int exo_file_way(const char *path, int *dir, char name[NAME_MAX + 1],
                         const char **why);

/* Is the group of an open file, which it may write, its owner's alone? */
typedef bool exo_file_own(int fd, const struct stat *st);

/*
 * Said by the program, which acts for others (exoauth/path.h). The plugin takes
 * what is its host's own word, and the kernel's way to it. own, NULL: no, is
 * for a configuration of a user's own: EXO_FILE_CONFIG takes such a file then.
 * The plugin cannot ask who is in a group.
 */
struct exo_file_ways {
    exo_file_way *walk;
    exo_file_own *own;
    bool (*shared)(int fd); /* with others, by an access list: no key */
};
void exo_file_walk(const struct exo_file_ways *ways);

/* What to do about a refusal: nothing to add where it says so itself. Put
 * behind its text by "%s: %s%s". advice begins with "; ". */
const char *exo_file_advice(const char *why, const char *advice);

/*
 * Reads a whole file of at most out->max bytes into out (appending).
 * EXO_E_TOOBIG if it is larger; else as exo_file_open(). One spare byte
 * after the content is always allocated, as exo_block_parse() wants.
 */
int exo_file_read(int dirfd, const char *path, enum exo_file_rule rule,
                  uid_t owner, struct exo_buf *out,
                  const char **why) EXO_MUST_CHECK;

struct exo_owner {
    uid_t uid;
    gid_t gid;
};

struct exo_temp;

struct exo_file_how {
    mode_t mode;
    const struct exo_owner *owner; /* NULL: whoever writes it */
    const struct exo_buf *list; /* who else may use it, as EXO_TEMP_LIST has it;
                                   NULL: none, whatever the directory gives */
    const char *previous;  /* where what it replaces is copied to, or NULL */
    bool is_new;           /* what has the name already stays: EXO_E_CONFLICT */
    struct exo_temp *room; /* begun in dirfd, used up if it is open; or NULL */
    bool fleeting;         /* no fsync: what a power cut may empty or undo */
    bool *placed;          /* set once it has the name, whatever follows; or
                              NULL */
};

/*
 * Writes data as dirfd/name, all or nothing, durable when it returns 0: a
 * temporary file (exoauth/temp.h), all bytes, owner, mode, fsync, rename,
 * fsync of the directory; what a link of that name leads to stays as it is.
 * On failure the old file is untouched and the temporary one is gone. (Only
 * if the fsync of the directory itself fails, the new file has the name
 * already.) The previous copy follows, as durably; no hard link is made,
 * which a reader would refuse, and that it fails is no error. dirfd must be
 * open for reading, not O_PATH and not AT_FDCWD.
 */
int exo_file_put(int dirfd, const char *name, const struct exo_file_how *how,
                 const void *data, size_t len) EXO_MUST_CHECK;

/* Removes temporary files of writers that died. Whoever makes one has done
 * so; it is for directories that a command may not come to write to. */
void exo_file_sweep(int dirfd);

/* write(2) until all is written; EINTR is not an error. */
int exo_file_write_all(int fd, const void *data, size_t len) EXO_MUST_CHECK;

/* How a regular file that is no link begins, as text of up to size - 1 bytes:
 * "" where it is empty, or cannot be read by this user. */
void exo_file_peek(int dirfd, const char *name, char *text, size_t size);

#endif
