/* SPDX-License-Identifier: BSD-2-Clause */
/* The buffer: growth, limit, the error that sticks. And secrets on it. */
#include "config.h"

#include "exoauth/block.h"
#include "exoauth/buf.h"

#include "util.h"
#include "../lib/whole.h"

static void grows_and_stays_terminated(void **state)
{
    struct exo_buf buf = EXO_BUF_INIT(100000);

    (void)state;
    assert_string_equal(whole_text(&buf), "");
    assert_null(buf.data);
    for (size_t i = 0; i < 10000; i++) {
        exo_buf_add(&buf, "0123456789", 10);
        assert_int_equal(buf.len, (i + 1) * 10);
        assert_int_equal(buf.data[buf.len], 0);
    }
    assert_int_equal(buf.error, 0);
    assert_int_equal(buf.len, buf.max);
    for (size_t i = 0; i < buf.len; i++)
        assert_int_equal(buf.data[i], '0' + (int)(i % 10));
    exo_buf_free(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.max, 100000);
}

static void limit_sticks(void **state)
{
    struct exo_buf buf = EXO_BUF_INIT(5);

    (void)state;
    exo_buf_str(&buf, "abc");
    exo_buf_str(&buf, "def");
    assert_int_equal(buf.error, EXO_E_TOOBIG);
    assert_memory_equal(buf.data, "abc", 4);
    exo_buf_str(&buf, "d");
    exo_buf_fmt(&buf, "%d", 1);
    assert_int_equal(buf.len, 3);
    assert_string_equal(exo_buf_shown(&buf), "(too long)");
    assert_null(exo_buf_reserve(&buf, 1));
    exo_buf_reset(&buf);
    assert_int_equal(buf.error, 0);
    exo_buf_str(&buf, "12345");
    assert_string_equal(whole_text(&buf), "12345");
    exo_buf_fmt(&buf, "%s", "");
    assert_int_equal(buf.error, 0);
    exo_buf_fmt(&buf, "%d", 6);
    assert_int_equal(buf.error, EXO_E_TOOBIG);
    exo_buf_free(&buf);
    assert_int_equal(buf.error, 0);
}

/* There is no way from a buffer in error to half of its text. */
static void is_done_or_not(void **state)
{
    struct exo_buf buf = EXO_BUF_INIT(3);
    const char *text = "before";

    (void)state;
    assert_int_equal(exo_buf_done(&buf, &text), 0);
    assert_string_equal(text, "");
    exo_buf_str(&buf, "abc");
    assert_int_equal(exo_buf_done(&buf, &text), 0);
    assert_string_equal(text, "abc");
    exo_buf_str(&buf, "d");
    assert_int_equal(exo_buf_done(&buf, &text), EXO_E_TOOBIG);
    assert_null(text);
    exo_buf_free(&buf);
}

/* An error goes along with what is built from it. */
static void hands_an_error_on(void **state)
{
    struct exo_buf buf = EXO_BUF_INIT(3);
    struct exo_buf other = EXO_BUF_INIT(9);
    struct exo_buf block = EXO_BUF_INIT(99);

    (void)state;
    exo_buf_str(&buf, "abc");
    exo_buf_join(&other, &buf);
    assert_true(exo_buf_same(&buf, &other));
    assert_string_equal(exo_buf_shown(&other), "abc");
    exo_buf_str(&buf, "d");
    assert_false(exo_buf_same(&buf, &other));
    assert_false(exo_buf_same(&buf, &buf));
    exo_buf_join(&other, &buf);
    assert_int_equal(other.error, EXO_E_TOOBIG);
    exo_block_put_buf(&block, "key", &buf);
    assert_int_equal(block.error, EXO_E_TOOBIG);
    buf.error = EXO_E_NOMEM;
    assert_string_equal(exo_buf_shown(&buf), "(out of memory)");
    exo_buf_free(&buf);
    exo_buf_free(&other);
    exo_buf_free(&block);
}

