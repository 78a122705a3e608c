/* SPDX-License-Identifier: BSD-2-Clause */
/* Every rule of "Blocks", for files and for messages. */
#include "config.h"

#include "exoauth/block.h"

#include "util.h"
#include "../lib/whole.h"

#define V "exoauth: 1\n"

/* Parses a copy that ends where its memory ends, so that a checker of
 * memory sees each step behind it. */
static int parse(struct exo_block *block, char **copy, const char *text,
                 size_t len, enum exo_block_kind kind)
{
    *copy = malloc(len + 1);
    assert_non_null(*copy);
    memcpy(*copy, text, len);
    (*copy)[len] = 'Z';
    return exo_block_parse(block, *copy, len, kind);
}

static const struct rule {
    enum exo_block_kind kind;
    const char *text;
    int rc;
    unsigned line;    /* of the mistake */
    const char *want; /* key=value, joined by | */
} rule_table[] = {
    { EXO_BLOCK_FILE, "", 0, 0, "" },
    { EXO_BLOCK_FILE, "\n\n", 0, 0, "" },
    { EXO_BLOCK_FILE, "a: b", 0, 0, "a=b" },
    { EXO_BLOCK_FILE, "a: b\n", 0, 0, "a=b" },
    { EXO_BLOCK_FILE, "a:b\nc:d\n", 0, 0, "a=b|c=d" },
    { EXO_BLOCK_FILE, "a:b\n\n  \t\nc:d", 0, 0, "a=b|c=d" },
    { EXO_BLOCK_FILE, " \t a \t: \t b c \t \n", 0, 0, "a=b c" },
    { EXO_BLOCK_FILE, "# x: y\n  # no colon\r\na: b # c\n", 0, 0, "a=b # c" },
    { EXO_BLOCK_FILE, "#", 0, 0, "" },
    { EXO_BLOCK_FILE, "a:\nb: \t\n", 0, 0, "a=|b=" },
    { EXO_BLOCK_FILE, "url: https://a:1/b", 0, 0, "url=https://a:1/b" },
    { EXO_BLOCK_FILE, "Key_1-Z: V", 0, 0, "key_1-z=V" },
    { EXO_BLOCK_FILE, "a: \xc3\xbc\xff", 0, 0, "a=\xc3\xbc\xff" },
    { EXO_BLOCK_FILE, "exoauth: 2\n", 0, 0, "exoauth=2" },
    { EXO_BLOCK_FILE, "a: 1\nb: 2\na: 3\n", EXO_E_SYNTAX, 3, NULL },
    { EXO_BLOCK_FILE, "a: 1\nA: 3\n", EXO_E_SYNTAX, 2, NULL },
    { EXO_BLOCK_FILE, "a: 1\n\nnonsense\n", EXO_E_SYNTAX, 3, NULL },
    { EXO_BLOCK_FILE, ": v\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "  : v\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "a b: v\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "a.b: v\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "\xc3\xbc: v\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "a: v\r\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "a: v\r\n\r\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "a: v\tw\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "a: v\x7fw\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_FILE, "a: 1234567\x01\n", EXO_E_SYNTAX, 1, NULL },

    { EXO_BLOCK_MESSAGE, V "\n", 0, 0, "exoauth=1" },
    { EXO_BLOCK_MESSAGE, V "a: b\n\n", 0, 0, "exoauth=1|a=b" },
    { EXO_BLOCK_MESSAGE, V "#c\na: b\n\nrest", 0, 0, "exoauth=1|a=b" },
    { EXO_BLOCK_MESSAGE, "EXOAUTH : 1 \n\n", 0, 0, "exoauth=1" },
    { EXO_BLOCK_MESSAGE, "", EXO_E_SHORT, 1, NULL },
    { EXO_BLOCK_MESSAGE, "exoa", EXO_E_SHORT, 1, NULL },
    { EXO_BLOCK_MESSAGE, V, EXO_E_SHORT, 2, NULL },
    { EXO_BLOCK_MESSAGE, V "token: abc\n", EXO_E_SHORT, 3, NULL },
    { EXO_BLOCK_MESSAGE, V "token: abc", EXO_E_SHORT, 2, NULL },
    { EXO_BLOCK_MESSAGE, V "nonsense\n", EXO_E_SHORT, 3, NULL },
    { EXO_BLOCK_MESSAGE, "\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_MESSAGE, "\n" V "\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_MESSAGE, "#c\n\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_MESSAGE, "#c\n" V "\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_MESSAGE, "a: b\n" V "\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_MESSAGE, "exoauth: x\n\n", EXO_E_SYNTAX, 1, NULL },
    { EXO_BLOCK_MESSAGE, "exoauth: 2\n{json}\n\n", EXO_E_VERSION, 1, NULL },
    { EXO_BLOCK_MESSAGE, "exoauth: 0\n\n", EXO_E_VERSION, 1, NULL },
    { EXO_BLOCK_MESSAGE, V " \n\n", EXO_E_SYNTAX, 2, NULL },
    { EXO_BLOCK_MESSAGE, V "nonsense\n\n", EXO_E_SYNTAX, 2, NULL },
    { EXO_BLOCK_MESSAGE, V "a: 1\na: 1\n\n", EXO_E_SYNTAX, 3, NULL },
    { EXO_BLOCK_MESSAGE, V "exoauth: 1\n\n", EXO_E_SYNTAX, 2, NULL },
    { EXO_BLOCK_MESSAGE, "exoauth: 1\r\n\r\n\n", EXO_E_SYNTAX, 1, NULL },
};

static void check_rule(const struct rule *rule)
{
    struct exo_buf got = EXO_BUF_INIT(1000);
    struct exo_block block;
    char *copy;
    size_t len = strlen(rule->text);
    int rc = parse(&block, &copy, rule->text, len, rule->kind);

    if (rc != rule->rc || block.bad_line != rule->line)
        print_error("case: %s\n", rule->text);
    assert_int_equal(rc, rule->rc);
    assert_int_equal(block.bad_line, rule->line);
    assert_true((block.why == NULL) == (rc == EXO_OK));
    for (size_t k = 0; k < block.n; k++) {
        assert_int_equal(strlen(block.pair[k].value), block.pair[k].value_len);
        exo_buf_fmt(&got, "%s%s=%s", k > 0 ? "|" : "", block.pair[k].key,
                    block.pair[k].value);
    }
    if (rc == EXO_OK)
        assert_string_equal(whole_text(&got), rule->want);
    else
        assert_int_equal(block.n, 0);
    if (rc == EXO_E_SHORT)
        assert_memory_equal(copy, rule->text, len);
    exo_buf_free(&got);
    free(copy);
}

static void rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(rule_table); i++)
        check_rule(&rule_table[i]);
}

