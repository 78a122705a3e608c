/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of a token endpoint that claim success: what is taken, what is
 * refused and how, and that nothing of them stays in memory.
 */
#include "config.h"

#include "oauth_util.h"

#include "exoauth/token.h"
#include "../lib/whole.h"

static void takes_a_full_answer(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    a.reply.sent = 1794996400;
    assert_int_equal(
        asked_text(&a, 200, true,
                   "{\"token_type\":\"bEaReR\",\"expires_in\":4321,"
                   "\"refresh_in\":2000,\"ext_expires_in\":9,"
                   "\"access_token\":\"eyJ0.eyJh._-~+/==\","
                   "\"refresh_token\":\"0.new refresh~token\","
                   "\"scope\":\"mail\\u0007 offline_access\","
                   "\"unknown\":{\"a\":[1,null,true]}}\r\n"),
        0);
    assert_string_equal(whole_secret(&a.tokens.access_token),
                        "eyJ0.eyJh._-~+/==");
    assert_string_equal(whole_secret(&a.tokens.refresh_token),
                        "0.new refresh~token");
    assert_string_equal(a.tokens.scope, "mail? offline_access");
    assert_int_equal(a.tokens.expires_in, 4321);
    assert_int_equal(a.tokens.refresh_in, 2000);
    assert_int_equal(a.tokens.received, 1794996400);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static const struct {
    const char *member; /* of the object, with its comma */
    int64_t seconds;    /* 0: refused */
} expires_rows[] = {
    { "", 3600 },
    { ",\"expires_in\":null", 3600 },
    { ",\"expires_in\":1", 1 },
    { ",\"expires_in\":3599", 3599 },
    { ",\"expires_in\":3599.5", 3599 },
    { ",\"expires_in\":3.6e3", 3600 },
    { ",\"expires_in\":\"3599\"", 3599 },
    { ",\"expires_in\":\"03599\"", 3599 },
    { ",\"expires_in\":315360000", 315360000 },
    { ",\"expires_in\":315360001", 0 },
    { ",\"expires_in\":\"315360001\"", 0 },
    { ",\"expires_in\":1e300", 0 },
    { ",\"expires_in\":1e999", 0 },
    { ",\"expires_in\":99999999999999999999", 0 },
    { ",\"expires_in\":\"99999999999999999999\"", 0 },
    { ",\"expires_in\":0", 0 },
    { ",\"expires_in\":0.9", 0 },
    { ",\"expires_in\":-1", 0 },
    { ",\"expires_in\":-3600.5", 0 },
    { ",\"expires_in\":\"\"", 0 },
    { ",\"expires_in\":\"-1\"", 0 },
    { ",\"expires_in\":\" 3600\"", 0 },
    { ",\"expires_in\":\"3600s\"", 0 },
    { ",\"expires_in\":\"3599.5\"", 0 },
    { ",\"expires_in\":\"36\\u000000\"", 0 },
    { ",\"expires_in\":true", 0 },
    { ",\"expires_in\":[3600]", 0 },
    { ",\"expires_in\":{}", 0 },
};

static void reads_expires_in(void **state)
{
    struct asked a;
    char body[200];
    size_t i;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(expires_rows) / sizeof(expires_rows[0]); i++) {
        int rc;

        (void)snprintf(body, sizeof(body), "{\"access_token\":\"at\"%s}",
                       expires_rows[i].member);
        rc = asked_text(&a, 200, false, body);
        if (expires_rows[i].seconds != 0) {
            assert_int_equal(rc, 0);
            assert_int_equal(a.tokens.expires_in, expires_rows[i].seconds);
        } else {
            assert_int_equal(rc, EXO_E_STATUS);
            assert_int_equal(a.error.err.status, EXO_STATUS_TRANSIENT);
            assert_has(a.error.err.text, "expires_in");
        }
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

static void ignores_a_senseless_refresh_in(void **state)
{
    static const char *const bodies[] = {
        "{\"access_token\":\"at\",\"expires_in\":10,\"refresh_in\":11}",
        "{\"access_token\":\"at\",\"expires_in\":10,\"refresh_in\":-1}",
        "{\"access_token\":\"at\",\"expires_in\":10,\"refresh_in\":\"x\"}",
        "{\"access_token\":\"at\",\"expires_in\":10}",
    };
    struct asked a;
    size_t i;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(asked_text(&a, 200, false, bodies[i]), 0);
        assert_int_equal(a.tokens.refresh_in, 0);
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

static const struct {
    const char *body;
    const char *says;
    enum exo_status status;
} useless_rows[] = {
    { "", "came with nothing", EXO_STATUS_TRANSIENT },
    { "<html><body>Sign in to WiFi</body></html>", "HTML",
      EXO_STATUS_TRANSIENT },
    { "Service unavailable", "not a JSON object", EXO_STATUS_TRANSIENT },
    { "[]", "not a JSON object", EXO_STATUS_TRANSIENT },
    { "null", "not a JSON object", EXO_STATUS_TRANSIENT },
    { "\"x\"", "not a JSON object", EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"at\"} x", "not a JSON object",
      EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"at\"}{}", "not a JSON object",
      EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"\xff\"}", "not a JSON object",
      EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"at\"", "ends too early", EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"a\\u0001b\"}", "no token may hold",
      EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"a\nb\"}", "not a JSON object",
      EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"one\",\"access_token\":\"two\"}",
      "not a JSON object", EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"at\",}", "not a JSON object", EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"a b\"}", "no token may hold", EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"caf\xc3\xa9\"}", "no token may hold",
      EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"at\",\"refresh_token\":\"a\\tb\"}",
      "a refresh_token that", EXO_STATUS_TRANSIENT },
    { "{}", "without access_token", EXO_STATUS_MISCONFIGURED },
    { "{\"access_token\":null}", "without access_token",
      EXO_STATUS_MISCONFIGURED },
    { "{\"access_token\":7}", "without access_token",
      EXO_STATUS_MISCONFIGURED },
    { "{\"access_token\":\"a\\u0000b\"}", "no token may hold",
      EXO_STATUS_TRANSIENT },
    { "{\"access_token\":\"at\",\"refresh_token\":\"a\\u0000b\"}",
      "a refresh_token that", EXO_STATUS_TRANSIENT },
    { "{\"issuer\":\"https://as.example\"}", "without access_token",
      EXO_STATUS_MISCONFIGURED },
    { "{\"access_token\":\"at\",\"token_type\":\"DPoP\"}", "not of type Bearer",
      EXO_STATUS_MISCONFIGURED },
    { "{\"access_token\":\"at\",\"token_type\":7}", "not of type Bearer",
      EXO_STATUS_MISCONFIGURED },
};

/* Answers with status 200 that hold no token to use. */
static void refuses_what_is_no_use(void **state)
{
    struct asked a;
    size_t i;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(useless_rows) / sizeof(useless_rows[0]); i++) {
        assert_int_equal(asked_text(&a, 200, true, useless_rows[i].body),
                         EXO_E_STATUS);
        assert_has(a.error.err.text, useless_rows[i].says);
        assert_has(a.error.err.text, "token_endpoint https://as.example/token");
        assert_has(a.error.err.text, "; ");
        assert_int_equal(a.error.err.status, useless_rows[i].status);
        assert_string_equal(a.error.code, "HTTP 200");
        assert_true(exo_secret_empty(&a.tokens.access_token));
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

/* No captive portal says that; and a missing token_type is Bearer. */
static void takes_what_is_not_ascii(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    assert_int_equal(asked_text(&a, 200, true,
                                "{\"access_token\":\"two\",\"token_type\":null,"
                                "\"gr\303\274\303\237\":\"J\303\274rgen "
                                "\360\237\230\200\"}"),
                     0);
    assert_string_equal(whole_secret(&a.tokens.access_token), "two");
    assert_true(exo_secret_empty(&a.tokens.refresh_token));
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static void refuses_nul_and_depth(void **state)
{
    static const char nul[] = "{\"access_token\":\"at\"}\0{}";
    static char nested[60000];
    struct asked a;

    (void)state;
    asked_make(&a);
    assert_int_equal(asked_parse(&a, 200, true, nul, sizeof(nul) - 1),
                     EXO_E_STATUS);
    exo_tokens_free(&a.tokens);

    memset(nested, '[', sizeof(nested));
    assert_int_equal(asked_parse(&a, 200, true, nested, sizeof(nested)),
                     EXO_E_STATUS);
    assert_has(a.error.err.text, "not a JSON object");
    exo_tokens_free(&a.tokens);

    /* Eight levels are the most. */
    assert_int_equal(
        asked_text(&a, 200, true,
                   "{\"access_token\":\"at\",\"x\":[[[[[[7]]]]]]}"),
        0);
    exo_tokens_free(&a.tokens);
    assert_int_equal(
        asked_text(&a, 200, true,
                   "{\"access_token\":\"at\",\"x\":[[[[[[[[7]]]]]]]]}"),
        EXO_E_STATUS);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static void refuses_every_truncation(void **state)
{
    static const char body[] =
        "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":"
        "\"eyJ0eXAi.eyJhdWQi.c2ln\",\"refresh_token\":\"0.next\"}";
    struct asked a;
    size_t len;

    (void)state;
    asked_make(&a);
    for (len = 0; len < sizeof(body) - 1; len++) {
        assert_int_equal(asked_parse(&a, 200, true, body, len), EXO_E_STATUS);
        assert_int_equal(a.error.err.status, EXO_STATUS_TRANSIENT);
        assert_lacks(a.error.err.text, "eyJ0");
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

static void knows_the_longest_token(void **state)
{
    static char body[20000];
    struct asked a;
    size_t n;

    (void)state;
    asked_make(&a);
    for (n = 15999; n <= 16001; n++) {
        char *end = body + sprintf(body, "{\"access_token\":\"");

        memset(end, 'a', n);
        memcpy(end + n, "\"}", 3);
        assert_int_equal(asked_text(&a, 200, true, body),
                         n <= 16000 ? 0 : EXO_E_STATUS);
        exo_tokens_free(&a.tokens);

        end = body + sprintf(body, "{\"access_token\":\"at\","
                                   "\"refresh_token\":\"");
        memset(end, 'a', n);
        memcpy(end + n, "\"}", 3);
        assert_int_equal(asked_text(&a, 200, true, body),
                         n <= 16000 ? 0 : EXO_E_STATUS);
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

/* With rotation the old one may be dead: it must not go down with an answer
 * that is useless otherwise. */
static void keeps_the_refresh_token_of_a_useless_answer(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    assert_int_equal(asked_text(&a, 200, true,
                                "{\"access_token\":\"at\",\"expires_in\":-1,"
                                "\"refresh_token\":\"0.next\"}"),
                     EXO_E_STATUS);
    assert_string_equal(whole_secret(&a.tokens.refresh_token), "0.next");
    assert_true(exo_secret_empty(&a.tokens.access_token));
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static void cuts_a_long_scope_at_a_blank(void **state)
{
    char body[3000];
    struct asked a;
    size_t i, n;

    (void)state;
    asked_make(&a);
    n = (size_t)sprintf(body, "{\"access_token\":\"at\",\"scope\":\"");
    for (i = 0; i < 200; i++)
        n += (size_t)sprintf(body + n, "scope-%03zu ", i);
    memcpy(body + n, "\"}", 3);
    assert_int_equal(asked_text(&a, 200, true, body), 0);
    n = strlen(a.tokens.scope);
    assert_true(n > 1000 && n < sizeof(a.tokens.scope));
    assert_memory_equal(a.tokens.scope + n - 9, "scope-", 6);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

/* Reads the heap as the kernel sees it; where a tool has its own allocator
 * (ASan, valgrind) there is nothing to find and the test says nothing. */
static bool heap_has(const char *canary, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    unsigned long from = 0, to = 0;
    static char page[8192];
    bool found = false;
    char line[512];

    assert_true(maps != NULL && mem >= 0);
    while (fgets(line, sizeof(line), maps) != NULL) {
        if (strstr(line, "[heap]") != NULL)
            (void)sscanf(line, "%lx-%lx", &from, &to);
    }
    for (; from < to; from += 4096) {
        ssize_t n = pread(mem, page, sizeof(page), (off_t)from);

        if (n > 0 && memmem(page, (size_t)n, canary, len) != NULL)
            found = true;
    }
    (void)close(mem);
    (void)fclose(maps);
    return found;
}

/* name is access_token, or one whose value nobody copies and wipes later.
 * Escapes make json-c put the string together piece by piece. */
static void assert_wiped(const char *name, const char *escape)
{
    static char canary[3001], body[8000];
    struct asked a;
    size_t i, n;

    asked_make(&a);
    for (i = 0; i < sizeof(canary) - 1; i++)
        canary[i] = (char)('a' + (i * 7 + i / 26) % 26);
    n = (size_t)snprintf(
        body, sizeof(body), "{%s\"%s\":\"",
        strcmp(name, "access_token") == 0 ? "" : "\"access_token\":\"at\",",
        name);
    for (i = 0; i < sizeof(canary) - 1; i += 100)
        n += (size_t)snprintf(body + n, sizeof(body) - n, "%.100s%s",
                              canary + i, escape);
    memcpy(body + n, "\"}", 3);
    assert_int_equal(asked_text(&a, 200, true, body), 0);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
    /* Not the ends of a block, where free() keeps its own notes. */
    for (i = 100; i < 2900; i += 100)
        assert_false(heap_has(canary + i + 20, 64));
}

static void leaves_no_token_in_the_heap(void **state)
{
    (void)state;
    assert_wiped("access_token", "");
    assert_wiped("access_token", "\\/");
    assert_wiped("id_token", "");
    assert_wiped("id_token", "\\/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_no_token_in_the_heap),
        cmocka_unit_test(takes_a_full_answer),
        cmocka_unit_test(reads_expires_in),
        cmocka_unit_test(ignores_a_senseless_refresh_in),
        cmocka_unit_test(refuses_what_is_no_use),
        cmocka_unit_test(takes_what_is_not_ascii),
        cmocka_unit_test(refuses_nul_and_depth),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(knows_the_longest_token),
        cmocka_unit_test(keeps_the_refresh_token_of_a_useless_answer),
        cmocka_unit_test(cuts_a_long_scope_at_a_blank),
    };

    return cmocka_run_group_tests_name("oauth_response", tests, NULL, NULL);
}
