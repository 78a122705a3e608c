/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One table of texts and what they are, which holds with every json-c: what
 * the check passes json-c must be able to build, what it refuses json-c never
 * sees. tests/e2e/debian13.sh runs it with the json-c of Debian 13.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "exoauth/json.h"
#include "../lib/whole.h"

#define DEPTH 8
#define U "\303\274" /* u umlaut */

enum verdict { GOOD, BAD, SHORT };

static const struct {
    enum verdict verdict;
    const char *text;
} table[] = {
    /* values */
    { GOOD, "{}" },
    { GOOD, " \t\r\n{ \t\r\n} \t\r\n" },
    { GOOD, "{\"a\":true,\"b\":false,\"c\":null,\"d\":[],\"e\":{}}" },
    { GOOD, "{\"a\":[1,\"2\",[3],{\"b\":4},null,true]}" },
    { BAD, "{\"a\":True}" },
    { BAD, "{\"a\":tRuE}" },
    { BAD, "{\"a\":TRUE}" },
    { BAD, "{\"a\":NULL}" },
    { BAD, "{\"a\":truely}" },
    { BAD, "{\"a\":undefined}" },
    { BAD, "{\"a\":}" },
    { BAD, "{\"a\"}" },
    { BAD, "{\"a\" 1}" },
    { BAD, "{\"a\":1 \"b\":2}" },
    { BAD, "{a:1}" },
    { BAD, "{1:1}" },
    { BAD, "{null:1}" },
    { BAD, "<html>" },
    { BAD, "\v{}" },
    { BAD, "{\f}" },
    { BAD, "{\302\240}" },
    { BAD, "\357\273\277{}" },
    /* commas and brackets */
    { BAD, "{\"a\":1,}" },
    { BAD, "{,\"a\":1}" },
    { BAD, "{\"a\":1,,\"b\":2}" },
    { BAD, "{\"a\":[1,]}" },
    { BAD, "{\"a\":[,1]}" },
    { BAD, "{\"a\":[,]}" },
    { BAD, "{\"a\":[1 2]}" },
    { BAD, "{\"a\":[1}" },
    { BAD, "{\"a\":[1}}" },
    { BAD, "{\"a\":1]" },
    { BAD, "}" },
    { BAD, "{\"a\":[\"b\":1]}" },
    /* comments, and what follows */
    { BAD, "/* x */{}" },
    { BAD, "{} // x" },
    { BAD, "{\"a\":1 /* x */}" },
    { BAD, "{#\n}" },
    { BAD, "{}{}" },
    { BAD, "{} x" },
    { BAD, "{}," },
    { BAD, "{}}" },
    /* numbers */
    { GOOD, "{\"a\":[0,-0,1,-1,10,0.5,-0.5,1e5,1E5,1e+5,1e-5,0e0,1.5e10]}" },
    { GOOD, "{\"a\":99999999999999999999999999999999999999}" },
    { GOOD, "{\"a\":-99999999999999999999999999999999999999}" },
    { GOOD, "{\"a\":1e999}" },
    { GOOD, "{\"a\":0.00000000000000000000000000000000000000000001}" },
    { BAD, "{\"a\":01}" },
    { BAD, "{\"a\":-01}" },
    { BAD, "{\"a\":00}" },
    { BAD, "{\"a\":0x10}" },
    { BAD, "{\"a\":1.}" },
    { BAD, "{\"a\":.5}" },
    { BAD, "{\"a\":+1}" },
    { BAD, "{\"a\":-}" },
    { BAD, "{\"a\":--1}" },
    { BAD, "{\"a\":1e}" },
    { BAD, "{\"a\":1e+}" },
    { BAD, "{\"a\":1.e5}" },
    { BAD, "{\"a\":1_000}" },
    { BAD, "{\"a\":NaN}" },
    { BAD, "{\"a\":nan}" },
    { BAD, "{\"a\":Infinity}" },
    { BAD, "{\"a\":-Infinity}" },
    { BAD, "{\"a\":1,5}" },
    /* strings */
    { GOOD, "{\"a\":\"\"}" },
    { GOOD, "{\"\":1}" },
    { GOOD, "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u20aC\"}" },
    { GOOD, "{\"a\":\"\x7f\"}" },
    { GOOD, "{\"a\":\"/* no comment */ // \"}" },
    { BAD, "{'a':1}" },
    { BAD, "{\"a\":'b'}" },
    { BAD, "{\"a\":\"b\nc\"}" },
    { BAD, "{\"a\":\"b\tc\"}" },
    { BAD, "{\"a\":\"b\001c\"}" },
    { BAD, "{\"a\":\"\037\"}" },
    { BAD, "{\"a\nb\":1}" },
    { BAD, "{\"a\":\"\\x41\"}" },
    { BAD, "{\"a\":\"\\'\"}" },
    { BAD, "{\"a\":\"\\0\"}" },
    { BAD, "{\"a\":\"\\U0041\"}" },
    { BAD, "{\"a\":\"\\u004\"}" },
    { BAD, "{\"a\":\"\\u004g\"}" },
    { BAD, "{\"a\":\"\\\n\"}" },
    /* UTF-8 */
    { GOOD, "{\"a\":\"Zugriff gew" U "nscht\"}" },
    { GOOD, "{\"m" U "ll\":1}" },
    { GOOD, "{\"a\":\"\302\200\337\277\340\240\200\357\277\277\"}" },
    { GOOD, "{\"a\":\"\355\237\277\356\200\200\"}" },
    { GOOD, "{\"a\":\"\360\220\200\200\364\217\277\277\"}" },
    { GOOD, "{\"a\":\"\\ud83d\\ude00\"}" },
    { GOOD, "{\"a\":\"\\ud83d\"}" },
    { GOOD, "{\"a\":\"\\ude00x\\ud83dy\\ud83d\\u0041\"}" },
    { GOOD, "{\"a\":\"\357\273\277\"}" },
    { BAD, "{\"a\":\"\374\"}" },
    { BAD, "{\"a\":\"\200\"}" },
    { BAD, "{\"a\":\"\303\"}" },
    { BAD, "{\"a\":\"\303x\"}" },
    { BAD, "{\"a\":\"\300\200\"}" },
    { BAD, "{\"a\":\"\301\277\"}" },
    { BAD, "{\"a\":\"\340\237\277\"}" },
    { BAD, "{\"a\":\"\342\202\"}" },
    { BAD, "{\"a\":\"\355\240\200\"}" },
    { BAD, "{\"a\":\"\360\217\277\277\"}" },
    { BAD, "{\"a\":\"\364\220\200\200\"}" },
    { BAD, "{\"a\":\"\365\200\200\200\"}" },
    { BAD, "{\"a\":\"\376\377\"}" },
    { BAD, "{\"\374\":1}" },
    /* a member twice */
    { GOOD, "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}" },
    { GOOD, "{\"a\":1,\"A\":1,\"a \":1,\"aa\":1,\"\":1}" },
    { GOOD, "{\"a\":{\"b\":1},\"b\":2}" },
    { GOOD, "{\"" U "\":1,\"u\":1,\"\\u00fd\":1}" },
    { BAD, "{\"a\":1,\"a\":1}" },
    { BAD, "{\"a\":1,\"b\":2,\"a\":3}" },
    { BAD, "{\"\":1,\"\":1}" },
    { BAD, "{\"a\":1,\"b\":{\"x\":[{}]},\"a\":2}" },
    { BAD, "{\"b\":{\"x\":1,\"x\":2}}" },
    { BAD, "{\"error\":1,\"err\\u006fr\":2}" },
    { BAD, "{\"\\/\":1,\"/\":2}" },
    { BAD, "{\"" U "\":1,\"\\u00FC\":2}" },
    { BAD, "{\"\360\237\230\200\":1,\"\\uD83d\\uDe00\":2}" },
    { BAD, "{\"\\ud800\":1,\"\\udc00\":2}" },
    { BAD, "{\"a\\u0000b\":1}" },
    { BAD, "{\"\\u0000\":1}" },
    /* depth: eight */
    { GOOD, "{\"a\":[[[[[[[1]]]]]]]}" },
    { BAD, "{\"a\":[[[[[[[[1]]]]]]]]}" },
    { GOOD, "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}" },
    { BAD,
      "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}" },
    /* ends too early */
    { SHORT, "" },
    { SHORT, " \n" },
    { SHORT, "{" },
    { SHORT, "{\"" },
    { SHORT, "{\"a" },
    { SHORT, "{\"a\"" },
    { SHORT, "{\"a\":" },
    { SHORT, "{\"a\":t" },
    { SHORT, "{\"a\":tru" },
    { SHORT, "{\"a\":1" },
    { SHORT, "{\"a\":-" },
    { SHORT, "{\"a\":1." },
    { SHORT, "{\"a\":1e" },
    { SHORT, "{\"a\":1," },
    { SHORT, "{\"a\":[" },
    { SHORT, "{\"a\":[1" },
    { SHORT, "{\"a\":\"\\" },
    { SHORT, "{\"a\":\"\\u00" },
    { SHORT, "{\"a\":\"b" },
};

