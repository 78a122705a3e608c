/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * High-water marks: a file for each account with the highest revision that
 * this host has seen, in a directory outside the store, so that a store that
 * comes back from a backup does not bring its marks along. guard.c and
 * store.c call it. No MAC: the directory is ours alone, and whoever can write
 * there is root or the owner of the store.
 *
 * A directory that is not there, or not for us, means that nothing is
 * noticed, as in a container that keeps nothing. A mark that is there and
 * cannot be read is EXO_E_STATUS: to ignore it would be a way around it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "exoauth/block.h"
#include "exoauth/file.h"
#include "exoauth/log.h"

#define MARK_MAX ((size_t)1024)

/* The directory, -1 if there is none that is ours alone. */
static int open_marks(const struct exo_store *store)
{
    const char *path = store->guard.marks;
    struct stat st;
    int fd;

    if (path == NULL || path[0] == '\0') {
        return -1;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
        (st.st_mode & 077) == 0) {
        return fd;
    }
    (void)close(fd);
    return -1;
}

static int parse(struct exo_buf *text, struct exo_mark *mark)
{
    struct exo_block block;
    const char *revision, *sealed;

    if (exo_buf_reserve(text, 1) == NULL) {
        return EXO_E_NOMEM;
    }
    if (exo_block_parse(&block, text->data, text->len, EXO_BLOCK_MESSAGE) !=
        0) {
        return EXO_E_SYNTAX;
    }
    revision = exo_block_get(&block, "revision");
    sealed = exo_block_get(&block, "sealed");
    if (revision == NULL || sealed == NULL ||
        exo_block_number(revision, &mark->revision) != 0 ||
        exo_block_bool(sealed, &mark->sealed) != 0) {
        return EXO_E_SYNTAX;
    }
    return 0;
}

int exo_mark_read(const struct exo_store *store,
                  const struct exo_account *account, struct exo_mark *mark,
                  struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(MARK_MAX);
    const char *why = NULL;
    int fd = open_marks(store);
    int rc;

    mark->revision = 0;
    mark->sealed = false;
    if (fd < 0) {
        return 0;
    }
    rc = exo_file_read(fd, account->file, EXO_FILE_RECORD, store->owner, &text,
                       &why);
    if (rc == 0) {
        rc = parse(&text, mark);
    }
    if (rc == EXO_E_NOENT) {
        rc = 0;
    } else if (rc != 0) {
        mark->revision = 0;
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "mark %s/%s, which shows whether the credential was "
                         "rolled back, is not usable: %s; if you trust the "
                         "store, run: exoauth accept %s",
                         store->guard.marks, account->file,
                         why != NULL ? why : exo_strerror(rc), account->name);
    }
    exo_buf_free(&text);
    (void)close(fd);
    return rc;
}

void exo_mark_write(const struct exo_store *store,
                    const struct exo_account *account,
                    const struct exo_mark *mark)
{
    struct exo_buf text = EXO_BUF_INIT(MARK_MAX);
    int fd = open_marks(store);
    int rc;

    if (fd < 0) {
        return;
    }
    exo_block_begin(&text);
    exo_block_put_number(&text, "revision", mark->revision);
    exo_block_put(&text, "sealed", mark->sealed ? "yes" : "no");
    exo_block_end(&text);
    exo_file_sweep(fd);
    rc = text.error != 0 ? text.error
                         : exo_file_replace(fd, account->file, NULL, 0600,
                                            text.data, text.len);
    if (rc != 0) {
        exo_log(EXO_LOG_WARNING,
                "cannot write %s/%s: %s; a credential of %s that is rolled "
                "back would not be noticed",
                store->guard.marks, account->file,
                rc == EXO_E_IO ? exo_errno_text(errno) : exo_strerror(rc),
                account->name);
    }
    exo_buf_free(&text);
    (void)close(fd);
}
