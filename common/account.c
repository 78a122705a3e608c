/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Account names and the file names made of them (exoauth/account.h).
 *
 * Called with what a mail client typed, so any byte may come. Nothing is
 * allocated; a failed call leaves both strings empty. Letters are folded by
 * hand: tolower() depends on the host's locale, and in some of them "I"
 * does not become "i".
 */
#include "config.h"

#include "exoauth/account.h"

#include <string.h>

#include "exoauth/block.h"
#include "offer.h"

static const char hex[] = "0123456789ABCDEF";

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '@' || c == '+' || c == '-';
}

/* RFC 5321's Atom without what a pattern, a path or a link is made of; UTF-8
 * as in RFC 6531. */
static bool is_of_local(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c & 0x80) ||
           (c != '\0' && strchr("!#$%&'+-=^_`{|}~", c));
}

static bool is_of_domain(char c)
{
    return is_of_local(c) && ((c & 0x80) || !strchr("!#$%&'+=^`{|}~", c));
}

/* A sign of ASCII as an input method for Chinese or Japanese writes it: no mail
 * program takes it for that sign, and a person sees hardly another one. Letters
 * and digits of that width are none of an address either. */
static bool is_wide(const char *p)
{
    static const struct exo_text_range wide[] = { { 0x3002, 0x3002 },
                                                  { 0xfe6b, 0xfe6b },
                                                  { 0xff01, 0xff61 } };
    uint32_t code;

    return exo_text_decode(p, &code) > 0 &&
           exo_text_in(code, wide, sizeof wide / sizeof wide[0]);
}

const char *exo_account_fault(const char *name)
{
    const char *at = strchr(name, '@');
    size_t len = strlen(name);

    if (len == 0) {
        return "it is empty";
    }
    if (!exo_text_is_clean(name)) {
        return "it contains characters that cannot be shown";
    }
    if (exo_text_offers(name)) {
        return "it looks like a command to run";
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
    for (const char *p = name; *p != '\0'; p++) {
        if (exo_text_blank(p) > 0) {
            return "it contains a blank";
        }
        if ((*p & 0x80) && is_wide(p)) {
            return "it contains a fullwidth sign or letter; type it plainly";
        }
        if (*p != '.' && p != at &&
            !(at && p > at ? is_of_domain(*p) : is_of_local(*p))) {
            return "it contains a character that is in no address, such as a "
                   "quote, < or *";
        }
    }
    if (name[0] == '.' || name[len - 1] == '.' || strstr(name, "..") ||
        strstr(name, ".@") || strstr(name, "@.")) {
        return "it begins or ends with a dot, or has two in a row";
    }
    return NULL;
}

int exo_account_set(struct exo_account *account, const char *name, size_t len)
{
    int rc = exo_account_any(account, name, len);

    if (rc == EXO_OK && exo_account_fault(account->name)) {
        account->name[0] = '\0';
        account->file[0] = '\0';
        rc = EXO_E_ARG;
    }
    return rc;
}

int exo_account_any(struct exo_account *account, const char *name, size_t len)
{
    size_t out = 0;

    account->name[0] = '\0';
    account->file[0] = '\0';
    if (len == 0) {
        return EXO_E_ARG;
    }
    if (len > EXO_ACCOUNT_MAX) {
        return EXO_E_TOOBIG;
    }
    if (exo_has_control(name, len)) {
        return EXO_E_ARG;
    }

    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool plain;

        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        account->name[i] = c;
        plain = is_plain(c) && !(c == '.' && i == 0);
        if (out + (plain ? 1 : 3) > EXO_ACCOUNT_MAX) {
            account->name[0] = '\0';
            account->file[0] = '\0';
            return EXO_E_TOOBIG;
        }
        if (plain) {
            account->file[out++] = c;
        } else {
            account->file[out++] = '%';
            account->file[out++] = hex[(unsigned char)c >> 4];
            account->file[out++] = hex[(unsigned char)c & 15];
        }
    }
    account->name[len] = '\0';
    account->file[out] = '\0';
    if (!exo_text_is_clean(account->name) || exo_text_offers(account->name)) {
        account->name[0] = '\0';
        account->file[0] = '\0';
        return EXO_E_ARG;
    }
    return EXO_OK;
}

int exo_account_domain(struct exo_account *domain,
                       const struct exo_account *account)
{
    const char *at = strrchr(account->name, '@');

    domain->name[0] = '\0';
    domain->file[0] = '\0';
    if (at == NULL || account->name[0] == '@' || at[1] == '\0') {
        return EXO_E_NOENT;
    }
    return exo_account_set(domain, at, strlen(at));
}

static int hex_value(char c)
{
    const char *at = c != '\0' ? strchr(hex, c) : NULL;

    return at != NULL ? (int)(at - hex) : -1;
}

int exo_account_from_file(struct exo_account *account, const char *file,
                          size_t len)
{
    char name[EXO_ACCOUNT_MAX];
    size_t n = 0;

    account->name[0] = '\0';
    account->file[0] = '\0';
    if (len > EXO_ACCOUNT_MAX) {
        return EXO_E_ARG;
    }
    for (size_t i = 0; i < len; i++) {
        char c = file[i];

        if (c == '%') {
            int high = i + 2 < len ? hex_value(file[i + 1]) : -1;
            int low = i + 2 < len ? hex_value(file[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return EXO_E_ARG;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        name[n++] = c;
    }
    /* Exactly one spelling per account: encode again and compare. */
    if (exo_account_set(account, name, n) != EXO_OK) {
        return EXO_E_ARG;
    }
    if (strlen(account->file) != len || memcmp(account->file, file, len) != 0) {
        account->name[0] = '\0';
        account->file[0] = '\0';
        return EXO_E_ARG;
    }
    return EXO_OK;
}
