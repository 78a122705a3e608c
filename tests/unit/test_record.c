/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record: what is written is what is read, and whatever is not exactly
 * a record is refused with the right code and leaves nothing behind.
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

#include "exoauth/record.h"
#include "../lib/whole.h"

#define BIG ((INT64_C(1) << 53) - 1)

static void set(struct exo_secret *secret, const char *text)
{
    assert_int_equal(exo_secret_set(secret, text, strlen(text)), 0);
}

static void fill(struct exo_record *record)
{
    exo_record_init(record);
    strcpy(record->account, "relay@contoso.com");
    record->revision = 7;
    record->serial = 42;
    strcpy(record->grant, "client_credentials");
    record->state = EXO_STATUS_NEEDS_LOGIN;
    strcpy(record->config, "9c1e");
    strcpy(record->tried, "77aa");
    strcpy(record->scope, "https://outlook.office365.com/.default");
    record->issued = 1794996400;
    record->refresh_after = 1794998000;
    record->usable_until = 1794999400;
    record->expires = 1795000000;
    record->granted = 1;
    record->refreshed = 2;
    record->next_try = BIG;
    record->failures = 3;
    strcpy(record->error_code, "AADSTS700082");
    strcpy(record->error_text, "expired; run: exoauth login a@b");
    record->error_time = 4;
    strcpy(record->told, "needs-login");
    record->warned = 5;
    record->certificate_ends = 6;
    record->unsaid = 7;
    strcpy(record->adopted, "0123456789abcdef");
    set(&record->access_token, "at-canary");
    set(&record->refresh_token, "rt-canary");
    set(&record->client_secret, "cs-canary");
}

static void same_secret(const struct exo_secret *a, const struct exo_secret *b)
{
    assert_int_equal(whole_len(a), whole_len(b));
    assert_memory_equal(whole_secret(a), whole_secret(b), whole_len(a));
}

static void same(const struct exo_record *a, const struct exo_record *b)
{
    assert_string_equal(a->account, b->account);
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->serial, b->serial);
    assert_string_equal(a->grant, b->grant);
    assert_int_equal(a->state, b->state);
    assert_string_equal(a->config, b->config);
    assert_string_equal(a->tried, b->tried);
    assert_string_equal(a->scope, b->scope);
    assert_int_equal(a->issued, b->issued);
    assert_int_equal(a->refresh_after, b->refresh_after);
    assert_int_equal(a->usable_until, b->usable_until);
    assert_int_equal(a->expires, b->expires);
    assert_int_equal(a->granted, b->granted);
    assert_int_equal(a->refreshed, b->refreshed);
    assert_int_equal(a->next_try, b->next_try);
    assert_int_equal(a->failures, b->failures);
    assert_string_equal(a->error_code, b->error_code);
    assert_string_equal(a->error_text, b->error_text);
    assert_int_equal(a->error_time, b->error_time);
    assert_string_equal(a->told, b->told);
    assert_int_equal(a->warned, b->warned);
    assert_string_equal(a->issuer, b->issuer);
    assert_string_equal(a->token_endpoint, b->token_endpoint);
    assert_int_equal(a->certificate_ends, b->certificate_ends);
    assert_int_equal(a->unsaid, b->unsaid);
    assert_string_equal(a->adopted, b->adopted);
    same_secret(&a->access_token, &b->access_token);
    same_secret(&a->refresh_token, &b->refresh_token);
    same_secret(&a->client_secret, &b->client_secret);
}

/* A failed decode must leave a record as exo_record_init() does. */
static void assert_empty(const struct exo_record *record)
{
    struct exo_record empty;

    exo_record_init(&empty);
    same(record, &empty);
}

static void round_trip(const struct exo_record *record)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record back;
    const char *why = "";

    assert_int_equal(exo_record_encode(record, &text), 0);
    assert_int_equal(
        exo_record_decode(&back, whole_text(&text), text.len, &why), 0);
    assert_null(why);
    same(record, &back);
    exo_record_free(&back);
    exo_buf_free(&text);
}

static void test_round_trip(void **state)
{
    struct exo_record record;

    (void)state;
    fill(&record);
    round_trip(&record);
    exo_record_free(&record);
    exo_record_init(&record);
    round_trip(&record);
}

