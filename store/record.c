/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

/*
 * A credential as JSON text and back. store.c is the only caller in the
 * program. One table drives both directions, so that what is written is
 * what is read: every member must be there, once, with its type and within
 * its size, and no other. The writer refuses what the reader would refuse.
 *
 * The writer builds its text in an exo_buf, which wipes itself; json-c only
 * reads. json-c knows nothing of secrets, so its work buffer is sized before
 * it parses (growing would leave copies in the heap) and wiped after, and so
 * is every string of the parsed tree. A record that fails to decode comes
 * back empty. Failure: EXO_E_SYNTAX, EXO_E_VERSION, EXO_E_NOMEM with a
 * static reason; the encoder's is the sticky error of the buffer.
 */
#include "exoauth/record.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <stddef.h>
#include <string.h>

#define RECORD_VERSION 1
#define RECORD_DEPTH 4

/* What every JSON reader holds exactly (RFC 7493), and far from where the
 * sum of two times would overflow. */
#define NUMBER_MAX ((INT64_C(1) << 53) - 1)

enum kind { KIND_TEXT, KIND_NUMBER, KIND_STATE, KIND_SECRET };

struct field {
    const char *name;
    const char *wrong; /* why, if it is missing or malformed */
    enum kind kind;
    size_t offset;
    size_t size;
};

#define FIELD(member, kind)                                          \
    {                                                                \
#member, "member " #member " is missing or malformed", kind, \
            offsetof(struct exo_record, member),                     \
            sizeof(((struct exo_record *)NULL)->member)              \
    }

static const struct field fields[] = {
    FIELD(account, KIND_TEXT),        FIELD(revision, KIND_NUMBER),
    FIELD(serial, KIND_NUMBER),       FIELD(grant, KIND_TEXT),
    FIELD(state, KIND_STATE),         FIELD(config, KIND_TEXT),
    FIELD(tried, KIND_TEXT),          FIELD(scope, KIND_TEXT),
    FIELD(issued, KIND_NUMBER),       FIELD(refresh_after, KIND_NUMBER),
    FIELD(usable_until, KIND_NUMBER), FIELD(expires, KIND_NUMBER),
    FIELD(granted, KIND_NUMBER),      FIELD(refreshed, KIND_NUMBER),
    FIELD(next_try, KIND_NUMBER),     FIELD(failures, KIND_NUMBER),
    FIELD(error_code, KIND_TEXT),     FIELD(error_text, KIND_TEXT),
    FIELD(error_time, KIND_NUMBER),
};

static const struct field secrets[] = {
    FIELD(access_token, KIND_SECRET),
    FIELD(refresh_token, KIND_SECRET),
    FIELD(client_secret, KIND_SECRET),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define EXTRA_MEMBERS 3 /* exoauth, seal, secret */

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
    if (out->error == 0)
        out->error = EXO_E_SYNTAX;
}

static void write_string(struct exo_buf *out, const char *text, size_t len)
{
    size_t i;
    size_t plain = 0; /* start of the run that needs no escape */

    exo_buf_str(out, "\"");
    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
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

        if (number < 0 || number > NUMBER_MAX)
            refuse(out);
        exo_buf_fmt(out, "%" PRId64, number);
    } else if (field->kind == KIND_TEXT) {
        size_t len = strnlen(where, field->size);

        if (len == field->size)
            refuse(out);
        write_string(out, where, len);
    } else if (field->kind == KIND_STATE) {
        const char *word = exo_status_word(record->state);

        if (!state_known(record->state))
            refuse(out);
        write_string(out, word, strlen(word));
    } else {
        const struct exo_secret *secret = where;

        write_string(out, exo_secret_reveal(secret), exo_secret_len(secret));
    }
}

int exo_record_encode(const struct exo_record *record, struct exo_buf *out)
{
    size_t i;

    exo_buf_fmt(out, "{ \"exoauth\": %d", RECORD_VERSION);
    for (i = 0; i < COUNT(fields); i++) {
        exo_buf_str(out, ",\n  ");
        write_field(out, record, &fields[i]);
    }
    exo_buf_str(out, ",\n  \"seal\": \"none\",\n  \"secret\": {");
    for (i = 0; i < COUNT(secrets); i++) {
        exo_buf_str(out, i == 0 ? "\n    " : ",\n    ");
        write_field(out, record, &secrets[i]);
    }
    exo_buf_str(out, " } }\n");
    return out->error;
}

/* ---- reading ---- */

/*
 * json-c keeps the last of two members with one name and says nothing. In
 * valid JSON every member has one colon outside strings: count those. Nor
 * does it mind single quotes and control bytes within strings; 0 for them.
 */
static size_t count_members(const char *text, size_t len)
{
    size_t i;
    size_t count = 0;
    bool quoted = false;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (quoted ? c < 0x20 : c == '\'')
            return 0;
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == ':')
            count++;
    }
    return count;
}

/* The memory is json-c's own and ours to scribble on before it is freed. */
static void wipe_tree(struct json_object *node)
{
    if (json_object_is_type(node, json_type_string)) {
        const char *text = json_object_get_string(node);

        explicit_bzero((void *)(uintptr_t)text,
                       (size_t)json_object_get_string_len(node));
    } else if (json_object_is_type(node, json_type_object)) {
        json_object_object_foreach(node, name, child)
        {
            (void)name;
            wipe_tree(child);
        }
    }
}

