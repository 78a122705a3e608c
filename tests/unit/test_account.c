/* SPDX-License-Identifier: BSD-2-Clause */
/* Account names, their file names, and who may receive a token. */
#include "config.h"

#include "exoauth/account.h"

#include "util.h"

static void names_and_files(void **state)
{
    static const struct {
        const char *in, *name, *file;
    } table[] = {
        { "relay@contoso.com", "relay@contoso.com", "relay@contoso.com" },
        { "Relay@Contoso.COM", "relay@contoso.com", "relay@contoso.com" },
        { "a+b_c-d.e@f", "a+b_c-d.e@f", "a+b_c-d.e@f" },
        { "@contoso.com", "@contoso.com", "@contoso.com" },
        { "o'brien@f", "o'brien@f", "o%27brien@f" },
        { "100%", "100%", "100%25" },
        { "\xc3\x9c"
          "ber",
          "\xc3\x9c"
          "ber",
          "%C3%9Cber" },
        { "I", "i", "i" },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        struct exo_account account, back;

        assert_int_equal(
            exo_account_set(&account, table[i].in, strlen(table[i].in)), 0);
        assert_string_equal(account.name, table[i].name);
        assert_string_equal(account.file, table[i].file);
        assert_int_equal(
            exo_account_from_file(&back, account.file, strlen(account.file)),
            0);
        assert_string_equal(back.name, table[i].name);
    }
}

static void names_refused(void **state)
{
    /* What no terminal should get, not UTF-8, and what reads as a command. */
    static const char *const bad[] = {
        "q\x9bq@x.test",
        "q\xc2\x9bq@x.test",
        "q\xc2\x85q",
        "q\xe2\x80\xaeq@x.test",
        "q\xe2\x81\xa6q",
        "\xef\xbb\xbfq@x.test",
        "q\xe2\x80\x8bq",
        "q@x.test\xc3",
        "gr\xfc\xdf@x.test",
        "\xed\xa0\x80",
        "x; run: id@x.test",
        "RUN:id",
        "@Run:x",
        /* What is no mailbox. */
        "a b@x.test",
        "\xc2\xa0x@x.test",
        "x\xe2\x80\x83y@x.test",
        "x@x.test\xe3\x80\x80",
        "a@b@x.test",
        "@",
        "x@",
        "@*.x.test",
        "*@x.test",
        "<z@x.test>",
        "'x@x.test'",
        "\"x@x.test\"",
        "x@x.test?subject=x",
        "../../etc/n20",
        "..",
        ".x@x.test",
        "x.@x.test",
        "x..y@x.test",
        "x@.x.test",
        "x@x.test.",
        "x@x..test",
        "fabrikam\\x",
        "x:y@x.test",
        "x,y@x.test",
        "x@[127.0.0.1]",
    };
    struct exo_account account;
    char big[EXO_ACCOUNT_MAX + 2];

    (void)state;
    for (size_t i = 0; i < N_OF(bad); i++) {
        assert_int_equal(exo_account_set(&account, bad[i], strlen(bad[i])),
                         EXO_E_ARG);
        assert_string_equal(account.name, "");
        assert_string_equal(account.file, "");
    }
    assert_int_equal(exo_account_set(&account, "", 0), EXO_E_ARG);
    assert_int_equal(exo_account_set(&account, "a\0b", 3), EXO_E_ARG);
    assert_int_equal(exo_account_set(&account, "a\n", 2), EXO_E_ARG);
    assert_int_equal(exo_account_set(&account, "\x7f", 1), EXO_E_ARG);
    memset(big, 'x', sizeof big);
    assert_int_equal(exo_account_set(&account, big, EXO_ACCOUNT_MAX), 0);
    assert_int_equal(strlen(account.file), EXO_ACCOUNT_MAX);
    assert_int_equal(exo_account_set(&account, big, EXO_ACCOUNT_MAX + 1),
                     EXO_E_TOOBIG);
    assert_string_equal(account.name, "");
    memset(big, '#', sizeof big);
    assert_int_equal(exo_account_set(&account, big, EXO_ACCOUNT_MAX / 3), 0);
    assert_int_equal(exo_account_set(&account, big, EXO_ACCOUNT_MAX / 3 + 1),
                     EXO_E_TOOBIG);
    assert_string_equal(account.file, "");
}

static void domains(void **state)
{
    static const struct {
        const char *name, *domain;
    } table[] = {
        { "a@b.c", "@b.c" },
        { "noat", NULL },
        { "@b.c", NULL },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        struct exo_account account, domain;
        int rc;

        assert_int_equal(
            exo_account_set(&account, table[i].name, strlen(table[i].name)), 0);
        rc = exo_account_domain(&domain, &account);
        assert_int_equal(rc, table[i].domain != NULL ? 0 : EXO_E_NOENT);
        assert_string_equal(domain.name,
                            table[i].domain != NULL ? table[i].domain : "");
    }
}