static void test_states(void **state)
{
    static const enum exo_status good[] = { EXO_STATUS_OK, EXO_STATUS_TRANSIENT,
                                            EXO_STATUS_NEEDS_LOGIN,
                                            EXO_STATUS_MISCONFIGURED };
    struct exo_record record;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        fill(&record);
        record.state = good[i];
        round_trip(&record);
        exo_record_free(&record);
    }
}

/* Every byte but NUL, in clear text and in secrets, also bytes that are no
 * UTF-8: an account name may hold them. */
static void test_any_byte(void **state)
{
    struct exo_record record;
    char all[256];
    int i;

    (void)state;
    for (i = 1; i < 256; i++)
        all[i - 1] = (char)i;
    all[255] = '\0';
    fill(&record);
    strcpy(record.scope, all);
    set(&record.client_secret, all);
    round_trip(&record);
    strcpy(record.account, "gr\xc3\xbc\xc3\x9f@\xe2\x82\xac.example");
    strcpy(record.error_text, "\\u0041 \"quoted\": {} \\");
    round_trip(&record);
    exo_record_free(&record);
}

static void test_largest(void **state)
{
    struct exo_record record;
    char *token = malloc(EXO_SECRET_MAX + 1);

    (void)state;
    assert_non_null(token);
    memset(token, 'x', EXO_SECRET_MAX);
    token[EXO_SECRET_MAX] = '\0';
    fill(&record);
    set(&record.access_token, token);
    set(&record.refresh_token, token);
    set(&record.client_secret, token);
    memset(record.scope, 's', sizeof(record.scope) - 1);
    memset(record.account, 'a', sizeof(record.account) - 1);
    memset(record.error_text, 'e', sizeof(record.error_text) - 1);
    record.revision = BIG;
    round_trip(&record);
    exo_record_free(&record);
    free(token);
}

static void refuse_encode(struct exo_record *record, int code)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);

    assert_int_equal(exo_record_encode(record, &text), code);
    exo_buf_free(&text);
    exo_record_free(record);
    fill(record);
}

/* The writer refuses what the reader would. */
static void test_encode_refuses(void **state)
{
    struct exo_record record;
    char *controls = malloc(EXO_SECRET_MAX);

    (void)state;
    assert_non_null(controls);
    fill(&record);
    record.serial = -1;
    refuse_encode(&record, EXO_E_SYNTAX);
    record.expires = BIG + 1;
    refuse_encode(&record, EXO_E_SYNTAX);
    record.state = EXO_STATUS_DENIED;
    refuse_encode(&record, EXO_E_SYNTAX);
    memset(record.grant, 'x', sizeof(record.grant));
    refuse_encode(&record, EXO_E_SYNTAX);
    assert_int_equal(exo_secret_set(&record.client_secret, "a\0b", 3), 0);
    refuse_encode(&record, EXO_E_SYNTAX);
    memset(controls, '\1', EXO_SECRET_MAX);
    assert_int_equal(
        exo_secret_set(&record.client_secret, controls, EXO_SECRET_MAX), 0);
    refuse_encode(&record, EXO_E_TOOBIG);
    exo_record_free(&record);
    free(controls);
}

static void refuse_decode(const char *text, size_t len, int code)
{
    /* A copy of its own, so that reading past the end is found. */
    char *copy = malloc(len == 0 ? 1 : len);
    struct exo_record record;
    const char *why = NULL;
    int rc;

    assert_non_null(copy);
    memcpy(copy, text, len);
    rc = exo_record_decode(&record, copy, len, &why);
    if (rc != code)
        print_error("%d, not %d, for: %.*s\n", rc, code,
                    len < 4096 ? (int)len : 4096, text);
    assert_int_equal(rc, code);
    assert_non_null(why);
    assert_true(why[0] != '\0');
    assert_empty(&record);
    exo_record_free(&record);
    free(copy);
}

static void encode_filled(struct exo_buf *text)
{
    struct exo_record record;

    fill(&record);
    assert_int_equal(exo_record_encode(&record, text), 0);
    exo_record_free(&record);
}

static void test_truncated(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    size_t len;

    (void)state;
    encode_filled(&text);
    /* The newline at the end may go. */
    for (len = 0; len < text.len - 1; len++)
        refuse_decode(text.data, len, EXO_E_SYNTAX);
    exo_buf_free(&text);
}

