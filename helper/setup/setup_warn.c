/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What else is there that setup does not change and that can stop the mail
 * (setup.h). Called by cmd_setup.c when the plan is shown; each is one line
 * on stderr with what to do.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "helper/settings/reach.h"
#include "helper/postfix/run.h"
#include "setup.h"

#define PLUGIN "libexoauth.so"

static void warn_cache(const struct exo_setup *s)
{
    static const char name[] = "smtp_sasl_auth_cache_name";

    if (*exo_postfix_get(s->postfix, name) != '\0') {
        exo_setup_warn("%s is set: one refused token would block the account "
                       "for days; run: postconf -c %s -X %s",
                       name, EXO_SH(s->postfix->config_dir, "DIR"),
                       EXO_SH(name, "PARAMETER"));
    }
}

/* transport_maps and the like send elsewhere by the same smtp(8). */
static void warn_others(const struct exo_setup *s)
{
    static const char *const maps[] = {
        "transport_maps", "sender_dependent_relayhost_maps",
        "sender_dependent_default_transport_maps"
    };

    for (size_t i = 0; !s->transport && i < sizeof(maps) / sizeof(maps[0]);
         i++) {
        if (*exo_postfix_get(s->postfix, maps[i]) != '\0' &&
            exo_changes_find(&s->changes, EXO_SETUP_MAIN,
                             "smtp_tls_security_level")) {
            exo_setup_warn("%s may lead mail to other servers, and these must "
                           "have a certificate that can be verified, too, with "
                           "smtp_tls_security_level = secure; or use "
                           "--transport",
                           maps[i]);
        }
    }
}

/* What a map says for the relay, "" for nothing. */
static void look_up(const struct exo_setup *s, const char *postmap,
                    const struct exo_buf *map, struct exo_buf *out)
{
    const char *argv[] = { postmap, "-c", s->postfix->config_dir, "-q", NULL,
                           NULL,    NULL };
    int status = 1;

    if (exo_buf_done(&s->relay, &argv[4]) != 0 ||
        exo_buf_done(map, &argv[5]) != 0) {
        return;
    }

    if (exo_run(argv, 10000, out, NULL, &status) != 0 || status != 0) {
        exo_buf_reset(out);
    }
    if (out->len > 0) {
        out->data[strcspn(out->data, "\n")] = '\0';
    }
}

/* A table says otherwise for this relay, and wins. */
static void warn_policy(const struct exo_setup *s)
{
    const char *list = exo_postfix_get(s->postfix, "smtp_tls_policy_maps");
    char *postmap = exo_run_find("postmap");
    const char *word;
    size_t len;

    while (postmap && (word = exo_word_next(&list, &len)) != NULL) {
        struct exo_buf map = EXO_BUF_INIT(4096);
        struct exo_buf out = EXO_BUF_INIT(4096);

        exo_buf_add(&map, word, len - (word[len - 1] == ',' ? 1 : 0));
        look_up(s, postmap, &map, &out);
        if (out.len > 0 && !exo_setup_is_strict(out.data)) {
            exo_setup_warn("smtp_tls_policy_maps says %s for %s, which wins "
                           "over smtp_tls_security_level; let it say secure",
                           out.data, exo_buf_shown(&s->relay));
        }
        exo_buf_free(&map);
        exo_buf_free(&out);
    }
    free(postmap);
}

/* ---- plugins ----------------------------------------------------------- */

static bool names_xoauth2(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    bool found = false;
    void *data;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size > 0) {
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED) {
            found = memmem(data, (size_t)st.st_size, "XOAUTH2", 8) != NULL;
            (void)munmap(data, (size_t)st.st_size);
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return found;
}

/* Is ours there; and who else offers the mechanism? */
static bool look_into(const char *path, struct exo_buf *others)
{
    DIR *dir = opendir(path);
    const struct dirent *e;
    bool ours = false;

    while (dir && (e = readdir(dir)) != NULL) {
        size_t len = strlen(e->d_name);

        if (strcmp(e->d_name, PLUGIN) == 0) {
            ours = true;
        } else if (len > 3 && strcmp(e->d_name + len - 3, ".so") == 0 &&
                   names_xoauth2(dirfd(dir), e->d_name)) {
            exo_buf_fmt(others, "%s%s/%s", others->len > 0 ? ", " : "", path,
                        e->d_name);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    return ours;
}

static void warn_plugins(const struct exo_setup *s)
{
    struct exo_buf dirs = EXO_BUF_INIT(4096);
    struct exo_buf others = EXO_BUF_INIT(4096);
    bool ours = false;
    char *p;

    exo_postfix_plugin_dirs(s->postfix, &dirs);
    if (dirs.len == 0) {
        exo_buf_free(&dirs);
        return;
    }
    for (p = dirs.data; *p != '\0';) {
        size_t len = strcspn(p, ":");
        bool last = p[len] == '\0';

        p[len] = '\0';
        ours |= look_into(p, &others);
        p[len] = last ? '\0' : ':';
        p += len + (last ? 0 : 1);
    }
    if (!ours) {
        exo_setup_warn(PLUGIN " is not in %s, where this Postfix looks for "
                              "plugins; install it there, or add SASL_PATH=... "
                              "to import_environment",
                       dirs.data);
    }
    if (others.len > 0) {
        exo_setup_warn("%s offers XOAUTH2, too; libsasl2 prefers ours, but "
                       "Postfix needs only one: remove the other if nothing "
                       "else uses it",
                       others.data);
    }
    exo_buf_free(&dirs);
    exo_buf_free(&others);
}

/* What is not published for Postfix comes by the socket alone. */
static void warn_asks(const struct exo_setup *s)
{
    for (size_t i = 0; i < s->n_accounts; i++) {
        char why[EXO_ERR_TEXT];
        struct exo_settings *settings = NULL;
        struct exo_err ignored = EXO_ERR_INIT;

        if (s->asks[i] && exo_settings_load(&settings, s->conf, &s->account[i],
                                            &ignored) == 0) {
            exo_reach_why(settings, s->token_group, why);
            exo_setup_warn(
                "the token of %s is not published for Postfix: %-s; "
                "its logins need the spawn(8) line " EXO_SETUP_SERVICE
                " of master.cf, so keep it",
                s->account[i].name, why);
        }
        exo_settings_free(settings);
    }
}

void exo_setup_warnings(const struct exo_setup *s)
{
    warn_asks(s);
    warn_cache(s);
    warn_others(s);
    warn_policy(s);
    warn_plugins(s);
}
