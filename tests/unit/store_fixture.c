/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See store_fixture.h.
 */
#include "config.h"

#include "store_fixture.h"

#include <dirent.h>
#include <sys/wait.h>

#include "exoauth/clock.h"
#include "../lib/whole.h"

int store_setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));

    assert_non_null(fx);
    place_make(&fx->place);
    snprintf(fx->dir, sizeof(fx->dir), "%s/store", fx->place.path);
    snprintf(fx->url, sizeof(fx->url), "file:%s", fx->dir);
    assert_int_equal(exo_account_set(&fx->account, "a@b.example", 11), 0);
    *state = fx;
    return exo_store_open(&fx->store, fx->url, true, &fx->err);
}

int store_teardown(void **state)
{
    struct fixture *fx = *state;

    exo_store_close(fx->store);
    (void)chmod(fx->dir, 0700);
    place_remove(&fx->place);
    free(fx);
    return 0;
}

const char *path_in(const struct fixture *fx, const char *name)
{
    static char path[600];

    snprintf(path, sizeof(path), "%s/%s", fx->dir, name);
    return path;
}

static void set_number(struct exo_secret *secret, const char *prefix,
                       int64_t number)
{
    char text[64];

    snprintf(text, sizeof(text), "%s%lld", prefix, (long long)number);
    assert_int_equal(exo_secret_set(secret, text, strlen(text)), 0);
}

void put_serial(struct fixture *fx, int64_t serial)
{
    struct exo_store_lock lock;
    struct exo_record record;
    int rc;

    assert_int_equal(exo_store_lock(fx->store, &fx->account,
                                    exo_clock_ms() + 60000, &lock, &fx->err),
                     0);
    rc = exo_store_get(fx->store, &fx->account, &record, &fx->err);
    assert_true(rc == 0 || rc == EXO_E_NOENT);
    strcpy(record.account, fx->account.name);
    record.serial = serial;
    set_number(&record.access_token, "at-", serial);
    set_number(&record.refresh_token, "rt-", serial);
    rc = exo_store_put(fx->store, &lock, &record, &fx->err);
    if (rc != 0)
        print_error("put: %s\n", fx->err.text);
    assert_int_equal(rc, 0);
    exo_record_free(&record);
    exo_store_unlock(fx->store, &lock);
}

int64_t get_serial(struct fixture *fx)
{
    struct exo_secret want = EXO_SECRET_INIT;
    struct exo_record record;
    int64_t serial = -1;
    int rc = exo_store_get(fx->store, &fx->account, &record, &fx->err);

    if (rc != 0 && rc != EXO_E_NOENT)
        print_error("get: %s\n", fx->err.text);
    if (rc != EXO_E_NOENT) {
        assert_int_equal(rc, 0);
        serial = record.serial;
        set_number(&want, "at-", serial);
        assert_string_equal(whole_secret(&record.access_token),
                            whole_secret(&want));
        set_number(&want, "rt-", serial);
        assert_string_equal(whole_secret(&record.refresh_token),
                            whole_secret(&want));
    }
    exo_secret_free(&want);
    exo_record_free(&record);
    return serial;
}

void check_text(const struct exo_err *err, const char *cause,
                const char *remedy)
{
    if (strstr(err->text, cause) == NULL || strstr(err->text, remedy) == NULL)
        print_error("text: %s\nnot in it: %s / %s\n", err->text, cause, remedy);
    assert_non_null(strstr(err->text, cause));
    assert_non_null(strstr(err->text, remedy));
    assert_non_null(strstr(err->text, "; "));
    assert_null(strchr(err->text, '\n'));
}

void refuse_get(struct fixture *fx, const char *cause, const char *remedy)
{
    struct exo_record record;
    struct exo_err err = EXO_ERR_INIT;

    assert_int_equal(exo_store_get(fx->store, &fx->account, &record, &err),
                     EXO_E_STATUS);
    assert_int_equal(err.status, EXO_STATUS_STORE);
    assert_int_equal(record.revision, 0);
    assert_true(exo_secret_empty(&record.access_token));
    assert_true(exo_secret_empty(&record.refresh_token));
    check_text(&err, cause, remedy);
    exo_record_free(&record);
}

bool file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

int count_entries(const char *dir, const char *prefix)
{
    DIR *stream = opendir(dir);
    struct dirent *entry;
    int count = 0;

    if (stream == NULL)
        return -1;
    while ((entry = readdir(stream)) != NULL)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            count++;
    closedir(stream);
    return count;
}

int in_child(int (*body)(struct fixture *fx), struct fixture *fx)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0)
        _exit(body(fx));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
