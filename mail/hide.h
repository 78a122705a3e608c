/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the token out of what is shown. A server may repeat it in an answer,
 * as it is or in base64 beside other bytes: what shares fifteen characters in
 * a row with any of these forms is not shown.
 */
#ifndef EXOAUTH_MAIL_HIDE_H
#define EXOAUTH_MAIL_HIDE_H

#include "exoauth/buf.h"

#define EXO_HIDE_FORMS 4

struct exo_hide {
    struct exo_secret form[EXO_HIDE_FORMS];
};

void exo_hide_init(struct exo_hide *hide);
void exo_hide_free(struct exo_hide *hide);
/* Of a SASL response, RFC 7628 or XOAUTH2: what stands after "Bearer ". */
int exo_hide_response(struct exo_hide *hide, const char *response,
                      size_t len) EXO_MUST_CHECK;
/* Is a part of it in the text? */
bool exo_hide_found(const struct exo_hide *hide, const char *text, size_t len);
/* A server's text into out, cleaned, and without words that are as long as
 * tokens: one of another day is none of the forms. Cut at size; returns how
 * many bytes of text are left. */
size_t exo_hide_show(char *out, size_t size, const char *text);

#endif
