/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OAUTHBEARER (RFC 7628): what is sent first, what answers a challenge and
 * what does not, and that all else is as with XOAUTH2.
 */
#include "config.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sasl/saslutil.h>

#include "exoauth/buf.h"
#include "exoauth/wire.h"
#include "../lib/whole.h"

#define BEARER "OAUTHBEARER"
/* The token of the RFC's examples. */
#define RFC_TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

/* --- the first step ------------------------------------------------------ */

static void check_base64(const char *data, unsigned len, const char *want)
{
    char out[1024];
    unsigned n = 0;

    assert_int_equal(sasl_encode64(data, len, out, sizeof out, &n), SASL_OK);
    assert_string_equal(out, want);
}

/* RFC 7628 section 4: IMAP with success, IMAP with failure, SMTP. */
static void rfc_vectors(void **state)
{
    static const struct {
        const char *service, *remote, *base64;
    } rows[] = {
        { "imap", "192.0.2.1;143",
          "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBv"
          "cnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1s"
          "emRHRXVZMjl0Q2c9PQEB" },
        { "smtp", "192.0.2.1;587",
          "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBv"
          "cnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1s"
          "emRHRXVZMjl0Q2c9PQEB" },
    };
    static const char challenge[] =
        "{\"status\":\"invalid_token\",\"scope\":\"example_scope\","
        "\"openid-configuration\":\"https://example.com/.well-known/"
        "openid-configuration\"}";

    (void)state;
    world_account("user@example.com");
    world_token("user@example.com",
                &(struct token_spec){ .account = "user@example.com",
                                      .servers = "server.example.com",
                                      .token = RFC_TOKEN });
    host_init(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct host host = { .mechlist = BEARER,
                             .service = rows[i].service,
                             .server = "server.example.com",
                             .remote = rows[i].remote,
                             .name = "user@example.com" };

        assert_int_equal(host_login(&host), SASL_CONTINUE);
        assert_string_equal(host.mech, BEARER);
        check_base64(host.out, host.out_len, rows[i].base64);
        assert_int_equal(host_step(&host, challenge, sizeof challenge - 1),
                         SASL_OK);
        check_base64(host.out, host.out_len, "AQ==");
        /* The address is as long as a token, and made of its characters. */
        assert_non_null(strstr(host.log,
                               "(status invalid_token, scope example_scope, "
                               "openid-configuration (removed))"));
        host_end(&host);
    }
}

/* The port where the host says it, and only what is one. */
static void host_and_port(void **state)
{
    static const struct {
        const char *remote, *port;
    } rows[] = {
        { NULL, "" },
        { "127.0.0.1;993", "|port=993" },
        { "2001:db8::1;65535", "|port=65535" },
        { "127.0.0.1;1", "|port=1" },
    };

    (void)state;
    good_token();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct host host = { .mechlist = BEARER, .remote = rows[i].remote };
        char want[512];

        assert_int_equal(host_login(&host), SASL_CONTINUE);
        snprintf(want, sizeof want,
                 "n,a=" ALICE ",|host=" SERVER "%s|auth=Bearer " TOKEN "||",
                 rows[i].port);
        expect_message(&host, want);
        host_end(&host);
    }
}

/* libsasl2 hands over a server's name in lower case. */
static void server_as_the_host_says(void **state)
{
    struct host host = { .mechlist = BEARER, .server = "SMTP.Example.ORG" };

    (void)state;
    good_token();
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_message(&host,
                   "n,a=" ALICE ",|host=" SERVER "|auth=Bearer " TOKEN "||");
    host_end(&host);
}

static void check_user(const char *user, const char *want)
{
    struct exo_secret message = EXO_SECRET_INIT;
    struct exo_buf text = EXO_BUF_INIT(65536);
    size_t at = 0;

    assert_int_equal(exo_wire_oauthbearer(&message, user, NULL, 0, "t", 1, &at),
                     EXO_OK);
    exo_buf_fmt(&text, "n,a=%s,\001auth=Bearer t\001\001", want);
    assert_string_equal(whole_secret(&message), whole_text(&text));
    assert_int_equal(whole_len(&message), text.len);
    assert_string_equal(whole_secret(&message) + at, "t\001\001");
    exo_secret_free(&message);
    exo_buf_free(&text);
}

static void names_are_escaped(void **state)
{
    char commas[301], escaped[901];

    (void)state;
    check_user("a@b", "a@b");
    check_user("a,b=c@d", "a=2Cb=3Dc@d");
    check_user(",", "=2C");
    check_user("=", "=3D");
    check_user("=2C", "=3D2C");
    check_user("==,,==", "=3D=3D=2C=2C=3D=3D");
    check_user("j\303\266rg@example.org", "j\303\266rg@example.org");
    check_user("", "");
    for (size_t i = 0; i < 300; i++) {
        commas[i] = ',';
        memcpy(escaped + 3 * i, "=2C", 3);
    }
    commas[300] = '\0';
    escaped[900] = '\0';
    check_user(commas, escaped);
}

/* By way of libsasl2, as another identity than the account. */
static void escaped_on_the_wire(void **state)
{
    struct host host = { .mechlist = BEARER,
                         .give_user = GIVE_CALLBACK,
                         .user = "a,b=c@example.org" };

    (void)state;
    good_token();
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_message(&host, "n,a=a=2Cb=3Dc@example.org,|host=" SERVER
                          "|auth=Bearer " TOKEN "||");
    host_end(&host);
}

