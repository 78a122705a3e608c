/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a Postfix, which is a script here that says what postconf says.
 */
#include "config.h"

#include "util.h"

#include "helper/postfix/postfix.h"
#include "../lib/whole.h"

static const char script[] =
    "#!/bin/sh\n"
    "dir=/etc/postfix\n"
    "[ \"$2\" = -c ] && dir=$3\n"
    "case $1 in\n"
    "-x) echo \"config_directory = $dir\"\n"
    "    echo 'compatibility_level = 3.6'\n"
    "    echo 'relayhost ='\n"
    "    echo 'import_environment = TZ XSASL_PATH=/no SASL_PATH=/a:/b LANG=C'\n"
    "    echo 'mynetworks = 127.0.0.0/8 [::1]/128' ;;\n"
    "-n) echo 'postconf: warning: unused parameter: a=b' >&2\n"
    "    echo 'relayhost =' ; echo 'mynetworks = $a = b' ;;\n"
    "-P) echo 'relay/unix/syslog_name = x' ;;\n"
    "-M) echo 'smtp       inet  n - y - - smtpd'\n"
    "    echo 'smtp       unix  -       -       y  -  -  smtp'\n"
    "    echo 'relay unix - - - - - smtp -o syslog_name=x  -o b=c'\n"
    "    echo 'exoauth unix - n n - 100 spawn user=e argv=/p serve' ;;\n"
    "esac\n";

static void write_script(const char *text)
{
    char path[512];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/postconf", getenv("PATH"));
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
    static char dir[] = "/tmp/exo-postfix.XXXXXX";

    (void)state;
    if (!mkdtemp(dir)) {
        return -1;
    }
    return setenv("PATH", dir, 1);
}

static int tear_down(void **state)
{
    char path[512];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/postconf", getenv("PATH"));
    (void)unlink(path);
    return rmdir(getenv("PATH"));
}

static void values(void **state)
{
    struct exo_buf value = EXO_BUF_INIT(64);
    struct exo_err err = EXO_ERR_INIT;
    struct exo_postfix *p;

    (void)state;
    write_script(script);
    assert_int_equal(exo_postfix_open(&p, NULL, &err), 0);
    assert_string_equal(p->config_dir, "/etc/postfix");
    assert_string_equal(exo_postfix_get(p, "relayhost"), "");
    assert_string_equal(exo_postfix_get(p, "nothing"), "");
    assert_string_equal(exo_postfix_get(p, "mynetworks"),
                        "127.0.0.0/8 [::1]/128");
    assert_string_equal(exo_postfix_said(p, "mynetworks"), "$a = b");
    assert_string_equal(exo_postfix_said(p, "relayhost"), "");
    assert_null(exo_postfix_said(p, "compatibility_level"));
    assert_true(exo_postfix_import(p, "SASL_PATH", &value));
    assert_string_equal(whole_text(&value), "/a:/b");
    assert_false(exo_postfix_import(p, "TZ", &value));
    exo_buf_free(&value);
    exo_postfix_close(p);
}

static void services(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    const struct exo_postfix_service *s;
    struct exo_postfix *p;

    (void)state;
    write_script(script);
    assert_int_equal(exo_postfix_open(&p, "/etc/postfix-out//", &err), 0);
    assert_string_equal(p->config_dir, "/etc/postfix-out");
    assert_string_equal(exo_postfix_get(p, "config_directory"),
                        "/etc/postfix-out");
    assert_int_equal(p->n_services, 4);
    s = exo_postfix_find(p, "smtp", "unix");
    assert_non_null(s);
    assert_true(s->chroot);
    assert_true(exo_postfix_is_client(s));
    assert_string_equal(s->args, "");
    assert_string_equal(s->line, "smtp unix - - y - - smtp");
    s = exo_postfix_find(p, "relay", "unix");
    assert_false(s->chroot); /* "-" since Postfix 3.0 */
    assert_string_equal(exo_postfix_override(p, s, "syslog_name"), "x");
    assert_null(exo_postfix_override(p, s, "b"));
    s = exo_postfix_find(p, "exoauth", "unix");
    assert_false(exo_postfix_is_client(s));
    assert_false(s->unprivileged);
    assert_string_equal(s->max, "100");
    assert_string_equal(s->args, "user=e argv=/p serve");
    assert_null(exo_postfix_find(p, "lmtp", "unix"));
    exo_postfix_close(p);
}

static void refusals(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_postfix *p;

    (void)state;
    write_script("#!/bin/sh\necho 'postconf: warning: a' >&2\n"
                 "echo 'postconf: fatal: main.cf, line 6: b' >&2\nexit 1\n");
    assert_int_equal(exo_postfix_open(&p, NULL, &err), EXO_E_STATUS);
    assert_null(p);
    assert_int_equal(err.status, EXO_STATUS_MISCONFIGURED);
    assert_non_null(strstr(err.text, ": main.cf, line 6: b; correct"));
    assert_null(strstr(err.text, "warning"));
    assert_int_equal(exo_postfix_open(&p, "relative", &err), EXO_E_STATUS);
    assert_int_equal(err.status, EXO_STATUS_USAGE);
}

static void words(void **state)
{
    (void)state;
    assert_true(
        exo_postfix_has_word("noplaintext, noanonymous", "NoPlaintext"));
    assert_true(exo_postfix_has_word("a,b", "b"));
    assert_false(exo_postfix_has_word("noplaintexts", "noplaintext"));
    assert_false(exo_postfix_has_word("", "a"));
    assert_false(exo_postfix_has_word(" ,", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(services),
        cmocka_unit_test(refusals),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
