/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser and the writer of `key: value` blocks (exoauth/block.h).
 *
 * Called for exoauth.conf, account files, published tokens, requests and
 * replies, on input that may be hostile. The parser allocates nothing: it
 * cuts the caller's text into strings, which live as long as that text. The
 * writer appends to the caller's buffer and leaves its error there. A
 * cached login spends most of its user time here, hence memchr() for line
 * ends, and vectors instead of bytes in exo_has_control().
 */
#include "config.h"

#include "exoauth/block.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The folded key character, 0 if it is none. */
static char key_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
        c == '-') {
        return c;
    }
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return '\0';
}

/* The compiler's own vector: it becomes what the machine has for it. */
typedef uint8_t bytes __attribute__((vector_size(16)));

/* 0xff for each control byte. */
static bytes find_control(bytes some)
{
    return (bytes)(some < 0x20) | (bytes)(some == 0x7f);
}

bool exo_has_control(const char *data, size_t len)
{
    uint64_t found[2];
    bytes some, bad = { 0 };

    /* Many bytes at a time, because the one long value, the token, passes
     * through here at each login and a loop over bytes would cost more than
     * all the rest of it. */
#pragma GCC unroll 4
    for (; len >= sizeof some; data += sizeof some, len -= sizeof some) {
        memcpy(&some, data, sizeof some);
        bad |= find_control(some);
    }
    if (len > 0) {
        memset(&some, ' ', sizeof some);
        memcpy(&some, data, len);
        bad |= find_control(some);
    }
    memcpy(found, &bad, sizeof found);
    return (found[0] | found[1]) != 0;
}

static int block_fail(struct exo_block *block, unsigned line, int code,
                      const char *why)
{
    block->bad_line = line;
    block->why = why;
    return code;
}

/* Where a message ends: *end is behind its empty line, or a later one. */
static int message_end(struct exo_block *block, const char *text, size_t len,
                       size_t *end)
{
    const size_t limit = len < EXO_BLOCK_SIZE ? len : EXO_BLOCK_SIZE;
    size_t pos = 0;
    unsigned line = 1;

    /* The usual case needs no search. */
    *end = len;
    if (len >= 2 && len == limit && text[len - 2] == '\n' &&
        text[len - 1] == '\n') {
        return EXO_OK;
    }
    while (pos < limit) {
        const char *nl = memchr(text + pos, '\n', limit - pos);

        if (nl == NULL) {
            break;
        }
        *end = (size_t)(nl - text) + 1;
        if (*end == pos + 1) {
            return EXO_OK;
        }
        pos = *end;
        line++;
    }
    if (len >= EXO_BLOCK_SIZE) {
        return block_fail(block, line, EXO_E_TOOBIG, "over 64 KiB");
    }
    return block_fail(block, line, EXO_E_SHORT,
                      "it ends before its empty line");
}

static int check_version(struct exo_block *block)
{
    const struct exo_pair *first = &block->pair[0];
    int64_t version;

    if (block->n == 0 || first->line != 1 ||
        strcmp(first->key, "exoauth") != 0 ||
        exo_block_number(first->value, &version) != EXO_OK) {
        return block_fail(block, 1, EXO_E_SYNTAX,
                          "the first line is not \"exoauth: 1\"");
    }
    if (version != 1) {
        return block_fail(block, 1, EXO_E_VERSION,
                          "another version of the format");
    }
    return EXO_OK;
}

/* Most keys begin with a character of their own: those need no search. */
static bool is_repeated(const struct exo_block *block, uint64_t *seen,
                        const char *key)
{
    const uint64_t bit = UINT64_C(1) << (key[0] & 63);
    const bool maybe = (*seen & bit) != 0;

    *seen |= bit;
    return maybe && exo_block_find(block, key) != NULL;
}

/* One line that is neither empty nor a comment; line < end. seen: a bit for
 * each first character of a key so far. */
static int parse_pair(struct exo_block *block, uint64_t *seen, char *line,
                      char *end, unsigned number)
{
    struct exo_pair *pair = &block->pair[block->n];
    char *p = line, *key_end, *value;
    const char *key = line;
    char c;

    while (p < end && (c = key_char(*p)) != '\0') {
        *p++ = c;
    }
    key_end = p;
    while (p < end && is_blank(*p)) {
        p++;
    }
    if (p == end || (*p != ':' && memchr(p, ':', (size_t)(end - p)) == NULL)) {
        return block_fail(block, number, EXO_E_SYNTAX,
                          "a line without a colon");
    }
    if (*p != ':' || key_end == line) {
        return block_fail(block, number, EXO_E_SYNTAX,
                          "a key may only hold letters, digits, _ and -");
    }
    if (block->n == EXO_BLOCK_KEYS) {
        return block_fail(block, number, EXO_E_TOOBIG, "more than 64 keys");
    }
    *key_end = '\0';
    if (is_repeated(block, seen, key)) {
        return block_fail(block, number, EXO_E_SYNTAX, "a key given twice");
    }

    value = p + 1;
    while (value < end && is_blank(*value)) {
        value++;
    }
    while (end > value && is_blank(end[-1])) {
        end--;
    }
    if ((size_t)(end - value) > EXO_BLOCK_VALUE) {
        return block_fail(block, number, EXO_E_TOOBIG, "a value over 16 KiB");
    }
    if (exo_has_control(value, (size_t)(end - value))) {
        return block_fail(block, number, EXO_E_SYNTAX,
                          "a control byte in a value (CR LF line ends?)");
    }
    *end = '\0';
    pair->key = key;
    pair->value = value;
    pair->value_len = (size_t)(end - value);
    pair->line = number;
    block->n++;
    return EXO_OK;
}

