/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and replies as blocks (exoauth/proto.h).
 *
 * Called by both ends: the plugin's sources and the helper. What is parsed
 * borrows from the block; what is written goes to the caller's buffer, whose
 * error says if something could not be written. Unknown keys are ignored, so
 * that an older end understands a newer one.
 */
#include "config.h"

#include "exoauth/proto.h"

#include <string.h>

void exo_request_put(struct exo_buf *out, const struct exo_request *request)
{
    exo_block_begin(out);
    exo_block_put(out, "get", request->get);
    if (request->server != NULL) {
        exo_block_put(out, "server", request->server);
    }
    if (request->min_ttl >= 0) {
        exo_block_put_number(out, "min_ttl", request->min_ttl);
    }
    if (request->reject >= 0) {
        exo_block_put_number(out, "reject", request->reject);
    }
    if (request->nowait) {
        exo_block_put(out, "nowait", "yes");
    }
    if (request->forwarded) {
        exo_block_put(out, "forwarded", "yes");
    }
    exo_block_end(out);
}

int exo_request_parse(struct exo_request *request,
                      const struct exo_block *block)
{
    const char *min_ttl = exo_block_get(block, "min_ttl");
    const char *reject = exo_block_get(block, "reject");
    const char *nowait = exo_block_get(block, "nowait");
    const char *forwarded = exo_block_get(block, "forwarded");

    *request = (struct exo_request)EXO_REQUEST_INIT;
    request->get = exo_block_get(block, "get");
    request->server = exo_block_get(block, "server");
    if (request->get == NULL || request->get[0] == '\0') {
        return EXO_E_SYNTAX;
    }
    if (request->server != NULL && request->server[0] == '\0') {
        request->server = NULL;
    }
    if (min_ttl != NULL &&
        exo_block_number(min_ttl, &request->min_ttl) != EXO_OK) {
        return EXO_E_SYNTAX;
    }
    if (reject != NULL &&
        exo_block_number(reject, &request->reject) != EXO_OK) {
        return EXO_E_SYNTAX;
    }
    if (nowait != NULL && exo_block_bool(nowait, &request->nowait) != EXO_OK) {
        return EXO_E_SYNTAX;
    }
    if (forwarded != NULL &&
        exo_block_bool(forwarded, &request->forwarded) != EXO_OK) {
        return EXO_E_SYNTAX;
    }
    return EXO_OK;
}

void exo_reply_put(struct exo_buf *out, const struct exo_reply *reply)
{
    enum exo_status status = reply->status;
    const char *message = reply->message;

    /* The states behind it are the helper's own trouble, which the other
     * end can only wait out. */
    if (status > EXO_STATUS_MISCONFIGURED) {
        status = EXO_STATUS_TRANSIENT;
    }
    if (message == NULL || message[0] == '\0') {
        message = "no reason was given";
    }

    exo_block_begin(out);
    exo_block_put(out, "status", exo_status_word(status));
    if (status == EXO_STATUS_OK) {
        exo_token_put(out, &reply->token);
    } else {
        exo_block_put(out, "message", message);
        if (reply->retry_after > 0) {
            exo_block_put_number(out, "retry_after", reply->retry_after);
        }
    }
    exo_block_end(out);
}

int exo_reply_parse(struct exo_reply *reply, const struct exo_block *block)
{
    const char *status = exo_block_get(block, "status");
    const char *retry_after = exo_block_get(block, "retry_after");

    *reply = (struct exo_reply){ .status = EXO_STATUS_TRANSIENT,
                                 .message = "no reason was given" };
    if (status == NULL || !exo_status_parse(status, &reply->status) ||
        reply->status > EXO_STATUS_MISCONFIGURED) {
        reply->status = EXO_STATUS_TRANSIENT;
        return EXO_E_SYNTAX;
    }
    if (reply->status == EXO_STATUS_OK) {
        reply->message = NULL;
        if (exo_token_parse(&reply->token, block) == EXO_OK &&
            reply->token.token != NULL) {
            return EXO_OK;
        }
        reply->status = EXO_STATUS_TRANSIENT;
        return EXO_E_SYNTAX;
    }
    if (exo_block_get(block, "message") != NULL) {
        reply->message = exo_block_get(block, "message");
    }
    if (retry_after != NULL &&
        exo_block_number(retry_after, &reply->retry_after) != EXO_OK) {
        return EXO_E_SYNTAX;
    }
    return EXO_OK;
}
