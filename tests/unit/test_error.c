/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts, words, exit codes and the one line of struct exo_err. */
#include "config.h"

#include "exoauth/error.h"

#include <errno.h>

#include "util.h"

static void texts_are_there(void **state)
{
    (void)state;
    for (int code = 0; code >= EXO_E_STATUS; code--) {
        assert_true(strlen(exo_strerror(code)) > 0);
        assert_string_not_equal(exo_strerror(code), "unknown error");
        for (int other = code + 1; other <= 0; other++)
            assert_string_not_equal(exo_strerror(code), exo_strerror(other));
    }
    assert_string_equal(exo_strerror(-99), "unknown error");
    assert_string_equal(exo_strerror(1), "unknown error");
    assert_string_equal(exo_errno_text(ENOENT), "No such file or directory");
    assert_true(strlen(exo_errno_text(99999)) > 0);
}

static void errno_becomes_code(void **state)
{
    static const struct {
        int number, code;
    } table[] = {
        { EACCES, EXO_E_ACCESS }, { EPERM, EXO_E_ACCESS },
        { EROFS, EXO_E_ACCESS },  { ENOENT, EXO_E_NOENT },
        { ENOTDIR, EXO_E_NOENT }, { ENOMEM, EXO_E_NOMEM },
        { EIO, EXO_E_IO },        { ENOSPC, EXO_E_IO },
        { EMFILE, EXO_E_IO },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++)
        assert_int_equal(exo_error_from_errno(table[i].number), table[i].code);
}

static void status_words_and_exits(void **state)
{
    static const struct {
        enum exo_status status;
        const char *word;
        int code;
    } table[] = {
        { EXO_STATUS_OK, "ok", 0 },
        { EXO_STATUS_NO_ACCOUNT, "no-account", 67 },
        { EXO_STATUS_DENIED, "denied", 77 },
        { EXO_STATUS_NEEDS_LOGIN, "needs-login", 77 },
        { EXO_STATUS_TRANSIENT, "transient", 75 },
        { EXO_STATUS_MISCONFIGURED, "misconfigured", 78 },
        { EXO_STATUS_STORE, "store", 74 },
        { EXO_STATUS_USAGE, "usage", 64 },
        { EXO_STATUS_BUG, "internal-error", 70 },
    };
    enum exo_status status = EXO_STATUS_DENIED;

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        assert_string_equal(exo_status_word(table[i].status), table[i].word);
        assert_int_equal(exo_status_exit(table[i].status), table[i].code);
        assert_true(exo_status_parse(table[i].word, &status));
        assert_int_equal(status, table[i].status);
    }
    status = EXO_STATUS_DENIED;
    assert_false(exo_status_parse("OK", &status));
    assert_false(exo_status_parse("", &status));
    assert_int_equal(status, EXO_STATUS_DENIED);
    assert_int_equal(exo_status_exit((enum exo_status)77), 70);
    assert_string_equal(exo_status_word((enum exo_status)77), "internal-error");
}

static void the_worst_wins(void **state)
{
    /* By the exit code: 0, 67, 75, 74, 77, 78. */
    static const enum exo_status order[] = {
        EXO_STATUS_OK,    EXO_STATUS_NO_ACCOUNT,  EXO_STATUS_TRANSIENT,
        EXO_STATUS_STORE, EXO_STATUS_NEEDS_LOGIN, EXO_STATUS_MISCONFIGURED,
        EXO_STATUS_USAGE, EXO_STATUS_BUG,
    };

    (void)state;
    for (size_t i = 0; i < N_OF(order); i++)
        for (size_t k = 0; k < N_OF(order); k++)
            assert_int_equal(exo_status_is_worse(order[i], order[k]), i > k);
}

