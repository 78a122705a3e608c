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

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What is left of [*from, *end) without what surrounds it. */
static void peel(const char **from, const char **end)
{
    static const char scheme[] = "mailto:";
    const char *p = *from;
    const char *q = *end;
    bool again = true;

    while (again) {
        again = false;
        for (; p < q && is_blank(*p); p++) {
        }
        for (; p < q && is_blank(q[-1]); q--) {
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

/* Why it is no account name; NULL if it may be one. */
static const char *complaint(const char *name)
{
    const char *at = strchr(name, '@');

    if (*name == '\0') {
        return "it is empty";
    }
    if (!exo_text_is_clean(name)) {
        return "it contains characters that cannot be shown";
    }
    if (exo_text_offers(name)) {
        return "it looks like a command to run";
    }
    if (strpbrk(name, " \t")) {
        return "it contains a blank";
    }
    if (strpbrk(name, "<>")) {
        return "it contains < or >";
    }
    if (at && strchr(at + 1, '@')) {
        return "it contains @ twice";
    }
    if (at && strchr(at, '*')) {
        return "an account serves one domain, as @contoso.com, and no pattern";
    }
    if (at && at[1] == '\0') {
        return "no domain follows @";
    }
    if (name[strlen(name) - 1] == '.') {
        return "it ends with dots";
    }
    return NULL;
}

int exo_account_word(struct exo_account *account, const char *word,
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
    why = complaint(name);
    if (!why && exo_account_set(account, name, strlen(name)) != 0) {
        why = "its file name would be too long";
    }
    if (why) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "\"%.100s\" is not an account name: %s; give the "
                           "address alone, as in relay@contoso.com",
                           word, why);
    }
    if (strcmp(name, word) != 0) {
        exo_say("using account %s for \"%s\"", account->name, word);
    }
    return 0;
}
