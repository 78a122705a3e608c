/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A credential from its JSON text, and the one table of its members. store.c
 * and guard.c are the only callers in the program. The table drives both
 * directions, here and in record_write.c, so that what is written is what is
 * read: every member must be there, once, with its type and within its size,
 * and no other.
 *
 * json-c only reads, through json/, which wipes what it leaves. A record that
 * fails to decode comes back empty. Failure: EXO_E_SYNTAX, EXO_E_VERSION,
 * EXO_E_NOMEM with a static reason.
 */
#include "config.h"

#include "record_inner.h"

#include <json-c/json.h>
#include <stddef.h>
#include <string.h>

#include "exoauth/json.h"

/* Names and passwords are what a user typed, in whatever encoding. */
#define RULES (4 | EXO_JSON_BYTES)

#define FIELD(member, kind)                                          \
    {                                                                \
#member, "member " #member " is missing or malformed", kind, \
            offsetof(struct exo_record, member),                     \
            sizeof(((struct exo_record *)NULL)->member), ALWAYS      \
    }
#define OPTIONAL_FIELD(member, kind, presence)                    \
    {                                                             \
#member, "member " #member " is malformed", kind,         \
            offsetof(struct exo_record, member),                  \
            sizeof(((struct exo_record *)NULL)->member), presence \
    }

const struct exo_record_field exo_record_fields[EXO_RECORD_FIELDS] = {
    FIELD(account, KIND_TEXT),
    FIELD(revision, KIND_NUMBER),
    FIELD(serial, KIND_NUMBER),
    FIELD(grant, KIND_TEXT),
    FIELD(state, KIND_STATE),
    FIELD(config, KIND_TEXT),
    FIELD(tried, KIND_TEXT),
    FIELD(scope, KIND_TEXT),
    FIELD(issued, KIND_NUMBER),
    FIELD(refresh_after, KIND_NUMBER),
    FIELD(usable_until, KIND_NUMBER),
    FIELD(expires, KIND_NUMBER),
    FIELD(granted, KIND_NUMBER),
    FIELD(refreshed, KIND_NUMBER),
    FIELD(next_try, KIND_NUMBER),
    FIELD(failures, KIND_NUMBER),
    FIELD(error_code, KIND_TEXT),
    FIELD(error_text, KIND_TEXT),
    FIELD(error_time, KIND_NUMBER),
    OPTIONAL_FIELD(told, KIND_TEXT, LATER),
    OPTIONAL_FIELD(warned, KIND_NUMBER, LATER),
    OPTIONAL_FIELD(issuer, KIND_TEXT, SPARSE),
    OPTIONAL_FIELD(token_endpoint, KIND_TEXT, SPARSE),
    OPTIONAL_FIELD(certificate_ends, KIND_NUMBER, SPARSE),
    OPTIONAL_FIELD(unsaid, KIND_NUMBER, SPARSE),
    OPTIONAL_FIELD(adopted, KIND_TEXT, SPARSE),
};

const struct exo_record_field exo_record_secrets[EXO_RECORD_SECRETS] = {
    FIELD(access_token, KIND_SECRET),
    FIELD(refresh_token, KIND_SECRET),
    FIELD(client_secret, KIND_SECRET),
};

#define EXTRA_MEMBERS 3  /* exoauth, seal, secret */
#define SEALED_MEMBERS 6 /* exoauth, seal, key, salt, nonce, ciphertext */

static void *at(struct exo_record *record, const struct exo_record_field *field)
{
    return (char *)record + field->offset;
}

void exo_record_init(struct exo_record *record)
{
    memset(record, 0, sizeof(*record));
    record->state = EXO_STATUS_OK;
    exo_buf_init(&record->access_token.hidden, EXO_SECRET_MAX);
    exo_buf_init(&record->refresh_token.hidden, EXO_SECRET_MAX);
    exo_buf_init(&record->client_secret.hidden, EXO_SECRET_MAX);
}

