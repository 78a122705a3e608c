/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a login gets its token (exoauth/source.h): the published file, the
 * sockets in turn, a spawned helper; one deadline over all of them.
 *
 * Called by the plugin inside the host program, and by `exoauth token` for
 * callers that may not open the store. The caller frees the answer in every
 * case; its reply always holds a token or a status with one line of text. A
 * fresh token costs one file and nothing else. What a source says is final,
 * but a token in hand that the clock still allows is better than a refusal:
 * an outage of the provider must not stop mail an hour early.
 */
#include "config.h"

#include "exoauth/clock.h"
#include "exoauth/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What asking for a new token without waiting may cost a login that has a
 * usable one, in milliseconds: many times what a healthy helper takes to
 * detach itself, and still no cause for a mail server to give up. */
#define NOWAIT 2000

#define TRIED_MAX 150 /* bytes about sources that failed, in one message */

struct search {
    const struct exo_conf *conf;
    const struct exo_request *request;
    struct exo_answer *answer;
    exo_source_warn warn;
    void *context;
    int64_t deadline;
    uid_t peers[3];    /* who is believed behind a socket */
    bool published;    /* there is a published token */
    bool allowed;      /* the server may have it */
    bool usable;       /* allowed, and it has not expired */
    const char *state; /* the published token, in words */
    const char *ended; /* who was asked last, and went without a word */
    size_t ended_len;
    bool starved; /* it could not be looked at, and why says so */
    struct exo_err why;
    struct exo_buf tried;
};

static void warn(const struct search *search, const char *text)
{
    if (search->warn != NULL && text[0] != '\0') {
        search->warn(search->context, text);
    }
}

/* ---- the published token ----------------------------------------------- */

static void use_published(struct search *search)
{
    search->answer->reply =
        (struct exo_reply){ .status = EXO_STATUS_OK,
                            .token = search->answer->published.token };
}

/* How old the token is for this request. */
static enum exo_token_age age_of(const struct search *search, int64_t now)
{
    const struct exo_token *token = &search->answer->published.token;
    const struct exo_request *request = search->request;
    enum exo_token_age age = exo_token_age(token, now);

    if (age < EXO_TOKEN_STALE &&
        (request->reject == token->serial ||
         (request->min_ttl >= 0 && token->expires - now < request->min_ttl))) {
        age = EXO_TOKEN_STALE;
    }
    return age;
}

static enum exo_token_age read_published(struct search *search,
                                         const struct exo_account *account)
{
    struct exo_published *published = &search->answer->published;
    const char *server = search->request->server;
    enum exo_token_age age;
    struct exo_err warning;
    int rc;

    rc = exo_source_published(published, search->conf, account, &warning);
    search->peers[2] = published->dir_owner;
    warn(search, warning.text);
    if (rc != EXO_OK) {
        search->state = rc == EXO_E_NOENT    ? "nothing published in"
                        : rc == EXO_E_ACCESS ? "not readable for this user in"
                                             : "no usable file in";
        search->starved = rc == EXO_E_NOMEM || rc == EXO_E_IO;
        search->why = warning;
        return EXO_TOKEN_EXPIRED;
    }
    age = age_of(search, exo_clock_now());
    search->published = true;
    search->answer->known = true;
    search->allowed =
        server == NULL || exo_servers_allow(published->token.servers, server);
    search->usable = search->allowed && age != EXO_TOKEN_EXPIRED;
    search->state = "an expired token in";
    return search->allowed ? age : EXO_TOKEN_EXPIRED;
}

/* Only who owns the directory is of interest. */
static void read_owner(struct search *search)
{
    search->state = "not looked for in";
    search->peers[2] = exo_source_owner(search->conf);
}

/* ---- asking ------------------------------------------------------------ */

/* It was there and is gone, before our request or after it. */
static bool has_ended(const struct search *search, int rc)
{
    return (rc == EXO_E_SHORT && search->answer->in.len == 0) ||
           (rc == EXO_E_IO &&
            (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN));
}

