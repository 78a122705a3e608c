/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mechanism among others: above passwords where there is an account, out
 * of their way where there is none, and subject to what the host asks for.
 */
#include "config.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where Debian's and Fedora's libsasl2 have their plugins, and ours looks
 * for configuration, too. */
static const char *other_plugins(void)
{
    static char dir[512];
    const char *p = EXO_CONFPATH;

    while (*p != '\0') {
        size_t len = strcspn(p, ":");

        snprintf(dir, sizeof dir, "%.*s/libplain.so", (int)len, p);
        if (access(dir, R_OK) == 0) {
            dir[len] = '\0';
            return dir;
        }
        p += len;
        p += *p == ':';
    }
    return NULL;
}

static void ranks_above_passwords(void **state)
{
    struct host host = { .mechlist = "LOGIN PLAIN OAUTHBEARER XOAUTH2",
                         .give_pass = GIVE_CALLBACK,
                         .pass = "secret" };
    const char *list;

    (void)state;
    if (other_plugins() == NULL) {
        say_skipped("libsasl2-modules is not installed");
        return;
    }
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(other_plugins());
    list = host_mechs();
    assert_non_null(strstr(list, "XOAUTH2"));
    assert_non_null(strstr(list, "PLAIN"));
    assert_non_null(strstr(list, "LOGIN"));
    /* Both, with nothing between them, in the order of the default. */
    if (strstr(list, "XOAUTH2 OAUTHBEARER") == NULL ||
        strstr(list, "OAUTHBEARER") > strstr(list, "PLAIN") ||
        strstr(list, "OAUTHBEARER") > strstr(list, "LOGIN"))
        fail_msg("order: %s", list);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    assert_string_equal(host.mech, "XOAUTH2");
    expect_response(&host, ALICE, TOKEN);
    host_end(&host);
}

static void leaves_passwords_alone(void **state)
{
    struct host host = { .mechlist = "LOGIN PLAIN XOAUTH2",
                         .give_pass = GIVE_CALLBACK,
                         .pass = "secret" };

    (void)state;
    if (other_plugins() == NULL) {
        say_skipped("libsasl2-modules is not installed");
        return;
    }
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    host_init(other_plugins());
    assert_int_not_equal(host_login(&host), SASL_NOMECH);
    assert_string_not_equal(host.mech, "XOAUTH2");
    host_end(&host);
}

/* What a server offers decides, then the order in `mechanisms`. */
static void prefers(void **state)
{
    static const struct {
        const char *conf, *offered, *want;
    } rows[] = {
        { "", "XOAUTH2 OAUTHBEARER", "XOAUTH2" },
        { "", "OAUTHBEARER XOAUTH2", "XOAUTH2" },
        { "", "PLAIN OAUTHBEARER", "OAUTHBEARER" },
        { "", "LOGIN XOAUTH2", "XOAUTH2" },
        { "mechanisms: oauthbearer xoauth2\n", "XOAUTH2 OAUTHBEARER",
          "OAUTHBEARER" },
        { "mechanisms: oauthbearer xoauth2\n", "LOGIN XOAUTH2", "XOAUTH2" },
        { "mechanisms: oauthbearer\n", "XOAUTH2 OAUTHBEARER", "OAUTHBEARER" },
        { "mechanisms: xoauth2\n", "OAUTHBEARER XOAUTH2", "XOAUTH2" },
        { "mechanisms: xoauth2\n", "OAUTHBEARER", NULL },
        { "mechanisms: oauthbearer\n", "XOAUTH2", NULL },
    };

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct host host = { .mechlist = rows[i].offered };

        world_conf(rows[i].conf);
        host_init(rows[i].want != NULL ? other_plugins() : NULL);
        assert_int_equal(host_login(&host),
                         rows[i].want != NULL ? SASL_CONTINUE : SASL_NOMECH);
        if (rows[i].want != NULL)
            assert_string_equal(host.mech, rows[i].want);
        host_end(&host);
        host_done();
    }
}

static void security_flags(void **state)
{
    static const struct {
        unsigned long flags;
        int want;
    } rows[] = {
        { SASL_SEC_NOANONYMOUS, SASL_CONTINUE },
        { SASL_SEC_NODICTIONARY, SASL_CONTINUE },
        { SASL_SEC_PASS_CREDENTIALS, SASL_CONTINUE },
        { SASL_SEC_NOPLAINTEXT, SASL_NOMECH },
        { SASL_SEC_NOPLAINTEXT | SASL_SEC_NOANONYMOUS, SASL_NOMECH },
        { SASL_SEC_NOACTIVE, SASL_NOMECH },
        { SASL_SEC_FORWARD_SECRECY, SASL_NOMECH },
        { SASL_SEC_MUTUAL_AUTH, SASL_NOMECH },
    };

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct host host = { .security_flags = rows[i].flags };

        assert_int_equal(host_login(&host), rows[i].want);
        host_end(&host);
    }
}

/* For hosts that forbid plaintext and do not tell libsasl2 of their TLS. */
static void noplaintext(void **state)
{
    static const char *const names[] = { "XOAUTH2", "OAUTHBEARER" };

    (void)state;
    world_conf("noplaintext: yes\n");
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(other_plugins());
    for (size_t i = 0; i < 2; i++) {
        struct host host = { .mechlist = names[i],
                             .security_flags =
                                 SASL_SEC_NOPLAINTEXT | SASL_SEC_NOANONYMOUS };
        struct host active = { .mechlist = names[i],
                               .security_flags = SASL_SEC_NOACTIVE };

        assert_int_equal(host_login(&host), SASL_CONTINUE);
        assert_string_equal(host.mech, names[i]);
        host_end(&host);
        /* It says no more than that. */
        assert_int_equal(host_login(&active), SASL_NOMECH);
        host_end(&active);
    }
}

static void layers(void **state)
{
    sasl_security_properties_t props = { .min_ssf = 1,
                                         .max_ssf = 256,
                                         .maxbufsize = 65536 };
    struct host bare = { 0 };
    struct host tls = { .security_flags = SASL_SEC_NOPLAINTEXT };
    sasl_ssf_t ssf = 256;

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(NULL);
    /* It has no layer to offer, and does not say otherwise. */
    host_new(&bare);
    assert_int_equal(sasl_setprop(bare.conn, SASL_SEC_PROPS, &props), SASL_OK);
    assert_int_equal(host_login(&bare), SASL_NOMECH);
    host_end(&bare);
    /* libsasl2 waives NOPLAINTEXT where the host says that TLS is on. */
    host_new(&tls);
    assert_int_equal(sasl_setprop(tls.conn, SASL_SSF_EXTERNAL, &ssf), SASL_OK);
    assert_int_equal(host_login(&tls), SASL_CONTINUE);
    host_end(&tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(ranks_above_passwords),
        TEST(leaves_passwords_alone),
        TEST(prefers),
        TEST(security_flags),
        TEST(noplaintext),
        TEST(layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
