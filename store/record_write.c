/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A credential as JSON text, by the table of record.c: the writer refuses what
 * the reader would refuse. Called by store.c for a record without a seal, and
 * by record_seal.c for the two halves of a sealed one.
 *
 * The text is built in the caller's exo_buf, which wipes itself. Failure is
 * its sticky error: EXO_E_SYNTAX, EXO_E_TOOBIG, EXO_E_NOMEM.
 */
#include "config.h"

#include "record_inner.h"

#include <inttypes.h>
#include <string.h>

#include "exoauth/json.h"

static const void *at_const(const struct exo_record *record,
                            const struct exo_record_field *field)
{
    return (const char *)record + field->offset;
}

static void refuse(struct exo_buf *out)
{
    if (out->error == 0) {
        out->error = EXO_E_SYNTAX;
    }
}

static void write_field(struct exo_buf *out, const struct exo_record *record,
                        const struct exo_record_field *field)
{
    const void *where = at_const(record, field);

    exo_buf_fmt(out, "\"%s\": ", field->name);
    if (field->kind == KIND_NUMBER) {
        int64_t number = *(const int64_t *)where;

        if (number < 0 || number > EXO_RECORD_NUMBER_MAX) {
            refuse(out);
        }
        exo_buf_fmt(out, "%" PRId64, number);
    } else if (field->kind == KIND_TEXT) {
        size_t len = strnlen(where, field->size);

        if (len == field->size) {
            refuse(out);
        }
        exo_json_quote(out, where, len);
    } else if (field->kind == KIND_STATE) {
        const char *word = exo_status_word(record->state);

        if (!exo_record_state_known(record->state)) {
            refuse(out);
        }
        exo_json_quote(out, word, strlen(word));
    } else {
        const char *text;
        size_t len;
        int rc = exo_secret_reveal(where, &text, &len);

        if (rc == 0) {
            exo_json_quote(out, text, len);
        } else if (out->error == 0) {
            out->error = rc;
        }
    }
}

static bool says_nothing(const struct exo_record *record,
                         const struct exo_record_field *field)
{
    const void *where = at_const(record, field);

    return field->kind == KIND_NUMBER ? *(const int64_t *)where == 0
                                      : *(const char *)where == '\0';
}

void exo_record_put_clear(struct exo_buf *out, const struct exo_record *record)
{
    size_t i;

    exo_buf_fmt(out, "{ \"exoauth\": %d", EXO_RECORD_VERSION);
    for (i = 0; i < EXO_RECORD_FIELDS; i++) {
        if (exo_record_fields[i].presence == SPARSE &&
            says_nothing(record, &exo_record_fields[i])) {
            continue;
        }
        exo_buf_str(out, ",\n  ");
        write_field(out, record, &exo_record_fields[i]);
    }
}

void exo_record_put_secrets(struct exo_buf *out,
                            const struct exo_record *record)
{
    size_t i;

    exo_buf_str(out, "{");
    for (i = 0; i < EXO_RECORD_SECRETS; i++) {
        exo_buf_str(out, i == 0 ? "\n    " : ",\n    ");
        write_field(out, record, &exo_record_secrets[i]);
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
