/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of an answer without tokens: one line for the user, beside the
 * status that judge.c finds (answer.h).
 *
 * response.c and device.c call it; everything goes into the caller's struct
 * exo_oauth_error, nothing is to be freed. The line of a refusal is
 *
 *   provider said ERROR (CODE), "DESCRIPTION": MEANING; REMEDY
 *
 * where the capitals before the colon are the provider's, cleaned by said.c,
 * and those after it ours, by explain.c.
 */
#include "config.h"

#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "exoauth/explain.h"

#define RETRY_MAX 3600     /* the longest Retry-After that is obeyed */
#define LINE_LEN 400       /* bytes of the line; the description gives way */
#define URL_LEN 160        /* bytes of the address */
#define DESCRIPTION_MIN 24 /* less of it says nothing */

struct advice {
    const char *meaning;
    const char *remedy;
};

static struct advice advise_http(long http_status)
{
    if (http_status == 429) {
        return (struct advice){ "the provider asks for fewer requests",
                                "wait, exoauth tries again by itself" };
    }
    if (exo_http_says_later(http_status)) {
        return (struct advice){ "the provider is overloaded or down",
                                "wait, exoauth tries again by itself" };
    }
    if (http_status / 100 == 3) {
        return (struct advice){ "a redirect, which is never followed",
                                "set the final address in the account file" };
    }
    if (http_status == 407) {
        return (struct advice){ "the proxy wants a password",
                                "set proxy_auth_file in exoauth.conf" };
    }
    if (exo_judge_http(http_status) == EXO_STATUS_MISCONFIGURED) {
        return (struct advice){ "no OAuth endpoint answers there",
                                "check it, or provider, cloud and tenant, in "
                                "the account file" };
    }
    return (struct advice){ "not the answer of an OAuth endpoint",
                            "check it in the account file, and proxy in "
                            "exoauth.conf" };
}

static struct advice advise_unsaid(const struct exo_asked *asked)
{
    return (struct advice){
        "no reason given, but tokens came from there, so it probably refuses "
        "the grant or the client",
        asked->sent != NULL ? EXO_LOG_IN_AGAIN
                            : "check client_id and its secret in the account "
                              "file"
    };
}

static struct advice advise(const struct exo_said *said)
{
    const struct exo_explanation *known = exo_explain(said->code);

    if (known == NULL) {
        known = exo_explain(said->error);
    }
    if (known == NULL) {
        return (struct advice){ "an error exoauth does not know",
                                "check client_id, tenant and scope in the "
                                "account file" };
    }
    return (struct advice){ known->meaning, known->remedy };
}

static struct advice advise_identity(long http_status,
                                     const struct exo_said *said)
{
    const struct exo_explanation *known = NULL;
    const char *text;

    if (exo_http_says_later(http_status) || http_status / 100 == 3) {
        return advise_http(http_status);
    }
    if (exo_judge_identity(http_status) == EXO_STATUS_TRANSIENT) {
        return (struct advice){ "the identity service is not ready, or none",
                                "wait, exoauth tries again by itself; off "
                                "Azure use another grant" };
    }
    if (http_status == 401 || http_status == 403) {
        return (struct advice){ "the identity service does not accept who "
                                "asks",
                                "check secret_file in the account file: it "
                                "holds what IDENTITY_HEADER is now" };
    }
    known = exo_explain(said->code);
    if (known != NULL || (exo_buf_done(&said->description, &text) == EXO_OK &&
                          exo_explain_text(text, &known, 1) == 1)) {
        return (struct advice){ known->meaning, known->remedy };
    }
    return (struct advice){ "the identity service refuses",
                            "check client_id, resource and identity_endpoint "
                            "in the account file" };
}

/* MEANING; REMEDY */
static void put_advice(struct exo_buf *line, const struct exo_asked *asked,
                       struct advice advice, enum exo_status status,
                       const struct exo_oauth_error *error)
{
    bool again = strcmp(advice.remedy, EXO_LOG_IN_AGAIN) == 0;

    exo_buf_fmt(line, ": %s", advice.meaning);
    if (error->skew != 0 && strcmp(error->code, "AADSTS700024") == 0) {
        exo_buf_fmt(line,
                    " (this host's clock is %" PRId64 " s %s the provider's)",
                    error->skew < 0 ? -error->skew : error->skew,
                    error->skew > 0 ? "behind" : "ahead of");
    }
    if (status == EXO_STATUS_NEEDS_LOGIN) {
        if (!again) {
            exo_buf_fmt(line, "; %s", advice.remedy);
        }
        exo_buf_fmt(line, "; run: exoauth login %s",
                    EXO_SH(asked->client->account, "ACCOUNT"));
    } else {
        exo_buf_fmt(line, "; %s",
                    again ? "check client_id, tenant and scope in the account "
                            "file"
                          : advice.remedy);
    }
}

/* , "DESCRIPTION" as far as there is room for it before `taken` bytes */
static void put_description(struct exo_buf *line, const struct exo_buf *text,
                            size_t taken)
{
    size_t room = LINE_LEN - 4;
    const char *said;

    if (exo_buf_done(text, &said) != EXO_OK || text->len == 0 ||
        taken + DESCRIPTION_MIN > room) {
        return;
    }
    room -= taken;
    if (text->len <= room) {
        exo_buf_fmt(line, ", \"%s\"", said);
    } else {
        exo_buf_fmt(line, ", \"%.*s...\"", (int)room - 3, said);
    }
}