#define ROWS (sizeof(table) / sizeof(table[0]))

/* In a block of exactly its size: valgrind and ASan see a read past it. */
static int read_text(const char *text, size_t len, unsigned depth,
                     struct json_object **object, const char **why)
{
    char *copy = malloc(len + (len == 0));
    int rc;

    assert_non_null(copy);
    memcpy(copy, text, len);
    rc = exo_json_read(copy, len, depth, object, why);
    free(copy);
    if ((rc == 0) != (*object != NULL) || (rc == 0) != (*why == NULL))
        fail_msg("%s: code %d, reason %s", text, rc, *why ? *why : "none");
    return rc;
}

static void the_table(void **state)
{
    static const int codes[] = {
        [GOOD] = EXO_OK, [BAD] = EXO_E_SYNTAX, [SHORT] = EXO_E_SHORT
    };

    (void)state;
    print_message("json-c %s\n", json_c_version());
    for (size_t i = 0; i < ROWS; i++) {
        struct json_object *object;
        const char *why;
        int rc = read_text(table[i].text, strlen(table[i].text), DEPTH, &object,
                           &why);

        if (rc != codes[table[i].verdict])
            fail_msg("%s: %s (%s)", table[i].text, exo_strerror(rc),
                     why ? why : "good");
        exo_json_free(object);
    }
}

