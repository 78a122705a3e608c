/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS against `openssl s_server` with certificates made here: the right CA
 * is believed, another one, the system's and a wrong name are
 * not, nor is an old TLS, and none of them gets the secret.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "exoauth/http.h"

#define ANSWER                                              \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" \
    "Content-Length: 9\r\n\r\n{\"a\": 1}\n"

static char dir[256];
static char keylog[300];
static bool have_openssl;

/* Starts openssl with these arguments in dir. */
static pid_t start(char *const argv[], int in, int out)
{
    pid_t child = fork();

    if (child == 0) {
        int null = open("/dev/null", O_RDWR);

        if (chdir(dir) != 0 || null < 0 || dup2(in < 0 ? null : in, 0) < 0 ||
            dup2(out < 0 ? null : out, 1) < 0 || dup2(null, 2) < 0)
            _exit(126);
        execvp("openssl", argv);
        _exit(127);
    }
    return child;
}

static bool run(char *const argv[])
{
    int status = 0;
    pid_t child = start(argv, -1, -1);

    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

#define RUN(...) run((char *[]){ "openssl", __VA_ARGS__, NULL })

static bool make_ca(char *name, char *key)
{
    return RUN("req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Test CA",
               "-days", "2", "-keyout", key, "-out", name);
}

static bool make_leaf(char *name, char *names, char *days)
{
    return RUN("req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-key",
               "leaf.key", "-subj", "/CN=leaf", "-addext", names, "-addext",
               "basicConstraints=critical,CA:false", "-days", days, "-out",
               name);
}

static int make_files(void **state)
{
    const char *tmp = getenv("TMPDIR");
    FILE *junk;

    (void)state;
    snprintf(dir, sizeof(dir), "%s/exoauth-tls.XXXXXX",
             tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return -1;
    /* Before the first request, when libcurl would look at it. */
    snprintf(keylog, sizeof(keylog), "%s/keylog", dir);
    if (setenv("SSLKEYLOGFILE", keylog, 1) != 0)
        return -1;
    have_openssl = RUN("version");
    if (!have_openssl)
        return 0;
    if (!make_ca("ca.pem", "ca.key") || !make_ca("other.pem", "other.key") ||
        !RUN("genpkey", "-algorithm", "EC", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-out", "leaf.key") ||
        !make_leaf("right.pem", "subjectAltName=IP:127.0.0.1", "2") ||
        !make_leaf("name.pem", "subjectAltName=DNS:other.example", "2"))
        return -1;
    {
        char path[300];

        snprintf(path, sizeof(path), "%s/junk.pem", dir);
        junk = fopen(path, "we");
        if (junk == NULL || fputs("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                  "-----END CERTIFICATE-----\n",
                                  junk) < 0)
            return -1;
        return fclose(junk);
    }
}

static int drop_files(void **state)
{
    static const char *const names[] = { "ca.pem",    "ca.key",   "other.pem",
                                         "other.key", "leaf.key", "right.pem",
                                         "name.pem",  "junk.pem", "keylog" };
    char path[300];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

struct tls_server {
    pid_t child;
    int in;
    FILE *out;
    int port;
};

/* s_server sends what it reads, and prints what it receives. */
static void start_server(struct tls_server *server, char *certificate,
                         char *version)
{
    char *argv[] = { "openssl",  "s_server", "-accept", "127.0.0.1:0",
                     "-naccept", "1",        "-cert",   certificate,
                     "-key",     "leaf.key", "-cipher", "ALL:@SECLEVEL=0",
                     version,    NULL };
    int in[2];
    int out[2];
    char line[256];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server->child = start(argv, in[0], out[1]);
    assert_true(server->child > 0);
    close(in[0]);
    close(out[1]);
    server->in = in[1];
    server->out = fdopen(out[0], "r");
    assert_non_null(server->out);
    server->port = 0;
    while (server->port == 0 && fgets(line, sizeof(line), server->out) != NULL)
        (void)sscanf(line, "ACCEPT 127.0.0.1:%d", &server->port);
    assert_true(server->port > 0);
}

/* True if it received the secret. */
static bool stop_server(struct tls_server *server)
{
    char line[4096];
    bool seen = false;

    close(server->in);
    while (fgets(line, sizeof(line), server->out) != NULL)
        if (strstr(line, "canary") != NULL)
            seen = true;
    fclose(server->out);
    (void)waitpid(server->child, NULL, 0);
    return seen;
}

struct outcome {
    int rc;
    bool seen;
    struct exo_err err;
    struct exo_http_reply reply;
};

static void post(struct outcome *out, char *certificate, char *version,
                 const char *ca)
{
    struct exo_secret form = EXO_SECRET_INIT;
    struct exo_http_way way = { 0 };
    struct tls_server server;
    char url[64];
    char path[300];

    if (!have_openssl) {
        print_message("# SKIP: needs the openssl command\n");
        skip();
    }
    memset(out, 0, sizeof(*out));
    start_server(&server, certificate, version);
    assert_int_equal(write(server.in, ANSWER, sizeof(ANSWER) - 1),
                     sizeof(ANSWER) - 1);
    if (ca != NULL) {
        snprintf(path, sizeof(path), "%s/%s", dir, ca);
        way.ca_file = path;
    }
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/token", server.port);
    assert_int_equal(exo_http_form_add(&form, "client_secret", "canary", 6), 0);
    out->rc = exo_http_post(url, &form, NULL, &way, 0, &out->reply, &out->err);
    /* A server whose certificates were refused unread still waits. */
    if (strstr(out->err.text, "usable certificate") != NULL)
        assert_int_equal(kill(server.child, SIGTERM), 0);
    out->seen = stop_server(&server);
    exo_secret_free(&form);
}

static void refused(struct outcome *out, enum exo_status status,
                    const char *cause, const char *remedy)
{
    assert_int_equal(out->rc, EXO_E_STATUS);
    if (out->err.status != status || strstr(out->err.text, cause) == NULL ||
        strstr(out->err.text, remedy) == NULL)
        print_error("not \"%s\", \"%s\": %s\n", cause, remedy, out->err.text);
    assert_int_equal(out->err.status, status);
    assert_non_null(strstr(out->err.text, cause));
    assert_non_null(strstr(out->err.text, remedy));
    assert_false(out->seen);
    exo_http_reply_free(&out->reply);
}

static void test_right(void **state)
{
    static char *const versions[] = { "-tls1_2", "-tls1_3" };
    struct outcome out;
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        post(&out, "right.pem", versions[i], "ca.pem");
        if (out.rc != 0)
            print_error("%s\n", out.err.text);
        assert_int_equal(out.rc, 0);
        assert_int_equal(out.reply.status, 200);
        assert_string_equal(exo_secret_reveal(&out.reply.body), "{\"a\": 1}\n");
        assert_true(out.seen);
        exo_http_reply_free(&out.reply);
    }
    /* SSLKEYLOGFILE is not obeyed. */
    assert_int_equal(access(keylog, F_OK), -1);
}

static void test_unknown_ca(void **state)
{
    struct outcome out;

    (void)state;
    post(&out, "right.pem", "-tls1_2", "other.pem");
    refused(&out, EXO_STATUS_MISCONFIGURED,
            "certificate of 127.0.0.1 not accepted: ", "/other.pem)");
    post(&out, "right.pem", "-tls1_2", NULL);
    refused(&out, EXO_STATUS_MISCONFIGURED,
            "certificate of 127.0.0.1 not accepted: ", "the system's)");
}

static void test_wrong_name(void **state)
{
    struct outcome out;

    (void)state;
    post(&out, "name.pem", "-tls1_2", "ca.pem");
    refused(&out, EXO_STATUS_MISCONFIGURED,
            "not accepted: ", "; check the name, the clock");
}

static void test_old_tls(void **state)
{
    struct outcome out;

    (void)state;
    post(&out, "right.pem", "-tls1_1", "ca.pem");
    refused(&out, EXO_STATUS_TRANSIENT,
            "no TLS connection to 127.0.0.1: ", "TLS 1.2 or newer");
}

static void test_bad_ca(void **state)
{
    struct outcome out;

    (void)state;
    post(&out, "right.pem", "-tls1_2", "junk.pem");
    refused(&out, EXO_STATUS_MISCONFIGURED, "junk.pem holds no usable",
            "put PEM");
    post(&out, "right.pem", "-tls1_2", "leaf.key");
    refused(&out, EXO_STATUS_MISCONFIGURED, "leaf.key holds no usable",
            "put PEM");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),      cmocka_unit_test(test_unknown_ca),
        cmocka_unit_test(test_wrong_name), cmocka_unit_test(test_old_tls),
        cmocka_unit_test(test_bad_ca),
    };

    return cmocka_run_group_tests(tests, make_files, drop_files);
}
