/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Managed identities of Azure (exoauth/oauth.h): one GET to a service of this
 * host, in one of three forms. The broker calls it as it calls the grants of
 * grant.c; tokens are the caller's to free, also after a failure, and every
 * failure has its line in error.
 *
 * Whoever answers at that address could name any file as Arc's proof and get
 * its content: so only a file of Arc's own directory is read, no link, and of
 * nobody but root, this user or the directory's owner. Proofs live in struct
 * exo_secret and are wiped here.
 */
#include "config.h"

#include "identity.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "exoauth/file.h"

#define ARC_KEY_MAX ((size_t)4096)
#define BASIC_REALM "Basic realm="
#define PROOF_MAX (ARC_KEY_MAX + 16)

struct request {
    struct exo_asked asked;
    struct exo_secret url; /* not secret; a form is written into that type */
    struct exo_http_header headers[3];
};

/* The name of the file in dir that the challenge means, "" if it means none.
 * The path is compared, not followed. */
static void key_name(const char *dir, const char *challenge, char *name,
                     size_t size)
{
    const char *path = challenge + strlen(BASIC_REALM);
    size_t len, dir_len = strlen(dir);

    name[0] = '\0';
    if (strncasecmp(challenge, BASIC_REALM, strlen(BASIC_REALM)) != 0) {
        return;
    }
    path += *path == '"' ? 1 : 0;
    if (strncmp(path, dir, dir_len) != 0 || path[dir_len] != '/') {
        return;
    }
    path += dir_len + 1;
    len = strcspn(path, "\"");
    if (len > 4 && len < size && path[0] != '.' &&
        memchr(path, '/', len) == NULL &&
        strncmp(path + len - 4, ".key", 4) == 0) {
        memcpy(name, path, len);
        name[len] = '\0';
    }
}

int exo_arc_key(const char *dir, const char *challenge, struct exo_secret *key,
                const char **why)
{
    char name[256];
    const char *text;
    struct stat st;
    size_t len;
    int fd, rc;

    key_name(dir, challenge, name, sizeof(name));
    if (name[0] == '\0') {
        *why = "it names no key file of " EXO_ARC_DIR;
        return EXO_E_SYNTAX;
    }
    *why = NULL;
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        *why = "its directory cannot be read";
        rc = EXO_E_ACCESS;
        goto out;
    }
    exo_secret_free(key);
    exo_buf_init(&key->hidden, ARC_KEY_MAX);
    rc = exo_file_read(fd, name, EXO_FILE_TOKEN, st.st_uid, &key->hidden, why);
    if (rc == 0) {
        exo_secret_chomp(key);
        rc = exo_secret_reveal(key, &text, &len);
        if (rc == 0 && !exo_is_vschar(text)) {
            *why = "its content is no key";
            rc = EXO_E_SYNTAX;
        }
    }
    if (rc != 0 && *why == NULL) {
        *why = exo_strerror(rc);
    }
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc != 0) {
        exo_secret_free(key);
    }
    return rc;
}

/* URL and headers of the first request. */
static int begin(struct request *r, const struct exo_oauth_client *client,
                 enum exo_identity identity)
{
    static const char *const versions[] = {
        [EXO_IDENTITY_IMDS] = "2018-02-01",
        [EXO_IDENTITY_APP_SERVICE] = "2019-08-01",
        [EXO_IDENTITY_ARC] = "2020-06-01",
    };
    struct exo_secret query = EXO_SECRET_INIT;
    int rc;

