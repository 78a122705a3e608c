/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What doctor makes of things that a test cannot have on its host: SELinux,
 * by a directory and a log in its place; and of access tokens of every shape.
 */
#include "config.h"

#include "util.h"

#include "exoauth/base64.h"
#include "helper/doctor/doctor.h"
#include "helper/doctor/doctor_claims.h"

#define NOW 1795000000
#define DENIED                                                             \
    "type=AVC msg=audit(%d.123:45): avc:  denied  { %s } for  pid=7 comm=" \
    "\"%s\" name=\"tokens\" scontext=system_u:system_r:%s:s0 "             \
    "tcontext=system_u:object_r:var_run_t:s0 tclass=dir\n"

static char dir[] = "/tmp/exo-doctor.XXXXXX";
static char enforce[64], audit_log[64];

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(enforce, sizeof(enforce), "%s/enforce", dir);
    (void)snprintf(audit_log, sizeof(audit_log), "%s/audit.log", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(enforce);
    (void)unlink(audit_log);
    return rmdir(dir);
}

/* The one finding. */
static void look(enum exo_level level, const char *part)
{
    struct exo_doctor d;

    memset(&d, 0, sizeof(d));
    d.check = "selinux";
    exo_selinux_look(&d, dir, audit_log, NOW);
    assert_int_equal(d.n, 1);
    if (!strstr(d.finding[0].text, part)) {
        fail_msg("%s\nhas not: %s", d.finding[0].text, part);
    }
    assert_int_equal(d.finding[0].level, level);
    free(d.finding);
}

static void selinux_modes(void **state)
{
    (void)state;
    look(EXO_LEVEL_OK, "is not there");
    put(enforce, "0");
    look(EXO_LEVEL_OK, "does not enforce");
    put(enforce, "1");
    look(EXO_LEVEL_SKIPPED, "not checked: there is no ");
    put(audit_log, "");
    look(EXO_LEVEL_OK, "denied nothing of exoauth's in the last day");
}

static void selinux_denials(void **state)
{
    char text[2048];

    (void)state;
    put(enforce, "1");
    (void)snprintf(text, sizeof(text), DENIED DENIED DENIED, NOW - 90000,
                   "read", "exoauth", "exoauth_t", NOW - 10, "read", "httpd",
                   "httpd_t", NOW - 10, "read", "smtp", "postfix_master_t");
    put(audit_log, text);
    look(EXO_LEVEL_OK, "denied nothing of exoauth's in the last day");
    (void)snprintf(text, sizeof(text), DENIED DENIED "type=AVC", NOW - 80000,
                   "read", "exoauth", "exoauth_t", NOW - 10, "search", "smtp",
                   "postfix_smtp_t");
    put(audit_log, text);
    look(EXO_LEVEL_FAILURE, "2 times in the last day, last smtp on tokens; ");
    if (geteuid() != 0) {
        assert_int_equal(chmod(audit_log, 0), 0);
        look(EXO_LEVEL_SKIPPED, "not checked: needs root");
        assert_int_equal(chmod(audit_log, 0600), 0);
    }
}

/* Claims of a token with that payload. */
static int claims_of(struct exo_claims *claims, const char *payload)
{
    struct exo_buf token = EXO_BUF_INIT(65536);
    int rc;

    exo_buf_str(&token, "e30.");
    assert_int_equal(exo_base64url(&token, payload, strlen(payload)), 0);
    exo_buf_str(&token, ".sig");
    rc = exo_claims_read(claims, token.data, token.len);
    exo_buf_free(&token);
    return rc;
}

static void claims_are_shown(void **state)
{
    struct exo_claims c;

    (void)state;
    assert_int_equal(claims_of(&c, "{\"aud\":\"a\",\"scp\":\"x y\",\"roles\":["
                                   "\"r1\",\"r2\"],\"upn\":\"u@d\",\"email\":"
                                   "\"e@d\",\"appid\":\"id\"}"),
                     0);
    assert_string_equal(c.audience, "a");
    assert_string_equal(c.scopes, "x y");
    assert_string_equal(c.roles, "r1 r2");
    assert_string_equal(c.mailbox, "u@d");
    assert_string_equal(c.client, "id");
    assert_int_equal(claims_of(&c, "{\"scope\":[\"x\",\"y\"],\"azp\":\"id\"}"),
                     0);
    assert_string_equal(c.scopes, "x y");
    assert_string_equal(c.client, "id");
    assert_string_equal(c.audience, "");
}

static void claims_are_cleaned(void **state)
{
    struct exo_claims c;
    char payload[8192];
    char *p = payload;

    (void)state;
    assert_int_equal(claims_of(&c, "{\"aud\":\"\\u001b[2J\\nx\"}"), 0);
    assert_string_equal(c.audience, "?[2J?x");
    p += sprintf(p, "{\"roles\":[");
    for (int i = 0; i < 500; i++) {
        p += sprintf(p, "\"role%04d\",", i);
    }
    (void)sprintf(p, "\"last\"]}");
    assert_int_equal(claims_of(&c, payload), 0);
    assert_true(strlen(c.roles) < sizeof(c.roles));
    assert_int_equal(claims_of(&c, "{\"aud\":[1,{},null,\"a\"],\"upn\":7}"), 0);
    assert_string_equal(c.audience, "a");
    assert_string_equal(c.mailbox, "");
}

static void others_cannot_be_looked_into(void **state)
{
    static const char *const tokens[] = {
        "",      ".",     "..",      "...",       "a.b",         "opaque",
        "a.*.b", "a.=.b", "e30.e30", "a.b.c.d.e", "e30.W10.sig", "e30.Ing.x",
    };
    struct exo_claims c;

    (void)state;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        if (exo_claims_read(&c, tokens[i], strlen(tokens[i])) != EXO_E_SYNTAX) {
            fail_msg("%s", tokens[i]);
        }
        assert_string_equal(c.audience, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selinux_modes),
        cmocka_unit_test(selinux_denials),
        cmocka_unit_test(claims_are_shown),
        cmocka_unit_test(claims_are_cleaned),
        cmocka_unit_test(others_cannot_be_looked_into),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