/* One byte wrong: refused or not, but never half a record and no crash. */
static void test_flipped(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    size_t i;
    int bit;

    (void)state;
    encode_filled(&text);
    for (i = 0; i < text.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            struct exo_record record;
            const char *why = NULL;
            int rc;

            text.data[i] = (char)(text.data[i] ^ (1 << bit));
            rc = exo_record_decode(&record, text.data, text.len, &why);
            if (rc == 0)
                round_trip(&record);
            else
                assert_empty(&record);
            exo_record_free(&record);
            text.data[i] = (char)(text.data[i] ^ (1 << bit));
        }
    }
    exo_buf_free(&text);
}

/* The text with the first `from` replaced by `to`. */
static void edit(struct exo_buf *out, const char *text, const char *from,
                 const char *to)
{
    const char *at = strstr(text, from);

    assert_non_null(at);
    exo_buf_add(out, text, (size_t)(at - text));
    exo_buf_str(out, to);
    exo_buf_str(out, at + strlen(from));
    assert_int_equal(out->error, 0);
}

/* What an older version wrote lacks two members, and them alone. */
static void test_older(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_buf older = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_buf twice = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record, back;
    const char *why = "";

    (void)state;
    encode_filled(&text);
    edit(&older, text.data, "\"told\": \"needs-login\",", "");
    refuse_decode(older.data, older.len - 30, EXO_E_SYNTAX);
    exo_buf_reset(&text);
    edit(&text, older.data, "\"warned\": 5,", "");
    exo_buf_reset(&older);
    exo_buf_str(&older, text.data);
    exo_buf_reset(&text);
    edit(&text, older.data, "\"certificate_ends\": 6,", "");
    assert_int_equal(exo_record_decode(&back, text.data, text.len, &why), 0);
    fill(&record);
    record.told[0] = '\0';
    record.warned = 0;
    record.certificate_ends = 0;
    same(&back, &record);
    exo_record_free(&back);
    exo_record_free(&record);
    edit(&twice, text.data, "\"serial\": 42",
         "\"serial\": 42, \"warned\": 1, "
         "\"warned\": 1");
    refuse_decode(twice.data, twice.len, EXO_E_SYNTAX);
    exo_buf_reset(&older);
    edit(&older, text.data, "\"serial\": 42",
         "\"serial\": 42, \"warned\": \"\"");
    refuse_decode(older.data, older.len, EXO_E_SYNTAX);
    exo_buf_free(&text);
    exo_buf_free(&older);
    exo_buf_free(&twice);
}

/* Who never discovered anything has a record as it always was. */
static void test_discovered(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record;

    (void)state;
    encode_filled(&text);
    assert_null(strstr(whole_text(&text), "issuer"));
    assert_null(strstr(whole_text(&text), "token_endpoint"));
    fill(&record);
    strcpy(record.issuer, "https://as.example");
    strcpy(record.token_endpoint, "https://as.example/token?a=\"b\"");
    round_trip(&record);
    record.issuer[0] = '\0';
    round_trip(&record);
    strcpy(record.issuer, "x");
    memset(record.token_endpoint, 'y', sizeof(record.token_endpoint) - 1);
    round_trip(&record);
    exo_record_free(&record);
    exo_buf_free(&text);
}