/* Every beginning of a good text is too short, and never anything else. */
static void every_beginning(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        size_t len = strlen(table[i].text);

        while (len > 0 && strchr(" \t\r\n", table[i].text[len - 1]) != NULL)
            len--;
        for (size_t n = 0; table[i].verdict == GOOD && n < len; n++) {
            struct json_object *object;
            const char *why;
            int rc = read_text(table[i].text, n, DEPTH, &object, &why);

            /* A character that is cut is no character. */
            if (rc != EXO_E_SHORT && strcmp(why, "bytes that are not UTF-8"))
                fail_msg("%.*s: %s", (int)n, table[i].text, why ? why : "good");
            exo_json_free(object);
        }
    }
}

/* build.c makes what json-c's parser would. */
static void trees(void **state)
{
    static const char *const more[] = {
        "{\"a\":[1,-2,3.5e2,18446744073709551615,-0,1e400]}",
        "{\"a\":\"\\u00e4\\ud83d\\ude00\\ud800x\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "{\"\\u0061b\":{},\"c\":[],\"d\":[[],{\"e\":null}],\"f\":\"\"}",
        " { \"a\" : [ true , false , null ] , \"b\" : \"x\" } ",
    };

    (void)state;
    for (size_t i = 0; i < ROWS + sizeof(more) / sizeof(more[0]); i++) {
        const char *text = i < ROWS ? table[i].text : more[i - ROWS];
        struct json_object *object, *theirs;
        const char *why;

        if (i < ROWS && table[i].verdict != GOOD)
            continue;
        assert_int_equal(read_text(text, strlen(text), DEPTH, &object, &why),
                         EXO_OK);
        theirs = json_tokener_parse(text);
        if (!json_object_equal(object, theirs))
            fail_msg("%s: %s", text, json_object_to_json_string(object));
        json_object_put(theirs);
        exo_json_free(object);
    }
}

/* Each is a value, and not what this program reads. */
static void only_objects(void **state)
{
    static const char *const texts[] = { "[]",   "[{}]", "1",  "\"a\"",
                                         "null", "true", " 1 " };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct json_object *object;
        const char *why;

        assert_int_equal(
            exo_json_check(texts[i], strlen(texts[i]), DEPTH, &why), 0);
        assert_int_equal(
            read_text(texts[i], strlen(texts[i]), DEPTH, &object, &why),
            EXO_E_SYNTAX);
        assert_string_equal(why, "not a JSON object");
    }
}

