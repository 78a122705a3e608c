/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in a block: numbers, words and so on, read and written. */
#include "config.h"

#include "exoauth/block.h"

#include "util.h"
#include "../lib/whole.h"

static void numbers(void **state)
{
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } table[] = {
        { "0", 0, 0 },
        { "42", 0, 42 },
        { "007", 0, 7 },
        { "999999999999999999", 0, INT64_C(999999999999999999) },
        { "1000000000000000000", EXO_E_SYNTAX, 0 },
        { "", EXO_E_SYNTAX, 0 },
        { "-1", EXO_E_SYNTAX, 0 },
        { "+1", EXO_E_SYNTAX, 0 },
        { " 1", EXO_E_SYNTAX, 0 },
        { "1 ", EXO_E_SYNTAX, 0 },
        { "0x10", EXO_E_SYNTAX, 0 },
        { "1.5", EXO_E_SYNTAX, 0 },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        int64_t value = -7;

        assert_int_equal(exo_block_number(table[i].text, &value), table[i].rc);
        assert_int_equal(value, table[i].value);
    }
}

static void bools(void **state)
{
    static const char *const yes[] = { "yes", "true", "on", "1" };
    static const char *const no[] = { "no", "false", "off", "0" };
    static const char *const bad[] = { "", "y", "2", "yess", "none" };
    bool value;

    (void)state;
    for (size_t i = 0; i < N_OF(yes); i++) {
        assert_int_equal(exo_block_bool(yes[i], &value), EXO_OK);
        assert_true(value);
        assert_int_equal(exo_block_bool(no[i], &value), EXO_OK);
        assert_false(value);
    }
    for (size_t i = 0; i < N_OF(bad); i++)
        assert_int_equal(exo_block_bool(bad[i], &value), EXO_E_SYNTAX);
}

static void written_is_read_again(void **state)
{
    struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_block block;

    (void)state;
    exo_block_begin(&out);
    exo_block_put(&out, "empty", "");
    exo_block_put(&out, "text", "a: b # c");
    exo_block_put_number(&out, "zero", 0);
    exo_block_put_number(&out, "big", INT64_C(999999999999999999));
    exo_block_end(&out);
    assert_string_equal(whole_text(&out),
                        "exoauth: 1\nempty:\ntext: a: b # c\nzero: 0\n"
                        "big: 999999999999999999\n\n");
    assert_int_equal(
        exo_block_parse(&block, out.data, out.len, EXO_BLOCK_MESSAGE), EXO_OK);
    assert_string_equal(exo_block_get(&block, "empty"), "");
    assert_string_equal(exo_block_get(&block, "text"), "a: b # c");
    exo_buf_free(&out);
}

static void what_would_not_survive_is_refused(void **state)
{
    static const struct {
        const char *key, *value;
    } table[] = {
        { "k", "a\nb: c" }, { "k", "a\r" },  { "k", " a" }, { "k", "a " },
        { "k", "\ta" },     { "k", "\x7f" }, { "K", "a" },  { "", "a" },
        { "a b", "a" },     { "a:", "a" },   { "#a", "a" },
    };
    char *big = malloc(EXO_BLOCK_VALUE + 2);
    struct exo_buf out;

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        exo_buf_init(&out, 1000);
        exo_block_put(&out, table[i].key, table[i].value);
        assert_int_equal(out.error, EXO_E_SYNTAX);
        assert_int_equal(out.len, 0);
        exo_buf_free(&out);
    }
    assert_non_null(big);
    memset(big, 'x', EXO_BLOCK_VALUE + 1);
    big[EXO_BLOCK_VALUE + 1] = '\0';
    exo_buf_init(&out, EXO_BLOCK_SIZE);
    exo_block_put(&out, "k", big + 1);
    assert_int_equal(out.error, 0);
    exo_block_put(&out, "k", big);
    assert_int_equal(out.error, EXO_E_SYNTAX);
    exo_block_put(&out, "k", "fine");
    assert_int_equal(out.len, EXO_BLOCK_VALUE + 4);
    exo_buf_free(&out);
    free(big);

    exo_buf_init(&out, 1000);
    exo_block_put_number(&out, "k", -1);
    assert_int_equal(out.error, EXO_E_SYNTAX);
    exo_buf_reset(&out);
    exo_block_put_number(&out, "k", INT64_MAX);
    assert_int_equal(out.error, EXO_E_SYNTAX);
    exo_buf_free(&out);
}

static void words(void **state)
{
    const char *list = "  one\ttwo   three ";
    size_t len;

    (void)state;
    assert_memory_equal(exo_word_next(&list, &len), "one", 3);
    assert_int_equal(len, 3);
    assert_memory_equal(exo_word_next(&list, &len), "two", 3);
    assert_memory_equal(exo_word_next(&list, &len), "three", 5);
    assert_int_equal(len, 5);
    assert_null(exo_word_next(&list, &len));
    assert_null(exo_word_next(&list, &len));
    assert_int_equal(len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(bools),
        cmocka_unit_test(written_is_read_again),
        cmocka_unit_test(what_would_not_survive_is_refused),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests_name("block_values", tests, NULL, NULL);
}
