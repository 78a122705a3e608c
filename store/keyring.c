/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of keys, as text and back (exoauth/keyring.h). The helper, which
 * knows where the text comes from, calls it; guard.c asks for a key by its
 * id. Rings and texts are the caller's. A text that is no ring leaves an
 * empty one, with a static reason that never quotes it.
 */
#include "config.h"

#include "exoauth/keyring.h"

#include <string.h>

#include "exoauth/base64.h"
#include "exoauth/block.h"

void exo_keyring_init(struct exo_keyring *ring)
{
    memset(ring, 0, sizeof(*ring));
    exo_buf_init(&ring->key.hidden, EXO_SEAL_KEY);
    exo_buf_init(&ring->old.hidden, EXO_SEAL_KEY);
}

void exo_keyring_free(struct exo_keyring *ring)
{
    exo_secret_free(&ring->key);
    exo_secret_free(&ring->old);
    ring->key_id[0] = '\0';
    ring->old_id[0] = '\0';
}

int exo_keyring_renew(struct exo_keyring *ring)
{
    int rc;

    exo_secret_move(&ring->old, &ring->key);
    memcpy(ring->old_id, ring->key_id, sizeof(ring->old_id));
    rc = exo_seal_new_key(&ring->key);
    return rc == 0 ? exo_seal_key_id(&ring->key, ring->key_id) : rc;
}

void exo_keyring_settle(struct exo_keyring *ring)
{
    exo_secret_free(&ring->old);
    ring->old_id[0] = '\0';
}

const struct exo_secret *exo_keyring_find(const struct exo_keyring *ring,
                                          const char *id)
{
    if (id[0] == '\0') {
        return NULL;
    }
    if (strcmp(id, ring->key_id) == 0) {
        return &ring->key;
    }
    return strcmp(id, ring->old_id) == 0 ? &ring->old : NULL;
}

int exo_keyring_is_wrapped(const struct exo_secret *text, bool *wrapped)
{
    const char *lines;
    size_t len;
    int rc = exo_secret_reveal(text, &lines, &len);

    *wrapped = rc == 0 && strstr(lines, "\nsealed:") != NULL;
    return rc;
}

static int read_key(const char *text, size_t len, struct exo_secret *key,
                    char id[EXO_SEAL_ID + 1])
{
    int rc = exo_base64url_bytes(&key->hidden, text, len);

    if (rc == EXO_E_TOOBIG || (rc == 0 && key->hidden.len != EXO_SEAL_KEY)) {
        rc = EXO_E_SYNTAX;
    }
    return rc == 0 ? exo_seal_key_id(key, id) : rc;
}

static int read_block(struct exo_keyring *ring, struct exo_secret *copy,
                      const char **why)
{
    struct exo_block block;
    const char *version, *key, *old;
    int rc = exo_block_parse(&block, copy->hidden.data, copy->hidden.len,
                             EXO_BLOCK_FILE);

    *why = "it is no key file, or has a line of one name twice";
    if (rc != 0) {
        return rc == EXO_E_TOOBIG ? EXO_E_SYNTAX : rc;
    }
    version = exo_block_get(&block, "exoauth");
    if (version != NULL && strcmp(version, "1") != 0) {
        *why = "written by a newer version of exoauth";
        return EXO_E_VERSION;
    }
    key = exo_block_get(&block, "key");
    old = exo_block_get(&block, "old_key");
    if (version == NULL || key == NULL) {
        return EXO_E_SYNTAX;
    }
    *why = "a key must be 32 bytes in base64url";
    rc = read_key(key, strlen(key), &ring->key, ring->key_id);
    if (rc == 0 && old != NULL) {
        rc = read_key(old, strlen(old), &ring->old, ring->old_id);
    }
    return rc;
}

int exo_keyring_parse(struct exo_keyring *ring, const struct exo_secret *text,
                      const char **why)
{
    struct exo_secret copy = EXO_SECRET_INIT;
    const char *lines;
    size_t len;
    int rc;

    exo_keyring_init(ring);
    *why = "out of memory";
    rc = exo_secret_copy(&copy, text);
    exo_secret_chomp(&copy);
    /* The parser wants a byte behind the text. */
    if (rc == 0 && exo_buf_reserve(&copy.hidden, 1) == NULL) {
        rc = EXO_E_NOMEM;
    }
    if (rc == 0) {
        rc = exo_secret_reveal(&copy, &lines, &len);
    }
    if (rc == 0 && strchr(lines, ':') == NULL) {
        *why = "it is neither a key file nor 32 bytes in base64url";
        rc = read_key(lines, len, &ring->key, ring->key_id);
    } else if (rc == 0) {
        rc = read_block(ring, &copy, why);
    }
    if (rc != 0) {
        exo_keyring_free(ring);
    } else {
        *why = NULL;
    }
    exo_secret_free(&copy);
    return rc;
}

static void put_key(struct exo_buf *out, const char *name,
                    const struct exo_secret *key)
{
    struct exo_buf text = EXO_BUF_INIT(64);
    const char *bytes;
    size_t len;

    text.error = exo_secret_reveal(key, &bytes, &len);
    if (text.error == 0) {
        text.error = exo_base64url(&text, bytes, len);
    }
    exo_block_put_buf(out, name, &text);
    exo_buf_free(&text);
}

int exo_keyring_print(const struct exo_keyring *ring, struct exo_secret *text)
{
    struct exo_buf *out = &text->hidden;

    exo_buf_str(out, "# The key that exoauth seals credentials with; see "
                     "exoauth(1). Keep it secret,\n"
                     "# and apart from backups of the credential store.\n");
    exo_block_begin(out);
    put_key(out, "key", &ring->key);
    if (!exo_secret_empty(&ring->old)) {
        put_key(out, "old_key", &ring->old);
    }
    return out->error;
}