static void nul_bytes(void **state)
{
    static const char value[] = "a: b\0c\n", key[] = "a\0: b\n";
    struct exo_block block;
    char *copy;

    (void)state;
    assert_int_equal(
        parse(&block, &copy, value, sizeof value - 1, EXO_BLOCK_FILE),
        EXO_E_SYNTAX);
    free(copy);
    assert_int_equal(parse(&block, &copy, key, sizeof key - 1, EXO_BLOCK_FILE),
                     EXO_E_SYNTAX);
    free(copy);
}

static void size_lines_and_rest(void **state)
{
    static const char text[] = V "# c\nb: 2\n\nnext: 1\n";
    struct exo_block block;
    char *copy;

    (void)state;
    assert_int_equal(
        parse(&block, &copy, text, sizeof text - 1, EXO_BLOCK_MESSAGE), 0);
    assert_int_equal(block.size, strlen(V "# c\nb: 2\n\n"));
    assert_int_equal(exo_block_find(&block, "b")->line, 3);
    assert_null(exo_block_find(&block, "next"));
    assert_null(exo_block_get(&block, "next"));
    assert_string_equal(exo_block_get(&block, "b"), "2");
    assert_memory_equal(copy + block.size, "next: 1\n", 8);
    free(copy);
}

static void limits(void **state)
{
    static const struct {
        size_t keys, value, comment;
        int rc;
    } table[] = {
        { 64, 1, 0, EXO_OK },
        { 65, 1, 0, EXO_E_TOOBIG },
        { 64, 1, 500, EXO_OK }, /* comments do not count */
        { 1, EXO_BLOCK_VALUE, 0, EXO_OK },
        { 1, EXO_BLOCK_VALUE + 1, 0, EXO_E_TOOBIG },
        { 5, EXO_BLOCK_VALUE - 100, 0, EXO_E_TOOBIG }, /* 64 KiB in all */
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        for (int message = 0; message < 2; message++) {
            struct exo_buf text = EXO_BUF_INIT(1 << 20);
            struct exo_block block;
            size_t first = message ? 1 : 0;
            char *copy;

            if (message)
                exo_buf_str(&text, V);
            for (size_t k = 0; k < table[i].comment; k++)
                exo_buf_str(&text, "# x\n");
            for (size_t k = first;
                 k < table[i].keys + (table[i].keys == 1 ? first : 0); k++) {
                exo_buf_fmt(&text, "k%zu: ", k);
                for (size_t v = 0; v < table[i].value; v++)
                    exo_buf_add(&text, "v", 1);
                exo_buf_add(&text, "\n", 1);
            }
            if (message && table[i].value > EXO_BLOCK_VALUE / 2 &&
                table[i].keys > 1)
                exo_buf_fmt(&text, "k9: %016000d\n", 1);
            exo_buf_str(&text, message ? "\n" : "");
            assert_int_equal(text.error, 0);
            assert_int_equal(
                parse(&block, &copy, text.data, text.len,
                      message ? EXO_BLOCK_MESSAGE : EXO_BLOCK_FILE),
                table[i].rc);
            free(copy);
            exo_buf_free(&text);
        }
    }
}

