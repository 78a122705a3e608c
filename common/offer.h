/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What text.c and offer.c share: characters, and what stands before a command
 * to type.
 */
#ifndef EXOAUTH_COMMON_OFFER_H
#define EXOAUTH_COMMON_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exo_text_range {
    uint32_t first, last;
};

bool exo_text_in(uint32_t code, const struct exo_text_range range[], size_t n);

/* What a terminal shows as nothing. */
bool exo_text_unseen(uint32_t code);

/* The code point at p and its length; 0 if it is not UTF-8 (RFC 3629). Nothing
 * behind a NUL is read. */
size_t exo_text_decode(const char *p, uint32_t *code);

/*
 * The bytes at p that a reader takes for "run:" or "run as root:", which
 * messages of ours have before a command, in any case, with blanks, with
 * letters and colons that look the same, or with what cannot be seen between
 * them. 0: it is none. *colon: where its colon begins, which is the last of it.
 */
size_t exo_offer_at(const char *p, size_t *colon);

/* The same of what a format of ours says, which is exact. */
size_t exo_offer_own(const char *format);

#endif
