/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in the store (survey.h). Called by guard.c where a key is
 * missing, new, or does not open what it should: not for a request that finds
 * its record. It reads what is in the clear of each record, in the order of
 * the directory, and remembers one account of each kind. Nothing is allocated
 * that outlives the call; err is that of the list.
 */
#include "config.h"

#include <string.h>

#include "survey.h"

/* NULL: it is one that the ring opens. */
static char *kind(struct exo_survey *search, const struct exo_account *account,
                  struct exo_record *record)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_err ignored = EXO_ERR_INIT;
    const char *why;
    int rc = search->store->ops->get(search->store, account, &text, &ignored);

    if (rc == 0) {
        rc = exo_record_decode_of(record, account, &text, &why);
    }
    exo_buf_free(&text);
    if (rc != 0) {
        return rc == EXO_E_SYNTAX ? search->damaged : search->closed;
    }
    if (record->sealed_by[0] == '\0') {
        return search->open;
    }
    if (search->ring != NULL &&
        exo_keyring_find(search->ring, record->sealed_by) != NULL) {
        search->fits = true;
        return NULL;
    }
    return search->sealed;
}

static void look(void *context, const struct exo_account *account)
{
    struct exo_survey *search = context;
    struct exo_record record;
    char *name;

    if (search->fits) { /* no more is asked then */
        return;
    }
    exo_record_init(&record);
    name = kind(search, account, &record);
    if (name != NULL) {
        memcpy(name, account->name, sizeof(search->sealed));
    }
    exo_record_free(&record);
}

int exo_survey_make(struct exo_survey *search, struct exo_store *store,
                    const struct exo_keyring *ring, struct exo_err *err)
{
    memset(search, 0, sizeof(*search));
    search->store = store;
    search->ring = ring;
    return store->ops->list(store, look, search, err);
}
