/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Published tokens as a login reads them (exoauth/token.h).
 *
 * Called by the sources, in the host program, at each login: this is the
 * path that must stay short. The caller frees the result in every case; the
 * token borrows from its buffers. A file that breaks a rule counts as
 * absent, and the reason goes into the caller's warning: a login must not
 * fail because of a file that somebody else may have put there, and must
 * not believe it either.
 */
#include "config.h"

#include "exoauth/token.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "exoauth/file.h"

/* By name and not by descriptor: it saves a third of the system calls, and
 * whoever could exchange the directory between this and the opening of a
 * file in it could as well have exchanged it before. */
int exo_token_dir_owner(const char *token_dir, uid_t *owner)
{
    struct stat st;

    *owner = EXO_NO_UID;
    if (stat(token_dir, &st) != 0) {
        return exo_error_from_errno(errno);
    }
    if (!S_ISDIR(st.st_mode)) {
        return EXO_E_NOENT;
    }
    if ((st.st_mode & S_IWOTH) != 0) {
        return EXO_E_UNSAFE;
    }
    *owner = st.st_uid;
    return EXO_OK;
}

struct place {
    const char *dir;
    uid_t owner;
    struct exo_err *warning;
};

static int refuse(const struct place *place, const char *file, int rc,
                  const char *why)
{
    if (rc == EXO_E_NOENT || rc == EXO_E_VERSION) {
        return EXO_E_NOENT;
    }
    /* Of an account whose `allow` is narrower than token_group: the socket
     * knows who may have it. */
    if (rc == EXO_E_ACCESS) {
        return rc;
    }
    if (exo_err_system(place->warning, rc,
                       "cannot read published token %.160s/%.80s", place->dir,
                       file)) {
        return rc;
    }
    if (why == NULL) {
        why = exo_strerror(rc);
    }
    (void)exo_err_set(
        place->warning, EXO_STATUS_STORE,
        "published token %.160s/%.80s ignored: %-s; run: exoauth refresh --all",
        place->dir, file, why);
    return rc;
}

/* One file, which must be about the account it is named after. */
static int read_one(const struct place *place,
                    const struct exo_account *account, struct exo_buf *text,
                    struct exo_token *token)
{
    struct exo_buf path = EXO_BUF_INIT(PATH_MAX);
    struct exo_block block;
    const char *why = NULL;
    int rc;

    exo_buf_str(&path, place->dir);
    exo_buf_str(&path, "/");
    exo_buf_str(&path, account->file);
    rc = path.error != 0 ? path.error
                         : exo_file_read(AT_FDCWD, path.data, EXO_FILE_TOKEN,
                                         place->owner, text, &why);
    exo_buf_free(&path);
    if (rc != EXO_OK) {
        return refuse(place, account->file, rc, why);
    }
    rc = exo_block_parse(&block, text->data, text->len, EXO_BLOCK_MESSAGE);
    if (rc != EXO_OK) {
        return refuse(place, account->file, rc, block.why);
    }
    rc = exo_token_parse(token, &block);
    if (rc != EXO_OK) {
        return refuse(place, account->file, rc,
                      "a line is missing or malformed");
    }
    /* A copy under another name would hand one mailbox's token to the
     * user of another. */
    if (strcmp(token->account, account->name) != 0) {
        return refuse(place, account->file, EXO_E_SYNTAX,
                      "it is about another account");
    }
    return EXO_OK;
}

/* The file of the account, else of its domain. */
static int read_own(const struct place *place, struct exo_published *published,
                    const struct exo_account *account)
{
    int rc, rc_domain;

    published->account = *account;
    rc = read_one(place, account, &published->own, &published->token);
    /* What is there for others only is not to be had from the domain. */
    if (rc == EXO_OK || rc == EXO_E_ACCESS) {
        return rc;
    }
    if (exo_account_domain(&published->account, account) != EXO_OK) {
        return rc;
    }
    exo_buf_reset(&published->own);
    rc_domain = read_one(place, &published->account, &published->own,
                         &published->token);
    if (rc_domain == EXO_OK) {
        published->token.user = NULL;
    }
    return rc_domain != EXO_E_NOENT ? rc_domain : rc;
}

/* From serial on, the token is that of the credential. */
static int read_credential(const struct place *place,
                           struct exo_published *published)
{
    struct exo_token *token = &published->token;
    struct exo_account credential;
    struct exo_token other;
    int rc;

    rc = exo_account_set(&credential, token->credential,
                         strlen(token->credential));
    if (rc == EXO_OK) {
        rc = read_one(place, &credential, &published->other, &other);
    } else {
        rc = refuse(place, published->account.file, EXO_E_SYNTAX,
                    "`credential` is not the name of an account");
    }
    if (rc != EXO_OK) {
        return rc;
    }
    if (other.credential != NULL) {
        return refuse(place, credential.file, EXO_E_SYNTAX,
                      "it names a credential and is named as one");
    }
    other.account = token->account;
    other.user = token->user;
    other.servers = token->servers;
    other.credential = token->credential;
    *token = other;
    return EXO_OK;
}

int exo_published_read(struct exo_published *published, const char *token_dir,
                       const struct exo_account *account,
                       struct exo_err *warning)
{
    struct place place = { token_dir, EXO_NO_UID, warning };
    int rc;

    published->token = (struct exo_token){ .account = NULL };
    published->account.name[0] = '\0';
    published->account.file[0] = '\0';
    exo_buf_init(&published->own, EXO_BLOCK_SIZE);
    exo_buf_init(&published->other, EXO_BLOCK_SIZE);
    if (warning != NULL) {
        warning->status = EXO_STATUS_OK;
        warning->retry_after = 0;
        warning->text[0] = '\0';
    }

    rc = exo_token_dir_owner(token_dir, &place.owner);
    published->dir_owner = place.owner;
    if (rc == EXO_E_UNSAFE) {
        (void)exo_err_set(warning, EXO_STATUS_STORE,
                          "published tokens ignored: %.200s is writable by "
                          "others; run: exoauth refresh --all",
                          token_dir);
        return rc;
    }
    if (exo_err_system(warning, rc, "cannot look at %.200s", token_dir)) {
        return rc;
    }
    if (rc != EXO_OK) {
        return EXO_E_NOENT;
    }

    rc = read_own(&place, published, account);
    if (rc == EXO_OK && published->token.credential != NULL) {
        rc = read_credential(&place, published);
    }
    if (rc != EXO_OK) {
        published->token = (struct exo_token){ .account = NULL };
    }
    return rc;
}

void exo_published_free(struct exo_published *published)
{
    exo_buf_free(&published->own);
    exo_buf_free(&published->other);
    published->token = (struct exo_token){ .account = NULL };
}
