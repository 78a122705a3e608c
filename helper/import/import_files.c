/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a reader of another program's file is given (exoauth-import(5)): the
 * file, open, as it may be readable for root only; who it becomes; what it
 * knows. Called by import_reader.c, as root where root runs the command.
 * exo_reader_free() closes and frees all of it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "exoauth/path.h"
#include "import_reader.h"
#include "helper/app/prompt.h"

#define ENV_VALUE ((size_t)4096)
#define NOGROUP 65534

/* ---- the files --------------------------------------------------------- */

/* Such a file belongs to whoever runs that program, so the owner is not
 * asked. */
static int open_original(const char *option, const char *name, int *fd,
                         struct stat *st, struct exo_err *err)
{
    struct exo_path path;
    int rc = exo_path_open(&path, name, fd, st);

    if (rc == EXO_E_NOENT) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s%s: no such file; name the one that the program "
                           "writes",
                           option, name);
    }
    if (rc == EXO_E_UNSAFE) {
        return exo_err_set(err, EXO_STATUS_USAGE, "%s%.200s: %-s", option, name,
                           path.why);
    }
    if (exo_err_system(err, rc, "cannot open %s", name)) {
        return EXO_E_STATUS;
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s%s: %m; run it as root or as the owner of the "
                           "file",
                           option, name);
    }
    if (!S_ISREG(st->st_mode) && !S_ISFIFO(st->st_mode)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s%s: not a file; name the file itself, or - for "
                           "standard input",
                           option, name);
    }
    /* What is in it decides where the refresh token is sent. */
    if (S_ISREG(st->st_mode) && (st->st_mode & S_IWOTH)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s%s: everybody may write it; if what is in it is "
                           "yours, put it into a file that only you can write",
                           option, name);
    }
    return 0;
}

/* The password in a pipe, which holds far more than any has. */
static int open_password(struct exo_reader *r, struct exo_err *err)
{
    struct exo_secret password = EXO_SECRET_INIT;
    const char *text;
    size_t len;
    int pair[2];
    int rc = exo_prompt_file("password-file", r->in->request.password_file,
                             &password, err);

    if (rc == 0 && pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0) {
        rc = exo_error_from_errno(errno);
    } else if (rc == 0) {
        rc = exo_secret_reveal(&password, &text, &len);
        if (rc == 0 && write(pair[1], text, len) != (ssize_t)len) {
            rc = EXO_E_TOOBIG;
        }
        (void)close(pair[1]);
        (void)fcntl(pair[0], F_SETFL, 0);
        r->fd[4] = pair[0];
    }
    exo_secret_free(&password);
    if (exo_err_system(err, rc, "cannot hand over the password")) {
        return EXO_E_STATUS;
    }
    if (rc == EXO_E_TOOBIG) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "--password-file: %s; its first line must be the "
                         "password alone",
                         exo_strerror(rc));
    }
    return rc;
}

static int open_files(struct exo_reader *r, uid_t *owner, struct exo_err *err)
{
    const struct exo_import_request *o = &r->in->request;
    struct stat st;
    int rc = 0;

    *owner = 0;
    if (strcmp(o->file, "-") == 0) {
        r->fd[0] = STDIN_FILENO;
    } else {
        rc = open_original("", o->file, &r->fd[0], &st, err);
        if (rc == 0 && S_ISREG(st.st_mode)) {
            *owner = st.st_uid;
        }
    }
    if (rc == 0 && o->config_file) {
        rc = open_original("--config-file ", o->config_file, &r->fd[3], &st,
                           err);
    }
    if (rc == 0 && o->password_file) {
        rc = open_password(r, err);
    }
    return rc;
}

/* ---- who it is, and what it knows -------------------------------------- */

/* Root reads no stranger's file by a reader: that is whoever came by sudo,
 * else the owner of the file. */
static int choose_user(struct exo_reader *r, uid_t owner, struct passwd **pw,
                       struct exo_err *err)
{
    const char *sudo = secure_getenv("SUDO_UID");
    int64_t number = owner;
    int n = EXO_READER_GROUPS;