static void nul_bytes(void **state)
{
    static const char in_string[] = "{\"a\":\"b\0c\"}";
    static const char behind[] = "{}\0";
    struct json_object *object;
    const char *why;

    (void)state;
    assert_int_equal(
        read_text(in_string, sizeof(in_string) - 1, DEPTH, &object, &why),
        EXO_E_SYNTAX);
    assert_int_equal(
        read_text(behind, sizeof(behind) - 1, DEPTH, &object, &why),
        EXO_E_SYNTAX);
}

/* What json-c makes of it is what stood there. */
static void what_it_says(void **state)
{
    static const char text[] =
        "{\"error\":\"invalid_grant\",\"error_description\":\"Token ung" U
        "ltig\",\"b\":\"\\u00fc\\ud83d\\ude00\",\"z\":\"a\\u0000b\"}";
    struct json_object *object;
    const char *why;

    (void)state;
    assert_int_equal(read_text(text, strlen(text), DEPTH, &object, &why), 0);
    assert_string_equal(exo_json_string(object, "error"), "invalid_grant");
    assert_string_equal(exo_json_string(object, "error_description"),
                        "Token ung" U "ltig");
    assert_string_equal(exo_json_string(object, "b"), U "\360\237\230\200");
    assert_string_equal(exo_json_string(object, "z"), "");
    assert_true(exo_json_has_nul(object, "z"));
    exo_json_free(object);
}

/* Ours that quote the files of others may hold any byte, but are JSON. */
static void any_bytes(void **state)
{
    static const char latin[] = "{\"a\":\"f\374r\"}";
    static const char control[] = "{\"a\":\"f\001r\"}";
    struct json_object *object;
    const char *why;

    (void)state;
    assert_int_equal(
        read_text(latin, strlen(latin), DEPTH | EXO_JSON_BYTES, &object, &why),
        0);
    assert_string_equal(exo_json_string(object, "a"), "f\374r");
    exo_json_free(object);
    assert_int_equal(read_text(control, strlen(control), DEPTH | EXO_JSON_BYTES,
                               &object, &why),
                     EXO_E_SYNTAX);
}

/* Such a byte is no character, and two of them are two. */
static void bytes_in_names(void **state)
{
    static const char two[] = "{\"\374\":1,\"" U "\":2,\"\303\":3}";
    static const char twice[] = "{\"\374\":1,\"\374\":2}";
    struct json_object *object;
    const char *why;

    (void)state;
    assert_int_equal(
        read_text(two, strlen(two), DEPTH | EXO_JSON_BYTES, &object, &why), 0);
    exo_json_free(object);
    assert_int_equal(
        read_text(twice, strlen(twice), DEPTH | EXO_JSON_BYTES, &object, &why),
        EXO_E_SYNTAX);
}

/* The dearest text of its size: names that differ in the last character. */
static void many_members(void **state)
{
    struct exo_buf text = EXO_BUF_INIT((size_t)256 * 1024);
    struct json_object *object;
    const char *why;

    (void)state;
    for (int most = EXO_JSON_NAMES; most <= EXO_JSON_NAMES + 1; most++) {
        exo_buf_reset(&text);
        for (int i = 0; i < most; i++)
            exo_buf_fmt(&text, "%s\"%0400d\":%d", i == 0 ? "{" : ",", i, i);
        exo_buf_str(&text, "}");
        assert_int_equal(text.error, 0);
        assert_int_equal(read_text(text.data, text.len, DEPTH, &object, &why),
                         most == EXO_JSON_NAMES ? 0 : EXO_E_SYNTAX);
        exo_json_free(object);
    }
    assert_string_equal(why, "too many members");
    /* Of objects one after the other there may be any number. */
    exo_buf_reset(&text);
    exo_buf_str(&text, "{\"a\":[");
    for (int i = 0; i < 4000; i++)
        exo_buf_fmt(&text, "%s{\"a\":1,\"b\":2}", i == 0 ? "" : ",");
    exo_buf_str(&text, "]}");
    assert_int_equal(read_text(text.data, text.len, DEPTH, &object, &why), 0);
    exo_json_free(object);
    exo_buf_free(&text);
}

static void deep(void **state)
{
    static char text[100000];
    struct json_object *object;
    const char *why;

    (void)state;
    memset(text, '[', sizeof(text));
    assert_int_equal(read_text(text, sizeof(text), DEPTH, &object, &why),
                     EXO_E_SYNTAX);
    assert_string_equal(why, "nesting too deep");
    assert_int_equal(read_text(text, sizeof(text), 1000, &object, &why),
                     EXO_E_SYNTAX);
}

