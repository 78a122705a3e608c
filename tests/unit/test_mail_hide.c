/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token is found wherever a server puts it, and nothing else is.
 */
#include "config.h"

#include "util.h"

#include "exoauth/base64.h"
#include "mail/hide.h"
#include "../lib/whole.h"

#define TOKEN "ya29.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-long-enough"
#define RESPONSE "user=alice@contoso.test\001auth=Bearer " TOKEN "\001\001"

static bool found(const struct exo_hide *hide, const char *text)
{
    return exo_hide_found(hide, text, strlen(text));
}

static void test_forms(void **state)
{
    struct exo_hide hide;

    (void)state;
    exo_hide_init(&hide);
    assert_false(found(&hide, TOKEN));
    assert_int_equal(exo_hide_response(&hide, RESPONSE, sizeof(RESPONSE) - 1),
                     0);
    assert_true(found(&hide, TOKEN));
    for (size_t i = 0; i + 15 <= sizeof(TOKEN) - 1; i++) {
        for (size_t before = 0; before < 9; before++) {
            char text[64] = "535 wrong: ";

            memcpy(text + before, TOKEN + i, 15);
            text[before + 15] = '\0';
            assert_true(found(&hide, text));
        }
    }
    assert_false(found(&hide, "jKlMnOp is short"));
    assert_false(found(&hide, "535 alice@contoso.test may not"));
    assert_false(found(&hide, ""));
    for (size_t before = 0; before < 6; before++) {
        struct exo_secret text = EXO_SECRET_INIT, line = EXO_SECRET_INIT;

        exo_buf_add(&text.hidden, "xxxxxx", before);
        exo_buf_str(&text.hidden, TOKEN "yyy");
        assert_int_equal(
            exo_base64(&line, whole_secret(&text), whole_len(&text)), 0);
        assert_true(found(&hide, whole_secret(&line)));
        exo_secret_free(&text);
        exo_secret_free(&line);
    }
    exo_hide_free(&hide);
    assert_false(found(&hide, TOKEN));
}

static void test_odd(void **state)
{
    struct exo_hide hide;

    (void)state;
    exo_hide_init(&hide);
    /* No "Bearer ": all of it. */
    assert_int_equal(exo_hide_response(&hide, TOKEN, sizeof(TOKEN) - 1), 0);
    assert_true(found(&hide, TOKEN));
    assert_int_equal(exo_hide_response(&hide, "Bearer ab\001", 10), 0);
    assert_true(found(&hide, "it is ab"));
    assert_int_equal(exo_hide_response(&hide, "", 0), 0);
    assert_false(found(&hide, TOKEN));
    exo_hide_free(&hide);
}

/* A token of another day, which the forms do not know. */
static void test_show(void **state)
{
#define OLD "Qy9b.a0AfH6SMBx-_~+/Qy9b.a0AfH6SMBx-_~+/"
    static const struct {
        const char *from, *to;
        size_t left;
    } table[] = {
        { "", "", 0 },
        { "535 5.7.3 bad credentials", "535 5.7.3 bad credentials", 0 },
        { OLD, "(removed)", 0 },
        { "535 " OLD "==, " OLD OLD "!", "535 (removed), (removed)!", 0 },
        { "{\"status\":\"" OLD "\",\"schemes\":\"bearer\"}",
          "{\"status\":\"(removed)\",\"schemes\":\"bearer\"}", 0 },
        { "Qy9b\\u0061a0AfH6SMBx\\/Qy9ba0AfH6SMBxQy9b", "(removed)", 0 },
        { "Qy9ba0AfH6SMBx%2FQy9ba0AfH6SMBxQy9b%3D%3D", "(removed)", 0 },
        { "a\x1b\xe2\x80\xae", "a??", 0 },
        { "1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 34",
          "1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3",
          1 },
        { "1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 " OLD,
          "1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 7 9 1 3 5 ", 40 },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        char out[64];

        assert_int_equal(exo_hide_show(out, sizeof(out), table[i].from),
                         table[i].left);
        assert_string_equal(out, table[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_show),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