static void test_edited(void **state)
{
    static const struct {
        const char *from, *to;
        int code;
    } rows[] = {
        /* other versions */
        { "\"exoauth\": 1", "\"exoauth\": 2", EXO_E_VERSION },
        { "\"exoauth\": 1", "\"exoauth\": 0", EXO_E_VERSION },
        { "\"none\"", "\"aes-512-gcm\"", EXO_E_VERSION },
        { "\"none\"", "\"aes-256-gcm\"", EXO_E_SYNTAX },
        { "\"seal\": \"none\",\n  \"secret\": {",
          "\"seal\": \"aes-512-gcm\", \"secret\": \"Zm9v\", \"x\": {",
          EXO_E_VERSION },
        { "\"serial\": 42", "\"serial\": 42, \"colour\": 1", EXO_E_VERSION },
        { "\"access_token\"", "\"id_token\": \"x\", \"access_token\"",
          EXO_E_VERSION },
        /* twice */
        { "\"serial\": 42", "\"serial\": 42, \"serial\": 42", EXO_E_SYNTAX },
        { "\"access_token\"", "\"access_token\": \"x\", \"access_token\"",
          EXO_E_SYNTAX },
        { "\"seal\"", "\"seal\": \"aes\", \"seal\"", EXO_E_SYNTAX },
        /* missing */
        { "\"exoauth\": 1,", "", EXO_E_SYNTAX },
        { "\"serial\": 42,", "", EXO_E_SYNTAX },
        { "\"seal\": \"none\",", "", EXO_E_SYNTAX },
        { "\"refresh_token\": \"rt-canary\",", "", EXO_E_SYNTAX },
        { "\"state\": \"needs-login\",", "", EXO_E_SYNTAX },
        /* types */
        { "\"exoauth\": 1", "\"exoauth\": \"1\"", EXO_E_SYNTAX },
        { "\"exoauth\": 1", "\"exoauth\": 1.0", EXO_E_SYNTAX },
        { "\"seal\": \"none\"", "\"seal\": null", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": \"42\"", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": 42.0", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": 1e3", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": null", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": true", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": NaN", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": [42]", EXO_E_SYNTAX },
        { "\"config\": \"9c1e\"", "\"config\": 9", EXO_E_SYNTAX },
        { "\"at-canary\"", "17", EXO_E_SYNTAX },
        { "\"at-canary\"", "null", EXO_E_SYNTAX },
        { "\"at-canary\"", "{\"a\": {\"b\": {}}}", EXO_E_SYNTAX },
        /* ranges */
        { "\"serial\": 42", "\"serial\": -1", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": 9007199254740992", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": 9223372036854775808", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": 99999999999999999999", EXO_E_SYNTAX },
        { "\"serial\": 42", "\"serial\": -99999999999999999999", EXO_E_SYNTAX },
        { "\"needs-login\"", "\"denied\"", EXO_E_SYNTAX },
        { "\"needs-login\"", "\"store\"", EXO_E_SYNTAX },
        { "\"needs-login\"", "\"\"", EXO_E_SYNTAX },
        { "\"client_credentials\"", "\"0123456789abcdef0123456789abcdef\"",
          EXO_E_SYNTAX },
        { "\"9c1e\"", "\"9c\\u0000e\"", EXO_E_SYNTAX },
        { "\"at-canary\"", "\"at\\u0000canary\"", EXO_E_SYNTAX },
        /* not quite JSON */
        { "\"serial\": 42,", "\"serial\": 42, /* twice */", EXO_E_SYNTAX },
        { "\"serial\": 42", "'serial': 42", EXO_E_SYNTAX },
        { "\"serial\": 42", "serial: 42", EXO_E_SYNTAX },
        { "\"9c1e\"", "\"9c\n1e\"", EXO_E_SYNTAX },
        { " } }", " } } {}", EXO_E_SYNTAX },
        { " } }", " }, }", EXO_E_SYNTAX },
        { " } }", " } } x", EXO_E_SYNTAX },
        { "{ \"exoauth\"", "[ \"exoauth\"", EXO_E_SYNTAX },
    };
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    size_t i;

    (void)state;
    encode_filled(&text);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exo_buf edited = EXO_BUF_INIT(EXO_RECORD_MAX);

        edit(&edited, text.data, rows[i].from, rows[i].to);
        refuse_decode(edited.data, edited.len, rows[i].code);
        exo_buf_free(&edited);
    }
    exo_buf_free(&text);
}

static void test_garbage(void **state)
{
    static const char binary[] = "\x7f"
                                 "ELF\2\1\1\0\0\xff\xfe\0";
    char *big = malloc(EXO_RECORD_MAX + 1);

    (void)state;
    assert_non_null(big);
    refuse_decode("", 0, EXO_E_SYNTAX);
    refuse_decode("{}", 2, EXO_E_SYNTAX);
    refuse_decode("[]", 2, EXO_E_SYNTAX);
    refuse_decode("null", 4, EXO_E_SYNTAX);
    refuse_decode("\"exoauth\"", 9, EXO_E_SYNTAX);
    refuse_decode("<html></html>", 13, EXO_E_SYNTAX);
    refuse_decode(binary, sizeof(binary), EXO_E_SYNTAX);
    memset(big, '[', EXO_RECORD_MAX + 1);
    refuse_decode(big, 100000, EXO_E_SYNTAX);
    refuse_decode(big, EXO_RECORD_MAX + 1, EXO_E_SYNTAX);
    memset(big, '\0', EXO_RECORD_MAX);
    refuse_decode(big, 4096, EXO_E_SYNTAX);
    free(big);
}

