/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of a record of the `file:` store that cannot be used, with what
 * to do about it. Called by file.c, which has the directory open; only a
 * previous copy is opened here, for what is said of it. EXO_E_STATUS each.
 *
 * The store is run_as's and root may type the command: it names files of the
 * store alone, and follows no link that is put there, before or since.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "exoauth/file.h"
#include "filedir.h"

/* Is there one that is worth to be restored? */
static bool has_previous(struct exo_store *store,
                         const struct exo_account *account)
{
    const struct exo_filedir *dir = store->state;
    struct exo_filename prev = exo_filename_make(account, EXO_FILE_PREVIOUS);
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    const char *why = NULL;
    struct stat st;
    bool found = fstatat(dir->fd, prev.text, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                 S_ISREG(st.st_mode);

    if (found) {
        int rc = exo_file_read(dir->fd, prev.text, EXO_FILE_RECORD,
                               store->owner, &text, &why);

        found = rc == 0 ? !exo_guard_is_broken(store, account, &text)
                        : rc != EXO_E_UNSAFE && rc != EXO_E_TOOBIG;
    }
    exo_buf_free(&text);
    return found;
}

/* A login replaces a link, but not a directory; a link has no previous copy, as
 * nobody knows who put it there. */
static void advise(struct exo_store *store, const struct exo_account *who,
                   char text[EXO_ERR_TEXT])
{
    const struct exo_filedir *dir = store->state;
    bool keyless = store->guard.keyless;
    struct exo_filename name = exo_filename_make(who, EXO_FILE_SUFFIX);
    struct exo_filename prev = exo_filename_make(who, EXO_FILE_PREVIOUS);
    bool previous = has_previous(store, who);
    struct stat st;
    bool found = fstatat(dir->fd, name.text, &st, AT_SYMLINK_NOFOLLOW) == 0;

    if (found && S_ISDIR(st.st_mode) && previous) {
        exo_text_fmt(text, EXO_ERR_TEXT,
                     "restore the previous copy: mv -T %s/%s %s/%s.away && mv "
                     "-T %s/%s %s/%s",
                     EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"),
                     EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"),
                     EXO_SH(dir->path, "FILE"), EXO_SH(prev.text, "FILE"),
                     EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"));
    } else if (found && S_ISDIR(st.st_mode)) {
        exo_text_fmt(
            text, EXO_ERR_TEXT,
            "move it away: mv -T %s/%s %s/%s.away, then run: exoauth %s %s",
            EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"),
            EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"),
            keyless ? "remove" : "login", EXO_SH(who->name, "ACCOUNT"));
    } else if (previous && (!found || S_ISREG(st.st_mode))) {
        exo_text_fmt(text, EXO_ERR_TEXT,
                     "restore the previous copy: mv -T %s/%s %s/%s, or run: "
                     "exoauth %s %s",
                     EXO_SH(dir->path, "FILE"), EXO_SH(prev.text, "FILE"),
                     EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"),
                     keyless ? "remove" : "login",
                     EXO_SH(who->name, "ACCOUNT"));
    } else {
        exo_text_fmt(text, EXO_ERR_TEXT, "run: exoauth %s %s",
                     keyless ? "remove" : "login",
                     EXO_SH(who->name, "ACCOUNT"));
    }
}

int exo_filefault_damaged(struct exo_store *store,
                          const struct exo_account *account, const char *why,
                          struct exo_err *err)
{
    const struct exo_filedir *dir = store->state;
    struct exo_filename name = exo_filename_make(account, EXO_FILE_SUFFIX);
    char text[EXO_ERR_TEXT];

    advise(store, account, text);
    return exo_err_set(err, EXO_STATUS_STORE,
                       "damaged credential %s/%s: %s; %-s", dir->path,
                       name.text, why, text);
}

/* A file that broke the rules. Where owner and mode are all that is wrong,
 * they are easier to mend than a credential; but in a directory that is not
 * root's no command for root is told, as a link may be there when it is run. */
int exo_filefault_refused(struct exo_store *store,
                          const struct exo_account *account, const char *why,
                          struct exo_err *err)
{
    const struct exo_filedir *dir = store->state;
    struct exo_filename name = exo_filename_make(account, EXO_FILE_SUFFIX);
    struct stat st;

    if (fstatat(dir->fd, name.text, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode)) {
        return exo_filefault_damaged(store, account, why, err);
    }
    if (st.st_nlink != 1) {
        /* A backup by links (cp -al): it is the newest copy all the same. */
        return exo_err_set(
            err, EXO_STATUS_STORE,
            "credential %s/%s refused: it has more than one hard link; if "
            "nobody tampered with it, copy it as uid %lu with cp -p, and move "
            "the copy into its place, else run: exoauth %s %s",
            dir->path, name.text, (unsigned long)store->owner,
            store->guard.keyless ? "remove" : "login",
            EXO_SH(account->name, "ACCOUNT"));
    }
    return exo_err_set(
        err, EXO_STATUS_STORE,
        "credential %s/%s refused: %s; if nobody tampered with it, make it "
        "uid %lu's with mode 0600, else run: exoauth %s %s",
        dir->path, name.text, why, (unsigned long)store->owner,
        store->guard.keyless ? "remove" : "login",
        EXO_SH(account->name, "ACCOUNT"));
}
