/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * World, host and peer of the plugin tests (harness.h). Whatever cannot be
 * set up is a failed test, never a skipped one. The plugin is the built
 * module, loaded by libsasl2 from a directory that holds nothing else.
 */
#include "config.h"

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/buf.h"

/* --- the world ----------------------------------------------------------- */

static char dir[64];
static char plugin_path[4096];
static bool initialised;

const char *world_dir(void)
{
    return dir;
}

const char *world_path(const char *fmt, ...)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    size_t len = strlen(dir);
    va_list ap;

    memcpy(path, dir, len);
    path[len] = '/';
    va_start(ap, fmt);
    vsnprintf(path + len + 1, sizeof paths[0] - len - 1, fmt, ap);
    va_end(ap);
    return path;
}

void world_write(const char *path, mode_t mode, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void add_default(struct exo_buf *out, const char *lines, const char *key,
                        const char *value)
{
    if (strstr(lines, key) == NULL)
        exo_buf_fmt(out, "%s %s\n", key, value);
}

void world_conf(const char *lines)
{
    struct exo_buf out = EXO_BUF_INIT(65536);

    exo_buf_str(&out, lines);
    add_default(&out, lines, "token_dir:", world_path("tokens"));
    add_default(&out, lines, "socket:", "none");
    add_default(&out, lines, "helper:", "none");
    add_default(&out, lines, "timeout:", "1");
    assert_int_equal(out.error, 0);
    world_write(world_path("conf/exoauth.conf"), 0644, out.data, out.len);
    exo_buf_free(&out);
}

void world_account(const char *file)
{
    static const char text[] = "provider: custom\n";

    world_write(world_path("conf/exoauth.d/%s.conf", file), 0644, text,
                sizeof text - 1);
}

int world_setup(void **state)
{
    const char *plugins = getenv("EXO_PLUGINDIR");
    const char *tmp = getenv("EXO_TMPDIR");
    char from[4096];

    (void)state;
    snprintf(dir, sizeof dir, "%s/exo.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL || chmod(dir, 0755) != 0)
        return -1;
    umask(022);
    if (mkdir(world_path("conf"), 0755) != 0 ||
        mkdir(world_path("conf/exoauth.d"), 0755) != 0 ||
        mkdir(world_path("tokens"), 0755) != 0 ||
        mkdir(world_path("plugins"), 0755) != 0)
        return -1;
    snprintf(from, sizeof from, "%s/libexoauth.so",
             plugins != NULL ? plugins : ".libs");
    if (access(from, R_OK) != 0 ||
        symlink(from, world_path("plugins/libexoauth.so")) != 0) {
        print_error("no plugin at %s\n", from);
        return -1;
    }
    setenv("SASL_CONF_PATH", world_path("conf"), 1);
    unsetenv("HOME");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_STATE_HOME");
    world_conf("");
    world_account(ALICE);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    if (initialised) {
        initialised = false;
        sasl_done();
    }
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *or_default(const char *given, const char *usual)
{
    return given != NULL ? given : usual;
}

char *token_text(const struct token_spec *spec, const char *head)
{
    struct exo_buf out = EXO_BUF_INIT(1 << 20);
    long now = (long)time(NULL);
    char *text;

    exo_buf_str(&out, or_default(spec->head, head));
    exo_buf_fmt(&out, "account: %s\n", or_default(spec->account, ALICE));
    if (spec->user != NULL)
        exo_buf_fmt(&out, "user: %s\n", spec->user);
    exo_buf_fmt(&out, "servers: %s\n", or_default(spec->servers, SERVER));
    if (spec->credential != NULL) {
        exo_buf_fmt(&out, "credential: %s\n", spec->credential);
    } else {
        exo_buf_fmt(&out, "serial: 42\nissued: %ld\n",
                    now + (spec->issued != 0 ? spec->issued : -600));
        exo_buf_fmt(
            &out, "refresh_after: %ld\n",
            now + (spec->refresh_after != 0 ? spec->refresh_after : 1200));
        exo_buf_fmt(&out, "usable_until: %ld\n",
                    now +
                        (spec->usable_until != 0 ? spec->usable_until : 2400));
        exo_buf_fmt(&out, "expires: %ld\n",
                    now + (spec->expires != 0 ? spec->expires : 3000));
        exo_buf_fmt(&out, "token: %s\n", or_default(spec->token, TOKEN));
    }
    exo_buf_str(&out, or_default(spec->extra, ""));
    exo_buf_str(&out, or_default(spec->tail, "\n"));
    assert_int_equal(out.error, 0);
    text = strdup(out.data);
    assert_non_null(text);
    exo_buf_free(&out);
    return text;
}

void world_token(const char *file, const struct token_spec *spec)
{
    char *text = token_text(spec, "exoauth: 1\n");

    world_write(world_path("tokens/%s", file), 0644, text, strlen(text));
    free(text);
}

char *long_token(size_t n)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                "tuvwxyz0123456789-_";
    char *token = malloc(n + 1);

    assert_non_null(token);
    for (size_t i = 0; i < n; i++)
        token[i] = chars[(i * 7 + i / 64) % 64];
    token[n] = '\0';
    return token;
}

/* --- the host ------------------------------------------------------------ */

static int get_path(void *context, const char **path)
{
    (void)context;
    *path = plugin_path;
    return SASL_OK;
}

static int on_log(void *context, int level, const char *text)
{
    struct host *host = context;
    size_t len = strlen(host->log);

    if (level == SASL_LOG_FAIL)
        host->n_fail++;
    if (level == SASL_LOG_WARN || level == SASL_LOG_ERR)
        host->n_warn++;
    snprintf(host->log + len, sizeof host->log - len, "%s\n", text);
    return SASL_OK;
}

static int on_simple(void *context, int id, const char **result, unsigned *len)
{
    struct host *host = context;
    enum give give = id == SASL_CB_USER ? host->give_user : host->give_name;
    const char *text = id == SASL_CB_USER ? host->user : host->name;

    if (id == SASL_CB_USER)
        host->asked_user++;
    else
        host->asked_name++;
    if (give == GIVE_FAILURE)
        return SASL_FAIL;
    *result = text;
    if (len != NULL)
        *len = text != NULL ? (unsigned)strlen(text) : 0;
    return SASL_OK;
}

static int on_secret(sasl_conn_t *conn, void *context, int id,
                     sasl_secret_t **secret)
{
    static __thread union {
        sasl_secret_t secret;
        char room[65536];
    } store;
    struct host *host = context;

    assert_ptr_equal(conn, host->conn);
    assert_int_equal(id, SASL_CB_PASS);
    host->asked_pass++;
    if (host->give_pass == GIVE_FAILURE)
        return SASL_FAIL;
    if (host->pass == NULL) {
        *secret = NULL;
        return SASL_OK;
    }
    store.secret.len = strlen(host->pass);
    memcpy(store.secret.data, host->pass, store.secret.len);
    *secret = &store.secret;
    return SASL_OK;
}

static int global_user(void *context, int id, const char **result,
                       unsigned *len)
{
    assert_int_equal(id, SASL_CB_USER);
    *result = context;
    if (len != NULL)
        *len = (unsigned)strlen(*result);
    return SASL_OK;
}

static void init(sasl_callback_t *global, const char *more)
{
    global[0].id = SASL_CB_GETPATH;
    global[0].proc = (int (*)(void))(void (*)(void))get_path;
    snprintf(plugin_path, sizeof plugin_path, "%s%s%s", world_path("plugins"),
             more != NULL ? ":" : "", more != NULL ? more : "");
    assert_int_equal(sasl_client_init(global), SASL_OK);
    initialised = true;
}

void host_init(const char *more)
{
    static sasl_callback_t global[2];

    init(global, more);
}

void host_init_user(const char *user)
{
    static sasl_callback_t global[3];
    union {
        const char *in;
        void *out;
    } context = { .in = user };

    global[1].id = SASL_CB_USER;
    global[1].proc = (int (*)(void))(void (*)(void))global_user;
    global[1].context = context.out;
    init(global, NULL);
}

const char *host_mechs(void)
{
    static char list[512];
    struct host host = { .give_pass = GIVE_CALLBACK };
    const char *found = NULL;

    host_new(&host);
    list[0] = '\0';
    if (sasl_listmech(host.conn, NULL, "", " ", "", &found, NULL, NULL) ==
            SASL_OK &&
        found != NULL)
        snprintf(list, sizeof list, "%s", found);
    host_end(&host);
    return list;
}

static void add_callback(sasl_callback_t *list, size_t *n, unsigned long id,
                         enum give give, int (*proc)(void), void *context)
{
    if (give == GIVE_NOTHING)
        return;
    list[*n].id = id;
    list[*n].proc = give == GIVE_PROMPT ? NULL : proc;
    list[*n].context = context;
    (*n)++;
}

/* The list must live as long as the connection: one for each thread. */
static __thread sasl_callback_t callbacks[8];

void host_new(struct host *host)
{
    size_t n = 0;

    if (host->service == NULL)
        host->service = "smtp";
    if (host->server == NULL)
        host->server = SERVER;
    if (host->mechlist == NULL)
        host->mechlist = "XOAUTH2";
    if (host->name == NULL)
        host->name = ALICE;
    if (host->give_name == GIVE_NOTHING)
        host->give_name = GIVE_CALLBACK;
    add_callback(callbacks, &n, SASL_CB_AUTHNAME, host->give_name,
                 (int (*)(void))(void (*)(void))on_simple, host);
    add_callback(callbacks, &n, SASL_CB_USER, host->give_user,
                 (int (*)(void))(void (*)(void))on_simple, host);
    add_callback(callbacks, &n, SASL_CB_PASS, host->give_pass,
                 (int (*)(void))(void (*)(void))on_secret, host);
    add_callback(callbacks, &n, SASL_CB_LOG, GIVE_CALLBACK,
                 (int (*)(void))(void (*)(void))on_log, host);
    callbacks[n].id = SASL_CB_LIST_END;
    callbacks[n].proc = NULL;
    callbacks[n].context = NULL;
    host->rc = sasl_client_new(host->service,
                               host->server[0] != '\0' ? host->server : NULL,
                               NULL, NULL, callbacks, 0, &host->conn);
    if (host->rc == SASL_OK && host->security_flags != 0) {
        sasl_security_properties_t props = { 0 };

        props.max_ssf = 256;
        props.maxbufsize = 65536;
        props.security_flags = (sasl_ssf_t)host->security_flags;
        host->rc = sasl_setprop(host->conn, SASL_SEC_PROPS, &props);
    }
}

static void answer_prompts(struct host *host, sasl_interact_t *prompts)
{
    host->rounds++;
    for (; prompts->id != SASL_CB_LIST_END; prompts++) {
        const char *text = NULL;

        assert_non_null(prompts->prompt);
        assert_null(prompts->result);
        if (prompts->id == SASL_CB_AUTHNAME) {
            host->asked_name++;
            text = host->name;
        } else if (prompts->id == SASL_CB_USER) {
            host->asked_user++;
            text = host->user;
        } else if (prompts->id == SASL_CB_PASS) {
            host->asked_pass++;
            text = host->pass;
        } else {
            fail_msg("prompt for id %lx", prompts->id);
        }
        prompts->result = text;
        prompts->len = text != NULL ? (unsigned)strlen(text) : 0;
        if (text != NULL && host->count_nul)
            prompts->len++;
    }
}

int host_login(struct host *host)
{
    sasl_interact_t *prompts = NULL;
    sasl_interact_t **need = host->no_prompt_need ? NULL : &prompts;

    if (host->conn == NULL)
        host_new(host);
    if (host->rc != SASL_OK)
        return host->rc;
    do {
        host->rc = sasl_client_start(
            host->conn, host->mechlist, host->no_ir ? NULL : need,
            host->no_ir ? NULL : &host->out,
            host->no_ir ? NULL : &host->out_len, &host->mech);
        if (host->rc == SASL_INTERACT && !host->leave_prompts)
            answer_prompts(host, prompts);
    } while (host->rc == SASL_INTERACT && !host->leave_prompts);
    if (host->no_ir && host->rc == SASL_CONTINUE) {
        do {
            host->rc = sasl_client_step(host->conn, "", 0, need, &host->out,
                                        &host->out_len);
            if (host->rc == SASL_INTERACT)
                answer_prompts(host, prompts);
        } while (host->rc == SASL_INTERACT);
    }
    if (host->rc != SASL_INTERACT && need != NULL && prompts != NULL)
        fail_msg("the list of prompts was left behind");
    return host->rc;
}

int host_step(struct host *host, const char *in, unsigned len)
{
    host->rc =
        sasl_client_step(host->conn, in, len, NULL, &host->out, &host->out_len);
    return host->rc;
}

const char *host_error(const struct host *host)
{
    const char *text = host->conn != NULL ? sasl_errdetail(host->conn) : NULL;

    return text != NULL ? text : "";
}

void host_end(struct host *host)
{
    if (host->conn != NULL)
        sasl_dispose(&host->conn);
}

void expect_response(const struct host *host, const char *user,
                     const char *token)
{
    struct exo_buf want = EXO_BUF_INIT(1 << 20);

    if (host->rc != SASL_OK && host->rc != SASL_CONTINUE)
        fail_msg("login failed: %d, %s", host->rc, host_error(host));
    exo_buf_fmt(&want, "user=%s\001auth=Bearer %s\001\001", user, token);
    assert_int_equal(want.error, 0);
    assert_int_equal(host->out_len, want.len);
    assert_memory_equal(host->out, want.data, want.len);
    exo_buf_free(&want);
    assert_int_equal(host->n_fail, 0);
}

void expect_refusal(const struct host *host, int code, const char *text)
{
    const char *error = host_error(host);
    size_t len = strlen(error);

    if (host->rc != code)
        fail_msg("returned %d, not %d: %s", host->rc, code, error);
    assert_int_equal(host->out_len, 0);
    assert_int_equal(host->n_fail, 1);
    assert_null(strchr(error, '\n'));
    if (text != NULL &&
        (len < strlen(text) || strcmp(error + len - strlen(text), text) != 0))
        fail_msg("error is \"%s\", not \"%s\"", error, text);
}

/* --- the peer ------------------------------------------------------------ */

struct peer {
    int listener;
    int stop[2];
    enum peer_mode mode;
    char *reply;
    struct exo_buf heard;
    int connections;
    pthread_t thread;
};

static void hear(struct peer *peer, int fd)
{
    size_t begin = peer->heard.len;

    for (;;) {
        char *to = exo_buf_reserve(&peer->heard, 512);
        ssize_t n = to != NULL ? read(fd, to, 512) : -1;

        if (n <= 0)
            return;
        peer->heard.len += (size_t)n;
        to[n] = '\0';
        if (strstr(peer->heard.data + begin, "\n\n") != NULL)
            return;
    }
}

static void peer_serve(struct peer *peer, int fd)
{
    peer->connections++;
    if (peer->mode != PEER_CLOSE)
        hear(peer, fd);
    if (peer->mode == PEER_REPLY)
        (void)send(fd, peer->reply, strlen(peer->reply), MSG_NOSIGNAL);
    if (peer->mode == PEER_HANG) {
        struct pollfd stop = { peer->stop[0], POLLIN, 0 };

        (void)poll(&stop, 1, -1);
    }
    close(fd);
}

/* What came before the stop is served, even if nobody waits for it. */
static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    struct pollfd fds[2] = { { peer->listener, POLLIN, 0 },
                             { peer->stop[0], POLLIN, 0 } };

    do {
        int fd;

        (void)poll(fds, 2, -1);
        while ((fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
            peer_serve(peer, fd);
    } while (fds[1].revents == 0);
    return NULL;
}

struct peer *peer_start(const char *path, enum peer_mode mode,
                        const char *reply)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    struct peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    assert_true(strlen(path) < sizeof addr.sun_path);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    exo_buf_init(&peer->heard, 1 << 20);
    peer->mode = mode;
    peer->reply = strdup(reply != NULL ? reply : "");
    peer->listener =
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(
        bind(peer->listener, (const struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(listen(peer->listener, 128), 0);
    assert_int_equal(pipe2(peer->stop, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
    return peer;
}

char *peer_stop(struct peer *peer, int *connections)
{
    char *heard;

    assert_int_equal(write(peer->stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    if (connections != NULL)
        *connections = peer->connections;
    close(peer->listener);
    close(peer->stop[0]);
    close(peer->stop[1]);
    heard = strdup(exo_buf_text(&peer->heard));
    assert_non_null(heard);
    exo_buf_free(&peer->heard);
    free(peer->reply);
    free(peer);
    return heard;
}

char *refusal_text(const char *status, const char *message)
{
    char *text = NULL;

    assert_true(asprintf(&text, "exoauth: 1\nstatus: %s\nmessage: %s\n\n",
                         status, message) > 0);
    return text;
}

/* --- processes ----------------------------------------------------------- */

bool in_child(bool (*f)(void *), void *arg)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        /* A failed assertion must not run the rest of the tests here. */
        bool good;

        setenv("CMOCKA_TEST_ABORT", "1", 1);
        good = f(arg);
        if (initialised)
            sasl_done();
        _exit(good ? 0 : 1);
    }
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    if (!WIFEXITED(status))
        print_error("the child was ended by signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

void say_skipped(const char *why)
{
    print_message("# skipped: %s\n", why);
}
