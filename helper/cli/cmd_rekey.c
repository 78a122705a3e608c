/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth rekey: a new key for the store, while others work. Three steps,
 * and after each of them everything can be read:
 *
 *   before  as root: the key file gets a new key and keeps the old one
 *   run     as run_as: every record is written again under its account's
 *           lock, until none is left that another key sealed
 *   end     as root, by a child that waited: the old key goes
 *
 * Cut short anywhere, the next rekey goes on with the new key that is there.
 * What a person stored unsealed (key_file: none) is sealed and named; nothing
 * else does that, and what is not sealed yet is refused until it is.
 * Where the keys come from a command or a credential, which is not ours to
 * change, the middle step is all of it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "helper/app/keys.h"
#include "helper/app/later.h"
#include "helper/app/lock.h"
#include "helper/app/names.h"
#include "helper/app/passphrase.h"
#include "rekey.h"

#define ROUNDS 10 /* others may add accounts meanwhile */

struct end {
    struct exo_app *app;
    struct exo_account sealed; /* one whose key is missing */
    struct exo_keyring ring;
    struct exo_later later;
};

/* Two at a time would each throw away the other's key. Held until the
 * process ends. */
static int lock_keys(const struct exo_app *app, struct exo_err *err)
{
    struct exo_path_rule rule;
    int fd;

    exo_app_rule(app, &rule);
    return exo_lock_take(&rule, app->conf->key_file,
                         "another exoauth rekey is at work; wait for its end, "
                         "then try again",
                         &fd, err);
}

static int check_options(const struct exo_options *o, struct exo_err *err)
{
    if (o->passphrase ? !o->no_passphrase : !o->password_file) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_USAGE,
                       "--password-file goes with --passphrase, and "
                       "--no-passphrase with neither; see: exoauth rekey "
                       "--help");
}

static int take_passphrase(struct exo_app *app, const struct exo_options *o,
                           struct exo_err *err)
{
    if (o->no_passphrase) {
        exo_secret_free(&app->passphrase);
    }
    if (!o->passphrase) {
        return 0;
    }
    exo_secret_free(&app->passphrase);
    return exo_passphrase_new(o->password_file, o->force,
                              "New passphrase of the key: ", &app->passphrase,
                              err);
}

/* In the child. */
static int settle(void *context)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct end *end = context;

    exo_keyring_settle(&end->ring);
    if (exo_keys_write(end->app, &end->ring, &ignored) == 0) {
        return 0;
    }
    return errno != 0 ? errno : EIO;
}

static int read_ring(struct exo_app *app, struct exo_keyring *ring,
                     struct exo_err *err)
{
    int rc;

    exo_app_as_owner(app, true);
    exo_keyring_init(ring);
    rc = exo_keys_read(app, ring, err);
    exo_app_as_owner(app, false);
    if (rc == EXO_E_NOENT && app->conf->key_file[0] == '\0') {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         exo_keys_root_makes(app, app->conf->key_place)
                             ? "key_file is none in %s, so nothing is sealed; "
                               "to seal what is stored, remove that line and "
                               "run as root: exoauth rekey"
                             : "key_file is none in %s, so nothing is sealed; "
                               "to seal what is stored, remove that line and "
                               "run: exoauth rekey",
                         app->conf->path);
    }
    return rc;
}

static void note_sealed(void *context, const struct exo_account *account)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    struct end *end = context;

    if (exo_store_peek(end->app->store, account, &record, &ignored) == 0 &&
        record.sealed_by[0] != '\0') {
        end->sealed = *account;
    }
    exo_record_free(&record);
}

/* The first key, for what a person stored unsealed. Not where another one has
 * sealed something, and is missing. */
static int make_first(struct end *end, struct exo_err *err)
{
    struct exo_app *app = end->app;
    int rc;

    exo_app_as_owner(app, true);
    rc = exo_store_open(&app->store, app->conf->store, false, err);
    if (rc == 0) {
        rc = exo_store_list(app->store, note_sealed, end, err);
        exo_store_close(app->store);
        app->store = NULL;
    }
    exo_app_as_owner(app, false);
    if (rc == 0 && end->sealed.name[0] != '\0') {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "the key file %s is missing, and the credential of "
                         "%s is sealed; put it back; or if it is lost for "
                         "good, run: exoauth remove %s",
                         app->conf->key_file, end->sealed.name,
                         EXO_SH(end->sealed.name, "ACCOUNT"));
    }
    if (rc == 0) {
        rc = exo_keys_make(app, &end->ring, err);
    }
    if (rc == EXO_E_CONFLICT) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "another process has just made the key file %s; try "
                         "again",
                         app->conf->key_file);
    }
    return rc;
}