static void write_all(struct exo_buf *out, bool lines)
{
    struct exo_json json;

    exo_json_begin(&json, out, lines);
    exo_json_put_number(&json, "n", INT64_MIN);
    exo_json_put_text(&json, "t", "a\"\\/\001\n" U "\377\177");
    exo_json_put_text(&json, "nothing", NULL);
    exo_json_put_bytes(&json, "part", "abc", 2);
    exo_json_array(&json, "empty");
    exo_json_end(&json);
    exo_json_array(&json, "list");
    exo_json_object(&json, NULL);
    exo_json_put_text(&json, "of \"it\"", "");
    exo_json_end(&json);
    exo_json_put_number(&json, NULL, 1);
    exo_json_end(&json);
    exo_json_end(&json);
}

static void what_it_writes(void **state)
{
    static const char plain[] =
        "{\"n\":-9223372036854775808,\"t\":\"a\\\"\\\\/\\u0001\\n" U
        "\377\177\",\"nothing\":null,\"part\":\"ab\",\"empty\":[],"
        "\"list\":[{\"of \\\"it\\\"\":\"\"},1]}";
    static const char lines[] =
        "{\n  \"n\":-9223372036854775808,\n"
        "  \"t\":\"a\\\"\\\\/\\u0001\\n" U "\377\177\",\n"
        "  \"nothing\":null,\n  \"part\":\"ab\",\n  \"empty\":[],\n"
        "  \"list\":[\n    {\n      \"of \\\"it\\\"\":\"\"\n    },\n    1\n"
        "  ]\n}\n";
    struct exo_buf out = EXO_BUF_INIT(4096);
    struct json_object *object;
    const char *why;

    (void)state;
    write_all(&out, false);
    assert_string_equal(whole_text(&out), plain);
    assert_int_equal(
        exo_json_read(out.data, out.len, DEPTH | EXO_JSON_BYTES, &object, &why),
        EXO_OK);
    assert_string_equal(exo_json_string(object, "t"),
                        "a\"\\/\001\n" U "\377\177");
    exo_json_free(object);
    exo_buf_reset(&out);
    write_all(&out, true);
    assert_string_equal(whole_text(&out), lines);
    exo_buf_free(&out);
}

/* Wherever it fails, there is no text, and the first reason stays. */
static void what_it_cannot_write(void **state)
{
    struct exo_buf whole = EXO_BUF_INIT(4096);
    struct exo_secret secret = EXO_SECRET_INIT;
    struct exo_json json;
    const char *text;

    (void)state;
    write_all(&whole, true);
    for (size_t max = 0; max < whole.len; max++) {
        struct exo_buf out = EXO_BUF_INIT(max);

        write_all(&out, true);
        assert_int_equal(exo_buf_done(&out, &text), EXO_E_TOOBIG);
        assert_null(text);
        exo_buf_free(&out);
    }
    exo_buf_reset(&whole);
    exo_json_begin(&json, &whole, false);
    exo_json_put_bytes(&json, "nul", "a\0b", 3);
    exo_json_end(&json);
    assert_int_equal(exo_buf_done(&whole, &text), EXO_E_SYNTAX);

    exo_buf_reset(&whole);
    secret.hidden.error = EXO_E_NOMEM;
    exo_json_begin(&json, &whole, false);
    exo_json_put_buf(&json, "secret", &secret.hidden);
    exo_json_end(&json);
    assert_int_equal(exo_buf_done(&whole, &text), EXO_E_NOMEM);

    exo_buf_reset(&whole);
    exo_json_begin(&json, &whole, false);
    exo_json_end(&json);
    assert_string_equal(whole_text(&whole), "{}");
    exo_json_end(&json);
    assert_int_equal(exo_buf_done(&whole, &text), EXO_E_ARG);

    exo_buf_reset(&whole);
    exo_json_begin(&json, &whole, false);
    for (int i = 0; i < 20; i++)
        exo_json_array(&json, "a");
    assert_int_equal(exo_buf_done(&whole, &text), EXO_E_ARG);
    exo_buf_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(every_beginning),
        cmocka_unit_test(only_objects),
        cmocka_unit_test(trees),
        cmocka_unit_test(trees),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(bytes_in_names),
        cmocka_unit_test(many_members),
        cmocka_unit_test(deep),
        cmocka_unit_test(what_it_writes),
        cmocka_unit_test(what_it_cannot_write),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