void exo_record_free(struct exo_record *record)
{
    exo_secret_free(&record->access_token);
    exo_secret_free(&record->refresh_token);
    exo_secret_free(&record->client_secret);
}

bool exo_record_state_known(enum exo_status state)
{
    return state == EXO_STATUS_OK || state == EXO_STATUS_TRANSIENT ||
           state == EXO_STATUS_NEEDS_LOGIN || state == EXO_STATUS_MISCONFIGURED;
}

static bool read_number(struct json_object *node, int64_t *number)
{
    /* A negative one reads as 0 unsigned, one over INT64_MAX is cut down
     * signed: together they tell both. */
    if (!json_object_is_type(node, json_type_int) ||
        json_object_get_int64(node) < 0 ||
        json_object_get_uint64(node) > (uint64_t)EXO_RECORD_NUMBER_MAX) {
        return false;
    }
    *number = json_object_get_int64(node);
    return true;
}

static int read_field(struct exo_record *record,
                      const struct exo_record_field *field,
                      struct json_object *parent, const char **why)
{
    struct json_object *node = NULL;
    void *where = at(record, field);
    const char *text;
    size_t len;

    *why = field->wrong;
    if (!json_object_object_get_ex(parent, field->name, &node)) {
        return field->presence != ALWAYS ? 0 : EXO_E_SYNTAX;
    }
    if (field->kind == KIND_NUMBER) {
        return read_number(node, where) ? 0 : EXO_E_SYNTAX;
    }
    if (!json_object_is_type(node, json_type_string)) {
        return EXO_E_SYNTAX;
    }
    text = json_object_get_string(node);
    len = (size_t)json_object_get_string_len(node);
    if (memchr(text, '\0', len) != NULL) {
        return EXO_E_SYNTAX;
    }
    if (field->kind == KIND_STATE) {
        if (!exo_status_parse(text, &record->state) ||
            !exo_record_state_known(record->state)) {
            return EXO_E_SYNTAX;
        }
        return 0;
    }
    if (field->kind == KIND_SECRET) {
        if (len > EXO_SECRET_MAX) {
            return EXO_E_SYNTAX;
        }
        *why = "out of memory";
        return len == 0 ? 0 : exo_secret_set(where, text, len);
    }
    if (len >= field->size) {
        return EXO_E_SYNTAX;
    }
    memcpy(where, text, len + 1);
    return 0;
}

/* A member that must be text; NULL if it is not. */
static const char *read_text(struct json_object *root, const char *name)
{
    struct json_object *node = NULL;

    if (!json_object_object_get_ex(root, name, &node) ||
        !json_object_is_type(node, json_type_string)) {
        return NULL;
    }
    return json_object_get_string(node);
}

/* Everything that another version may have changed comes first. */
static int read_version(struct exo_record *record, struct json_object *root,
                        const char **why)
{
    struct json_object *node = NULL;
    int64_t version = 0;
    const char *seal;
    const char *key;

    *why = "member exoauth is missing or malformed";
    if (!json_object_object_get_ex(root, "exoauth", &node) ||
        !read_number(node, &version)) {
        return EXO_E_SYNTAX;
    }
    *why = "written by a newer version of exoauth";
    if (version != EXO_RECORD_VERSION) {
        return EXO_E_VERSION;
    }
    *why = "member seal is missing or malformed";
    seal = read_text(root, "seal");
    if (seal == NULL) {
        return EXO_E_SYNTAX;
    }
    if (strcmp(seal, "none") == 0) {
        return 0;
    }
    *why = "sealed in a way this version of exoauth does not know";
    if (strcmp(seal, EXO_RECORD_SEAL) != 0) {
        return EXO_E_VERSION;
    }
    *why = "member key, salt, nonce or ciphertext is missing or malformed";
    key = read_text(root, "key");
    if (key == NULL || strlen(key) != EXO_SEAL_ID ||
        strspn(key, "0123456789abcdef") != EXO_SEAL_ID ||
        read_text(root, "salt") == NULL || read_text(root, "nonce") == NULL ||
        read_text(root, "ciphertext") == NULL) {
        return EXO_E_SYNTAX;
    }
    memcpy(record->sealed_by, key, sizeof(record->sealed_by));
    return 0;
}