static int parse(const char *text, size_t len, struct json_object **root,
                 const char **why)
{
    struct json_tokener *parser = json_tokener_new_ex(RECORD_DEPTH);
    enum json_tokener_error problem;
    int rc = EXO_E_SYNTAX;

    *root = NULL;
    *why = "out of memory";
    if (parser == NULL)
        return EXO_E_NOMEM;
    if (printbuf_memset(parser->pb, 0, 0, (int)len + 1) < 0) {
        rc = EXO_E_NOMEM;
        goto out;
    }
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT);
    *root = json_tokener_parse_ex(parser, text, (int)len);
    problem = json_tokener_get_error(parser);
    *why = NULL;
    if (problem == json_tokener_continue)
        *why = "unexpected end of data";
    else if (problem != json_tokener_success)
        *why = json_tokener_error_desc(problem);
    else if (json_tokener_get_parse_end(parser) != len)
        *why = "text after the end of the record";
    else if (!json_object_is_type(*root, json_type_object))
        *why = "not a JSON object";
    if (*why == NULL)
        rc = 0;
out:
    explicit_bzero(parser->pb->buf, (size_t)parser->pb->size);
    json_tokener_free(parser);
    return rc;
}

static bool read_number(struct json_object *node, int64_t *number)
{
    /* A negative one reads as 0 unsigned, one over INT64_MAX is cut down
     * signed: together they tell both. */
    if (!json_object_is_type(node, json_type_int) ||
        json_object_get_int64(node) < 0 ||
        json_object_get_uint64(node) > (uint64_t)NUMBER_MAX)
        return false;
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
    if (!json_object_object_get_ex(parent, field->name, &node))
        return EXO_E_SYNTAX;
    if (field->kind == KIND_NUMBER)
        return read_number(node, where) ? 0 : EXO_E_SYNTAX;
    if (!json_object_is_type(node, json_type_string))
        return EXO_E_SYNTAX;
    text = json_object_get_string(node);
    len = (size_t)json_object_get_string_len(node);
    if (memchr(text, '\0', len) != NULL)
        return EXO_E_SYNTAX;
    if (field->kind == KIND_STATE) {
        if (!exo_status_parse(text, &record->state) ||
            !state_known(record->state))
            return EXO_E_SYNTAX;
        return 0;
    }
    if (field->kind == KIND_SECRET) {
        if (len > EXO_SECRET_MAX)
            return EXO_E_SYNTAX;
        *why = "out of memory";
        return len == 0 ? 0 : exo_secret_set(where, text, len);
    }
    if (len >= field->size)
        return EXO_E_SYNTAX;
    memcpy(where, text, len + 1);
    return 0;
}

/* Everything that another version may have changed comes first. */
static int read_version(struct json_object *root, const char **why)
{
    struct json_object *node = NULL;
    int64_t version = 0;

    *why = "member exoauth is missing or malformed";
    if (!json_object_object_get_ex(root, "exoauth", &node) ||
        !read_number(node, &version))
        return EXO_E_SYNTAX;
    *why = "written by a newer version of exoauth";
    if (version != RECORD_VERSION)
        return EXO_E_VERSION;
    *why = "member seal is missing or malformed";
    if (!json_object_object_get_ex(root, "seal", &node) ||
        !json_object_is_type(node, json_type_string))
        return EXO_E_SYNTAX;
    *why = "sealed in a way this version of exoauth does not know";
    if (strcmp(json_object_get_string(node), "none") != 0)
        return EXO_E_VERSION;
    return 0;
}

static int read_tree(struct exo_record *record, struct json_object *root,
                     const char **why)
{
    struct json_object *inner = NULL;
    size_t i;
    int rc = read_version(root, why);

    for (i = 0; rc == 0 && i < COUNT(fields); i++)
        rc = read_field(record, &fields[i], root, why);
    if (rc != 0)
        return rc;
    *why = "member secret is missing or malformed";
    if (!json_object_object_get_ex(root, "secret", &inner) ||
        !json_object_is_type(inner, json_type_object))
        return EXO_E_SYNTAX;
    for (i = 0; rc == 0 && i < COUNT(secrets); i++)
        rc = read_field(record, &secrets[i], inner, why);
    if (rc != 0)
        return rc;
    *why = "it has a member that this version of exoauth does not know";
    if ((size_t)json_object_object_length(root) !=
            COUNT(fields) + EXTRA_MEMBERS ||
        (size_t)json_object_object_length(inner) != COUNT(secrets))
        return EXO_E_VERSION;
    return 0;
}

int exo_record_decode(struct exo_record *record, const char *text, size_t len,
                      const char **why)
{
    struct json_object *root = NULL;
    int rc = EXO_E_SYNTAX;

    exo_record_init(record);
    *why = "larger than a record can be";
    if (len > EXO_RECORD_MAX)
        goto out;
    *why = "it holds a NUL byte";
    if (memchr(text, '\0', len) != NULL)
        goto out;
    rc = parse(text, len, &root, why);
    if (rc == 0)
        rc = read_tree(record, root, why);
    if (rc == 0 && count_members(text, len) !=
                       COUNT(fields) + EXTRA_MEMBERS + COUNT(secrets)) {
        *why = "a member is there twice, or it is not strict JSON";
        rc = EXO_E_SYNTAX;
    }
out:
    wipe_tree(root);
    json_object_put(root);
    if (rc != 0) {
        exo_record_free(record);
        exo_record_init(record);
    } else {
        *why = NULL;
    }
    return rc;
}
