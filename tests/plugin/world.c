/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the plugin tests (harness.h): a directory of its own for each
 * test, with configuration, accounts, tokens and the built plugin, which
 * libsasl2 loads from a directory that holds nothing else. Whatever cannot
 * be set up is a failed test, never a skipped one.
 */
#include "config.h"

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/buf.h"

static char dir[64];

const char *world_dir(void)
{
    return dir;
}

const char *world_path(const char *fmt, ...)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    size_t len = strlen(dir);
    va_list ap;

    memcpy(path, dir, len);
    path[len] = '/';
    va_start(ap, fmt);
    vsnprintf(path + len + 1, sizeof paths[0] - len - 1, fmt, ap);
    va_end(ap);
    return path;
}

void world_write(const char *path, mode_t mode, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void add_default(struct exo_buf *out, const char *lines, const char *key,
                        const char *value)
{
    if (strstr(lines, key) == NULL)
        exo_buf_fmt(out, "%s %s\n", key, value);
}

void world_conf(const char *lines)
{
    struct exo_buf out = EXO_BUF_INIT(65536);

    exo_buf_str(&out, lines);
    add_default(&out, lines, "token_dir:", world_path("tokens"));
    /* Whose store it is says whose tokens are believed; not the host's. */
    if (strstr(lines, "store:") == NULL)
        exo_buf_fmt(&out, "store: file:%s\n", world_path("store"));
    add_default(&out, lines, "socket:", "none");
    add_default(&out, lines, "helper:", "none");
    add_default(&out, lines, "timeout:", "1");
    assert_int_equal(out.error, 0);
    world_write(world_path("conf/exoauth.conf"), 0644, out.data, out.len);
    exo_buf_free(&out);
}

void world_account(const char *file)
{
    static const char text[] = "provider: custom\n";

    world_write(world_path("conf/exoauth.d/%s.conf", file), 0644, text,
                sizeof text - 1);
}

int world_setup(void **state)
{
    const char *plugins = getenv("EXO_PLUGINDIR");
    const char *tmp = getenv("EXO_TMPDIR");
    char from[4096];

    (void)state;
    snprintf(dir, sizeof dir, "%s/exo.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL || chmod(dir, 0755) != 0)
        return -1;
    umask(022);
    if (mkdir(world_path("conf"), 0755) != 0 ||
        mkdir(world_path("conf/exoauth.d"), 0755) != 0 ||
        mkdir(world_path("tokens"), 0755) != 0 ||
        mkdir(world_path("plugins"), 0755) != 0)
        return -1;
    snprintf(from, sizeof from, "%s/libexoauth.so",
             plugins != NULL ? plugins : ".libs");
    if (access(from, R_OK) != 0 ||
        symlink(from, world_path("plugins/libexoauth.so")) != 0) {
        print_error("no plugin at %s\n", from);
        return -1;
    }
    setenv("SASL_CONF_PATH", world_path("conf"), 1);
    unsetenv("HOME");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_STATE_HOME");
    world_conf("");
    world_account(ALICE);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    host_done();
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *or_default(const char *given, const char *usual)
{
    return given != NULL ? given : usual;
}

char *token_text(const struct token_spec *spec, const char *head)
{
    struct exo_buf out = EXO_BUF_INIT(1 << 20);
    long now = (long)time(NULL);
    char *text;

    exo_buf_str(&out, or_default(spec->head, head));
    exo_buf_fmt(&out, "account: %s\n", or_default(spec->account, ALICE));
    if (spec->user != NULL)
        exo_buf_fmt(&out, "user: %s\n", spec->user);
    exo_buf_fmt(&out, "servers: %s\n", or_default(spec->servers, SERVER));
    if (spec->credential != NULL) {
        exo_buf_fmt(&out, "credential: %s\n", spec->credential);
    } else {
        exo_buf_fmt(&out, "serial: 42\nissued: %ld\n",
                    now + (spec->issued != 0 ? spec->issued : -600));
        exo_buf_fmt(
            &out, "refresh_after: %ld\n",
            now + (spec->refresh_after != 0 ? spec->refresh_after : 1200));
        exo_buf_fmt(&out, "usable_until: %ld\n",
                    now +
                        (spec->usable_until != 0 ? spec->usable_until : 2400));
        exo_buf_fmt(&out, "expires: %ld\n",
                    now + (spec->expires != 0 ? spec->expires : 3000));
        exo_buf_fmt(&out, "token: %s\n", or_default(spec->token, TOKEN));
    }
    exo_buf_str(&out, or_default(spec->extra, ""));
    exo_buf_str(&out, or_default(spec->tail, "\n"));
    assert_int_equal(out.error, 0);
    text = strdup(out.data);
    assert_non_null(text);
    exo_buf_free(&out);
    return text;
}

void world_token(const char *file, const struct token_spec *spec)
{
    char *text = token_text(spec, "exoauth: 1\n");

    world_write(world_path("tokens/%s", file), 0644, text, strlen(text));
    free(text);
}

char *long_token(size_t n)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                "tuvwxyz0123456789-_";
    char *token = malloc(n + 1);

    assert_non_null(token);
    for (size_t i = 0; i < n; i++)
        token[i] = chars[(i * 7 + i / 64) % 64];
    token[n] = '\0';
    return token;
}
