/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the plugin does to a program that merely loads it: registers one
 * mechanism above PLAIN where there is an account for the process, and
 * nothing, silently, everywhere else.
 */
#include "config.h"

#include "harness.h"

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sasl/saslplug.h>

/* --- by the entry point itself ------------------------------------------- */

static char logged[4096];
static int n_logged;

__attribute__((format(printf, 3, 4))) static void on_log(sasl_conn_t *conn,
                                                         int level,
                                                         const char *fmt, ...)
{
    va_list ap;

    assert_null(conn);
    assert_int_equal(level, SASL_LOG_WARN);
    n_logged++;
    va_start(ap, fmt);
    vsnprintf(logged, sizeof logged, fmt, ap);
    va_end(ap);
}

static int no_callback(sasl_conn_t *conn, unsigned long id,
                       sasl_callback_ft *proc, void **context)
{
    (void)conn;
    (void)id;
    *proc = NULL;
    *context = NULL;
    return SASL_FAIL;
}

static int conf_path(void *context, char **path)
{
    *path = context;
    return SASL_OK;
}

static int conf_path_callback(sasl_conn_t *conn, unsigned long id,
                              sasl_callback_ft *proc, void **context)
{
    static char path[512];

    assert_null(conn);
    assert_int_equal(id, SASL_CB_GETCONFPATH);
    snprintf(path, sizeof path, "%s:%s", world_path("missing"),
             world_path("elsewhere"));
    *proc = (int (*)(void))(void (*)(void))conf_path;
    *context = path;
    return SASL_OK;
}

static sasl_utils_t utils = {
    .getcallback = no_callback, .log = on_log, .malloc = malloc, .free = free
};

static sasl_client_plug_init_t *entry(void)
{
    union {
        void *data;
        sasl_client_plug_init_t *function;
    } symbol;
    void *module =
        dlopen(world_path("plugins/libexoauth.so"), RTLD_NOW | RTLD_LOCAL);

    assert_non_null(module);
    symbol.data = dlsym(module, "sasl_client_plug_init");
    assert_non_null(symbol.data);
    assert_int_equal(dlclose(module), 0); /* it stays: -z nodelete */
    n_logged = 0;
    return symbol.function;
}

/* The number of mechanisms, after checking all else; frees them. */
static int count(void)
{
    sasl_client_plug_t *list = NULL;
    int version = 0, n = -1;

    assert_int_equal(
        entry()(&utils, SASL_CLIENT_PLUG_VERSION, &version, &list, &n),
        SASL_OK);
    assert_int_equal(version, SASL_CLIENT_PLUG_VERSION);
    if (n > 0)
        list->mech_free(list->glob_context, &utils);
    return n;
}

static void contract(void **state)
{
    sasl_client_plug_t *list = NULL;
    int version = 0, n = -1;

    (void)state;
    assert_int_equal(entry()(NULL, 4, &version, &list, &n), SASL_BADPARAM);
    assert_int_equal(entry()(&utils, 4, NULL, &list, &n), SASL_BADPARAM);
    assert_int_equal(entry()(&utils, 4, &version, NULL, &n), SASL_BADPARAM);
    assert_int_equal(entry()(&utils, 4, &version, &list, NULL), SASL_BADPARAM);
    assert_int_equal(entry()(&utils, 3, &version, &list, &n), SASL_BADVERS);
    assert_int_equal(entry()(&utils, 5, &version, &list, &n), SASL_OK);
    assert_int_equal(version, 4);
    assert_int_equal(n, 1);
    assert_string_equal(list->mech_name, "XOAUTH2");
    assert_int_equal(list->max_ssf, 0);
    assert_int_equal(list->security_flags, SASL_SEC_NOANONYMOUS |
                                               SASL_SEC_PASS_CREDENTIALS |
                                               SASL_SEC_NODICTIONARY);
    assert_int_equal(list->features,
                     SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY);
    assert_int_equal(list->required_prompts[0], SASL_CB_AUTHNAME);
    assert_int_equal(list->required_prompts[1], SASL_CB_LIST_END);
    list->mech_free(list->glob_context, &utils);
    assert_int_equal(n_logged, 0);
}

static void second_init_while_the_first_lives(void **state)
{
    sasl_client_plug_t *first = NULL, *second = NULL;
    int version, n;

    (void)state;
    assert_int_equal(entry()(&utils, 4, &version, &first, &n), SASL_OK);
    assert_int_equal(entry()(&utils, 4, &version, &second, &n), SASL_OK);
    assert_ptr_not_equal(first->glob_context, second->glob_context);
    first->mech_free(first->glob_context, &utils);
    assert_string_equal(second->mech_name, "XOAUTH2");
    second->mech_free(second->glob_context, &utils);
}