static void note(struct search *search, const char *who, size_t len, int rc)
{
    const char *why = exo_strerror(rc);
    struct exo_buf *tried = &search->tried;

    search->ended = NULL;
    if (has_ended(search, rc)) {
        search->ended = who;
        search->ended_len = len < 80 ? len : 80;
        why = "ended without a reply";
    } else if (rc == EXO_E_UNSAFE) {
        why = "its owner is not believed";
    } else if (rc == EXO_E_SHORT || rc == EXO_E_SYNTAX) {
        why = "a broken reply";
    } else if (rc == EXO_E_TIMEOUT) {
        why = "no answer in time";
    } else if (rc == EXO_E_NOENT || rc == EXO_E_ACCESS || rc == EXO_E_IO ||
               rc == EXO_E_ARG) {
        why = exo_errno_text(errno);
    }
    if (tried->error == 0) {
        exo_buf_fmt(tried, "%s%.*s: %s", tried->len > 0 ? "; " : "",
                    len < 80 ? (int)len : 80, who, why);
    }
}

/* The sockets in turn, then the helper; EXO_OK as soon as one took it. */
static int ask(struct search *search, const struct exo_request *request,
               int64_t deadline, int flags)
{
    const struct exo_conf *conf = search->conf;
    const char *list = conf->socket;
    const char *word;
    size_t len;
    int rc = EXO_E_NOENT;

    search->peers[1] = geteuid();
    while ((word = exo_word_next(&list, &len)) != NULL) {
        struct exo_buf path = EXO_BUF_INIT(4096);

        exo_buf_add(&path, word, len);
        rc = path.error != 0
                 ? path.error
                 : exo_ask_socket(path.data, search->peers, 3, request,
                                  deadline, search->answer);
        if (rc != EXO_OK) {
            note(search, word, len, rc);
        }
        if (rc == EXO_E_UNSAFE && search->warn != NULL) {
            struct exo_err err;

            (void)exo_err_set(&err, EXO_STATUS_TRANSIENT,
                              "socket %.200s is not used: it belongs to "
                              "neither root, this user nor the owner of "
                              "%.100s; correct `socket` in exoauth.conf",
                              path.data, conf->token_dir);
            warn(search, err.text);
        }
        exo_buf_free(&path);
        if (rc == EXO_OK || exo_clock_ms() >= deadline) {
            return rc;
        }
        /* Too busy to take a hint has had hints enough. */
        if (rc == EXO_E_TIMEOUT && request->nowait) {
            return rc;
        }
    }
    if ((flags & EXO_SOURCE_NO_SPAWN) != 0 || conf->helper[0] == '\0' ||
        exo_conf_secure_mode()) {
        return rc;
    }
    rc = exo_ask_helper(conf->helper, conf->path, request, deadline,
                        search->answer);
    if (rc != EXO_OK) {
        note(search, conf->helper, strlen(conf->helper), rc);
    }
    return rc;
}

static void ask_ahead(struct search *search, int flags)
{
    const int64_t soon = exo_clock_ms() + NOWAIT;
    struct exo_request hint = *search->request;

    hint.nowait = true;
    /* Whether it was heard or not: the next login says it again. */
    (void)ask(search, &hint, soon < search->deadline ? soon : search->deadline,
              flags);
}

/* The last word where the token is for other servers. */
static void refuse_server(struct search *search)
{
    struct exo_answer *answer = search->answer;

    (void)exo_err_set(&answer->message, EXO_STATUS_MISCONFIGURED,
                      "the token of %.120s may not be sent to %.120s; add the "
                      "server to `servers` of the account, then run: exoauth "
                      "refresh %s",
                      search->request->get, search->request->server,
                      EXO_SH(search->request->get, "ACCOUNT"));
    answer->reply = (struct exo_reply){ .status = answer->message.status,
                                        .message = answer->message.text };
}

/* The broker was told the server and should not have answered so; what
 * leaves for the server is decided here all the same. */
static bool is_for_others(const struct search *search)
{
    const struct exo_reply *reply = &search->answer->reply;
    const char *server = search->request->server;

    return reply->status == EXO_STATUS_OK && server != NULL &&
           !exo_servers_allow(reply->token.servers, server);
}

/* A source has answered; is that better than the token in hand? */
static void weigh_reply(struct search *search)
{
    struct exo_answer *answer = search->answer;

    if (answer->reply.status != EXO_STATUS_NO_ACCOUNT) {
        answer->known = true;
    }
    if (is_for_others(search)) {
        refuse_server(search);
    }
    if (!search->usable) {
        return;
    }
    switch (answer->reply.status) {
    case EXO_STATUS_NEEDS_LOGIN:
    case EXO_STATUS_MISCONFIGURED:
        /* It works until the token expires; somebody should hear of it
         * before. */
        warn(search, answer->reply.message);
        use_published(search);
        break;
    case EXO_STATUS_TRANSIENT:
        use_published(search);
        break;
    default:
        break;
    }
}

