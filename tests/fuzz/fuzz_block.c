/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz harness: the one syntax, as a file and as a message, and all that is
 * read out of it: a token, a request, a reply, lists and account names. What
 * the parser accepts keeps the rules of "Blocks", and written again it is
 * read as the same; what it calls too short it has not touched.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/account.h"
#include "exoauth/block.h"
#include "exoauth/proto.h"
#include "exoauth/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void check_pairs(const struct exo_block *block)
{
    must(block->n <= EXO_BLOCK_KEYS);
    for (size_t i = 0; i < block->n; i++) {
        const struct exo_pair *pair = &block->pair[i];

        must(pair->key[0] != '\0');
        must(strspn(pair->key, "abcdefghijklmnopqrstuvwxyz0123456789_-") ==
             strlen(pair->key));
        must(exo_block_find(block, pair->key) == pair);
        must(strlen(pair->value) == pair->value_len);
        must(pair->value_len <= EXO_BLOCK_VALUE);
        must(pair->value_len == 0 ||
             (!is_blank(pair->value[0]) &&
              !is_blank(pair->value[pair->value_len - 1])));
        for (size_t k = 0; k < pair->value_len; k++) {
            unsigned char c = (unsigned char)pair->value[k];

            must(c >= 0x20 && c != 0x7f);
        }
    }
}

static void check_round(const struct exo_block *block)
{
    struct exo_buf out = EXO_BUF_INIT(2 * EXO_BLOCK_SIZE);
    struct exo_block again;
    int rc;

    for (size_t i = 0; i < block->n; i++)
        exo_block_put(&out, block->pair[i].key, block->pair[i].value);
    must(out.error == 0);
    if (out.len > 0 && out.len <= EXO_BLOCK_SIZE) {
        rc = exo_block_parse(&again, out.data, out.len, EXO_BLOCK_FILE);
        must(rc == EXO_OK && again.n == block->n);
        for (size_t i = 0; i < block->n; i++)
            must(strcmp(again.pair[i].key, block->pair[i].key) == 0 &&
                 strcmp(again.pair[i].value, block->pair[i].value) == 0);
    }
    exo_buf_free(&out);
}

static void check_account(const struct exo_pair *pair)
{
    struct exo_account account, domain, back;

    if (exo_account_set(&account, pair->value, pair->value_len) != EXO_OK)
        return;
    must(account.file[0] != '.' && strchr(account.file, '/') == NULL);
    must(exo_account_from_file(&back, account.file, strlen(account.file)) ==
         EXO_OK);
    must(strcmp(back.name, account.name) == 0);
    if (exo_account_domain(&domain, &account) == EXO_OK)
        must(domain.name[0] == '@' && strchr(domain.name + 1, '@') == NULL);
    if (exo_account_from_file(&back, pair->value, pair->value_len) == EXO_OK)
        must(strcmp(back.file, pair->value) == 0);
}

static void check_meaning(const struct exo_block *block)
{
    struct exo_request request;
    struct exo_token token;
    struct exo_reply reply;

    if (exo_token_parse(&token, block) == EXO_OK) {
        must(token.account != NULL && token.servers != NULL);
        must((token.token != NULL) == (token.credential == NULL));
        (void)exo_token_age(&token, 1800000000);
        (void)exo_servers_allow(token.servers, "smtp.example.org");
    }
    if (exo_request_parse(&request, block) == EXO_OK)
        must(request.get != NULL && request.get[0] != '\0');
    if (exo_reply_parse(&reply, block) == EXO_OK)
        must((reply.status == EXO_STATUS_OK) == (reply.token.token != NULL) &&
             (reply.status == EXO_STATUS_OK) == (reply.message == NULL));
    else
        must(reply.status == EXO_STATUS_TRANSIENT || reply.token.token == NULL);
    for (size_t i = 0; i < block->n; i++)
        check_account(&block->pair[i]);
}

static void check_kind(const uint8_t *data, size_t size,
                       enum exo_block_kind kind)
{
    struct exo_block block;
    char *text = malloc(size + 1);
    int rc;

    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = 'x'; /* the spare byte is the parser's */
    rc = exo_block_parse(&block, text, size, kind);
    if (rc == EXO_OK) {
        must(block.why == NULL && block.size <= size);
        must(kind == EXO_BLOCK_FILE ||
             strcmp(exo_block_get(&block, "exoauth"), "1") == 0 ||
             exo_block_get(&block, "exoauth")[0] == '0');
        check_pairs(&block);
        check_round(&block);
        check_meaning(&block);
    } else {
        must(block.why != NULL && block.n == 0);
        must(rc != EXO_E_SHORT || size == 0 || memcmp(text, data, size) == 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_kind(data, size, EXO_BLOCK_FILE);
    check_kind(data, size, EXO_BLOCK_MESSAGE);
    return 0;
}