static int read_secrets(struct exo_record *record, struct json_object *inner,
                        const char **why)
{
    size_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < EXO_RECORD_SECRETS; i++) {
        rc = read_field(record, &exo_record_secrets[i], inner, why);
    }
    if (rc != 0) {
        return rc;
    }
    *why = "it has a member that this version of exoauth does not know";
    return (size_t)json_object_object_length(inner) == EXO_RECORD_SECRETS
               ? 0
               : EXO_E_VERSION;
}

/* How many fields the outer object of a good record has. */
static size_t fields_of(struct json_object *root)
{
    size_t count = EXO_RECORD_FIELDS;
    size_t i;

    for (i = 0; i < EXO_RECORD_FIELDS; i++) {
        if (exo_record_fields[i].presence != ALWAYS &&
            !json_object_object_get_ex(root, exo_record_fields[i].name, NULL)) {
            count--;
        }
    }
    return count;
}

static int read_tree(struct exo_record *record, struct json_object *root,
                     const char **why)
{
    struct json_object *inner = NULL;
    size_t members;
    size_t i;
    int rc = read_version(record, root, why);

    for (i = 0; rc == 0 && i < EXO_RECORD_FIELDS; i++) {
        rc = read_field(record, &exo_record_fields[i], root, why);
    }
    if (rc != 0) {
        return rc;
    }
    members = fields_of(root) + SEALED_MEMBERS;
    if (record->sealed_by[0] == '\0') {
        *why = "member secret is missing or malformed";
        if (!json_object_object_get_ex(root, "secret", &inner) ||
            !json_object_is_type(inner, json_type_object)) {
            return EXO_E_SYNTAX;
        }
        rc = read_secrets(record, inner, why);
        if (rc != 0) {
            return rc;
        }
        members = fields_of(root) + EXTRA_MEMBERS;
    }
    *why = "it has a member that this version of exoauth does not know";
    return (size_t)json_object_object_length(root) == members ? 0
                                                              : EXO_E_VERSION;
}

/* A whole record, or the secrets alone into one that is read already. */
static int decode(struct exo_record *record, const char *text, size_t len,
                  bool whole, const char **why)
{
    struct json_object *root = NULL;
    int rc = EXO_E_SYNTAX;

    *why = "larger than a record can be";
    if (len > EXO_RECORD_MAX) {
        return rc;
    }
    rc = exo_json_read(text, len, RULES, &root, why);
    if (rc == 0) {
        rc = whole ? read_tree(record, root, why)
                   : read_secrets(record, root, why);
    }
    exo_json_free(root);
    if (rc != 0) {
        exo_record_free(record);
        exo_record_init(record);
    } else {
        *why = NULL;
    }
    return rc == EXO_E_SHORT ? EXO_E_SYNTAX : rc;
}

int exo_record_take_secrets(struct exo_record *record, const char *text,
                            size_t len, const char **why)
{
    return decode(record, text, len, false, why);
}

int exo_record_decode(struct exo_record *record, const char *text, size_t len,
                      const char **why)
{
    exo_record_init(record);
    return decode(record, text, len, true, why);
}

int exo_record_decode_of(struct exo_record *record,
                         const struct exo_account *account,
                         const struct exo_buf *text, const char **why)
{
    const char *all;
    int rc = exo_buf_done(text, &all);

    exo_record_init(record);
    if (rc == 0) {
        rc = exo_record_decode(record, all, text->len, why);
    }
    if (rc == 0 && strcmp(record->account, account->name) != 0) {
        *why = "it is the record of another account";
        rc = EXO_E_SYNTAX;
        exo_record_free(record);
        exo_record_init(record);
    }
    return rc;
}
