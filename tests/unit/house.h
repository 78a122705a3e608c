/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of helper/ share: an exoauth.conf and account files in a
 * directory of their own.
 */
#ifndef EXOAUTH_TEST_HOUSE_H
#define EXOAUTH_TEST_HOUSE_H

#include "util.h"

#include "exoauth/account.h"
#include "exoauth/conf.h"

struct house {
    struct place place;
    struct exo_conf *conf;
    struct exo_err err;
};

/* (Re)loads exoauth.conf: three lines of ours, then these. */
static inline void house_conf(struct house *house, const char *lines)
{
    char text[2048];

    (void)snprintf(text, sizeof(text),
                   "store: file:%s/store\ntoken_dir: %s/tokens\n"
                   "account_dir: %s/exoauth.d\n%s",
                   house->place.path, house->place.path, house->place.path,
                   lines);
    put_file(&house->place, "exoauth.conf", 0644, text);
    exo_conf_free(house->conf);
    house->conf = NULL;
    if (exo_conf_load(&house->conf, place_name(&house->place, "exoauth.conf"),
                      false, "/usr/bin/exoauth", &house->err) != 0)
        fail_msg("%s", house->err.text);
}

static inline void house_make(struct house *house)
{
    memset(house, 0, sizeof(*house));
    place_make(&house->place);
    assert_int_equal(mkdirat(house->place.fd, "exoauth.d", 0755), 0);
    assert_int_equal(mkdirat(house->place.fd, "tokens", 0700), 0);
    house_conf(house, "");
}

static inline void house_remove(struct house *house)
{
    exo_conf_free(house->conf);
    place_remove(&house->place);
}

static inline int house_setup(void **state)
{
    struct house *house = malloc(sizeof(*house));

    assert_non_null(house);
    house_make(house);
    *state = house;
    return 0;
}

static inline int house_teardown(void **state)
{
    house_remove(*state);
    free(*state);
    return 0;
}

static inline struct exo_account account_of(const char *name)
{
    struct exo_account account;

    assert_int_equal(exo_account_set(&account, name, strlen(name)), 0);
    return account;
}

/* exoauth.d/NAME.conf, in a static buffer. */
static inline const char *house_file_name(const char *name)
{
    static char file[300];

    (void)snprintf(file, sizeof(file), "exoauth.d/%s.conf", name);
    return file;
}

static inline void house_file(const struct house *house, const char *name,
                              const char *text)
{
    put_file(&house->place, house_file_name(name), 0644, text);
}

/* One line of that status, with cause and remedy in it. "" asks nothing. */
static inline void assert_err(const struct exo_err *err, enum exo_status status,
                              const char *cause, const char *remedy)
{
    if (err->status != status || strstr(err->text, cause) == NULL ||
        strstr(err->text, remedy) == NULL)
        fail_msg("status %d, not %d with \"%s\" and \"%s\": %s",
                 (int)err->status, (int)status, cause, remedy, err->text);
    assert_non_null(strstr(err->text, "; "));
    assert_null(strchr(err->text, '\n'));
}

#endif
