/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding what an error means (exoauth/explain.h).
 *
 * oauth/error.c asks exo_explain() for every refused request, `exoauth
 * explain` gives exo_explain_text() what an administrator pasted. The build
 * makes the table of the files in meanings/; everything returned is static.
 * Nothing fails: what is not known, or does not fit in memory, is not found.
 */
#include "config.h"

#include "exoauth/explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exoauth/buf.h"

#define DIGITS "0123456789"
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" DIGITS "_"

#define AADSTS_LEN 6
#define CODE_DIGITS 12 /* the longest known has seven */
#define TEXT_MAX ((size_t)64 * 1024)

static const struct exo_explanation rows[] = {
#include "oauth/meanings.inc"
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct finds {
    const struct exo_explanation **row;
    size_t n, max;
};

const struct exo_explanation *exo_explain(const char *code)
{
    for (size_t i = 0; code != NULL && i < N_ROWS; i++) {
        if (rows[i].words == NULL && strcmp(rows[i].code, code) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct exo_explanation *exo_explain_row(size_t row)
{
    return row < N_ROWS ? &rows[row] : NULL;
}

static void add(struct finds *finds, const struct exo_explanation *row)
{
    size_t i;

    for (i = 0; i < finds->n; i++) {
        if (finds->row[i] == row) {
            return;
        }
    }
    if (row != NULL && finds->n < finds->max) {
        finds->row[finds->n++] = row;
    }
}

/* One line, one blank between words: mail programs wrap what they quote. */
static void squeeze(struct exo_buf *out, const char *text)
{
    static const char blank[] = " \t\r\n\v\f";
    size_t n;

    for (; *(text += strspn(text, blank)) != '\0'; text += n) {
        n = strcspn(text, blank);
        exo_buf_str(out, out->len > 0 ? " " : "");
        exo_buf_add(out, text, n);
    }
}

/* The code of Entra whose digits begin the text. */
static void add_aadsts(struct finds *finds, const char *text)
{
    char code[AADSTS_LEN + CODE_DIGITS + 1] = "AADSTS";
    size_t digits = strspn(text, DIGITS);

    if (digits > CODE_DIGITS) {
        return;
    }
    memcpy(code + AADSTS_LEN, text, digits);
    code[AADSTS_LEN + digits] = '\0';
    add(finds, exo_explain(code));
}

/* As AADSTS70002 in a sentence, or [70002,50126] in error_codes of JSON. */
static void find_aadsts(struct finds *finds, const char *text)
{
    static const char list[] = "\"error_codes\"";
    const char *codes = strstr(text, list), *p;

    for (p = text; *p != '\0'; p++) {
        if (strncasecmp(p, "AADSTS", AADSTS_LEN) == 0) {
            add_aadsts(finds, p + AADSTS_LEN);
        }
    }
    if (codes == NULL) {
        return;
    }
    for (p = codes + strlen(list); *p != '\0' && *p != ']'; p++) {
        if (strchr("[,: ", *p) != NULL) {
            add_aadsts(finds, p + 1);
        }
    }
}

static void find_names(struct finds *finds, const char *text)
{
    char name[64];
    size_t n;

    for (; *text != '\0'; text += n) {
        n = strspn(text, WORD);
        if (n == 0) {
            n = 1;
        } else if (n < sizeof(name)) {
            memcpy(name, text, n);
            name[n] = '\0';
            add(finds, exo_explain(name));
        }
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Where the part ends in the text, NULL if it is not there. A number must be
 * there as a whole: 5.7.3 is not in 5.7.30 and not in 4.5.7.3. */
static const char *find_part(const char *text, const char *part, size_t len)
{
    const char *p, *end;

    for (p = text; strlen(p) >= len; p++) {
        end = p + len;
        if (strncasecmp(p, part, len) != 0) {
            continue;
        }
        if (is_digit(*part) && p > text && (is_digit(p[-1]) || p[-1] == '.')) {
            continue;
        }
        if (is_digit(part[len - 1]) &&
            (is_digit(*end) || (*end == '.' && is_digit(end[1])))) {
            continue;
        }
        return end;
    }
    return NULL;
}

static bool matches(const char *text, const char *match)
{
    const char *at = text;
    size_t len;

    for (;; match += len + 1) {
        len = strcspn(match, "*|");
        if (at != NULL) {
            at = find_part(at, match, len);
        }
        if (match[len] == '\0') {
            return at != NULL;
        }
        if (match[len] == '|') {
            if (at != NULL) {
                return true;
            }
            at = text;
        }
    }
}

static void find_answer(struct finds *finds, const char *text)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].words != NULL && matches(text, rows[i].words)) {
            add(finds, &rows[i]);
            return;
        }
    }
}

/* "535", "5.7.139": every answer with that number. */
static void find_number(struct finds *finds, const char *text)
{
    size_t len = strlen(text);

    add_aadsts(finds, text);
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].words != NULL &&
            find_part(rows[i].code, text, len) != NULL) {
            add(finds, &rows[i]);
        }
    }
}

size_t exo_explain_text(const char *text, const struct exo_explanation **found,
                        size_t max)
{
    struct finds finds = { found, 0, max };
    struct exo_buf line = EXO_BUF_INIT(TEXT_MAX);
    const char *t;

    squeeze(&line, text);
    if (exo_buf_done(&line, &t) != EXO_OK) {
        exo_buf_free(&line);
        return 0;
    }
    if (*t != '\0' && t[strspn(t, DIGITS ". ")] == '\0') {
        find_number(&finds, t);
    }
    if (finds.n == 0) {
        find_aadsts(&finds, t);
    }
    if (finds.n == 0) {
        find_names(&finds, t);
    }
    if (finds.n == 0) {
        find_answer(&finds, t);
    }
    exo_buf_free(&line);
    return finds.n;
}