static void message_ends_at_64_kib(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(1 << 20);
    struct exo_block block;
    char *copy;

    (void)state;
    exo_buf_str(&text, V "#");
    while (text.len < EXO_BLOCK_SIZE - 2)
        exo_buf_add(&text, "c", 1);
    exo_buf_str(&text, "\n");
    assert_int_equal(
        parse(&block, &copy, text.data, text.len, EXO_BLOCK_MESSAGE),
        EXO_E_SHORT);
    free(copy);
    exo_buf_str(&text, "\n");
    assert_int_equal(
        parse(&block, &copy, text.data, text.len, EXO_BLOCK_MESSAGE), EXO_OK);
    assert_int_equal(block.size, EXO_BLOCK_SIZE);
    free(copy);
    text.data[EXO_BLOCK_SIZE - 1] = 'a';
    exo_buf_str(&text, "\n\n");
    assert_int_equal(
        parse(&block, &copy, text.data, text.len, EXO_BLOCK_MESSAGE),
        EXO_E_TOOBIG);
    free(copy);
    exo_buf_free(&text);
}

static void each_cut_is_short(void **state)
{
    static const char text[] = V "status: ok\ntoken: abcdef\n\n";

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct exo_block block;
        char *copy;

        assert_int_equal(parse(&block, &copy, text, len, EXO_BLOCK_MESSAGE),
                         EXO_E_SHORT);
        assert_memory_equal(copy, text, len);
        free(copy);
    }
}

static void control_bytes_everywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                char *data = malloc(len);

                assert_non_null(data);
                memset(data, at % 2 ? 0xff : ' ', len);
                data[at] = (char)c;
                assert_int_equal(exo_has_control(data, len),
                                 c < 0x20 || c == 0x7f);
                free(data);
            }
        }
        assert_false(
            exo_has_control("~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~", len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(size_lines_and_rest),
        cmocka_unit_test(limits),
        cmocka_unit_test(message_ends_at_64_kib),
        cmocka_unit_test(each_cut_is_short),
        cmocka_unit_test(control_bytes_everywhere),
    };

    return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
