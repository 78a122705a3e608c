/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON that holds secrets, by json-c, for record.c. json-c knows nothing of
 * secrets, so its work buffer is sized before it parses (growing would leave
 * copies in the heap) and wiped after, and so is every string of the parsed
 * tree. It is lenient, too: exo_record_json_members() finds what it lets
 * pass. The tree is the caller's (exo_record_json_free). Failure:
 * EXO_E_SYNTAX or EXO_E_NOMEM with a static reason.
 */
#include "config.h"

#include "record_json.h"

#include <json-c/printbuf.h>
#include <string.h>

#include "exoauth/error.h"

#define DEPTH 4

/*
 * json-c keeps the last of two members with one name and says nothing. In
 * valid JSON every member has one colon outside strings: count those. Nor
 * does it mind single quotes and control bytes within strings; 0 for them.
 */
size_t exo_record_json_members(const char *text, size_t len)
{
    size_t i;
    size_t count = 0;
    bool quoted = false;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (quoted ? c < 0x20 : c == '\'') {
            return 0;
        }
        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == ':') {
            count++;
        }
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

int exo_record_json_parse(const char *text, size_t len,
                          struct json_object **root, const char **why)
{
    struct json_tokener *parser = json_tokener_new_ex(DEPTH);
    enum json_tokener_error problem;
    int rc = EXO_E_SYNTAX;

    *root = NULL;
    *why = "out of memory";
    if (parser == NULL) {
        return EXO_E_NOMEM;
    }
    if (printbuf_memset(parser->pb, 0, 0, (int)len + 1) < 0) {
        rc = EXO_E_NOMEM;
        goto out;
    }
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT);
    *root = json_tokener_parse_ex(parser, text, (int)len);
    problem = json_tokener_get_error(parser);
    *why = NULL;
    if (problem == json_tokener_continue) {
        *why = "unexpected end of data";
    } else if (problem != json_tokener_success) {
        *why = json_tokener_error_desc(problem);
    } else if (json_tokener_get_parse_end(parser) != len) {
        *why = "text after the end of the record";
    } else if (!json_object_is_type(*root, json_type_object)) {
        *why = "not a JSON object";
    }
    if (*why == NULL) {
        rc = 0;
    }
out:
    explicit_bzero(parser->pb->buf, (size_t)parser->pb->size);
    json_tokener_free(parser);
    return rc;
}

void exo_record_json_free(struct json_object *root)
{
    wipe_tree(root);
    json_object_put(root);
}
