/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a file or a URI holds of a certificate and its private key
 * (keyfile.h), through OpenSSL's OSSL_STORE.
 *
 * key.c calls it and frees what was found. OSSL_STORE tells PEM, DER and
 * PKCS#12 apart by itself and asks providers for keys that never leave a
 * token. Files, also those named as file: URI, are read by exo_file_read()
 * first: there is one rule for who may own them. An OpenSSL error is not
 * shown, it explains nothing to an administrator; what matters is whether a
 * passphrase was asked for and what was then missing. A URI is shown without
 * its query, where a PIN may stand.
 */
#include "config.h"

#include "keyfile.h"

#include "exoauth/key.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "exoauth/file.h"

#define LOADS_MAX 64 /* objects in one file; a damaged one must end, too */
#define NAME_MAX_SHOWN 160 /* bytes of a name, so that the remedy fits */

/* One file and the question for its passphrase. */
struct reading {
    const struct exo_keypair_source *source;
    const char *name;
    char shown[NAME_MAX_SHOWN + 1];
    struct exo_secret passphrase;
    bool asked;
    int rc; /* of the question */
    struct exo_err err;
    bool unsupported; /* an algorithm that OpenSSL does not offer */
};

static void ask(struct reading *r)
{
    r->asked = true;
    r->rc = EXO_E_NOENT;
    if (r->source->passphrase != NULL) {
        r->rc = r->source->passphrase(r->source->context, r->shown,
                                      &r->passphrase, &r->err);
    }
}

/* OpenSSL asks as often as it has ways to read the file; a person, once. */
static int answer(UI *ui, UI_STRING *question)
{
    struct reading *r = UI_get0_user_data(ui);
    const char *text;
    size_t len;

    if (UI_get_string_type(question) != UIT_PROMPT) {
        return 1;
    }
    if (!r->asked) {
        ask(r);
    }
    if (r->rc == EXO_OK) {
        r->rc = exo_secret_reveal(&r->passphrase, &text, &len);
    }
    if (r->rc != EXO_OK) {
        return -1;
    }
    return UI_set_result_ex(ui, question, text, (int)len) == 0 ? 1 : 0;
}

/* Takes what is wanted from one object of the store. */
static void keep(struct exo_keyfile *found, OSSL_STORE_INFO *info,
                 enum exo_keyfile_want want)
{
    int type = OSSL_STORE_INFO_get_type(info);

    if (type == OSSL_STORE_INFO_PKEY && (want & EXO_KEYFILE_KEY) != 0 &&
        found->key == NULL) {
        found->key = OSSL_STORE_INFO_get1_PKEY(info);
    } else if (type == OSSL_STORE_INFO_CERT &&
               (want & EXO_KEYFILE_CERTIFICATE) != 0 &&
               found->n < EXO_KEYFILE_CERTIFICATES &&
               (found->certificate[found->n] =
                    OSSL_STORE_INFO_get1_CERT(info)) != NULL) {
        found->n++;
    }
}

/* "No such algorithm", said by the layer that decrypts; decoders say
 * something like it about every format that a file is not in. */
static void note_unsupported(struct reading *r)
{
    unsigned long code;

    while ((code = ERR_get_error()) != 0) {
        if (ERR_GET_LIB(code) == ERR_LIB_EVP &&
            (ERR_GET_REASON(code) == ERR_R_UNSUPPORTED ||
             ERR_GET_REASON(code) == EVP_R_UNSUPPORTED_ALGORITHM)) {
            r->unsupported = true;
        }
    }
}

static void load_all(struct reading *r, OSSL_STORE_CTX *store,
                     struct exo_keyfile *found, enum exo_keyfile_want want)
{
    OSSL_STORE_INFO *info;
    int i;

    /* Do not ask for the passphrase of what is not wanted. */
    if (want == EXO_KEYFILE_KEY) {
        (void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
    } else if (want == EXO_KEYFILE_CERTIFICATE) {
        (void)OSSL_STORE_expect(store, OSSL_STORE_INFO_CERT);
    }
    for (i = 0; i < LOADS_MAX && !OSSL_STORE_eof(store); i++) {
        info = OSSL_STORE_load(store);
        if (info != NULL) {
            keep(found, info, want);
        } else {
            note_unsupported(r);
        }
        OSSL_STORE_INFO_free(info);
    }
}

static size_t scheme_len(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    return len > 0 && name[len] == ':' ? len : 0;
}

const char *exo_key_file(const char *name)
{
    size_t len = scheme_len(name);

    if (len == 0) {
        return name;
    }
    if (len != 4 || strncasecmp(name, "file", 4) != 0) {
        return NULL;
    }
    name += 5;
    if (strncasecmp(name, "//localhost/", 12) == 0) {
        return name + 11;
    }
    return strncmp(name, "///", 3) == 0 ? name + 2 : name;
}

static int read_failed(const struct reading *r, int rc, const char *why,
                       struct exo_err *err)
{
    if (exo_err_system(err, rc, "cannot read %.200s", r->shown)) {
        return EXO_E_STATUS;
    }
    if (rc == EXO_E_TOOBIG) {
        why = "larger than 64 KiB, which no key is";
    }
    return exo_err_set(
        err, EXO_STATUS_MISCONFIGURED, "cannot read %s: %-s%s", r->shown,
        why != NULL ? why : exo_strerror(rc),
        exo_file_advice(why, "; check certificate and private_key in the "
                             "account file, and the file's owner and mode"));
}

static int load_file(struct reading *r, const char *path,
                     const UI_METHOD *method, struct exo_keyfile *found,
                     enum exo_keyfile_want want, struct exo_err *err)
{
    struct exo_secret content = EXO_SECRET_INIT;
    OSSL_STORE_CTX *store = NULL;
    const char *text, *why = NULL;
    BIO *bio = NULL;
    size_t len;
    int rc;

