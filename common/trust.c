/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose tokens a login believes (exoauth/source.h): those in a directory of
 * root, of this user or of run_as. Called by source.c, in the host program, for
 * a directory that is neither root's nor this user's.
 *
 * run_as is who owns the store, which exoauth sees to; where that is another,
 * /etc/passwd says, as the plugin must not ask NSS. In a jail there may be
 * neither: then the directory is taken for what its jail says it is. Nothing is
 * kept.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/source.h"

#define PASSWD_MAX 65536

/* name:password:uid:... */
static bool find_user(const char *text, const char *name, uid_t *uid)
{
    size_t len = strlen(name);
    const char *line = text;

    while (line != NULL && *line != '\0') {
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            const char *word = strchr(line + len + 1, ':');
            uid_t number = 0;

            if (word == NULL || word[1] < '0' || word[1] > '9') {
                return false;
            }
            for (word++; *word >= '0' && *word <= '9'; word++) {
                number = number * 10 + (uid_t)(*word - '0');
            }
            *uid = number;
            return *word == ':';
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return false;
}

static bool run_as_uid(const char *name, uid_t *uid)
{
    struct exo_buf text = EXO_BUF_INIT(PASSWD_MAX);
    const char *bytes;
    bool found = exo_file_read(AT_FDCWD, "/etc/passwd", EXO_FILE_CONFIG, 0,
                               &text, NULL) == EXO_OK &&
                 exo_buf_done(&text, &bytes) == EXO_OK &&
                 find_user(bytes, name, uid);

    exo_buf_free(&text);
    return found;
}

static bool believes(const struct exo_conf *conf, uid_t owner)
{
    struct stat st;
    uid_t uid;
    bool seen;

    if (owner == 0 || owner == EXO_NO_UID || owner == geteuid()) {
        return true;
    }
    if (conf->user) {
        return false;
    }
    /* First what costs a login one call; a list of users may be long. */
    seen = strncmp(conf->store, "file:", 5) == 0 &&
           stat(conf->store + 5, &st) == 0;
    if (seen && st.st_uid == owner) {
        return true;
    }
    if (run_as_uid(conf->run_as, &uid)) {
        return owner == uid;
    }
    return !seen || st.st_uid == 0; /* root's: yet to be given away */
}

int exo_source_published(struct exo_published *published,
                         const struct exo_conf *conf,
                         const struct exo_account *account,
                         struct exo_err *warning)
{
    int rc = exo_published_read(published, conf->token_dir, account, warning);
    uid_t owner = published->dir_owner;

    if (believes(conf, owner)) {
        return rc;
    }
    published->token = (struct exo_token){ .account = NULL };
    published->dir_owner = EXO_NO_UID;
    (void)exo_err_set(warning, EXO_STATUS_STORE,
                      "published tokens ignored: %.200s belongs to uid %lu, "
                      "not to root, this user or run_as; correct token_dir or "
                      "run_as in %.200s",
                      conf->token_dir, (unsigned long)owner, conf->path);
    return EXO_E_UNSAFE;
}

uid_t exo_source_owner(const struct exo_conf *conf)
{
    uid_t owner;

    return exo_token_dir_owner(conf->token_dir, &owner) == EXO_OK &&
                   believes(conf, owner)
               ? owner
               : EXO_NO_UID;
}