/* Well-formed, and as deep as its size allows: not even read to its end. */
static void test_deep(void **state)
{
    const size_t depth = 100000;
    char *text = malloc(2 * depth);
    struct exo_record record;
    const char *why = NULL;

    (void)state;
    assert_non_null(text);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    assert_int_equal(exo_record_decode(&record, text, 2 * depth, &why),
                     EXO_E_SYNTAX);
    assert_string_equal(why, "nesting too deep");
    exo_record_free(&record);
    free(text);
}

/* Whole and then some: a NUL, and text behind it. */
static void test_nul(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);

    (void)state;
    encode_filled(&text);
    exo_buf_add(&text, "\0{}", 3);
    assert_int_equal(text.error, 0);
    refuse_decode(text.data, text.len, EXO_E_SYNTAX);
    refuse_decode(text.data, text.len - 2, EXO_E_SYNTAX);
    exo_buf_free(&text);
}

/* Spaces are no damage: someone may have looked at it with another tool. */
static void test_spaces(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_buf edited = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record;
    const char *why = NULL;

    (void)state;
    encode_filled(&text);
    exo_buf_str(&edited, "\n\t ");
    edit(&edited, text.data, "\"serial\": 42", "\n \"serial\"\t:42 ");
    assert_int_equal(exo_record_decode(&record, edited.data, edited.len, &why),
                     0);
    assert_int_equal(record.serial, 42);
    exo_record_free(&record);
    exo_buf_free(&edited);
    exo_buf_free(&text);
}

/* Where the heap is, [from, to); 0 if the kernel does not tell. */
static size_t find_heap(const char **from)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    size_t len = 0;

    if (maps == NULL)
        return 0;
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long start, end;

        if (strstr(line, "[heap]") != NULL &&
            sscanf(line, "%lx-%lx", &start, &end) == 2) {
            *from = (const char *)start;
            len = end - start;
        }
    }
    fclose(maps);
    return len;
}

/* Address sanitizers and valgrind have no [heap]: there, nothing is seen. */
static bool in_heap(const char *needle)
{
    const char *heap = NULL;
    size_t len = find_heap(&heap);

    return len > 0 && memmem(heap, len, needle, strlen(needle)) != NULL;
}

/* Freed memory keeps its bytes: the secrets of a record must not be in the
 * heap when it is gone, nor those of a record that was refused after it had
 * been parsed. */
static void test_wiped(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_buf bad = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record;
    const char *why = NULL;
    char token[3001];
    char needle[17];
    bool seen;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(token) - 1; i++)
        token[i] = (char)('A' + (i * 7 + i / 26) % 26);
    token[sizeof(token) - 1] = '\0';
    memcpy(needle, token + 1500, sizeof(needle) - 1);
    needle[sizeof(needle) - 1] = '\0';

    fill(&record);
    set(&record.refresh_token, token);
    assert_int_equal(exo_record_encode(&record, &text), 0);
    exo_record_free(&record);
    edit(&bad, text.data, "\"serial\"", "\"cereal\"");
    assert_int_equal(exo_record_decode(&record, text.data, text.len, &why), 0);
    assert_string_equal(whole_secret(&record.refresh_token), token);
    seen = in_heap(needle);
    exo_record_free(&record);
    exo_buf_free(&text);
    assert_int_equal(exo_record_decode(&record, bad.data, bad.len, &why),
                     EXO_E_SYNTAX);
    exo_record_free(&record);
    exo_buf_free(&bad);
    assert_false(in_heap(needle));
    if (!seen)
        print_message("# skipped: there is no heap that can be searched\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_any_byte),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_encode_refuses),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_older),
        cmocka_unit_test(test_discovered),
        cmocka_unit_test(test_edited),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_spaces),
        cmocka_unit_test(test_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