    rc = exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, &content.hidden,
                       &why);
    if (rc == EXO_OK) {
        rc = exo_secret_reveal(&content, &text, &len);
    }
    if (rc == EXO_OK && len > 0) {
        rc = EXO_E_NOMEM;
        bio = BIO_new_mem_buf(text, (int)len);
        if (bio != NULL) {
            store = OSSL_STORE_attach(bio, "file", NULL, NULL, method, r, NULL,
                                      NULL, NULL);
        }
        if (store != NULL) {
            load_all(r, store, found, want);
            rc = EXO_OK;
        }
    }
    if (rc != EXO_OK) {
        rc = read_failed(r, rc, why, err);
    }
    (void)OSSL_STORE_close(store);
    BIO_free(bio);
    exo_secret_free(&content);
    return rc;
}

/*
 * What openssl.cnf says to every program is in force already. A provider
 * named under "exoauth" there is ours alone: other programs of the host would
 * open the TPM, too, each time they start.
 */
static void load_providers(void)
{
    /* libtss2 writes ten lines to stderr if there is no TPM; ours says it. */
    (void)setenv("TSS2_LOG", "all+NONE", 0);
    /* Asked for first, or a section that names others would replace it. */
    (void)OSSL_PROVIDER_available(NULL, "default");
    (void)CONF_modules_load_file(
        NULL, "exoauth", CONF_MFLAGS_IGNORE_MISSING_FILE | CONF_MFLAGS_SILENT);
    ERR_clear_error();
}

static int load_uri(struct reading *r, const UI_METHOD *method,
                    struct exo_keyfile *found, enum exo_keyfile_want want,
                    struct exo_err *err)
{
    OSSL_STORE_CTX *store;

    load_providers();
    store = OSSL_STORE_open(r->name, method, r, NULL, NULL);
    if (store != NULL) {
        load_all(r, store, found, want);
        (void)OSSL_STORE_close(store);
    }
    if (found->key != NULL || (r->asked && r->rc != EXO_OK)) {
        return EXO_OK;
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "OpenSSL finds no private key at %s; check private_key "
                       "in the account file, that openssl.cnf activates the "
                       "provider for %.*s: URIs, and that its device is there "
                       "and open to this user",
                       r->shown, (int)scheme_len(r->name), r->name);
}

/* Whatever is missing: was it for want of the passphrase? */
static int judge(const struct reading *r, const struct exo_keyfile *found,
                 enum exo_keyfile_want want, struct exo_err *err)
{
    bool complete = (found->key != NULL || (want & EXO_KEYFILE_KEY) == 0) &&
                    (found->n > 0 || (want & EXO_KEYFILE_CERTIFICATE) == 0);

    if (complete) {
        return EXO_OK;
    }
    if (r->unsupported) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s is encrypted in a way that OpenSSL has retired; "
                           "convert it: openssl pkcs12 -legacy -in OLD -out "
                           "NEW.pem",
                           r->shown);
    }
    if (!r->asked) {
        return EXO_OK;
    }
    if (r->rc == EXO_E_STATUS) {
        *err = r->err;
        return EXO_E_STATUS;
    }
    if (r->rc != EXO_OK) {
        return exo_err_set(err, EXO_STATUS_NEEDS_LOGIN,
                           "%s is encrypted and its passphrase is not known; "
                           "run: exoauth login %s",
                           r->shown, EXO_SH(r->source->account, "ACCOUNT"));
    }
    return exo_err_set(err, EXO_STATUS_NEEDS_LOGIN,
                       "the passphrase of %s is wrong; run: exoauth login %s",
                       r->shown, EXO_SH(r->source->account, "ACCOUNT"));
}

int exo_keyfile_read(struct exo_keyfile *found,
                     const struct exo_keypair_source *source, const char *name,
                     enum exo_keyfile_want want, struct exo_err *err)
{
    struct reading r = { .source = source,
                         .name = name,
                         .passphrase = EXO_SECRET_INIT,
                         .err = EXO_ERR_INIT };
    size_t len = strnlen(name, NAME_MAX_SHOWN);
    const char *path = exo_key_file(name);
    UI_METHOD *method = NULL;
    int rc;

    memset(found, 0, sizeof(*found));
    if (path == NULL && strcspn(name, "?") < len) {
        len = strcspn(name, "?");
    }
    memcpy(r.shown, name, len);
    exo_text_clean(r.shown);

    ERR_clear_error();
    method = UI_create_method("exoauth");
    if (method == NULL || UI_method_set_reader(method, answer) != 0) {
        rc = read_failed(&r, EXO_E_NOMEM, NULL, err);
    } else if (path != NULL) {
        rc = load_file(&r, path, method, found, want, err);
    } else {
        rc = load_uri(&r, method, found, want, err);
    }
    if (rc == EXO_OK) {
        rc = judge(&r, found, want, err);
    }
    UI_destroy_method(method);
    exo_secret_free(&r.passphrase);
    ERR_clear_error();
    return rc;
}

void exo_keyfile_free(struct exo_keyfile *found)
{
    EVP_PKEY_free(found->key);
    while (found->n > 0) {
        X509_free(found->certificate[--found->n]);
    }
    found->key = NULL;
}
