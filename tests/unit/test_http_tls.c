/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS against `openssl s_server` with certificates made here: the right CA
 * is believed, another one, the system's and a wrong name are
 * not, nor is an old TLS, and none of them gets the secret.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>

#include "exoauth/http.h"
#include "http_server.h"
#include "util.h"
#include "../lib/whole.h"

#define ANSWER                                              \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" \
    "Content-Length: 9\r\n\r\n{\"a\": 1}\n"

static struct place place;

/* Starts openssl with these arguments in place. */
static pid_t start(char *const argv[], int in, int out)
{
    pid_t child = fork();

    if (child == 0) {
        int null = open("/dev/null", O_RDWR);

        if ((place.path[0] != '\0' && chdir(place.path) != 0) || null < 0 ||
            dup2(in < 0 ? null : in, 0) < 0 ||
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
    (void)state;
    place_make(&place);
    put_file(&place, "junk.pem", 0600,
             "-----BEGIN CERTIFICATE-----\nAAAA\n"
             "-----END CERTIFICATE-----\n");
    /* Before the first request, when libcurl would look at it. */
    assert_int_equal(setenv("SSLKEYLOGFILE", place_name(&place, "keylog"), 1),
                     0);
    assert_true(make_ca("ca.pem", "ca.key"));
    assert_true(make_ca("other.pem", "other.key"));
    assert_true(RUN("genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-out", "leaf.key"));
    assert_true(make_leaf("right.pem", "subjectAltName=IP:127.0.0.1", "2"));
    assert_true(make_leaf("name.pem", "subjectAltName=DNS:other.example", "2"));
    /* A system that would still speak TLS 1.1: it must be we who refuse. */
    put_file(&place, "old.cnf", 0600,
             "openssl_conf = all\n[all]\nssl_conf = ssl\n"
             "[ssl]\nsystem_default = old\n"
             "[old]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n");
    assert_int_equal(setenv("OPENSSL_CONF", place_name(&place, "old.cnf"), 1),
                     0);
    return 0;
}

static int drop_files(void **state)
{
    (void)state;
    place_remove(&place);
    return 0;
}

struct tls_server {
    pid_t child;
    pid_t relay;
    int port;
};

/* Reads what the server prints, which is what it received; answers when it
 * has seen the secret, and says so with its exit status. */
static int relay(int in, int out)
{
    char text[16384];
    size_t len = 0;
    bool seen = false;

    for (;;) {
        ssize_t n = read(out, text + len, sizeof(text) - 1 - len);

        if (n <= 0)
            return seen ? 0 : 1;
        len += (size_t)n;
        text[len] = '\0';
        if (!seen && strstr(text, "=canary") != NULL) {
            seen = true;
            if (write(in, ANSWER, sizeof(ANSWER) - 1) < 0)
                return 2;
        }
    }
}

/* s_server sends what it reads, and prints what it receives. */
static void start_server(struct tls_server *server, char *certificate,
                         char *version)
{
    char *argv[] = { "openssl",  "s_server", "-accept", "127.0.0.1:0",
                     "-naccept", "1",        "-cert",   certificate,
                     "-key",     "leaf.key", "-cipher", "ALL:@SECLEVEL=0",
                     version,    NULL };
    char line[4096];
    size_t len = 0;
    int in[2];
    int out[2];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server->child = start(argv, in[0], out[1]);
    assert_true(server->child > 0);
    close(in[0]);
    close(out[1]);
    server->port = 0;
    while (server->port == 0) {
        const char *at;
        ssize_t n = read(out[0], line + len, sizeof(line) - 1 - len);

        assert_true(n > 0);
        len += (size_t)n;
        line[len] = '\0';
        at = strstr(line, "ACCEPT 127.0.0.1:");
        if (at != NULL && strchr(at, '\n') != NULL)
            server->port = atoi(at + strlen("ACCEPT 127.0.0.1:"));
    }
    server->relay = fork();
    assert_true(server->relay >= 0);
    if (server->relay == 0)
        _exit(relay(in[1], out[0]));
    close(in[1]);
    close(out[0]);
}

/* True if it received the secret. */
static bool stop_server(struct tls_server *server)
{
    int status = 0;

    (void)waitpid(server->child, NULL, 0);
    (void)waitpid(server->relay, &status, 0);
    return status == 0;
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

    memset(out, 0, sizeof(*out));
    start_server(&server, certificate, version);
    if (ca != NULL)
        way.ca_file = place_name(&place, ca);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/token", server.port);
    assert_int_equal(exo_http_form_add(&form, "client_secret", "canary", 6), 0);
    out->rc = exo_http_post(url, &form, NULL, &way, 0, &out->reply, &out->err);
    /* A server whose certificates were refused unread still waits. */
    if (strstr(out->err.text, "usable certificate") != NULL)
        assert_int_equal(kill(server.child, SIGTERM), 0);
    out->seen = stop_server(&server);
    exo_secret_free(&form);
}

/* The same through a proxy, which sees where to and nothing else. */
static void test_proxied(void **state)
{
    struct exo_secret form = EXO_SECRET_INIT;
    struct exo_http_reply reply;
    struct exo_http_way way = { .ca_file = place_name(&place, "ca.pem") };
    struct exo_err err = EXO_ERR_INIT;
    struct tls_server server;
    struct http_server proxy;
    char url[64];
    char at[64];

    (void)state;
    start_server(&server, "right.pem", "-tls1_3");
    assert_true(http_server_start(&proxy, HTTP_PROXY, ""));
    proxy.tunnel = "HTTP/1.1 200 Connected\r\nX-Proxy: secret\r\n\r\n";
    proxy.to = server.port;
    (void)snprintf(at, sizeof(at), "http://127.0.0.1:%d", proxy.port);
    way.proxy = at;
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/token", server.port);
    assert_int_equal(exo_http_form_add(&form, "client_secret", "canary", 6), 0);
    assert_int_equal(exo_http_post(url, &form, NULL, &way, 0, &reply, &err), 0);
    assert_string_equal(whole_secret(&reply.body), "{\"a\": 1}\n");
    http_server_stop(&proxy);
    assert_true(stop_server(&server));
    assert_int_equal(proxy.connections, 1);
    assert_int_equal(strncmp(proxy.first, "CONNECT 127.0.0.1:", 18), 0);
    assert_int_equal(proxy.second[0], 0x16); /* a TLS handshake */
    assert_null(strstr(proxy.first, "canary"));
    exo_http_reply_free(&reply);
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
        assert_string_equal(whole_secret(&out.reply.body), "{\"a\": 1}\n");
        assert_true(out.seen);
        exo_http_reply_free(&out.reply);
    }
    /* SSLKEYLOGFILE is not obeyed. */
    assert_int_equal(access(place_name(&place, "keylog"), F_OK), -1);
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
        cmocka_unit_test(test_right),   cmocka_unit_test(test_unknown_ca),
        cmocka_unit_test(test_proxied), cmocka_unit_test(test_wrong_name),
        cmocka_unit_test(test_old_tls), cmocka_unit_test(test_bad_ca),
    };

    if (skip_without_ipv4()) {
        return 0;
    }
    if (!RUN("version")) {
        (void)puts("1..0 # SKIP needs the openssl command");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_files, drop_files);
}