    r->headers[0] =
        (struct exo_http_header){ .name = "Metadata", .text = "true" };
    if (identity == EXO_IDENTITY_APP_SERVICE) {
        r->headers[0] = (struct exo_http_header){ .name = "X-IDENTITY-HEADER",
                                                  .secret = client->secret };
    }
    rc = exo_form_text(&query, "api-version", versions[identity]);
    if (rc == EXO_OK) {
        rc = exo_form_text(&query, "resource", client->resource);
    }
    if (rc == EXO_OK && client->client_id[0] != '\0') {
        rc = exo_form_text(&query, "client_id", client->client_id);
    }
    exo_buf_fmt(&r->url.hidden, "%s%c", client->token_endpoint,
                strchr(client->token_endpoint, '?') != NULL ? '&' : '?');
    exo_buf_join(&r->url.hidden, &query.hidden);
    exo_secret_free(&query);
    return rc != EXO_OK ? rc : r->url.hidden.error;
}

static int ask(const struct request *r, struct exo_http_reply *reply,
               struct exo_oauth_error *error)
{
    struct exo_http_get get = { .header = r->headers, .identity = true };
    const struct exo_oauth_client *client = r->asked.client;
    size_t len;

    if (exo_secret_reveal(&r->url, &get.url, &len) != EXO_OK) {
        return exo_no_memory(error);
    }
    return exo_http_get(&get, &client->way, client->deadline_ms, reply,
                        &error->err);
}

/* Arc's 401 names a file; the same request again, with its content. */
static int answer_challenge(struct request *r, struct exo_secret *proof,
                            struct exo_secret *key,
                            struct exo_http_reply *reply,
                            struct exo_oauth_error *error)
{
    static const char code[] = "HTTP 401";
    const char *why = NULL;

    if (exo_arc_key(EXO_ARC_DIR, reply->challenge, key, &why) != 0) {
        error->http_status = reply->status;
        memcpy(error->code, code, sizeof(code));
        return exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                           "Arc wants a proof and says \"%.120s\": %s; exoauth "
                           "reads *.key of " EXO_ARC_DIR " only, and the user "
                           "it runs as must be in the group himds",
                           reply->challenge, why);
    }
    exo_buf_str(&proof->hidden, "Basic ");
    exo_buf_join(&proof->hidden, &key->hidden);
    if (proof->hidden.error != 0) {
        return exo_no_memory(error);
    }
    r->headers[1] =
        (struct exo_http_header){ .name = "Authorization", .secret = proof };
    r->asked.verifier = key;
    exo_http_reply_free(reply);
    return ask(r, reply, error);
}

int exo_oauth_managed_identity(const struct exo_oauth_client *client,
                               enum exo_identity identity,
                               struct exo_tokens *tokens,
                               struct exo_oauth_error *error)
{
    struct request r = { .asked = { .client = client,
                                    .url = client->token_endpoint,
                                    .key = "identity_endpoint",
                                    .identity = true },
                         .url = EXO_SECRET_INIT };
    struct exo_secret proof = { EXO_BUF_INIT(PROOF_MAX) };
    struct exo_secret key = { EXO_BUF_INIT(ARC_KEY_MAX) };
    struct exo_http_reply reply = { .body = EXO_SECRET_INIT };
    int rc;

    exo_tokens_init(tokens);
    memset(error, 0, sizeof(*error));
    if (identity == EXO_IDENTITY_APP_SERVICE &&
        (client->secret == NULL || exo_secret_empty(client->secret))) {
        rc = exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                         "%s has nothing to show the identity service; set "
                         "secret_file to a file with the value of "
                         "IDENTITY_HEADER",
                         client->account);
        goto out;
    }
    if (begin(&r, client, identity) != EXO_OK) {
        rc = exo_no_memory(error);
        goto out;
    }
    rc = ask(&r, &reply, error);
    if (rc == EXO_OK && identity == EXO_IDENTITY_ARC && reply.status == 401) {
        rc = answer_challenge(&r, &proof, &key, &reply, error);
    }
    if (rc == EXO_OK) {
        rc = exo_oauth_answer(&r.asked, &reply, tokens, error);
    }
    exo_secret_free(&tokens->refresh_token); /* IMDS sends an empty one */
out:
    exo_http_reply_free(&reply);
    exo_secret_free(&r.url);
    exo_secret_free(&proof);
    exo_secret_free(&key);
    return rc;
}
