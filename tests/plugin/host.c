/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host of the plugin tests (harness.h): a program that drives libsasl2
 * the way real ones do, by callback or by prompt, with or without an initial
 * response, and that checks what the plugin sent or refused to send.
 */
#include "config.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "exoauth/buf.h"

static char plugin_path[4096];
static bool initialised;

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

void host_done(void)
{
    if (initialised) {
        initialised = false;
        sasl_done();
    }
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
                               NULL, host->remote, callbacks, 0, &host->conn);
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
    /* No room for a response, or none given: the server goes first. */
    if (host->rc == SASL_CONTINUE && host->out == NULL) {
        do {
            host->rc = sasl_client_step(host->conn, host->null_in ? NULL : "",
                                        0, need, &host->out, &host->out_len);
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

static void expect_bytes(const struct host *host, const struct exo_buf *want)
{
    if (host->rc != SASL_OK && host->rc != SASL_CONTINUE)
        fail_msg("login failed: %d, %s", host->rc, host_error(host));
    assert_int_equal(want->error, 0);
    assert_int_equal(host->out_len, want->len);
    assert_memory_equal(host->out, want->data, want->len);
    assert_int_equal(host->n_fail, 0);
}

void expect_response(const struct host *host, const char *user,
                     const char *token)
{
    struct exo_buf want = EXO_BUF_INIT(1 << 20);

    exo_buf_fmt(&want, "user=%s\001auth=Bearer %s\001\001", user, token);
    expect_bytes(host, &want);
    exo_buf_free(&want);
}

void expect_message(const struct host *host, const char *text)
{
    struct exo_buf want = EXO_BUF_INIT(1 << 20);

    exo_buf_str(&want, text);
    for (size_t i = 0; i < want.len; i++) {
        if (want.data[i] == '|')
            want.data[i] = '\001';
    }
    expect_bytes(host, &want);
    exo_buf_free(&want);
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

void host_sends(struct host *host, const char *user, const char *token)
{
    assert_int_equal(host_login(host), SASL_CONTINUE);
    expect_response(host, user, token);
    host_end(host);
}

void host_refused(struct host *host, int code, const char *text)
{
    host_login(host);
    expect_refusal(host, code, text);
    host_end(host);
}

void good_token(void)
{
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(NULL);
}
