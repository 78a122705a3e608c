/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the libsasl2 of a Postfix looks for plugins (postfix.h). Called by
 * setup and doctor; fails by adding nothing, as then nobody can say.
 *
 * libsasl2 has no call that tells, and the one that is linked here need not
 * be Postfix's: so the library that its smtp(8) loads is found by ldd, and the
 * directory by looking for it among the library's strings, where it stands
 * alone, while the path for configuration is a list.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix.h"
#include "run.h"

#define RUN_MS 10000

bool exo_postfix_import(const struct exo_postfix *p, const char *name,
                        struct exo_buf *value)
{
    const char *list = exo_postfix_get(p, "import_environment");
    size_t len = strlen(name);

    for (const char *at = list; (at = strstr(at, name)) != NULL; at += len) {
        if ((at == list || strchr(" \t,{", at[-1])) && at[len] == '=') {
            at += len + 1;
            exo_buf_add(value, at, strcspn(at, " \t,}"));
            return true;
        }
    }
    return false;
}

/* The path behind "libsasl2.so.N => " in what ldd says; malloc'ed. */
static char *library_of(const char *text)
{
    const char *at = strstr(text, "libsasl2");
    const char *arrow = at ? strstr(at, "=> ") : NULL;

    if (!arrow || memchr(at, '\n', (size_t)(arrow - at)) || arrow[3] != '/') {
        return NULL;
    }
    return strndup(arrow + 3, strcspn(arrow + 3, " \n"));
}

static bool ends_in(const char *text, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* Strings of a library end with a NUL; ours begins with one before it. */
static void scan(const char *data, size_t size, struct exo_buf *dirs)
{
    for (size_t i = 1; i < size; i++) {
        size_t len;

        if (data[i] != '/' || data[i - 1] != '\0') {
            continue;
        }
        len = strnlen(data + i, size - i);
        if (i + len < size && !memchr(data + i, ':', len) &&
            strncmp(data + i, "/etc/", 5) != 0 &&
            (ends_in(data + i, len, "/sasl2") ||
             ends_in(data + i, len, "/sasl"))) {
            exo_buf_str(dirs, dirs->len > 0 ? ":" : "");
            exo_buf_add(dirs, data + i, len);
        }
        i += len;
    }
}

static void from_library(const char *path, struct exo_buf *dirs)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *data;

    if (fd < 0) {
        return;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED) {
            scan(data, (size_t)st.st_size, dirs);
            (void)munmap(data, (size_t)st.st_size);
        }
    }
    (void)close(fd);
}

void exo_postfix_plugin_dirs(const struct exo_postfix *p, struct exo_buf *dirs)
{
    struct exo_buf smtp = EXO_BUF_INIT(4096);
    struct exo_buf text = EXO_BUF_INIT((size_t)64 * 1024);
    char *ldd = exo_run_find("ldd");
    char *library = NULL;
    const char *said;
    int status = 0;

    if (exo_postfix_import(p, "SASL_PATH", dirs)) {
        goto out;
    }
    exo_buf_fmt(&smtp, "%s/smtp", exo_postfix_get(p, "daemon_directory"));
    if (ldd && smtp.error == 0) {
        const char *argv[] = { ldd, smtp.data, NULL };

        if (exo_run(argv, RUN_MS, &text, NULL, &status) == 0 && status == 0 &&
            exo_buf_done(&text, &said) == 0) {
            library = library_of(said);
        }
    }
    if (library) {
        from_library(library, dirs);
    }
out:
    free(library);
    free(ldd);
    exo_buf_free(&smtp);
    exo_buf_free(&text);
}