/* ---- the last word ----------------------------------------------------- */

static void refuse_all(struct search *search)
{
    const char *tried = search->tried.data;

    if (search->starved) {
        (void)exo_err_set(&search->answer->message, EXO_STATUS_TRANSIENT,
                          "no token for %.64s: %-s", search->request->get,
                          search->why.text);
        return;
    }
    if (search->ended != NULL) {
        (void)exo_err_set(&search->answer->message, EXO_STATUS_TRANSIENT,
                          "no token for %.64s: %.*s ended without a reply, its "
                          "log says why; run: exoauth refresh %s",
                          search->request->get, (int)search->ended_len,
                          search->ended,
                          EXO_SH(search->request->get, "ACCOUNT"));
        return;
    }
    if (search->tried.len == 0) {
        tried = "none is configured";
    }
    (void)exo_err_set(&search->answer->message, EXO_STATUS_TRANSIENT,
                      "no token for %.64s: %s %.64s, and no socket answered "
                      "(%s%s); see the spawn(8) service in README; run: "
                      "exoauth refresh %s",
                      search->request->get, search->state,
                      search->conf->token_dir, tried,
                      search->tried.error != 0 ? "; ..." : "",
                      EXO_SH(search->request->get, "ACCOUNT"));
}

/* Nobody answered. */
static void give_up(struct search *search)
{
    struct exo_answer *answer = search->answer;

    if (search->usable) {
        use_published(search);
        return;
    }
    if (search->published && !search->allowed) {
        refuse_server(search);
        return;
    }
    refuse_all(search);
    answer->reply = (struct exo_reply){ .status = answer->message.status,
                                        .message = answer->message.text };
}

static int64_t deadline_of(const struct exo_conf *conf)
{
    return exo_clock_ms() + conf->timeout * 1000;
}

void exo_source_get(const struct exo_conf *conf,
                    const struct exo_request *request, int flags,
                    exo_source_warn warn_cb, void *context,
                    struct exo_answer *answer)
{
    struct search search = { .conf = conf,
                             .request = request,
                             .answer = answer,
                             .warn = warn_cb,
                             .context = context,
                             .deadline = deadline_of(conf),
                             .peers = { 0, EXO_NO_UID, EXO_NO_UID },
                             .tried = EXO_BUF_INIT(TRIED_MAX) };
    enum exo_token_age age = EXO_TOKEN_EXPIRED;
    struct exo_request wait = *request;
    struct exo_account account;

    exo_answer_init(answer);
    if (exo_account_set(&account, request->get, strlen(request->get)) !=
        EXO_OK) {
        (void)exo_err_set(&answer->message, EXO_STATUS_NO_ACCOUNT,
                          "%.200s is not the name of an account; give the "
                          "mailbox address",
                          request->get);
        answer->reply = (struct exo_reply){ .status = EXO_STATUS_NO_ACCOUNT,
                                            .message = answer->message.text };
        return;
    }
    if ((flags & EXO_SOURCE_NO_FILE) == 0) {
        age = read_published(&search, &account);
    } else {
        read_owner(&search);
    }

    if (age < EXO_TOKEN_STALE) {
        use_published(&search);
        if (age == EXO_TOKEN_AGING) {
            ask_ahead(&search, flags);
        }
    } else {
        wait.nowait = false;
        if (ask(&search, &wait, search.deadline, flags) == EXO_OK) {
            weigh_reply(&search);
        } else {
            give_up(&search);
        }
    }
    exo_buf_free(&search.tried);
}

void exo_source_reject(const struct exo_conf *conf,
                       const struct exo_request *request)
{
    struct exo_answer answer;
    struct search search = { .conf = conf,
                             .request = request,
                             .answer = &answer,
                             .deadline = deadline_of(conf),
                             .peers = { 0, EXO_NO_UID, EXO_NO_UID },
                             .tried = EXO_BUF_INIT(TRIED_MAX) };

    exo_answer_init(&answer);
    read_owner(&search);
    ask_ahead(&search, 0);
    exo_answer_free(&answer);
    exo_buf_free(&search.tried);
}
