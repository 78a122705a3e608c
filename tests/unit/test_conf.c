/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which exoauth.conf is in force, and what it says. The tests run the same
 * as root and as an ordinary user: what differs for root runs in a child
 * that has become nobody, as this program itself may be either.
 */
#include "config.h"

#include "exoauth/conf.h"

#include <grp.h>
#include <sys/wait.h>

#include "exoauth/log.h"
#include "util.h"

/* Runs check in a child that is no longer root; 0 if it returned true. */
static int as_user(bool (*check)(const struct place *), struct place *place)
{
    int status;
    pid_t pid;

    if (geteuid() == 0)
        assert_int_equal(fchown(place->fd, NOBODY, NOBODY), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) != 0 ||
                               setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(2);
        _exit(check(place) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (geteuid() == 0)
        assert_int_equal(fchown(place->fd, 0, 0), 0);
    return status;
}

static bool finds(const char *explicit_file, const char *sasl_path,
                  const char *want, bool want_user)
{
    char *path;
    bool user, ok;

    if (exo_conf_find(explicit_file, sasl_path, &path, &user) != EXO_OK)
        return false;
    ok = strcmp(path, want) == 0 && user == want_user;
    if (!ok)
        print_error("found %s, wanted %s\n", path, want);
    free(path);
    return ok;
}

static void in_the_sasl_path(void **state)
{
    struct place *place = *state;
    char list[1200], want[600], cwd[512];

    assert_int_equal(mkdirat(place->fd, "a", 0755), 0);
    assert_int_equal(mkdirat(place->fd, "b", 0755), 0);
    assert_int_equal(mkdirat(place->fd, "c", 0755), 0);
    (void)snprintf(list, sizeof list, ":%s/a::%s/b:%s/c:", place->path,
                   place->path, place->path);
    assert_int_equal(unsetenv("HOME"), 0);

    (void)snprintf(want, sizeof want, "%s/a/exoauth.conf", place->path);
    assert_true(finds(NULL, list, want, false));
    put_file(place, "c/exoauth.conf", 0644, "");
    (void)snprintf(want, sizeof want, "%s/c/exoauth.conf", place->path);
    assert_true(finds(NULL, list, want, false));
    /* A dangling link is there, and will be an error. */
    assert_int_equal(symlinkat("x", place->fd, "b/exoauth.conf"), 0);
    (void)snprintf(want, sizeof want, "%s/b/exoauth.conf", place->path);
    assert_true(finds(NULL, list, want, false));

    /* By the environment, and explicitly. */
    assert_int_equal(setenv("SASL_CONF_PATH", list, 1), 0);
    assert_string_equal(exo_conf_sasl_path(), list);
    assert_true(finds(NULL, NULL, want, false));
    assert_int_equal(setenv("SASL_CONF_PATH", "", 1), 0);
    assert_string_not_equal(exo_conf_sasl_path(), "");
    assert_int_equal(unsetenv("SASL_CONF_PATH"), 0);
    assert_true(exo_conf_sasl_path()[0] == '/');
    assert_true(finds("/else/where.conf", list, "/else/where.conf", false));
    assert_non_null(getcwd(cwd, sizeof cwd));
    (void)snprintf(want, sizeof want, "%s/here.conf", cwd);
    assert_true(finds("here.conf", list, want, false));
    (void)snprintf(want, sizeof want, "%s/rel/exoauth.conf", cwd);
    assert_true(finds(NULL, "rel", want, false));
}

static bool user_check(const struct place *place)
{
    char dir[512], file[600], list[600];
    char *path;
    bool ok;

    (void)snprintf(list, sizeof list, "%s/sys", place->path);
    if (setenv("HOME", place->path, 1) != 0 ||
        unsetenv("XDG_CONFIG_HOME") != 0)
        return false;
    (void)snprintf(file, sizeof file, "%s/.config/exoauth/exoauth.conf",
                   place->path);
    path = exo_conf_user_file();
    ok = path != NULL && strcmp(path, file) == 0;
    free(path);
    /* It is in force only where it exists ... */
    (void)snprintf(dir, sizeof dir, "%s/sys/exoauth.conf", place->path);
    ok = ok && finds(NULL, list, dir, false);
    /* ... but a helper that is told its name knows whose it is. */
    ok = ok && finds(file, list, file, true);
    (void)snprintf(dir, sizeof dir, "%s/.config", place->path);
    ok = ok && mkdir(dir, 0755) == 0;
    (void)snprintf(dir, sizeof dir, "%s/.config/exoauth", place->path);
    ok = ok && mkdir(dir, 0755) == 0;
    put_file(place, ".config/exoauth/exoauth.conf", 0644, "");
    ok = ok && finds(NULL, list, file, true);

    (void)setenv("XDG_CONFIG_HOME", "relative", 1);
    ok = ok && finds(NULL, list, file, true);
    (void)setenv("XDG_CONFIG_HOME", "/xdg", 1);
    path = exo_conf_user_file();
    ok = ok && path != NULL &&
         strcmp(path, "/xdg/exoauth/exoauth.conf") == 0;
    free(path);
    (void)setenv("HOME", "relative", 1);
    ok = ok && exo_conf_user_file() == NULL;
    (void)unsetenv("HOME");
    return ok && exo_conf_user_file() == NULL;
}

static void the_users_own(void **state)
{
    assert_int_equal(as_user(user_check, *state), 0);
}

static void root_has_none(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        say_skipped("not root");
        return;
    }
    assert_int_equal(setenv("HOME", "/root", 1), 0);
    assert_null(exo_conf_user_file());
}