static int renew(struct end *end, struct exo_err *err)
{
    int rc =
        exo_secret_empty(&end->ring.old) ? exo_keyring_renew(&end->ring) : 0;

    if (rc == 0 || rc == EXO_E_NOMEM) {
        return rc;
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "cannot make a key: no randomness; see the kernel log");
}

static int before(struct exo_app *app, struct exo_options *o,
                  struct exo_err *err)
{
    struct end *end;
    bool first = false;
    int rc = check_options(o, err);

    if (rc != 0) {
        return rc;
    }
    end = calloc(1, sizeof(*end));
    if (!end) {
        return EXO_E_NOMEM;
    }
    o->rekey = end;
    end->app = app;
    if (!exo_keys_is_file(app)) {
        exo_keyring_init(&end->ring);
        return 0;
    }
    rc = lock_keys(app, err);
    if (rc == 0) {
        rc = read_ring(app, &end->ring, err);
        first = rc == EXO_E_NOENT;
    }
    if (first) {
        *err = (struct exo_err)EXO_ERR_INIT;
    }
    if (rc == 0 || first) {
        rc = take_passphrase(app, o, err);
    }
    if (rc == 0) {
        rc = first ? make_first(end, err) : renew(end, err);
    }
    if (rc == 0) {
        errno = exo_later_start(&end->later, settle, end);
        if (errno != 0) {
            rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                             "cannot start a process: %m; run it again");
        }
    }
    /* Last: what fails until here has changed nothing. */
    if (rc == 0 && !first) {
        rc = exo_keys_write(app, &end->ring, err);
    }
    return rc;
}

/* Where the ring is not ours, both keys must be there, or something that is
 * not sealed with the one there is. */
static int nothing_to_do(struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "the key is kept by key_command, a credential or a "
                       "link, which exoauth does not change; put the new "
                       "key there as `key` and the one of today as "
                       "`old_key`, see exoauth(1), and run it again");
}

static int run(struct exo_app *app, struct exo_options *o, struct exo_err *err)
{
    struct end *end = o->rekey;
    bool ours = end->later.pid > 0;
    bool all = true;
    size_t done = 1;
    int ended;
    int rc = exo_app_store(app, err);

    if (rc == 0 && !ours) {
        rc = read_ring(app, &end->ring, err);
        all = !exo_secret_empty(&end->ring.old);
    }
    for (int i = 0; rc == 0 && done > 0 && i < ROUNDS; i++) {
        rc = exo_rekey_round(app, end->ring.key_id, all && i == 0, &done, err);
        if (rc == 0 && done == 0 && i == 0 && !ours && !all) {
            rc = nothing_to_do(err);
        }
    }
    if (rc == 0) {
        rc = exo_rekey_drop_left(app, err);
    }
    if (rc == 0 && done > 0) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "others keep writing with the old key; run it again");
    }
    if (rc != 0 && ours) {
        exo_app_warn(app,
                     "%s has a new key%s, and the old one, as not every "
                     "credential has the new one; when that is mended, run: "
                     "exoauth rekey",
                     app->conf->key_file,
                     o->passphrase      ? ", is under the new passphrase"
                     : o->no_passphrase ? ", has no passphrase"
                                        : "");
    }
    ended = exo_later_finish(&end->later, rc == 0);
    if (rc == 0 && ended != 0) {
        errno = ended;
        rc = exo_err_set(err,
                         exo_error_is_shortage(EXO_E_IO) ? EXO_STATUS_TRANSIENT
                                                         : EXO_STATUS_STORE,
                         "every credential has the new key, but the old one "
                         "could not be removed from %s: %s; run: exoauth "
                         "rekey",
                         app->conf->key_file, exo_later_why(ended));
    }
    if (rc == 0 && !ours && all) {
        exo_app_warn(app, "every credential has the new key; drop old_key "
                          "from where the key is kept");
    }
    return rc == 0 ? exo_out_changed(true, err) : rc;
}

void exo_rekey_free(struct exo_options *o)
{
    struct end *end = o->rekey;

    if (end) {
        (void)exo_later_finish(&end->later, false);
        exo_keyring_free(&end->ring);
        free(end);
    }
    o->rekey = NULL;
}

const struct exo_command exo_cmd_rekey = {
    .name = "rekey",
    .usage = "[--passphrase [--password-file F|-] [--force] | "
             "--no-passphrase]",
    .help = "Seals every credential with a new key, while others work. Cut "
            "short, it goes on\nwhen it is run again.\n\n"
            "  --passphrase          put the key file under a passphrase\n"
            "  --password-file F     which stands in this file, - for stdin\n"
            "  --force               also one of fewer than 12 characters\n"
            "  --no-passphrase       take it away again\n",
    .options = EXO_OPT_PASSPHRASE | EXO_OPT_PASSWORD_FILE | EXO_OPT_FORCE,
    .no_account = true,
    .prepare = true,
    .before = before,
    .run = run,
};
