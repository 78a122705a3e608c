/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unseal RECORD KEYFILE: prints a record of the store as it would be if it
 * were not sealed, for tests that look at what was stored. A record that is
 * not sealed is printed as it is. unseal -s RECORD KEYFILE: prints it sealed,
 * for tests that change it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "exoauth/keyring.h"
#include "exoauth/record.h"
#include "whole.h"

static int slurp(const char *path, struct exo_buf *text)
{
    FILE *file = fopen(path, "r");
    int c;

    if (!file)
        return EXO_E_NOENT;
    while ((c = getc(file)) != EOF) {
        char byte = (char)c;

        exo_buf_add(text, &byte, 1);
    }
    (void)fclose(file);
    return text->error;
}

/* The key of that id; "": the one that seals. */
static const struct exo_secret *find_key(struct exo_keyring *ring,
                                         const char *path, const char *id,
                                         const char **why)
{
    struct exo_secret keys = EXO_SECRET_INIT;
    int rc = slurp(path, &keys.hidden);

    if (rc == 0)
        rc = exo_keyring_parse(ring, &keys, why);
    exo_secret_free(&keys);
    if (rc != 0)
        return NULL;
    return exo_keyring_find(ring, id[0] == '\0' ? ring->key_id : id);
}

int main(int argc, char **argv)
{
    bool back = argc == 4 && strcmp(argv[1], "-s") == 0;
    const char *path = argv[back ? 2 : 1];
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_buf other = EXO_BUF_INIT(EXO_RECORD_MAX);
    const struct exo_secret *key = NULL;
    struct exo_record record;
    struct exo_keyring ring;
    const char *why = "cannot read it";
    int rc;

    if (!back && argc != 3)
        return 64;
    exo_keyring_init(&ring);
    exo_record_init(&record);
    rc = slurp(path, &text);
    if (rc == 0)
        rc = exo_record_decode(&record, whole_text(&text), text.len, &why);
    if (rc == 0 && (back || record.sealed_by[0] != '\0')) {
        key = find_key(&ring, argv[argc - 1], record.sealed_by, &why);
        rc = key == NULL ? EXO_E_NOENT : 0;
    }
    if (rc == 0 && record.sealed_by[0] != '\0')
        rc = exo_record_unseal(&record, whole_text(&text), text.len, key, &why);
    if (rc == 0)
        rc = back ? exo_record_seal(&record, key, NULL, &other)
                  : exo_record_encode(&record, &other);
    if (rc == 0)
        (void)fputs(whole_text(&other), stdout);
    else
        (void)fprintf(stderr, "%s: %s\n", path, why ? why : exo_strerror(rc));
    exo_keyring_free(&ring);
    exo_record_free(&record);
    exo_buf_free(&other);
    exo_buf_free(&text);
    return rc == 0 ? 0 : 1;
}