int exo_block_parse(struct exo_block *block, char *text, size_t len,
                    enum exo_block_kind kind)
{
    const bool message = kind == EXO_BLOCK_MESSAGE;
    size_t size = len, pos, next;
    uint64_t seen = 0;
    unsigned number = 1;
    int rc = EXO_OK;

    block->n = 0;
    block->size = 0;
    block->bad_line = 0;
    block->why = NULL;

    if (message) {
        rc = message_end(block, text, len, &size);
    } else if (len > EXO_BLOCK_SIZE) {
        rc = block_fail(block, 0, EXO_E_TOOBIG, "over 64 KiB");
    }

    for (pos = 0; rc == EXO_OK && pos < size; pos = next, number++) {
        char *line = text + pos;
        char *end = memchr(line, '\n', size - pos);

        if (end == NULL) {
            end = text + size;
        }
        next = (size_t)(end - text) + 1;
        if (line == end && message) {
            size = next; /* its last line */
            break;
        }
        if (line == end) {
            continue;
        }
        while (line < end && is_blank(*line)) {
            line++;
        }
        if (line == end && !message) {
            continue;
        }
        if (line < end && *line == '#') {
            continue;
        }
        rc = parse_pair(block, &seen, line, end, number);
        /* Early, as the rest of another version may look otherwise. */
        if (rc == EXO_OK && message && block->n == 1) {
            rc = check_version(block);
        }
    }
    if (rc == EXO_OK && message && block->n == 0) {
        rc = check_version(block);
    }
    if (rc == EXO_OK) {
        block->size = size;
    } else {
        block->n = 0;
    }
    return rc;
}

const struct exo_pair *exo_block_find(const struct exo_block *block,
                                      const char *key)
{
    for (size_t i = 0; i < block->n; i++) {
        if (block->pair[i].key[0] == key[0] &&
            strcmp(block->pair[i].key, key) == 0) {
            return &block->pair[i];
        }
    }
    return NULL;
}

const char *exo_block_get(const struct exo_block *block, const char *key)
{
    const struct exo_pair *pair = exo_block_find(block, key);

    return pair != NULL ? pair->value : NULL;
}

int exo_block_number(const char *value, int64_t *number)
{
    int64_t n = 0;
    size_t digits = 0;

    *number = 0;
    for (; value[digits] >= '0' && value[digits] <= '9'; digits++) {
        if (digits == 18) {
            return EXO_E_SYNTAX;
        }
        n = n * 10 + (value[digits] - '0');
    }
    if (digits == 0 || value[digits] != '\0') {
        return EXO_E_SYNTAX;
    }
    *number = n;
    return EXO_OK;
}

int exo_block_bool(const char *value, bool *yes)
{
    static const char *const words[] = { "no",  "false", "off", "0",
                                         "yes", "true",  "on",  "1" };

    *yes = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *yes = i >= 4;
            return EXO_OK;
        }
    }
    return EXO_E_SYNTAX;
}

static bool is_key(const char *key)
{
    const char *p;

    for (p = key; *p != '\0'; p++) {
        if (key_char(*p) != *p) {
            return false;
        }
    }
    return p > key;
}

void exo_block_put(struct exo_buf *out, const char *key, const char *value)
{
    size_t len = strlen(value);

    if (out->error != 0) {
        return;
    }
    if (!is_key(key) || len > EXO_BLOCK_VALUE || exo_has_control(value, len) ||
        (len > 0 && (is_blank(value[0]) || is_blank(value[len - 1])))) {
        out->error = EXO_E_SYNTAX;
        return;
    }
    exo_buf_str(out, key);
    exo_buf_str(out, len > 0 ? ": " : ":");
    exo_buf_add(out, value, len);
    exo_buf_add(out, "\n", 1);
}

void exo_block_put_buf(struct exo_buf *out, const char *key,
                       const struct exo_buf *value)
{
    const char *text;
    int rc = exo_buf_done(value, &text);

    if (rc == EXO_OK) {
        exo_block_put(out, key, text);
    } else if (out->error == 0) {
        out->error = rc;
    }
}

void exo_block_put_number(struct exo_buf *out, const char *key, int64_t number)
{
    char digits[24];
    char *p = digits + sizeof digits;

    /* What exo_block_number() would not take back is not written. */
    if (number < 0 || number > INT64_C(999999999999999999)) {
        if (out->error == 0) {
            out->error = EXO_E_SYNTAX;
        }
        return;
    }
    *--p = '\0';
    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    exo_block_put(out, key, p);
}

void exo_block_begin(struct exo_buf *out)
{
    exo_block_put_number(out, "exoauth", 1);
}

void exo_block_end(struct exo_buf *out)
{
    exo_buf_add(out, "\n", 1);
}