static void files_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ".a",
        "A",
        "a%20B",
        "a b",
        "%61",
        "%2f",
        "a%2",
        "a%",
        "%zz",
        "a/b",
        "%0A",
        "%00",
        "a%2E",
        "q%9Bq",
        "q%C2%9Bq@x.test",
        "%E2%80%AEq",
        "run%3Aid",
        "x%3B%20run%3A%20id@x.test",
        "sp%20ace@x.test",
        "a@b@x.test",
        "@%2A.x.test",
        "x@",
        "%3Cz@x.test%3E",
        "dot@x.test.",
        "%2E.",
    };

    (void)state;
    for (size_t i = 0; i < N_OF(bad); i++) {
        struct exo_account account;

        assert_int_equal(
            exo_account_from_file(&account, bad[i], strlen(bad[i])), EXO_E_ARG);
        assert_string_equal(account.name, "");
        assert_string_equal(account.file, "");
    }
}

static void servers(void **state)
{
    static const struct {
        const char *list, *host;
        bool allowed;
    } table[] = {
        { "smtp.office365.com", "smtp.office365.com", true },
        { "smtp.office365.com", "SMTP.Office365.com.", true },
        { "SMTP.office365.com.", "smtp.office365.com", true },
        { "a.b smtp.x", "smtp.x", true },
        { "smtp.x", "a.smtp.x", false },
        { "smtp.x", "asmtp.x", false },
        { "*.x.org", "a.x.org", true },
        { "*.x.org", "a.b.X.org", true },
        { "*.x.org", "x.org", false },
        { "*.x.org", ".x.org", false },
        { "*.x.org", ".a.x.org", false },
        { "*.x.org", "ax.org", false },
        { "*.x.org", "a.x.org.evil", false },
        { "*", "a", false },
        { "*", "*", false },
        { "*.", "a.", false },
        { "*.com", "a.com", false },
        { "*.com", "mail.evil.com", false },
        { "*.co.uk", "evil.co.uk", false },
        { "*.1", "10.0.0.1", false },
        { "*.0.0.1", "127.0.0.1", false },
        { "*.*.org", "a.*.org", false },
        { "smtp.x.org:587", "smtp.x.org:587", false },
        { "*.x.org:587", "a.x.org:587", false },
        { "https://x.org/", "https://x.org/", false },
        { "*.com smtp.x.org", "smtp.x.org", true },
        { "127.0.0.1", "127.0.0.1", true },
        { "::1 [::1]", "::1", true },
        { "localhost", "localhost", true },
        { "x", "", false },
        { "x", ".", false },
        { "", "x", false },
        { NULL, "x", false },
        { "x", NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        if (exo_servers_allow(table[i].list, table[i].host) != table[i].allowed)
            print_error("case %zu\n", i);
        assert_int_equal(exo_servers_allow(table[i].list, table[i].host),
                         table[i].allowed);
    }
}

static void server_faults(void **state)
{
    static const struct {
        const char *list, *why;
    } table[] = {
        { "smtp.x.org *.x.org localhost 127.0.0.1 ::1 [fe80::1]", NULL },
        { "a_b.x.org *.a.b.c.example m\xc3\xbcnchen.example", NULL },
        { "*.office365.us *.outlook.cn *.x.co.uk", NULL },
        { "", "is empty" },
        { "  ", "is empty" },
        { "*", "must not be *" },
        { "smtp.x.org *.com", "two labels" },
        { "*.com.", "dot at the end" },
        { "*.localhost", "two labels" },
        { "*.co.uk", "public suffix" },
        { "*.COM.au", "public suffix" },
        { "*.1", "address" },
        { "*.0x0.0x1", "address" },
        { "*.0.0X1", "address" },
        { "*.0.0.1", "address" },
        { "*.", "host names" },
        { "*x.org", "only in front" },
        { "*.*.org", "only in front" },
        { "a.*.org", "only in front" },
        { "smtp.x.org:587", "without a port" },
        { "*.x.org:587", "without a port" },
        { "x:", "without a port" },
        { "[smtp.x.org]:587", "host names" },
        { "[smtp.x.org]", "host names" },
        { "https://smtp.x.org", "not URLs" },
        { "smtp.x.org/", "not URLs" },
        { "smtp.x.org.", "dot at the end" },
        { ".x.org", "empty labels" },
        { "a..b", "empty labels" },
        { "*..org", "empty labels" },
        { "a,b", "separated by blanks" },
        { "a;b", "separated by blanks" },
        { "user@x.org", "separated by blanks" },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        const char *why = exo_servers_fault(table[i].list);

        if (table[i].why == NULL) {
            assert_null(why);
            continue;
        }
        if (why == NULL || strstr(why, table[i].why) == NULL)
            print_error("%s: %s\n", table[i].list, why != NULL ? why : "fine");
        assert_non_null(why);
        assert_non_null(strstr(why, table[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_files), cmocka_unit_test(names_refused),
        cmocka_unit_test(domains),         cmocka_unit_test(files_refused),
        cmocka_unit_test(servers),         cmocka_unit_test(server_faults),
    };

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