static void sizes_do_not_overflow(void **state)
{
    struct exo_buf buf = EXO_BUF_INIT(SIZE_MAX);

    (void)state;
    exo_buf_str(&buf, "x");
    assert_null(exo_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(buf.error, EXO_E_TOOBIG);
    buf.error = 0;
    assert_null(exo_buf_reserve(&buf, SIZE_MAX - 1));
    assert_int_equal(buf.error, EXO_E_TOOBIG);
    buf.error = 0;
    assert_string_equal(whole_text(&buf), "x");
    exo_buf_free(&buf);
}

static void reset_wipes_all_of_it(void **state)
{
    struct exo_buf buf = EXO_BUF_INIT(1000);
    char *room;

    (void)state;
    exo_buf_str(&buf, "visible");
    room = exo_buf_reserve(&buf, 50);
    assert_non_null(room);
    memset(room, 's', 50); /* written but never counted in */
    exo_buf_reset(&buf);
    for (size_t i = 0; i < buf.cap; i++)
        assert_int_equal(buf.data[i], 0);
    exo_buf_free(&buf);
}

static void formats(void **state)
{
    struct exo_buf buf = EXO_BUF_INIT(4096);

    (void)state;
    exo_buf_fmt(&buf, "%s-%d", "a", 17);
    exo_buf_fmt(&buf, "%300s", "b");
    assert_int_equal(buf.len, 304);
    assert_memory_equal(buf.data, "a-17 ", 5);
    assert_int_equal(buf.data[303], 'b');
    exo_buf_free(&buf);
}

static void secret_holds_and_moves(void **state)
{
    struct exo_secret a = EXO_SECRET_INIT, b = EXO_SECRET_INIT;
    const char *where;

    (void)state;
    assert_true(exo_secret_empty(&a));
    assert_string_equal(whole_secret(&a), "");
    assert_int_equal(exo_secret_set(&a, "hidden", 6), EXO_OK);
    assert_int_equal(whole_len(&a), 6);
    assert_int_equal(exo_secret_copy(&b, &a), EXO_OK);
    assert_string_equal(whole_secret(&b), "hidden");
    assert_int_equal(exo_secret_copy(&b, &b), EXO_OK);
    assert_string_equal(whole_secret(&b), "hidden");

    where = whole_secret(&a);
    exo_secret_move(&b, &a);
    assert_ptr_equal(whole_secret(&b), where);
    assert_true(exo_secret_empty(&a));
    exo_secret_move(&b, &b);
    assert_string_equal(whole_secret(&b), "hidden");
    assert_int_equal(exo_secret_set(&b, "", 0), EXO_OK);
    assert_true(exo_secret_empty(&b));
    exo_secret_free(&a);
    exo_secret_free(&b);
}

/* As where memory runs out: it is not one that was not given. */
static void secret_that_failed_is_not_empty(void **state)
{
    struct exo_secret secret = EXO_SECRET_INIT, other = EXO_SECRET_INIT;
    char *big = calloc(1, EXO_SECRET_MAX + 1);
    const char *text = "before";
    size_t len = 7;

    (void)state;
    assert_non_null(big);
    assert_int_equal(exo_secret_set(&secret, "old", 3), EXO_OK);
    assert_int_equal(exo_secret_set(&secret, big, EXO_SECRET_MAX + 1),
                     EXO_E_TOOBIG);
    assert_false(exo_secret_empty(&secret));
    assert_int_equal(exo_secret_reveal(&secret, &text, &len), EXO_E_TOOBIG);
    assert_null(text);
    assert_int_equal(len, 0);
    assert_false(exo_secret_same(&secret, &secret));
    assert_false(exo_secret_same(&secret, &other));
    exo_secret_chomp(&secret);
    assert_false(exo_secret_empty(&secret));

    /* Nor is a copy of it, or what it was moved to. */
    assert_int_equal(exo_secret_copy(&other, &secret), EXO_E_TOOBIG);
    assert_false(exo_secret_empty(&other));
    assert_int_equal(exo_secret_reveal(&other, &text, &len), EXO_E_TOOBIG);
    exo_secret_free(&other);
    assert_true(exo_secret_empty(&other));
    exo_secret_move(&other, &secret);
    assert_true(exo_secret_empty(&secret));
    assert_false(exo_secret_empty(&other));

    assert_int_equal(exo_secret_set(&other, big, EXO_SECRET_MAX), EXO_OK);
    assert_int_equal(whole_len(&other), EXO_SECRET_MAX);
    assert_int_equal(exo_secret_reveal(&secret, &text, &len), EXO_OK);
    assert_string_equal(text, "");
    assert_int_equal(len, 0);
    exo_secret_free(&secret);
    exo_secret_free(&other);
    free(big);
}

static void secret_chomps_one_line_end(void **state)
{
    static const struct {
        const char *in, *out;
    } table[] = {
        { "abc", "abc" },       { "abc\n", "abc" },   { "abc\r\n", "abc" },
        { "abc\n\n", "abc\n" }, { "abc\r", "abc\r" }, { "\n", "" },
        { "\r\n", "" },         { "", "" },           { "a \n", "a " },
    };
    struct exo_secret secret = EXO_SECRET_INIT;

    (void)state;
    exo_secret_chomp(&secret);
    for (size_t i = 0; i < N_OF(table); i++) {
        assert_int_equal(
            exo_secret_set(&secret, table[i].in, strlen(table[i].in)), EXO_OK);
        exo_secret_chomp(&secret);
        assert_string_equal(whole_secret(&secret), table[i].out);
        assert_int_equal(whole_len(&secret), strlen(table[i].out));
    }
    exo_secret_free(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(limit_sticks),
        cmocka_unit_test(is_done_or_not),
        cmocka_unit_test(hands_an_error_on),
        cmocka_unit_test(sizes_do_not_overflow),
        cmocka_unit_test(reset_wipes_all_of_it),
        cmocka_unit_test(formats),
        cmocka_unit_test(secret_holds_and_moves),
        cmocka_unit_test(secret_that_failed_is_not_empty),
        cmocka_unit_test(secret_chomps_one_line_end),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
