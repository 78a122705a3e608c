/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An account as a person gives it (account_word.h). Called by whatever reads
 * a command line, before anything is opened or stored: a name that was
 * pasted with its angle brackets would become an account that no mail program
 * ever asks for. Nothing is allocated.
 */
#include "config.h"

#include "account_word.h"

#include <string.h>
#include <strings.h>

#include "app.h"
#include "exoauth/text.h"

/* The same at the end of [from, end). */
static size_t blank_before(const char *from, const char *end)
{
    for (size_t n = 1; n <= 3 && n <= (size_t)(end - from); n++) {
        if (exo_text_blank(end - n) == n) {
            return n;
        }
    }
    return 0;
}

/* What is left of [*from, *end) without what surrounds it. */
static void peel(const char **from, const char **end)
{
    static const char scheme[] = "mailto:";
    const char *p = *from;
    const char *q = *end;
    bool again = true;

    while (again) {
        size_t n;

        again = false;
        while (p < q && (n = exo_text_blank(p)) > 0) {
            p += n;
        }
        while ((n = blank_before(p, q)) > 0) {
            q -= n;
        }
        if (q - p >= 2 && *p == '<' && q[-1] == '>') {
            p++;
            q--;
            again = true;
        } else if (strncasecmp(p, scheme, sizeof(scheme) - 1) == 0 &&
                   (size_t)(q - p) >= sizeof(scheme) - 1) {
            p += sizeof(scheme) - 1;
            again = true;
        }
    }
    if (q - p >= 2 && q[-1] == '.') {
        q--;
    }
    *from = p;
    *end = q;
}

void exo_account_tell(const struct exo_account *account, const char *word)
{
    struct exo_account typed;

    if (exo_account_any(&typed, word, strlen(word)) != 0 ||
        strcmp(typed.name, account->name) != 0) {
        exo_say("using account %s for \"%s\"", account->name, word);
    }
}

int exo_account_peel(struct exo_account *account, const char *word,
                     struct exo_err *err)
{
    char name[EXO_ACCOUNT_MAX + 1];
    const char *from = word;
    const char *end = word + strlen(word);
    const char *why;

    peel(&from, &end);
    if ((size_t)(end - from) >= sizeof(name)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "\"%.60s...\" is not an account name: it has more "
                           "than %d bytes; give a shorter one",
                           word, EXO_ACCOUNT_MAX);
    }
    memcpy(name, from, (size_t)(end - from));
    name[end - from] = '\0';
    why = exo_account_fault(name);
    if (!why && exo_account_set(account, name, strlen(name)) != 0) {
        why = "its file name would be too long";
    }
    if (why) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "\"%.100s\" is not an account name: %s; give the "
                           "address alone, as in relay@contoso.com",
                           word, why);
    }
    return 0;
}

int exo_account_word(struct exo_account *account, const char *word,
                     struct exo_err *err)
{
    int rc = exo_account_peel(account, word, err);

    if (rc == 0) {
        exo_account_tell(account, word);
    }
    return rc;
}
