/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The browser's way: PKCE by the vector of RFC 7636 appendix B, the URL that
 * is opened, and what may come back from it.
 */
#include "config.h"

#include "oauth_util.h"

#include "exoauth/pkce.h"
#include "../lib/whole.h"

#define BASE64URL \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static void set(struct exo_secret *to, const char *text)
{
    assert_int_equal(exo_secret_set(to, text, strlen(text)), 0);
}

static void makes_the_challenge_of_rfc7636(void **state)
{
    struct exo_secret verifier = EXO_SECRET_INIT;
    char challenge[EXO_PKCE_LEN + 1];

    (void)state;
    set(&verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_int_equal(exo_pkce_challenge(&verifier, challenge), 0);
    assert_string_equal(challenge,
                        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    exo_secret_free(&verifier);
}

static void makes_fresh_values(void **state)
{
    struct exo_pkce one, two;
    char challenge[EXO_PKCE_LEN + 1];

    (void)state;
    assert_int_equal(exo_pkce_make(&one), 0);
    assert_int_equal(exo_pkce_make(&two), 0);
    assert_int_equal(whole_len(&one.verifier), 43);
    assert_int_equal(whole_len(&one.state), 43);
    assert_int_equal(strspn(whole_secret(&one.verifier), BASE64URL), 43);
    assert_int_equal(strspn(whole_secret(&one.state), BASE64URL), 43);
    assert_int_equal(exo_pkce_challenge(&one.verifier, challenge), 0);
    assert_string_equal(one.challenge, challenge);
    assert_string_not_equal(whole_secret(&one.verifier),
                            whole_secret(&one.state));
    assert_string_not_equal(whole_secret(&one.verifier),
                            whole_secret(&two.verifier));
    assert_string_not_equal(whole_secret(&one.state), whole_secret(&two.state));
    exo_pkce_free(&one);
    exo_pkce_free(&two);
}

/* A login whose secrets are known. */
struct login {
    struct asked a;
    struct exo_pkce pkce;
    struct exo_secret code;
};

#define STATE "st4te-st4te-st4te-st4te"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define ISSUER "https://as.example/v2.0"

static void login_make(struct login *l)
{
    memset(l, 0, sizeof(*l));
    asked_make(&l->a);
    l->a.client.authorization_endpoint = "https://as.example/authorize";
    l->pkce.verifier = (struct exo_secret)EXO_SECRET_INIT;
    l->pkce.state = (struct exo_secret)EXO_SECRET_INIT;
    l->code = (struct exo_secret)EXO_SECRET_INIT;
    set(&l->pkce.state, STATE);
    set(&l->pkce.verifier, VERIFIER);
    assert_int_equal(exo_pkce_challenge(&l->pkce.verifier, l->pkce.challenge),
                     0);
}

static void login_free(struct login *l)
{
    exo_secret_free(&l->code);
    exo_pkce_free(&l->pkce);
    asked_free(&l->a);
}

#define AUTHORIZE                                                      \
    "https://as.example/authorize?client_id=id%3A1&response_type=code" \
    "&redirect_uri=http%3A%2F%2Flocalhost%3A4711%2F&response_mode=query"
#define PROOF                                                     \
    "&state=" STATE                                               \
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" \
    "&code_challenge_method=S256"

static void builds_the_url(void **state)
{
    struct exo_buf url = EXO_BUF_INIT(4096), tight = EXO_BUF_INIT(40);
    struct login l;
    struct exo_err err = EXO_ERR_INIT;

    (void)state;
    login_make(&l);
    assert_int_equal(exo_authorization_url(&l.a.client, &l.pkce,
                                           "http://localhost:4711/",
                                           "a+b&c@example.com", &url, &err),
                     0);
    assert_string_equal(whole_text(&url),
                        AUTHORIZE "&scope=mail+offline_access" PROOF
                                  "&login_hint=a%2Bb%26c%40example.com");
    assert_lacks(whole_text(&url), CLIENT_SECRET);

    exo_buf_reset(&url);
    l.a.client.scope = "";
    assert_int_equal(exo_authorization_url(&l.a.client, &l.pkce,
                                           "http://localhost:4711/", NULL, &url,
                                           &err),
                     0);
    assert_string_equal(whole_text(&url), AUTHORIZE PROOF);

    /* RFC 6749 section 3.1: what Google wants in the query is kept. */
    exo_buf_reset(&url);
    l.a.client.authorization_endpoint = "https://as.example/a?prompt=consent";
    l.a.client.resource = "https://outlook.office.com";
    assert_int_equal(
        exo_authorization_url(&l.a.client, &l.pkce, "x:/", "", &url, &err), 0);
    assert_string_equal(whole_text(&url),
                        "https://as.example/a?prompt=consent&client_id=id%3A1"
                        "&response_type=code&redirect_uri=x%3A%2F"
                        "&response_mode=query"
                        "&resource=https%3A%2F%2Foutlook.office.com" PROOF);

    assert_int_equal(
        exo_authorization_url(&l.a.client, &l.pkce, "x:/", "", &tight, &err),
        EXO_E_STATUS);
    assert_has(err.text, "too long; check client_id and scope");
    l.a.client.authorization_endpoint = "";
    assert_int_equal(
        exo_authorization_url(&l.a.client, &l.pkce, "x:/", "", &url, &err),
        EXO_E_STATUS);
    assert_has(err.text, "has no authorization_endpoint; set it");
    exo_buf_free(&tight);
    exo_buf_free(&url);
    login_free(&l);
}

static int parse(struct login *l, const char *issuer, const char *address)
{
    int rc = exo_redirect_parse(&l->a.client, &l->pkce, issuer, false, address,
                                strlen(address), &l->code, &l->a.error);

    if (rc != 0) {
        assert_true(exo_secret_empty(&l->code));
        assert_has(l->a.error.err.text, "; ");
        assert_lacks(l->a.error.err.text, STATE);
        assert_lacks(l->a.error.err.text, "c0de");
    }
    return rc;
}

static void reads_a_code(void **state)
{
    static const struct {
        const char *issuer, *address, *code;
    } rows[] = {
        { NULL, "/?code=c0de&state=" STATE, "c0de" },
        { NULL, "http://localhost:1/?state=" STATE "&code=c0de", "c0de" },
        { NULL, "?code=c0de&state=" STATE "#code=other", "c0de" },
        { NULL, "/?&&code=c0de&&state=" STATE "&", "c0de" },
        { NULL, "/?code=0.AX%2Bc0de%2f%3D%3d&state=" STATE, "0.AX+c0de/==" },
        { NULL, "/?code=a?b/c=d+e&state=" STATE, "a?b/c=d e" },
        { NULL, "/?code=c0de&state=st4te%2Dst4te-st4te-st4te", "c0de" },
        { NULL, "/?code=c0de&session_state=1&session_state=2&state=" STATE,
          "c0de" },
        { NULL, "/?code=c0de&x=%zz&state=" STATE, "c0de" },
        { NULL, "/?code=c0de&iss=https%3A%2F%2Fwho&state=" STATE, "c0de" },
        { "", "/?code=c0de&iss=https%3A%2F%2Fwho&state=" STATE, "c0de" },
        { ISSUER, "/?code=c0de&state=" STATE, "c0de" },
        { ISSUER,
          "/?code=c0de&iss=https%3A%2F%2Fas.example%2Fv2.0&state=" STATE,
          "c0de" },
    };
    struct login l;
    size_t i;

    (void)state;
    login_make(&l);
    for (i = 0; i < N_OF(rows); i++) {
        if (parse(&l, rows[i].issuer, rows[i].address) != 0)
            fail_msg("%s: %s", rows[i].address, l.a.error.err.text);
        assert_string_equal(whole_secret(&l.code), rows[i].code);
    }
    login_free(&l);
}

static void refuses_malformed(void **state)
{
    static const struct {
        const char *address, *text;
    } rows[] = {
        { "", "nothing follows a '?'" },
        { "code=c0de&state=" STATE, "nothing follows" },
        { "/#?code=c0de&state=" STATE, "nothing follows" },
        { "/?", "it has no code" },
        { "/?state=" STATE, "it has no code" },
        { "/?code=&state=" STATE, "it has no code" },
        { "/?code&state=" STATE, "it has no code" },
        { "/?code=c0de&error=access_denied&state=" STATE, "both" },
        { "/?code=c0de&code=c0de&state=" STATE, "twice" },
        { "/?code=c0de&state=" STATE "&state=" STATE, "twice" },
        { "/?code=c0de&state=" STATE "&iss=a&iss=a", "twice" },
        { "/?error=a&error=b&state=" STATE, "twice" },
        { "/?code=c0de%&state=" STATE, "not encoded" },
        { "/?code=c0de%4&state=" STATE, "not encoded" },
        { "/?code=c0de%4g&state=" STATE, "not encoded" },
        { "/?code=c0de%00&state=" STATE, "not encoded" },
        { "/?code=c0de\n&state=" STATE, "not encoded" },
        { "/?code=c0de%7f&state=" STATE, "not encoded" },
        { "/?code=c0de%e4&state=" STATE, "bytes no code may have" },
        { "/?code=c0de&state=" STATE "%0d", "not encoded" },
    };
    struct login l;
    size_t i;

    (void)state;
    login_make(&l);
    for (i = 0; i < N_OF(rows); i++) {
        if (parse(&l, ISSUER, rows[i].address) != EXO_E_SYNTAX)
            fail_msg("%s was not refused as malformed", rows[i].address);
        assert_has(l.a.error.err.text, rows[i].text);
    }
    /* The address ends before the '1'. */
    assert_int_equal(exo_redirect_parse(&l.a.client, &l.pkce, NULL, false,
                                        "/?state=" STATE "&code=c%41",
                                        strlen("/?state=" STATE "&code=c%4"),
                                        &l.code, &l.a.error),
                     EXO_E_SYNTAX);
    login_free(&l);
}

static void refuses_another_state(void **state)
{
    static const char *const addresses[] = {
        "/?code=c0de",
        "/?code=c0de&state=",
        "/?code=c0de&state=st4te",
        "/?code=c0de&state=st4te-st4te-st4te-st4tf",
        ("/?code=c0de&state=+" STATE),
        "/?error=access_denied",
        "/?error=access_denied&error_description=phish&state=x",
    };
    struct login l;
    size_t i;

    (void)state;
    login_make(&l);
    for (i = 0; i < N_OF(addresses); i++) {
        if (parse(&l, NULL, addresses[i]) != EXO_E_UNSAFE)
            fail_msg("%s was believed", addresses[i]);
        assert_has(l.a.error.err.text, "another state than this login's");
        assert_lacks(l.a.error.err.text, "phish");
    }
    /* A login without a state believes nobody. */
    set(&l.pkce.state, "");
    assert_int_equal(parse(&l, NULL, "/?code=c0de&state="), EXO_E_UNSAFE);
    login_free(&l);
}

/* RFC 9207 section 2.4: compared as strings, in refusals too. */
static void refuses_another_issuer(void **state)
{
    static const char *const addresses[] = {
        "/?code=c0de&state=" STATE "&iss=https%3A%2F%2Fas.example%2Fv2.0%2F",
        "/?code=c0de&state=" STATE "&iss=https%3A%2F%2FAS.example%2Fv2.0",
        "/?code=c0de&state=" STATE "&iss=https%3A%2F%2Fevil.example",
        "/?code=c0de&state=" STATE "&iss=",
        "/?code=c0de&state=" STATE "&iss",
        "/?error=access_denied&state=" STATE "&iss=https%3A%2F%2Fevil",
    };
    struct login l;
    size_t i;

    (void)state;
    login_make(&l);
    for (i = 0; i < N_OF(addresses); i++) {
        if (parse(&l, ISSUER, addresses[i]) != EXO_E_UNSAFE)
            fail_msg("%s was believed", addresses[i]);
        assert_has(l.a.error.err.text, "another issuer than " ISSUER "; check");
        assert_int_equal(l.a.error.err.status, EXO_STATUS_MISCONFIGURED);
    }
    login_free(&l);
}

/* Section 2.4 again: a provider that always sends it has not sent this. */
static void wants_the_issuer(void **state)
{
    static const char *const addresses[] = {
        "/?code=c0de&state=" STATE,
        "/?error=access_denied&state=" STATE,
    };
    struct login l;
    size_t i;

    (void)state;
    login_make(&l);
    for (i = 0; i < N_OF(addresses); i++) {
        assert_int_equal(exo_redirect_parse(&l.a.client, &l.pkce, ISSUER, true,
                                            addresses[i], strlen(addresses[i]),
                                            &l.code, &l.a.error),
                         EXO_E_UNSAFE);
        assert_has(l.a.error.err.text, "without an issuer, which " ISSUER);
        assert_true(exo_secret_empty(&l.code));
    }
    login_free(&l);
}

static void caps_sizes(void **state)
{
    static const char *const names[] = { "code", "state", "iss", "error",
                                         "error_description" };
    static const size_t most[] = { EXO_REDIRECT_CODE_MAX, 128, 512, 63, 4096 };
    static char address[EXO_REDIRECT_MAX + 200];
    struct login l;
    size_t i;
    int n;

    (void)state;
    login_make(&l);
    for (i = 0; i < N_OF(names); i++) {
        n = snprintf(address, sizeof(address), "/?%s=", names[i]);
        memset(address + n, 'a', most[i] + 1);
        address[(size_t)n + most[i] + 1] = '\0';
        assert_int_equal(parse(&l, NULL, address), EXO_E_SYNTAX);
        assert_has(l.a.error.err.text, "a parameter is too long");
    }
    /* The longest that is taken. */
    n = snprintf(address, sizeof(address), "/?state=" STATE "&code=");
    memset(address + n, 'a', EXO_REDIRECT_CODE_MAX);
    address[(size_t)n + EXO_REDIRECT_CODE_MAX] = '\0';
    assert_int_equal(parse(&l, NULL, address), 0);
    assert_int_equal(whole_len(&l.code), EXO_REDIRECT_CODE_MAX);

    n = snprintf(address, sizeof(address), "/?state=" STATE "&code=c0de&x=");
    memset(address + n, 'a', sizeof(address) - (size_t)n);
    address[sizeof(address) - 1] = '\0';
    assert_int_equal(parse(&l, NULL, address), EXO_E_SYNTAX);
    assert_has(l.a.error.err.text, "it is too long");
    address[EXO_REDIRECT_MAX] = '\0';
    assert_int_equal(parse(&l, NULL, address), 0);
    login_free(&l);
}

static void says_what_the_provider_said(void **state)
{
    static const struct {
        const char *address, *error, *code;
        enum exo_status status;
        const char *text;
    } rows[] = {
        { "/?error=access_denied&state=" STATE, "access_denied",
          "access_denied", EXO_STATUS_NEEDS_LOGIN,
          "provider said access_denied: " },
        { "/?error=access_denied&error_description=AADSTS65004%3a+User+declined"
          "+to+consent.%0d%0aTrace+ID%3a+x&state=" STATE,
          NULL, NULL, EXO_STATUS_NEEDS_LOGIN, "not encoded" },
        { "/?error=access_denied&error_description=AADSTS65004%3a+User+declined"
          "+to+consent.+Trace+ID%3a+x&state=" STATE,
          "access_denied", "AADSTS65004", EXO_STATUS_NEEDS_LOGIN,
          "(AADSTS65004), \"User declined to consent\": " },
        { "/?error=server_error&state=" STATE, "server_error", "server_error",
          EXO_STATUS_TRANSIENT, "provider said server_error" },
        { "/?error=invalid_scope&state=" STATE, "invalid_scope",
          "invalid_scope", EXO_STATUS_MISCONFIGURED, "invalid_scope" },
        { "/?error=login_required&error_description=%1b&state=" STATE, NULL,
          NULL, EXO_STATUS_NEEDS_LOGIN, "not encoded" },
        { "/?error=access_denied&error_description=k%c3%b6nnte+" VERIFIER
          "&state=" STATE,
          "access_denied", "access_denied", EXO_STATUS_NEEDS_LOGIN,
          "provider said access_denied: " },
    };
    struct login l;
    size_t i;

    (void)state;
    login_make(&l);
    for (i = 0; i < N_OF(rows); i++) {
        int rc = parse(&l, ISSUER, rows[i].address);

        assert_has(l.a.error.err.text, rows[i].text);
        assert_lacks(l.a.error.err.text, VERIFIER);
        assert_int_equal(l.a.error.err.status, rows[i].status);
        assert_int_equal(l.a.error.http_status, 0);
        if (rows[i].error == NULL) {
            assert_int_equal(rc, EXO_E_SYNTAX);
            continue;
        }
        assert_int_equal(rc, EXO_E_STATUS);
        assert_string_equal(l.a.error.error, rows[i].error);
        assert_string_equal(l.a.error.code, rows[i].code);
    }
    assert_int_equal(parse(&l, NULL, rows[0].address), EXO_E_STATUS);
    assert_has(l.a.error.err.text, "run: exoauth login relay@example.com");
    login_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_challenge_of_rfc7636),
        cmocka_unit_test(makes_fresh_values),
        cmocka_unit_test(builds_the_url),
        cmocka_unit_test(reads_a_code),
        cmocka_unit_test(refuses_malformed),
        cmocka_unit_test(refuses_another_state),
        cmocka_unit_test(refuses_another_issuer),
        cmocka_unit_test(wants_the_issuer),
        cmocka_unit_test(caps_sizes),
        cmocka_unit_test(says_what_the_provider_said),
    };

    return cmocka_run_group_tests_name("oauth_code", tests, NULL, NULL);
}
