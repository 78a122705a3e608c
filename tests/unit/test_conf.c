/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exoauth.conf says, and what is wrong with it. */
#include "config.h"

#include "exoauth/conf.h"

#include "exoauth/log.h"
#include "util.h"

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

    assert_int_equal(exo_conf_load(&conf, place_name(place, "none.conf"), false,
                                   "/usr/bin/exoauth", &err),
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
    assert_string_equal(conf->key_command, "");
    assert_string_equal(conf->token_dir, "/run/exoauth/tokens");
    assert_string_equal(conf->chroot, "");
    assert_string_equal(conf->token_group, "");
    assert_string_equal(conf->run_as, "exoauth");
    assert_string_equal(conf->socket, "/run/exoauth/socket /private/exoauth "
                                      "/var/spool/postfix/private/exoauth");
    assert_string_equal(conf->helper, "/usr/bin/exoauth");
    assert_string_equal(conf->mechanisms, "xoauth2 oauthbearer");
    assert_true(conf->initial_response);
    assert_false(conf->noplaintext);
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
    assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
    conf = load(*state,
                "run_as: bob\nhelper: ~/bin/x\nchroot: ~/a /b\n"
                "ca_file: ~/ca.pem\nlog: ~/log\n",
                true, &err);
    assert_non_null(conf);
    assert_true(conf->user);
    assert_string_equal(conf->store,
                        "file:/home/alice/.local/state/exoauth/store");
    assert_string_equal(conf->token_dir,
                        "/home/alice/.local/state/exoauth/tokens");
    assert_string_equal(conf->key_file,
                        "/home/alice/.local/share/exoauth/exoauth.key");
    assert_string_equal(conf->socket, "");
    assert_string_equal(conf->run_as, "");
    assert_string_equal(conf->helper, "/home/alice/bin/x");
    assert_string_equal(conf->chroot, "/home/alice/a /b");
    assert_string_equal(conf->ca_file, "/home/alice/ca.pem");
    assert_string_equal(conf->log, "/home/alice/log");
    exo_conf_free(conf);

    assert_int_equal(setenv("XDG_STATE_HOME", "/state", 1), 0);
    assert_int_equal(setenv("XDG_DATA_HOME", "/data", 1), 0);
    conf = load(*state, "store: file:~/s\nsocket: ~/sock\n", true, &err);
    assert_non_null(conf);
    assert_string_equal(conf->store, "file:/home/alice/s");
    assert_string_equal(conf->token_dir, "/state/exoauth/tokens");
    assert_string_equal(conf->key_file, "/data/exoauth/exoauth.key");
    assert_string_equal(conf->socket, "/home/alice/sock");
    exo_conf_free(conf);

    assert_int_equal(unsetenv("HOME"), 0);
    assert_null(load(*state, "", true, &err));
    assert_non_null(strstr(err.text, "HOME"));
}

