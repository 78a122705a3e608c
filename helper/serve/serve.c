/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request, and its reply (serve.h). Called by cmd_serve.c for what
 * spawn(8), a systemd socket or the plugin has started, and by listen.c in a
 * process of its own for each connection.
 *
 * Under spawn(8) fd 2 is the connection, so nothing may ever be written to
 * it: whatever goes wrong goes to the log, and to the asker as a reply. Both
 * descriptors are the caller's; who was answered does not wait for what comes
 * after the reply.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/broker/broker.h"
#include "exoauth/log.h"
#include "exoauth/clock.h"
#include "exoauth/proto.h"
#include "exoauth/source.h"
#include "helper/broker/flight.h"
#include "helper/settings/peer.h"
#include "serve.h"

struct answer {
    struct exo_reply reply;
    struct exo_got got;
    struct exo_answer forwarded;
    struct exo_err err;
    bool busy; /* somebody else is at what this was a hint of */
};

static void fail(struct answer *a, int rc)
{
    a->reply.message = exo_err_text(&a->err, rc);
    a->reply.status = a->err.status;
    a->reply.retry_after = a->err.retry_after;
}

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

/* This uid may not open the store: somebody behind a socket may. True: that
 * is the answer; else why there is none is in err. */
static bool forward(struct exo_app *app, const struct exo_request *request,
                    const struct exo_peer *peer, struct answer *a)
{
    struct exo_request again = *request;

    /* Only for ourselves, and only once: a socket's own server that lost
     * its store must not ask itself. */
    if (request->forwarded || peer->uid != geteuid()) {
        return false;
    }
    again.forwarded = true;
    exo_source_get(app->conf, &again, EXO_SOURCE_NO_SPAWN | EXO_SOURCE_NO_FILE,
                   warn, app, &a->forwarded);
    if (a->forwarded.known ||
        a->forwarded.reply.status == EXO_STATUS_NO_ACCOUNT) {
        a->reply = a->forwarded.reply;
        return true;
    }
    (void)exo_err_set(&a->err, EXO_STATUS_DENIED,
                      "uid %u may not open %s and no socket answers; for "
                      "Postfix add the spawn(8) service to master.cf: "
                      "exoauth unix - n n - 100 spawn user=exoauth "
                      "argv=%s serve",
                      (unsigned)geteuid(), app->conf->store, EXO_HELPER);
    return false;
}

static void decide(struct exo_app *app, const struct exo_request *request,
                   const struct exo_peer *peer, int64_t deadline,
                   struct exo_flight *flight, struct answer *a)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_err closed = EXO_ERR_INIT;
    struct exo_account account;
    int rc;

    if (exo_account_set(&account, request->get, strlen(request->get)) != 0) {
        (void)exo_err_set(&a->err, EXO_STATUS_NO_ACCOUNT,
                          "that is not an account name");
        fail(a, EXO_E_STATUS);
        return;
    }
    if (exo_app_store(app, &a->err) != 0 &&
        a->err.status == EXO_STATUS_DENIED) {
        if (forward(app, request, peer, a)) {
            return;
        }
        closed = a->err;
    }
    a->err = (struct exo_err)EXO_ERR_INIT; /* the broker looks for a way out */
    want.peer = peer;
    want.server = request->server;
    want.min_ttl = request->min_ttl;
    want.reject = request->reject;
    want.nowait = request->nowait;
    want.due = request->nowait;
    want.deadline_ms = deadline;
    want.flight = flight;
    rc = exo_broker_get(app, &account, &want, &a->got, &a->err);
    if (rc != 0) {
        a->busy = want.nowait && rc == EXO_E_TIMEOUT;
        if (closed.status != EXO_STATUS_OK) {
            a->err = closed;
        }
        fail(a, rc);
        return;
    }
    if (a->got.trouble.status == EXO_STATUS_STORE) {
        exo_log(EXO_LOG_WARNING, "%s: %-s", account.name,
                exo_err_text(&a->got.trouble, EXO_E_STATUS));
    }
    a->reply.status = EXO_STATUS_OK;
    a->reply.token = a->got.token;
}