/* The length of a URL in a line: without its query, which may be a key. */
static int shown(const char *url)
{
    size_t len = strcspn(url, "?#");

    return (int)(len < URL_LEN ? len : URL_LEN);
}

static void write_line(const struct exo_asked *asked,
                       const struct exo_said *said, enum exo_status status,
                       struct exo_oauth_error *error)
{
    struct exo_buf line = EXO_BUF_INIT(2048), end = EXO_BUF_INIT(2048);
    bool by_http = exo_http_decides(error->http_status, said);

    put_advice(&end, asked,
               error->unsaid     ? advise_unsaid(asked)
               : asked->identity ? advise_identity(error->http_status, said)
               : by_http         ? advise_http(error->http_status)
                                 : advise(said),
               status, error);
    if (said->error[0] == '\0') {
        exo_buf_fmt(&line, "HTTP %ld from %s %.*s", error->http_status,
                    asked->key, shown(asked->url), asked->url);
    } else if (by_http) {
        exo_buf_fmt(&line, "HTTP %ld, %s", error->http_status, said->error);
    } else if (strcmp(said->error, error->code) == 0) {
        exo_buf_fmt(&line, "provider said %s", said->error);
    } else {
        exo_buf_fmt(&line, "provider said %s (%s)", said->error, error->code);
    }
    put_description(&line, &said->description, line.len + end.len);
    /* The end is ours and has the command, the rest is what others said. */
    (void)exo_err_set(&error->err, status, "%s%-s", exo_buf_shown(&line),
                      exo_buf_shown(&end));
    exo_buf_free(&line);
    exo_buf_free(&end);
}

/* What to remember as the cause: for the record, `status` and monitoring. */
static void set_code(struct exo_oauth_error *error, const struct exo_said *said)
{
    const char *word = said->code[0] != '\0' ? said->code : said->error;

    if (word[0] == '\0') {
        (void)snprintf(error->code, sizeof(error->code), "HTTP %ld",
                       error->http_status);
    } else if (strlen(word) < sizeof(error->code)) {
        (void)snprintf(error->code, sizeof(error->code), "%s", word);
    }
}

static void set_http(struct exo_oauth_error *error,
                     const struct exo_http_reply *reply)
{
    memset(error, 0, sizeof(*error));
    error->http_status = reply->status;
    if (reply->date > 0 && reply->sent > 0) {
        error->skew = reply->date - reply->sent;
    }
}

bool exo_is_refusal(const struct exo_http_reply *reply,
                    struct json_object *object, const char *wanted)
{
    if (reply->status / 100 != 2) {
        return true;
    }
    /* Some servers say no with 200. */
    return *exo_json_string(object, "error") != '\0' &&
           *exo_json_string(object, wanted) == '\0';
}

int exo_refused(const struct exo_asked *asked,
                const struct exo_http_reply *reply, struct json_object *object,
                struct exo_oauth_error *error)
{
    enum exo_status status;
    struct exo_said said;

    set_http(error, reply);
    if (exo_said_read(&said, asked, object) != EXO_OK) {
        exo_buf_free(&said.description);
        return exo_no_memory(error);
    }
    memcpy(error->error, said.error, sizeof(error->error));
    set_code(error, &said);
    status = exo_judge(asked, reply, &said, &error->unsaid);
    write_line(asked, &said, status, error);
    if (status == EXO_STATUS_TRANSIENT && reply->retry_after > 0) {
        error->err.retry_after =
            reply->retry_after < RETRY_MAX ? reply->retry_after : RETRY_MAX;
    }
    exo_buf_free(&said.description);
    return EXO_E_STATUS;
}

static const char *shape(const struct exo_http_reply *reply, int parse_rc)
{
    const char *body;
    size_t len;

    if (exo_secret_reveal(&reply->body, &body, &len) != EXO_OK) {
        return "more than can be read";
    }
    if (len == 0) {
        return "nothing";
    }
    if (strncasecmp(reply->content_type, "text/html", 9) == 0 || *body == '<') {
        return "HTML instead of JSON";
    }
    if (parse_rc == EXO_E_SHORT) {
        return "JSON that ends too early";
    }
    if (parse_rc == EXO_E_TOOBIG) {
        return "more than 64 KiB";
    }
    return "something that is not a JSON object";
}

int exo_unusable(const struct exo_asked *asked,
                 const struct exo_http_reply *reply, int parse_rc,
                 const char *what, enum exo_status status,
                 struct exo_oauth_error *error)
{
    struct exo_said nothing = { .code = "" };

    set_http(error, reply);
    set_code(error, &nothing);
    return exo_err_set(&error->err, status,
                       "HTTP %ld from %s %.*s came with %s; check it in the "
                       "account file%s",
                       reply->status, asked->key, shown(asked->url), asked->url,
                       parse_rc == EXO_OK ? what : shape(reply, parse_rc),
                       asked->identity ? ""
                                       : ", and proxy in exoauth.conf: a "
                                         "captive portal answers like this, "
                                         "too");
}

int exo_no_memory(struct exo_oauth_error *error)
{
    return exo_err_set(&error->err, EXO_STATUS_TRANSIENT,
                       "out of memory while talking to the provider; free "
                       "some memory, exoauth tries again by itself");
}
