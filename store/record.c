/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A credential as JSON text and back. store.c is the only caller in the
 * program. One table drives both directions, so that what is written is
 * what is read: every member must be there, once, with its type and within
 * its size, and no other. The writer refuses what the reader would refuse.
 *
 * The writer builds its text in an exo_buf, which wipes itself; json-c only
 * reads, through json/, which wipes what it leaves. A record that fails to
 * decode comes back empty. Failure: EXO_E_SYNTAX, EXO_E_VERSION, EXO_E_NOMEM
 * with a static reason; the encoder's is the sticky error of the buffer.
 */
#include "config.h"

#include "record_inner.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stddef.h>
#include <string.h>

#include "exoauth/json.h"

#define RECORD_VERSION 1

/* Names and passwords are what a user typed, in whatever encoding. */
#define RULES (4 | EXO_JSON_BYTES)

/* What every JSON reader holds exactly (RFC 7493), and far from where the
 * sum of two times would overflow. */
#define NUMBER_MAX ((INT64_C(1) << 53) - 1)

enum kind { KIND_TEXT, KIND_NUMBER, KIND_STATE, KIND_SECRET };

/* LATER: an older version did not write it. SPARSE: it is not written where
 * it is empty, so that an older version can read the others. */
struct field {
    const char *name;
    const char *wrong; /* why, if it is missing or malformed */
    enum kind kind;
    size_t offset;
    size_t size;
    enum { ALWAYS, LATER, SPARSE } presence;
};

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

static const struct field fields[] = {
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
};

static const struct field secrets[] = {
    FIELD(access_token, KIND_SECRET),
    FIELD(refresh_token, KIND_SECRET),
    FIELD(client_secret, KIND_SECRET),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define EXTRA_MEMBERS 3  /* exoauth, seal, secret */
#define SEALED_MEMBERS 6 /* exoauth, seal, key, salt, nonce, ciphertext */

static void *at(struct exo_record *record, const struct field *field)
{
    return (char *)record + field->offset;
}

static const void *at_const(const struct exo_record *record,
                            const struct field *field)
{
    return (const char *)record + field->offset;
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

static bool state_known(enum exo_status state)
{
    return state == EXO_STATUS_OK || state == EXO_STATUS_TRANSIENT ||
           state == EXO_STATUS_NEEDS_LOGIN || state == EXO_STATUS_MISCONFIGURED;
}

/* ---- writing ---- */

static void refuse(struct exo_buf *out)
{
    if (out->error == 0) {
        out->error = EXO_E_SYNTAX;
    }
}

static void write_string(struct exo_buf *out, const char *text, size_t len)
{
    size_t i;
    size_t plain = 0; /* start of the run that needs no escape */

    exo_buf_str(out, "\"");
    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        if (c == '\0') {
            refuse(out);
            return;
        }
        exo_buf_add(out, text + plain, i - plain);
        exo_buf_fmt(out, "\\u%04x", (unsigned int)c);
        plain = i + 1;
    }
    exo_buf_add(out, text + plain, len - plain);
    exo_buf_str(out, "\"");
}

static void write_field(struct exo_buf *out, const struct exo_record *record,
                        const struct field *field)
{
    const void *where = at_const(record, field);

    exo_buf_fmt(out, "\"%s\": ", field->name);
    if (field->kind == KIND_NUMBER) {
        int64_t number = *(const int64_t *)where;

        if (number < 0 || number > NUMBER_MAX) {
            refuse(out);
        }
        exo_buf_fmt(out, "%" PRId64, number);
    } else if (field->kind == KIND_TEXT) {
        size_t len = strnlen(where, field->size);

        if (len == field->size) {
            refuse(out);
        }
        write_string(out, where, len);
    } else if (field->kind == KIND_STATE) {
        const char *word = exo_status_word(record->state);

        if (!state_known(record->state)) {
            refuse(out);
        }
        write_string(out, word, strlen(word));
    } else {
        const struct exo_secret *secret = where;

        if (secret->hidden.error != 0) {
            refuse(out);
        }
        write_string(out, exo_secret_reveal(secret), exo_secret_len(secret));
    }
}

static bool says_nothing(const struct exo_record *record,
                         const struct field *field)
{
    const void *where = at_const(record, field);

    return field->kind == KIND_NUMBER ? *(const int64_t *)where == 0
                                      : *(const char *)where == '\0';
}

void exo_record_put_clear(struct exo_buf *out, const struct exo_record *record)
{
    size_t i;

    exo_buf_fmt(out, "{ \"exoauth\": %d", RECORD_VERSION);
    for (i = 0; i < COUNT(fields); i++) {
        if (fields[i].presence == SPARSE && says_nothing(record, &fields[i])) {
            continue;
        }
        exo_buf_str(out, ",\n  ");
        write_field(out, record, &fields[i]);
    }
}

void exo_record_put_secrets(struct exo_buf *out,
                            const struct exo_record *record)
{
    size_t i;

    exo_buf_str(out, "{");
    for (i = 0; i < COUNT(secrets); i++) {
        exo_buf_str(out, i == 0 ? "\n    " : ",\n    ");
        write_field(out, record, &secrets[i]);
    }
    exo_buf_str(out, " }");
}

int exo_record_encode(const struct exo_record *record, struct exo_buf *out)
{
    exo_record_put_clear(out, record);
    exo_buf_str(out, ",\n  \"seal\": \"none\",\n  \"secret\": ");
    exo_record_put_secrets(out, record);
    exo_buf_str(out, " }\n");
    return out->error;
}

/* ---- reading ---- */

static bool read_number(struct json_object *node, int64_t *number)
{
    /* A negative one reads as 0 unsigned, one over INT64_MAX is cut down
     * signed: together they tell both. */
    if (!json_object_is_type(node, json_type_int) ||
        json_object_get_int64(node) < 0 ||
        json_object_get_uint64(node) > (uint64_t)NUMBER_MAX) {
        return false;
    }
    *number = json_object_get_int64(node);
    return true;
}

static int read_field(struct exo_record *record, const struct field *field,
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
            !state_known(record->state)) {
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
    if (version != RECORD_VERSION) {
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

    for (i = 0; rc == 0 && i < COUNT(secrets); i++) {
        rc = read_field(record, &secrets[i], inner, why);
    }
    if (rc != 0) {
        return rc;
    }
    *why = "it has a member that this version of exoauth does not know";
    return (size_t)json_object_object_length(inner) == COUNT(secrets)
               ? 0
               : EXO_E_VERSION;
}

/* How many fields the outer object of a good record has. */
static size_t fields_of(struct json_object *root)
{
    size_t count = COUNT(fields);
    size_t i;

    for (i = 0; i < COUNT(fields); i++) {
        if (fields[i].presence != ALWAYS &&
            !json_object_object_get_ex(root, fields[i].name, NULL)) {
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

    for (i = 0; rc == 0 && i < COUNT(fields); i++) {
        rc = read_field(record, &fields[i], root, why);
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