    *pw = NULL;
    if (geteuid() != 0) {
        return 0;
    }
    /* (uid_t)-1 would be no change, and root came by sudo from root. */
    if (sudo && (exo_block_number(sudo, &number) != 0 || number == 0 ||
                 number >= UINT32_MAX)) {
        number = owner;
    }
    if (number == 0) {
        return 0;
    }
    errno = 0;
    *pw = getpwuid((uid_t)number);
    if (!*pw && exo_err_system(err, EXO_E_IO, "cannot look up uid %u",
                               (unsigned)number)) {
        return EXO_E_STATUS;
    }
    /* A volume may be of one that this host has no name for. */
    r->groups[0] = *pw ? (*pw)->pw_gid : NOGROUP;
    r->user =
        (struct exo_process_user){ (uid_t)number, r->groups[0], r->groups, 1 };
    r->becomes = true;
    if (*pw && getgrouplist((*pw)->pw_name, r->groups[0], r->groups, &n) > 0) {
        r->user.n_groups = (size_t)n;
    }
    return 0;
}

static void put_env(struct exo_reader *r, const char *name, const char *value)
{
    struct exo_buf *text = &r->env_text[r->n_env];

    if (value && r->n_env < EXO_READER_ENV) {
        exo_buf_fmt(text, "%s=%s", name, value);
        r->env[r->n_env++] = text->data;
    }
}

/* What a person's key ring and its question for the passphrase need, and what
 * the command was told. Nothing that Python or a shell goes by. */
static int fill_env(struct exo_reader *r, const struct passwd *pw)
{
    static const char *const kept[] = { "GNUPGHOME",
                                        "TERM",
                                        "LANG",
                                        "LC_ALL",
                                        "LC_CTYPE",
                                        "DISPLAY",
                                        "WAYLAND_DISPLAY",
                                        "XAUTHORITY",
                                        "XDG_RUNTIME_DIR",
                                        "DBUS_SESSION_BUS_ADDRESS" };
    const struct exo_import_request *o = &r->in->request;
    const char *tty = ttyname(STDERR_FILENO);
    int rc = 0;

    put_env(r, "PATH",
            "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:"
            "/usr/sbin:/sbin");
    put_env(r, "HOME", pw ? pw->pw_dir : r->becomes ? "/" : getenv("HOME"));
    put_env(r, "GPG_TTY", tty ? tty : getenv("GPG_TTY"));
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        put_env(r, kept[i], getenv(kept[i]));
    }
    put_env(r, "EXOAUTH_FILE", o->file);
    put_env(r, "EXOAUTH_ACCOUNT", o->account ? o->account->name : NULL);
    put_env(r, "EXOAUTH_CONFIG_FILE", o->config_file);
    put_env(r, "EXOAUTH_PASSWORD_FD", r->fd[4] >= 0 ? "4" : NULL);
    for (size_t i = 0; i < r->n_env && rc == 0; i++) {
        rc = r->env_text[i].error;
    }
    return rc;
}

void exo_reader_init(struct exo_reader *r, const struct exo_import *in)
{
    memset(r, 0, sizeof(*r));
    r->in = in;
    exo_buf_init(&r->path, ENV_VALUE);
    exo_buf_init(&r->said, EXO_READER_SAID);
    for (size_t i = 0; i < EXO_READER_ENV; i++) {
        exo_buf_init(&r->env_text[i], ENV_VALUE);
    }
    for (size_t i = 0; i < EXO_PROCESS_FDS; i++) {
        r->fd[i] = -1;
    }
}

int exo_reader_open(struct exo_reader *r, struct exo_err *err)
{
    struct passwd *pw = NULL;
    uid_t owner;
    int rc = open_files(r, &owner, err);

    if (rc == 0) {
        rc = choose_user(r, owner, &pw, err);
    }
    if (rc == 0) {
        rc = fill_env(r, pw);
    }
    return rc;
}

void exo_reader_free(struct exo_reader *r)
{
    for (size_t i = 0; i < EXO_PROCESS_FDS; i++) {
        if (r->fd[i] > STDERR_FILENO) {
            (void)close(r->fd[i]);
        }
    }
    for (size_t i = 0; i < EXO_READER_ENV; i++) {
        exo_buf_free(&r->env_text[i]);
    }
    exo_buf_free(&r->path);
    exo_buf_free(&r->said);
}