/* A field that holds the separator would be another field. */
static void without_control_bytes(void **state)
{
    static const struct {
        const char *user, *host;
    } rows[] = {
        { "a\001auth=Bearer x", "h" },
        { "a\n", NULL },
        { "a", "h\001auth=Bearer x" },
        { "a", "h\r" },
        { "a", "\177" },
    };
    struct exo_secret message = EXO_SECRET_INIT;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(exo_wire_oauthbearer(&message, rows[i].user,
                                              rows[i].host, 0, "t", 1, &at),
                         EXO_E_ARG);
        assert_true(exo_secret_empty(&message));
    }
    /* Nothing known of the server is nothing said. */
    assert_int_equal(exo_wire_oauthbearer(&message, "a", "", 0, "t", 1, &at),
                     EXO_OK);
    assert_string_equal(whole_secret(&message),
                        "n,a=a,\001auth=Bearer t\001\001");
    exo_secret_free(&message);
}

/* The pattern would let it through; the wire does not. */
static void control_byte_in_the_server(void **state)
{
    struct host host = { .mechlist = BEARER,
                         .server = "x\001auth=bearer y.example.org" };

    (void)state;
    world_token(ALICE, &(struct token_spec){ .servers = "*.example.org" });
    host_init(NULL);
    host_refused(&host, SASL_BADPARAM, "too long to be sent");
}

static void long_ones(void **state)
{
    static const size_t sizes[] = { 1024, 4096, 12288, 16384 };
    char name[301];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    memcpy(name + sizeof name - 13, "@example.org", 13);
    host_init(NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct host host = { .mechlist = BEARER,
                             .give_user = GIVE_CALLBACK,
                             .user = name };
        char *token = long_token(sizes[i]);
        struct exo_buf want = EXO_BUF_INIT(65536);

        world_token(ALICE, &(struct token_spec){ .token = token });
        assert_int_equal(host_login(&host), SASL_CONTINUE);
        exo_buf_fmt(&want, "n,a=%s,|host=" SERVER "|auth=Bearer %s||", name,
                    token);
        expect_message(&host, whole_text(&want));
        exo_buf_free(&want);
        host_end(&host);
        free(token);
    }
}

static void services(void **state)
{
    static const struct {
        const char *service;
        int want;
    } rows[] = {
        { "smtp", SASL_CONTINUE },  { "imap", SASL_CONTINUE },
        { "pop", SASL_OK },         { "pop3", SASL_OK },
        { "sieve", SASL_CONTINUE },
    };

    (void)state;
    good_token();
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        struct host host = { .mechlist = BEARER,
                             .service = rows[i / 2].service,
                             .no_ir = i % 2 == 1 };

        assert_int_equal(host_login(&host), rows[i / 2].want);
        expect_message(&host, "n,a=" ALICE ",|host=" SERVER
                              "|auth=Bearer " TOKEN "||");
        /* Were doneflag set, libsasl2 would refuse this. */
        assert_int_equal(host_step(&host, "{}", 2), SASL_OK);
        assert_int_equal(host.out_len, 1);
        host_end(&host);
    }
}

/* --- later steps --------------------------------------------------------- */

/* mbsync takes a step after a success, with nothing, and warns of an answer;
 * mutt takes one with its own buffer. */
static void answers_challenges_only(void **state)
{
    static const char binary[] = "\0\1\2{\"status\":";
    static const struct {
        const char *in;
        unsigned len, out_len;
    } rows[] = {
        { NULL, 0, 0 },
        { "", 0, 0 },
        { "AUTHENTICATE OAUTHBEARER bixhPXVz", 33, 0 },
        { binary, sizeof binary - 1, 0 },
        { "[]", 2, 0 },
        { "{\"status\":\"invalid_token\"}", 26, 1 },
        /* Not all there, but what else would it be? */
        { "{\"status\":\"invalid_token\"", 25, 1 },
        { "{", 1, 1 },
        { "{}", 2, 1 },
    };

    (void)state;
    good_token();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct host host = { .mechlist = BEARER };

        assert_int_equal(host_login(&host), SASL_CONTINUE);
        for (int n = 0; n < 3; n++) {
            assert_int_equal(host_step(&host, rows[i].in, rows[i].len),
                             SASL_OK);
            assert_non_null(host.out);
            assert_int_equal(host.out_len, rows[i].out_len);
            if (host.out_len == 1)
                assert_int_equal(host.out[0], 1);
        }
        assert_int_equal(host.n_fail, 0);
        assert_null(strstr(host.log, TOKEN));
        host_end(&host);
    }
}

/* --- the rest is as with XOAUTH2 ----------------------------------------- */

static void refusals(void **state)
{
    struct host other = { .mechlist = BEARER, .server = "mail.example.com" };
    struct host unknown = { .mechlist = BEARER,
                            .name = BOB,
                            .give_pass = GIVE_CALLBACK,
                            .pass = "a password" };
    struct host token = { .mechlist = BEARER,
                          .name = BOB,
                          .give_pass = GIVE_CALLBACK,
                          .pass = TOKEN };

    (void)state;
    good_token();
    host_refused(&other, SASL_CONFIGERR, NULL);
    host_refused(&unknown, SASL_UNAVAIL, NULL);
    assert_int_equal(host_login(&token), SASL_CONTINUE);
    expect_message(&token,
                   "n,a=" BOB ",|host=" SERVER "|auth=Bearer " TOKEN "||");
    host_end(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(rfc_vectors),
        TEST(host_and_port),
        TEST(server_as_the_host_says),
        TEST(names_are_escaped),
        TEST(escaped_on_the_wire),
        TEST(without_control_bytes),
        TEST(control_byte_in_the_server),
        TEST(long_ones),
        TEST(services),
        TEST(answers_challenges_only),
        TEST(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