static void path_of_the_library(void **state)
{
    (void)state;
    /* The path that libsasl2 gives is preferred to the environment's. */
    utils.getcallback = conf_path_callback;
    assert_int_equal(count(), 0);
    assert_int_equal(mkdir(world_path("elsewhere"), 0755), 0);
    assert_int_equal(rename(world_path("conf/exoauth.conf"),
                            world_path("elsewhere/exoauth.conf")),
                     0);
    assert_int_equal(count(), 0);
    assert_int_equal(
        rename(world_path("conf/exoauth.d"), world_path("elsewhere/exoauth.d")),
        0);
    assert_int_equal(count(), 1);
    utils.getcallback = no_callback;
    assert_int_equal(n_logged, 0);
}

/* --- nothing to offer ---------------------------------------------------- */

static void expect_silence(void)
{
    assert_int_equal(count(), 0);
    if (n_logged != 0)
        fail_msg("logged: %s", logged);
}

static void no_account(void **state)
{
    (void)state;
    assert_int_equal(count(), 1);
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    expect_silence();
    world_write(world_path("conf/exoauth.d/.hidden.conf"), 0644, "", 0);
    world_write(world_path("conf/exoauth.d/" ALICE ".conf~"), 0644, "", 0);
    world_write(world_path("conf/exoauth.d/README"), 0644, "", 0);
    world_write(world_path("conf/exoauth.d/.conf"), 0644, "", 0);
    expect_silence();
    world_account("@example.org");
    assert_int_equal(count(), 1);
}

static void no_account_directory(void **state)
{
    (void)state;
    world_conf("account_dir: /nonexistent/accounts\n");
    expect_silence();
}

static void no_configuration(void **state)
{
    (void)state;
    assert_int_equal(unlink(world_path("conf/exoauth.conf")), 0);
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    expect_silence();
    assert_int_equal(rmdir(world_path("conf/exoauth.d")), 0);
    assert_int_equal(rmdir(world_path("conf")), 0);
    expect_silence();
}

static void nothing_for_libsasl2_either(void **state)
{
    struct host host = { 0 };

    (void)state;
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    host_init(NULL);
    assert_null(strstr(host_mechs(), "XOAUTH2"));
    assert_int_equal(host_login(&host), SASL_NOMECH);
    host_end(&host);
}

static bool silent_as_nobody(void *arg)
{
    (void)arg;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return false;
    expect_silence();
    return true;
}

static bool registers_as_nobody(void *arg)
{
    (void)arg;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return false;
    return count() == 1;
}

static void process_that_may_not_enter(void **state)
{
    (void)state;
    assert_true(in_child(registers_as_nobody, NULL));
    assert_int_equal(chmod(world_path("tokens"), 0600), 0);
    assert_true(in_child(silent_as_nobody, NULL));
    assert_int_equal(chmod(world_path("tokens"), 0755), 0);
    assert_int_equal(rmdir(world_path("tokens")), 0);
    assert_true(in_child(silent_as_nobody, NULL));
    if (geteuid() == 0) /* root may make the directory later */
        assert_int_equal(count(), 1);
}

/* An ordinary user with a configuration of its own. */
static void accounts_of_a_user(void **state)
{
    (void)state;
    assert_int_equal(rmdir(world_path("tokens")), 0);
    assert_true(in_child(silent_as_nobody, NULL));
    setenv("XDG_CONFIG_HOME", world_path("xdg"), 1);
    setenv("HOME", world_dir(), 1);
    assert_int_equal(mkdir(world_path("xdg"), 0755), 0);
    assert_int_equal(mkdir(world_path("xdg/exoauth"), 0755), 0);
    assert_int_equal(mkdir(world_path("xdg/exoauth/exoauth.d"), 0755), 0);
    world_write(world_path("xdg/exoauth/exoauth.conf"), 0644, "", 0);
    assert_true(in_child(silent_as_nobody, NULL));
    world_write(world_path("xdg/exoauth/exoauth.d/" ALICE ".conf"), 0644, "",
                0);
    assert_true(in_child(registers_as_nobody, NULL));
    unsetenv("XDG_CONFIG_HOME");
    assert_true(in_child(silent_as_nobody, NULL));
    unsetenv("HOME");
}

/* --- configuration that is broken ---------------------------------------- */

static void expect_one_warning(void)
{
    assert_int_equal(count(), 0);
    assert_int_equal(n_logged, 1);
    if (strstr(logged, world_path("conf/exoauth.conf")) == NULL ||
        strchr(logged, '\n') != NULL)
        fail_msg("logged: %s", logged);
}