static void err_is_one_clean_line(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    char big[2 * EXO_ERR_TEXT];

    (void)state;
    err.retry_after = 7;
    assert_int_equal(exo_err_set(&err, EXO_STATUS_TRANSIENT, "a%sb%dc",
                                 "\r\n\t\x1b[1m\x7f", 5),
                     EXO_E_STATUS);
    assert_string_equal(err.text, "a????[1m?b5c");
    assert_int_equal(err.status, EXO_STATUS_TRANSIENT);
    assert_int_equal(err.retry_after, 0);

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    (void)exo_err_set(&err, EXO_STATUS_BUG, "%s", big);
    assert_int_equal(strlen(err.text), EXO_ERR_TEXT - 1);

    big[EXO_ERR_TEXT - 2] = ' '; /* the cut leaves no blank at the end */
    (void)exo_err_set(&err, EXO_STATUS_BUG, "%s", big);
    assert_int_equal(strlen(err.text), EXO_ERR_TEXT - 2);

    (void)exo_err_set(&err, EXO_STATUS_BUG, "m\xc3\xbc");
    assert_string_equal(err.text, "m\xc3\xbc");
    assert_int_equal(exo_err_set(NULL, EXO_STATUS_BUG, "x"), EXO_E_STATUS);
}

/* However a function fails, whoever reads its error finds words. */
static void err_has_words(void **state)
{
    static const int codes[] = { EXO_E_NOMEM, EXO_E_NOENT, EXO_E_IO,
                                 EXO_E_SYNTAX, EXO_E_STATUS };
    struct exo_err err = EXO_ERR_INIT;

    (void)state;
    (void)exo_err_set(&err, EXO_STATUS_DENIED, "%s", "");
    assert_int_equal(err.status, EXO_STATUS_DENIED);
    assert_string_equal(err.text, "internal error: denied without a reason; "
                                  "please report it");

    for (size_t i = 0; i < N_OF(codes); i++) {
        err = (struct exo_err)EXO_ERR_INIT;
        errno = ENOTTY;
        (void)exo_err_words_of(&err, codes[i], "rekey");
        assert_int_equal(err.status, codes[i] == EXO_E_NOMEM
                                         ? EXO_STATUS_TRANSIENT
                                         : EXO_STATUS_BUG);
        if (codes[i] != EXO_E_NOMEM)
            assert_non_null(strstr(err.text, "internal error in rekey: "));
        assert_non_null(strstr(err.text, "; "));
    }
    err = (struct exo_err)EXO_ERR_INIT;
    errno = EMFILE;
    assert_string_equal(exo_err_text(&err, EXO_E_IO),
                        "cannot go on: Too many open files; raise the limit of "
                        "open files");
    err = (struct exo_err)EXO_ERR_INIT;
    assert_non_null(strstr(exo_err_text(&err, EXO_E_ARG), "err_has_words"));

    /* What has words keeps them, and no failure makes none. */
    (void)exo_err_set(&err, EXO_STATUS_STORE, "no; yes");
    exo_err_words(&err, EXO_E_NOMEM);
    assert_string_equal(exo_err_text(&err, EXO_E_NOMEM), "no; yes");
    exo_err_restate(&err, EXO_STATUS_USAGE);
    assert_int_equal(err.status, EXO_STATUS_USAGE);
    assert_string_equal(err.text, "no; yes");
    err = (struct exo_err)EXO_ERR_INIT;
    exo_err_words(&err, EXO_OK);
    assert_int_equal(err.status, EXO_STATUS_OK);
    assert_string_equal(err.text, "");

    exo_err_restate(&err, EXO_STATUS_STORE);
    assert_string_not_equal(err.text, "");

    /* Only what was printed is silent, until it is set again. */
    assert_int_equal(exo_err_said(&err, EXO_STATUS_STORE), EXO_E_STATUS);
    assert_true(err.said);
    assert_string_equal(err.text, "");
    (void)exo_err_set(&err, EXO_STATUS_STORE, "once more");
    assert_false(err.said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_there),
        cmocka_unit_test(errno_becomes_code),
        cmocka_unit_test(status_words_and_exits),
        cmocka_unit_test(the_worst_wins),
        cmocka_unit_test(err_is_one_clean_line),
        cmocka_unit_test(err_has_words),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
