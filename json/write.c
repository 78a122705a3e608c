/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer of all JSON that exoauth makes (exoauth/json.h): what commands
 * print, records, the journal, the parts of a JWT. Called from every room that
 * may know JSON, and nobody calls a constructor of json-c (walls.sh).
 *
 * It appends to a buffer of the caller's, which wipes itself, and holds no
 * memory. Every failure is the buffer's sticky error, so a text is built in a
 * row and checked once, by exo_buf_done(). A byte that JSON cannot hold and an
 * end without a beginning are such errors, too.
 */
#include "config.h"

#include "exoauth/json.h"

#include <inttypes.h>
#include <string.h>

static void fail(struct exo_buf *out, int code)
{
    if (out->error == 0) {
        out->error = code;
    }
}

static void escape(struct exo_buf *out, unsigned char c)
{
    exo_buf_fmt(out,
                c == '\n'  ? "\\n"
                : c < 0x20 ? "\\u%04x"
                           : "\\%c",
                (unsigned int)c);
}

void exo_json_quote(struct exo_buf *out, const char *text, size_t len)
{
    size_t plain = 0; /* start of the run that needs no escape */

    if (memchr(text, '\0', len) != NULL) {
        fail(out, EXO_E_SYNTAX);
        return;
    }
    exo_buf_str(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == '"' || c == '\\') {
            exo_buf_add(out, text + plain, i - plain);
            escape(out, c);
            plain = i + 1;
        }
    }
    exo_buf_add(out, text + plain, len - plain);
    exo_buf_str(out, "\"");
}

static void new_line(const struct exo_json *json)
{
    if (json->lines) {
        exo_buf_str(json->out, "\n");
        for (unsigned i = 0; i < json->depth; i++) {
            exo_buf_str(json->out, "  ");
        }
    }
}

/* What stands before a value: a comma, a line, its name. */
static void before(struct exo_json *json, const char *name)
{
    if (json->some) {
        exo_buf_str(json->out, ",");
    }
    json->some = true;
    new_line(json);
    if (name != NULL) {
        exo_json_quote(json->out, name, strlen(name));
        exo_buf_str(json->out, ":");
    }
}

static void open(struct exo_json *json, char from, char to)
{
    if (json->depth >= sizeof(json->ends)) {
        fail(json->out, EXO_E_ARG);
        return;
    }
    json->ends[json->depth++] = to;
    json->some = false;
    exo_buf_add(json->out, &from, 1);
}

void exo_json_begin(struct exo_json *json, struct exo_buf *out, bool lines)
{
    memset(json, 0, sizeof(*json));
    json->out = out;
    json->lines = lines;
    open(json, '{', '}');
}

void exo_json_object(struct exo_json *json, const char *name)
{
    before(json, name);
    open(json, '{', '}');
}

void exo_json_array(struct exo_json *json, const char *name)
{
    before(json, name);
    open(json, '[', ']');
}

void exo_json_end(struct exo_json *json)
{
    bool some = json->some;

    if (json->depth == 0) {
        fail(json->out, EXO_E_ARG);
        return;
    }
    json->depth--;
    json->some = true;
    if (some) {
        new_line(json);
    }
    exo_buf_add(json->out, &json->ends[json->depth], 1);
    if (json->depth == 0 && json->lines) {
        exo_buf_str(json->out, "\n");
    }
}

void exo_json_put_text(struct exo_json *json, const char *name,
                       const char *text)
{
    before(json, name);
    if (text != NULL) {
        exo_json_quote(json->out, text, strlen(text));
    } else {
        exo_buf_str(json->out, "null");
    }
}

void exo_json_put_bytes(struct exo_json *json, const char *name,
                        const char *text, size_t len)
{
    before(json, name);
    exo_json_quote(json->out, text, len);
}

void exo_json_put_buf(struct exo_json *json, const char *name,
                      const struct exo_buf *value)
{
    const char *text;
    int rc = exo_buf_done(value, &text);

    before(json, name);
    if (rc == EXO_OK) {
        exo_json_quote(json->out, text, value->len);
    } else {
        fail(json->out, rc);
    }
}

void exo_json_put_number(struct exo_json *json, const char *name,
                         int64_t number)
{
    before(json, name);
    exo_buf_fmt(json->out, "%" PRId64, number);
}