/* The asker shall not have to wait for what comes after the reply. */
static void hang_up(int in, int out)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0) {
        (void)shutdown(out, SHUT_RDWR); /* spawn(8) holds it open, too */
        (void)dup2(null, in);
        (void)dup2(null, out);
        (void)close(null);
    }
}

static void send_reply(const struct answer *a, int out, int64_t deadline)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    int rc;

    exo_reply_put(&text, &a->reply);
    rc = text.error;
    if (rc == 0) {
        rc = exo_message_write(out, deadline, &text);
    }
    if (rc != 0) {
        /* At info, as any user can do so without end. */
        exo_log(EXO_LOG_INFO, "the asker did not take the reply: %s",
                exo_strerror(rc));
    }
    exo_buf_free(&text);
}

/* The request, from wherever it is. */
static int read_request(int in, int64_t deadline, struct exo_buf *text,
                        const struct exo_request *given,
                        struct exo_request *request)
{
    struct exo_block block;
    int rc = 0;

    if (given) {
        *request = *given;
        return 0;
    }
    rc = exo_message_read(in, deadline, text, &block);
    return rc == 0 ? exo_request_parse(request, &block) : rc;
}

/* The asker's log has it, for each mail; ours has it where a request was made
 * (outcome.c). Who may not ask is our own business; a listener counts them. */
static void log_refusal(const struct answer *a, const struct exo_peer *peer,
                        const char *account, bool listener)
{
    bool loud = a->reply.status == EXO_STATUS_DENIED && !listener;

    if (a->reply.status != EXO_STATUS_OK && !a->busy) {
        exo_log(loud ? EXO_LOG_NOTICE : EXO_LOG_INFO, "%s for uid %u: %-s",
                account, (unsigned)peer->uid, a->reply.message);
    }
}

enum exo_status exo_serve_one(struct exo_app *app, int in, int out, uid_t self,
                              const struct exo_request *given)
{
    int64_t deadline = exo_clock_ms() + app->conf->timeout * 1000;
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_request request;
    struct exo_flight flight = EXO_FLIGHT_INIT;
    struct exo_peer peer;
    struct answer a;
    int rc;

    memset(&a, 0, sizeof(a));
    exo_record_init(&a.got.record);
    if (exo_peer_get(&peer, in, self) != 0) {
        exo_log(EXO_LOG_WARNING, "a request over something that is neither a "
                                 "UNIX socket, a pipe nor a file is refused");
        goto out;
    }
    rc = read_request(in, deadline, &text, given, &request);
    if (rc != 0) {
        exo_log(EXO_LOG_NOTICE, "a request from uid %u was not understood: %s",
                (unsigned)peer.uid, exo_strerror(rc));
        goto out;
    }
    if (request.nowait) { /* a hint; nobody reads an answer */
        hang_up(in, out);
    }
    /* The plugin waits for the end of what it spawned. Under spawn(8), systemd
     * and our own listener nobody does, and our end would be that of the
     * request. */
    flight.begun = deadline - app->conf->timeout * 1000;
    flight.spawned = peer.pid != 0 && peer.pid == getppid();
    flight.stays = !flight.spawned;
    flight.in = in;
    flight.out = out;
    decide(app, &request, &peer, deadline, &flight, &a);
    log_refusal(&a, &peer, request.get, given != NULL);
    if (!request.nowait) {
        send_reply(&a, out, deadline);
    }
    /* A listener warns once, its processes do not (listen.c). */
    if (a.reply.status == EXO_STATUS_NO_ACCOUNT && !given) {
        exo_settings_strays(app->conf, warn, app);
    }
out:
    exo_answer_free(&a.forwarded);
    exo_got_free(&a.got);
    exo_buf_free(&text);
    if (exo_flight_pending(&flight) || app->changed || app->event.word) {
        hang_up(in, out);
        exo_flight_end(&flight);
        exo_app_after(app);
    }
    return a.reply.status;
}