static bool secure_check(const struct place *place)
{
    (void)place;
    return !exo_conf_secure_mode();
}

static void secure_mode(void **state)
{
    int status;
    pid_t pid;

    assert_int_equal(as_user(secure_check, *state), 0);
    if (geteuid() != 0) {
        say_skipped("only root can become set-id in a test");
        return;
    }
    for (int group = 0; group < 2; group++) {
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            bool ok = setenv("HOME", "/home/x", 1) == 0 &&
                      setenv("SASL_CONF_PATH", "/evil", 1) == 0 &&
                      (group ? setegid(NOBODY) : seteuid(NOBODY)) == 0 &&
                      exo_conf_secure_mode() && exo_conf_user_file() == NULL &&
                      strcmp(exo_conf_sasl_path(), "/evil") != 0;

            _exit(ok ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

/* ---- loading ------------------------------------------------------------ */

static struct exo_conf *load(const struct place *place, const char *text,
                             bool user, struct exo_err *err)
{
    struct exo_conf *conf = (struct exo_conf *)1;
    int rc;

    put_file(place, "exoauth.conf", 0644, text);
    rc = exo_conf_load(&conf, place_name(place, "exoauth.conf"), user,
                       "/usr/bin/exoauth", err);
    assert_int_equal(rc, conf != NULL ? EXO_OK : EXO_E_STATUS);
    return conf;
}

static void defaults(void **state)
{
    struct place *place = *state;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf;

    assert_int_equal(exo_conf_load(&conf, place_name(place, "none.conf"),
                                   false, "/usr/bin/exoauth", &err),
                     EXO_OK);
    assert_false(conf->present);
    assert_int_equal(conf->block.n, 0);
    exo_conf_free(conf);

    conf = load(place, "", false, &err);
    assert_non_null(conf);
    assert_true(conf->present);
    assert_false(conf->user);
    assert_string_equal(conf->path, place_name(place, "exoauth.conf"));
    assert_string_equal(conf->account_dir, place_name(place, "exoauth.d"));
    assert_string_equal(conf->key_file, place_name(place, "exoauth.key"));
    assert_string_equal(conf->store, "file:/var/lib/exoauth");
    assert_string_equal(conf->token_dir, "/run/exoauth/tokens");
    assert_string_equal(conf->chroot, "");
    assert_string_equal(conf->token_group, "");
    assert_string_equal(conf->run_as, "exoauth");
    assert_string_equal(conf->socket, "/run/exoauth/socket /private/exoauth "
                                      "/var/spool/postfix/private/exoauth");
    assert_string_equal(conf->helper, "/usr/bin/exoauth");
    assert_string_equal(conf->mechanisms, "xoauth2");
    assert_string_equal(conf->proxy, "");
    assert_string_equal(conf->proxy_auth_file, "");
    assert_string_equal(conf->ca_file, "");
    assert_string_equal(conf->log, "");
    assert_int_equal(conf->timeout, 20);
    assert_int_equal(conf->refresh_margin, 600);
    assert_int_equal(conf->log_level, EXO_LOG_NOTICE);
    exo_conf_free(conf);
}

static void users_defaults(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf;

    assert_int_equal(setenv("HOME", "/home/alice", 1), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    conf = load(*state, "run_as: bob\nhelper: ~/bin/x\nchroot: ~/a /b\n"
                        "ca_file: ~/ca.pem\nlog: ~/log\n", true, &err);
    assert_non_null(conf);
    assert_true(conf->user);
    assert_string_equal(conf->store,
                        "file:/home/alice/.local/state/exoauth/store");
    assert_string_equal(conf->token_dir,
                        "/home/alice/.local/state/exoauth/tokens");
    assert_string_equal(conf->socket, "");
    assert_string_equal(conf->run_as, "");
    assert_string_equal(conf->helper, "/home/alice/bin/x");
    assert_string_equal(conf->chroot, "/home/alice/a /b");
    assert_string_equal(conf->ca_file, "/home/alice/ca.pem");
    assert_string_equal(conf->log, "/home/alice/log");
    exo_conf_free(conf);

    assert_int_equal(setenv("XDG_STATE_HOME", "/state", 1), 0);
    conf = load(*state, "store: file:~/s\nsocket: ~/sock\n", true, &err);
    assert_non_null(conf);
    assert_string_equal(conf->store, "file:/home/alice/s");
    assert_string_equal(conf->token_dir, "/state/exoauth/tokens");
    assert_string_equal(conf->socket, "/home/alice/sock");
    exo_conf_free(conf);

    assert_int_equal(unsetenv("HOME"), 0);
    assert_null(load(*state, "", true, &err));
    assert_non_null(strstr(err.text, "HOME"));
}

static void all_keys(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf = load(
        *state,
        "account_dir: /acc\nstore: etcd:https://x\ntoken_dir: /tok\n"
        "chroot: none\ntoken_group: mail\nrun_as: other\n"
        "socket:  /a   /b \nhelper: none\ntimeout: 600\n"
        "mechanisms: XOAUTH2\ninitial_response: yes\nrefresh_margin: 0\n"
        "proxy: http://proxy:3128\nproxy_auth_file: /p\nca_file: /c\n"
        "key_file: /k\nlog: stderr\nlog_level: debug\non_event: /e\n"
        "status_file: /s\ntenant: contoso.com\nunknown: thing\n",
        false, &err);

    assert_non_null(conf);
    assert_string_equal(conf->account_dir, "/acc");
    assert_string_equal(conf->store, "etcd:https://x");
    assert_string_equal(conf->token_dir, "/tok");
    assert_string_equal(conf->chroot, "");
    assert_string_equal(conf->token_group, "mail");
    assert_string_equal(conf->run_as, "other");
    assert_string_equal(conf->socket, "/a /b");
    assert_string_equal(conf->helper, "");
    assert_int_equal(conf->timeout, 600);
    assert_string_equal(conf->mechanisms, "xoauth2");
    assert_int_equal(conf->refresh_margin, 0);
    assert_string_equal(conf->proxy, "http://proxy:3128");
    assert_string_equal(conf->proxy_auth_file, "/p");
    assert_string_equal(conf->ca_file, "/c");
    assert_string_equal(conf->key_file, "/k");
    assert_string_equal(conf->log, "stderr");
    assert_int_equal(conf->log_level, EXO_LOG_DEBUG);
    assert_string_equal(exo_block_get(&conf->block, "tenant"), "contoso.com");
    for (size_t i = 0; i < conf->block.n; i++) {
        const char *key = conf->block.pair[i].key;

        assert_int_equal(exo_conf_is_system_key(key), i < 20);
        assert_int_equal(exo_conf_is_account_key(key), i == 20);
    }
    exo_conf_free(conf);
}

static void nones(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf = load(*state,
                                 "socket: none\nproxy: none\ntoken_group: "
                                 "none\nca_file: none\nproxy_auth_file: none\n"
                                 "log: syslog\n",
                                 false, &err);

    assert_non_null(conf);
    assert_string_equal(conf->socket, "");
    assert_string_equal(conf->proxy, "");
    assert_string_equal(conf->token_group, "");
    assert_string_equal(conf->ca_file, "");
    assert_string_equal(conf->proxy_auth_file, "");
    assert_string_equal(conf->log, "syslog");
    exo_conf_free(conf);
}

static void mistakes(void **state)
{
    static const struct {
        const char *line, *in_text;
    } table[] = {
        { "account_dir: rel", "absolute" },
        { "account_dir: none", "absolute" },
        { "account_dir: ~/x", "absolute" }, /* only in a user's own file */
        { "account_dir:", "no value" },
        { "store: /var/lib/x", "file:" },
        { "store: file:x", "file:" },
        { "store: file:", "file:" },
        { "store: :x", "file:" },
        { "token_dir: x", "absolute" },
        { "chroot: /a b", "absolute" },
        { "socket: /a none", "absolute" },
        { "helper: exoauth", "absolute" },
        { "token_group: a b", "one name" },
        { "run_as: a/b", "one name" },
        { "timeout: 0", "1 to 600" },
        { "timeout: 601", "1 to 600" },
        { "timeout: ten", "1 to 600" },
        { "timeout:", "1 to 600" },
        { "refresh_margin: 86401", "0 to 86400" },
        { "log_level: loud", "debug" },
        { "log: file", "syslog" },
        { "mechanisms: xoauth2 oauthbearer", "not supported by this version" },
        { "mechanisms: OAUTHBEARER", "not supported by this version" },
        { "mechanisms: plain", "only xoauth2" },
        { "mechanisms: none", "only xoauth2" },
        { "initial_response: no", "not supported by this version" },
        { "initial_response: perhaps", "yes or no" },
        { "proxy: http://u:p@h:1", "proxy_auth_file" },
        { "key_file: k", "absolute" },
    };

    assert_int_equal(setenv("HOME", "/home/alice", 1), 0);
    for (size_t i = 0; i < N_OF(table); i++) {
        struct exo_err err = EXO_ERR_INIT;
        char text[200], where[400], key[40];

        (void)snprintf(text, sizeof text, "# one\nx: y\n%s\n", table[i].line);
        assert_null(load(*state, text, false, &err));
        assert_int_equal(err.status, EXO_STATUS_MISCONFIGURED);
        (void)snprintf(key, sizeof key, "%.*s",
                       (int)strcspn(table[i].line, ":"), table[i].line);
        (void)snprintf(where, sizeof where, "%s/exoauth.conf:3: %s: ",
                       ((struct place *)*state)->path, key);
        if (strncmp(err.text, where, strlen(where)) != 0 ||
            strstr(err.text, table[i].in_text) == NULL)
            print_error("%s -> %s\n", table[i].line, err.text);
        assert_int_equal(strncmp(err.text, where, strlen(where)), 0);
        assert_non_null(strstr(err.text, table[i].in_text));
    }
}

static void broken_files(void **state)
{
    struct place *place = *state;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf;
    static char big[EXO_BLOCK_SIZE + 2];

    assert_null(load(place, "a: b\na: c\n", false, &err));
    assert_non_null(strstr(err.text, "exoauth.conf:2: a key given twice"));
    assert_null(load(place, "a: b\r\n", false, &err));
    assert_non_null(strstr(err.text, "CR LF"));
    memset(big, '#', sizeof big - 1);
    assert_null(load(place, big, false, &err));
    assert_non_null(strstr(err.text, "too large"));

    put_file(place, "exoauth.conf", 0664, "");
    assert_int_equal(exo_conf_load(&conf, place_name(place, "exoauth.conf"),
                                   false, "", &err),
                     EXO_E_STATUS);
    assert_non_null(strstr(err.text, "writable by group"));
    assert_int_equal(symlinkat("nowhere", place->fd, "dangling"), 0);
    assert_int_equal(exo_conf_load(&conf, place_name(place, "dangling"), false,
                                   "", &err),
                     EXO_E_STATUS);
    assert_non_null(strstr(err.text, "does not exist"));
    assert_int_equal(exo_conf_load(&conf, place->path, false, "", &err),
                     EXO_E_STATUS);
    assert_int_equal(exo_conf_load(&conf, "relative", false, "", &err),
                     EXO_E_STATUS);
    assert_null(conf);
    exo_conf_free(NULL);
}

static bool unreadable_check(const struct place *place)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf;

    /* A directory that cannot be looked into may hold the file in force. */
    char list[600], want[600];

    (void)snprintf(list, sizeof list, "%s/locked:%s", place->path,
                   place->path);
    (void)snprintf(want, sizeof want, "%s/locked/exoauth.conf", place->path);
    put_file(place, "exoauth.conf", 0644, "");
    if (unsetenv("HOME") != 0 || mkdirat(place->fd, "locked", 0) != 0 ||
        !finds(NULL, list, want, false) ||
        exo_conf_load(&conf, want, false, "", &err) != EXO_E_STATUS)
        return false;
    put_file(place, "secret.conf", 0, "");
    return exo_conf_load(&conf, place_name(place, "secret.conf"), false, "",
                         &err) == EXO_E_STATUS &&
           strstr(err.text, "permission denied") != NULL;
}

static void unreadable_file(void **state)
{
    assert_int_equal(as_user(unreadable_check, *state), 0);
}

static void links_are_followed(void **state)
{
    struct place *place = *state;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf;

    put_file(place, "target", 0644, "timeout: 7\n");
    assert_int_equal(symlinkat("target", place->fd, "link.conf"), 0);
    assert_int_equal(exo_conf_load(&conf, place_name(place, "link.conf"),
                                   false, "", &err),
                     EXO_OK);
    assert_int_equal(conf->timeout, 7);
    assert_string_equal(conf->helper, "");
    exo_conf_free(conf);
}

static void accounts_there(void **state)
{
    static const struct {
        const char *name;
        bool counts;
    } table[] = {
        { ".hidden.conf", false }, { ".conf", false },  { "x.conf~", false },
        { "xconf", false },        { "README", false }, { "a@b.c.conf", true },
    };
    struct place *place = *state;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf = load(place, "", false, &err);

    assert_non_null(conf);
    assert_false(exo_conf_has_accounts(conf));
    assert_int_equal(mkdirat(place->fd, "exoauth.d", 0755), 0);
    assert_false(exo_conf_has_accounts(conf));
    for (size_t i = 0; i < N_OF(table); i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "exoauth.d/%s", table[i].name);
        put_file(place, name, 0644, "");
        assert_int_equal(exo_conf_has_accounts(conf), table[i].counts);
    }
    exo_conf_free(conf);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_the_sasl_path),
        TEST(the_users_own),
        TEST(root_has_none),
        TEST(secure_mode),
        TEST(defaults),
        TEST(users_defaults),
        TEST(all_keys),
        TEST(nones),
        TEST(mistakes),
        TEST(broken_files),
        TEST(unreadable_file),
        TEST(links_are_followed),
        TEST(accounts_there),
    };

    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