static void all_keys(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf =
        load(*state,
             "account_dir: /acc\nstore: etcd:https://x\ntoken_dir: /tok\n"
             "chroot: none\ntoken_group: mail\nrun_as: other\n"
             "socket:  /a   /b \nhelper: none\ntimeout: 600\n"
             "mechanisms: OAuthBearer  xoauth2 OAUTHBEARER\n"
             "initial_response: no\nnoplaintext: yes\nrefresh_margin: 0\n"
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
    assert_string_equal(conf->mechanisms, "oauthbearer xoauth2");
    assert_false(conf->initial_response);
    assert_true(conf->noplaintext);
    assert_int_equal(conf->refresh_margin, 0);
    assert_string_equal(conf->proxy, "http://proxy:3128");
    assert_string_equal(conf->proxy_auth_file, "/p");
    assert_string_equal(conf->ca_file, "/c");
    assert_string_equal(conf->key_file, "/k");
    assert_string_equal(conf->log, "stderr");
    assert_string_equal(conf->on_event, "/e");
    assert_string_equal(conf->status_file, "/s");
    assert_int_equal(conf->log_level, EXO_LOG_DEBUG);
    assert_string_equal(exo_block_get(&conf->block, "tenant"), "contoso.com");
    for (size_t i = 0; i < conf->block.n; i++) {
        const char *key = conf->block.pair[i].key;

        assert_int_equal(exo_conf_is_system_key(key), i < 21);
    }
    exo_conf_free(conf);
}

static void nones(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf = load(*state,
                                 "socket: none\nproxy: none\ntoken_group: "
                                 "none\nca_file: none\nproxy_auth_file: none\n"
                                 "log: syslog\non_event: none\n"
                                 "status_file: none\nkey_file: none\n"
                                 "key_command: none\n",
                                 false, &err);

    assert_non_null(conf);
    assert_string_equal(conf->socket, "");
    assert_string_equal(conf->proxy, "");
    assert_string_equal(conf->token_group, "");
    assert_string_equal(conf->ca_file, "");
    assert_string_equal(conf->proxy_auth_file, "");
    assert_string_equal(conf->log, "syslog");
    assert_string_equal(conf->on_event, "");
    assert_string_equal(conf->status_file, "");
    assert_string_equal(conf->key_file, "");
    assert_non_null(strstr(conf->key_place, "/exoauth.key"));
    assert_string_equal(conf->key_command, "");
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
        { "mechanisms: plain", "xoauth2, oauthbearer or both" },
        { "mechanisms: none", "xoauth2, oauthbearer or both" },
        { "mechanisms: xoauth2 plain", "xoauth2, oauthbearer or both" },
        { "mechanisms: xoauth", "xoauth2, oauthbearer or both" },
        { "mechanisms: xoauth22", "xoauth2, oauthbearer or both" },
        { "mechanisms: xoauth2,oauthbearer", "xoauth2, oauthbearer or both" },
        { "mechanisms:", "no value" },
        { "initial_response: perhaps", "yes or no" },
        { "noplaintext: maybe", "yes or no" },
        { "proxy: http://u:p@h:1", "proxy_auth_file" },
        { "proxy: socks5://h:1080", "http://host:port" },
        { "proxy: https://h:3128", "http://host:port" },
        { "proxy: h:3128", "http://host:port" },
        { "proxy: http://h", "http://host:port" },
        { "proxy: http://:3128", "http://host:port" },
        { "proxy: http://h:0", "http://host:port" },
        { "proxy: http://h:65536", "http://host:port" },
        { "proxy: http://h:3128/path", "http://host:port" },
        { "proxy: http://h:3128x", "http://host:port" },
        { "proxy: http://[::1:3128", "http://host:port" },
        { "key_file: k", "absolute" },
        { "key_command:", "no value" },
        { "status_file: s", "absolute" },
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
    assert_int_equal(
        exo_conf_load(&conf, place_name(place, "dangling"), false, "", &err),
        EXO_E_STATUS);
    assert_non_null(strstr(err.text, "does not exist"));
    assert_int_equal(exo_conf_load(&conf, place->path, false, "", &err),
                     EXO_E_STATUS);
    assert_int_equal(exo_conf_load(&conf, "relative", false, "", &err),
                     EXO_E_STATUS);
    assert_null(conf);
    exo_conf_free(NULL);
}

static void links_are_followed(void **state)
{
    struct place *place = *state;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf;

    put_file(place, "target", 0644, "timeout: 7\n");
    assert_int_equal(symlinkat("target", place->fd, "link.conf"), 0);
    assert_int_equal(
        exo_conf_load(&conf, place_name(place, "link.conf"), false, "", &err),
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
        TEST(defaults),           TEST(users_defaults),
        TEST(all_keys),           TEST(nones),
        TEST(mistakes),           TEST(broken_files),
        TEST(links_are_followed), TEST(accounts_there),
    };

    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
