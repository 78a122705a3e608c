/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must not be shown (hide.h). Called by login.c with each response, and
 * by mail.c with each line that goes to a transcript or into an error text.
 *
 * Base64 has three shapes of the same bytes, by where they begin in a group of
 * three; each has its form here. The forms are secrets, and wiped.
 */
#include "config.h"

#include "hide.h"

#include <string.h>

#include "exoauth/base64.h"

/* Of fifteen characters in a row, eight begin where eight are looked at; to
 * look everywhere would take seconds for a long line. */
#define WINDOW 8

void exo_hide_init(struct exo_hide *hide)
{
    for (size_t i = 0; i < EXO_HIDE_FORMS; i++) {
        hide->form[i] = (struct exo_secret)EXO_SECRET_INIT;
    }
}

void exo_hide_free(struct exo_hide *hide)
{
    for (size_t i = 0; i < EXO_HIDE_FORMS; i++) {
        exo_secret_free(&hide->form[i]);
    }
}

int exo_hide_response(struct exo_hide *hide, const char *response, size_t len)
{
    static const char before[] = "Bearer ";
    const char *token = memmem(response, len, before, sizeof(before) - 1);
    const char *end;
    int rc;

    exo_hide_free(hide);
    exo_hide_init(hide);
    if (token) {
        token += sizeof(before) - 1;
        len -= (size_t)(token - response);
    } else {
        token = response;
    }
    end = memchr(token, 1, len);
    if (end) {
        len = (size_t)(end - token);
    }
    rc = exo_secret_set(&hide->form[0], token, len);
    for (size_t i = 1; i < EXO_HIDE_FORMS && rc == 0 && len >= i; i++) {
        rc = exo_base64(&hide->form[i], token + i - 1, len - i + 1);
    }
    return rc;
}

size_t exo_hide_show(char *out, size_t size, const char *text)
{
    static const char removed[] = "(removed)";
    size_t left = strlen(text);
    size_t n, len = 0;

    while (left > 0) {
        const char *token = exo_text_token(text, left, &n);
        size_t plain = token ? (size_t)(token - text) : left;
        size_t room = size - 1 - len;
        size_t take = plain < room ? plain : room;

        memcpy(out + len, text, take);
        len += take;
        text += take;
        left -= take;
        if (!token || take < plain || size - len < sizeof(removed)) {
            break;
        }
        memcpy(out + len, removed, sizeof(removed) - 1);
        len += sizeof(removed) - 1;
        text += n;
        left -= n;
    }
    out[len] = '\0';
    exo_text_clean(out);
    return left;
}

bool exo_hide_found(const struct exo_hide *hide, const char *text, size_t len)
{
    for (size_t i = 0; i < EXO_HIDE_FORMS; i++) {
        const char *form;
        size_t n;

        if (exo_secret_reveal(&hide->form[i], &form, &n) != EXO_OK) {
            return true;
        }
        size_t window = n < WINDOW ? n : WINDOW;
        size_t step = n < 2 * WINDOW ? 1 : WINDOW;

        for (size_t at = 0; window > 0 && at + window <= len; at += step) {
            if (memmem(form, n, text + at, window)) {
                return true;
            }
        }
    }
    return false;
}