static void broken_configuration(void **state)
{
    static const char binary[] = "timeout: \0\1\2\377\n";
    char *huge = long_token(70000);
    const char *conf = world_path("conf/exoauth.conf");

    (void)state;
    world_write(conf, 0644, "no colon\n", 9);
    expect_one_warning();
    world_write(conf, 0644, "timeout: 5\ntimeout: 6\n", 22);
    expect_one_warning();
    world_write(conf, 0644, "timeout: soon\n", 14);
    expect_one_warning();
    world_write(conf, 0644, "mechanisms: plain\n", 18);
    expect_one_warning();
    world_write(conf, 0644, binary, sizeof binary - 1);
    expect_one_warning();
    world_write(conf, 0644, huge, 70000);
    expect_one_warning();
    world_write(conf, 0664, "", 0);
    expect_one_warning();
    world_write(conf, 0646, "", 0);
    expect_one_warning();
    assert_int_equal(unlink(conf), 0);
    assert_int_equal(symlink("/nonexistent", conf), 0);
    expect_one_warning();
    assert_int_equal(unlink(conf), 0);
    assert_int_equal(mkfifo(conf, 0644), 0);
    expect_one_warning();
    assert_int_equal(unlink(conf), 0);
    assert_int_equal(mkdir(conf, 0755), 0);
    expect_one_warning();
    assert_int_equal(rmdir(conf), 0);
    free(huge);
}

static bool warned_as_nobody(void *arg)
{
    (void)arg;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return false;
    expect_one_warning();
    return true;
}

static void unreadable_configuration(void **state)
{
    (void)state;
    assert_int_equal(chmod(world_path("conf/exoauth.conf"), 0), 0);
    assert_true(in_child(warned_as_nobody, NULL));
}

static void configuration_of_a_stranger(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        say_skipped("only root can give a file away");
        return;
    }
    assert_int_equal(chown(world_path("conf/exoauth.conf"), 12345, 12345), 0);
    expect_one_warning();
}

static void unknown_key_is_no_error(void **state)
{
    (void)state;
    world_conf("novelty: 1\n");
    assert_int_equal(count(), 1);
    assert_int_equal(n_logged, 0);
}

/* --- among others -------------------------------------------------------- */

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
    struct host host = { .mechlist = "LOGIN PLAIN XOAUTH2",
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
    if (strstr(list, "XOAUTH2") > strstr(list, "PLAIN") ||
        strstr(list, "XOAUTH2") > strstr(list, "LOGIN"))
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

/* A sanitizer has a heap of its own, and looks for leaks itself. */
#if defined(__SANITIZE_ADDRESS__)
#define WATCHED true
#elif defined(__has_feature)
#define WATCHED __has_feature(address_sanitizer)
#else
#define WATCHED false
#endif

/* --- again and again ----------------------------------------------------- */

static size_t n_fds(void)
{
    DIR *fds = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(fds);
    while (readdir(fds) != NULL)
        n++;
    closedir(fds);
    return n;
}

static long rss_kb(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long size = 0, rss = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &size, &rss), 2);
    fclose(f);
    return rss * (sysconf(_SC_PAGESIZE) / 1024);
}

static void cycle(bool login)
{
    host_init(NULL);
    if (login) {
        struct host host = { 0 };
        struct host torn = { .give_name = GIVE_PROMPT, .leave_prompts = true };

        assert_int_equal(host_login(&host), SASL_CONTINUE);
        host_end(&host);
        assert_int_equal(host_login(&torn), SASL_INTERACT);
        host_end(&torn);
    }
    sasl_done();
}

static void many_cycles(void **state)
{
    int n = under_valgrind() ? 100 : 10000;
    size_t fds, heap;
    long rss;

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    for (int i = 0; i < 20; i++)
        cycle(true);
    fds = n_fds();
    heap = mallinfo2().uordblks;
    rss = rss_kb();
    for (int i = 0; i < n; i++)
        cycle(i % 10 == 0);
    assert_int_equal(n_fds(), fds);
    if (!WATCHED && !under_valgrind()) {
        /* Some slack, as the C library keeps a little of its own. */
        assert_in_range(mallinfo2().uordblks, 0, heap + 4096);
        assert_in_range(rss_kb(), 0, rss + 512);
    }
    host_init(NULL);
}

static void stays_mapped(void **state)
{
    char line[1024];
    bool found = false;
    FILE *maps;

    (void)state;
    cycle(false);
    maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (!found && fgets(line, sizeof line, maps) != NULL)
        found = strstr(line, "libexoauth.so") != NULL;
    fclose(maps);
    assert_true(found);
    host_init(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(contract),
        TEST(second_init_while_the_first_lives),
        TEST(path_of_the_library),
        TEST(no_account),
        TEST(no_account_directory),
        TEST(no_configuration),
        TEST(nothing_for_libsasl2_either),
        TEST(process_that_may_not_enter),
        TEST(accounts_of_a_user),
        TEST(broken_configuration),
        TEST(unreadable_configuration),
        TEST(configuration_of_a_stranger),
        TEST(unknown_key_is_no_error),
        TEST(ranks_above_passwords),
        TEST(leaves_passwords_alone),
        TEST(security_flags),
        TEST(layers),
        TEST(many_cycles),
        TEST(stays_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
