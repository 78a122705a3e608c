/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of oauth/ only: the JSON of an answer, and what is said
 * about an answer that is not the one hoped for.
 */
#ifndef EXOAUTH_ANSWER_H
#define EXOAUTH_ANSWER_H

#include "exoauth/json.h"
#include "exoauth/oauth.h"

/* Longest access token, refresh token or device code, bytes. Entra's access
 * tokens have passed 4 KiB; a line of configuration ends at 16 KiB. */
#define EXO_TOKEN_MAX ((size_t)16000)

/* Longest life that is believed, seconds: ten years. Beyond it is a server
 * that counts in milliseconds or answers with a date. */
#define EXO_LIFE_MAX ((int64_t)10 * 365 * 86400)

/* The remedy for which an error text names the command instead. */
#define EXO_LOG_IN_AGAIN "log in again"

/* What was asked. Strings and secrets are borrowed. */
struct exo_asked {
    const struct exo_oauth_client *client;
    const char *url;
    const char *key; /* of the account file, e.g. "token_endpoint" */
    /* What a user's consent or password gave us, or NULL: refresh token,
     * device code, code, password. Without it nobody could log in again. */
    const struct exo_secret *sent;
    const struct exo_secret *verifier; /* goes with a code, else NULL; Arc's
                                        * key for a managed identity */
    struct exo_secret *made;           /* the caller's to free: the JWT that
                                        * exo_oauth_post() makes is left here, as it
                                        * must not come back; NULL: not wanted */
    bool spends;   /* sent may be worth one use only: say so before */
    bool identity; /* a managed identity's service: see identity.c */
};

/*
 * A number of seconds, 1 to EXO_LIFE_MAX, written as a number or as a string
 * of digits; a fraction is dropped. fallback where it is absent or null.
 * EXO_E_SYNTAX, and *seconds is fallback, for anything else.
 */
int exo_json_seconds(struct json_object *object, const char *name,
                     int64_t fallback, int64_t *seconds) EXO_MUST_CHECK;

/*
 * A time in seconds since 1970, written in the same ways, as seconds from
 * now on. fallback where it is absent or null; EXO_E_SYNTAX, and *seconds is
 * fallback, if it is no such time, past, or too far away.
 */
int exo_json_until(struct json_object *object, const char *name, int64_t now,
                   int64_t fallback, int64_t *seconds) EXO_MUST_CHECK;

/* 1*VSCHAR (%x20-7E), RFC 6749 appendix A, and at most EXO_TOKEN_MAX. */
bool exo_is_vschar(const char *text);

/*
 * Is a secret of the request, or one of tokens (or NULL), in the text, or a run
 * of it: in plain, in base64 (so also in a Basic header), hexadecimal, percent
 * or HTML encoding, in any case, with anything between its letters and digits?
 * 1 (also when in doubt), 0, or EXO_E_NOMEM where that cannot be told.
 * Everything of a provider's that is stored or shown is asked about here; what
 * is not 0 is left out.
 */
int exo_leaks(const struct exo_asked *asked, const struct exo_tokens *tokens,
              const char *text, size_t len);

/*
 * What the provider said, cleaned: names of [A-Za-z0-9_.-], code "" or
 * "AADSTS" and digits, description one line of ASCII, to be freed. All "" of
 * what was not said or repeats a secret. object may be NULL. EXO_E_NOMEM: what
 * there is is not all that was said.
 */
struct exo_said {
    char error[64];
    char suberror[64];
    char code[64];
    struct exo_buf description;
};
int exo_said_read(struct exo_said *said, const struct exo_asked *asked,
                  struct json_object *object) EXO_MUST_CHECK;

/* No success by HTTP status, or an `error` in place of the member wanted. */
bool exo_is_refusal(const struct exo_http_reply *reply,
                    struct json_object *object, const char *wanted);

/*
 * The answer is a refusal: fills error from the HTTP status and, where there
 * is one, the JSON object of RFC 6749 section 5.2 (NULL: none). Always
 * EXO_E_STATUS, as the two below.
 */
int exo_refused(const struct exo_asked *asked,
                const struct exo_http_reply *reply, struct json_object *object,
                struct exo_oauth_error *error);

/* The answer claims success and is of no use; parse_rc is what
 * exo_json_parse() returned, 0 if the fault is `what`, half a sentence. */
int exo_unusable(const struct exo_asked *asked,
                 const struct exo_http_reply *reply, int parse_rc,
                 const char *what, enum exo_status status,
                 struct exo_oauth_error *error);

int exo_no_memory(struct exo_oauth_error *error);

void exo_tokens_init(struct exo_tokens *tokens);

/* Whom an ID token names, "" if it is none or names nobody. Its signature is
 * not looked at: it came from the token endpoint itself, over TLS (OpenID
 * Connect Core 1.0 section 3.1.3.7), and is only shown. */
void exo_id_token_mailbox(const char *id_token, char *mailbox, size_t size);

/* exo_oauth_parse() for what was asked. */
int exo_oauth_answer(const struct exo_asked *asked,
                     const struct exo_http_reply *reply,
                     struct exo_tokens *tokens,
                     struct exo_oauth_error *error) EXO_MUST_CHECK;

/* One request: form and client authentication go out, the answer comes back.
 * EXO_E_STATUS if there was none. Free reply in every case. */
int exo_oauth_post(const struct exo_asked *asked, struct exo_secret *form,
                   struct exo_http_reply *reply,
                   struct exo_oauth_error *error) EXO_MUST_CHECK;

/* form_add for strings and for secrets. */
int exo_form_text(struct exo_secret *form, const char *name,
                  const char *value) EXO_MUST_CHECK;
int exo_form_secret(struct exo_secret *form, const char *name,
                    const struct exo_secret *value) EXO_MUST_CHECK;

/* What the token is for: scope, and resource where there is one. */
int exo_form_scope(struct exo_secret *form,
                   const struct exo_oauth_client *client) EXO_MUST_CHECK;

#endif
