/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a client secret comes from when the configuration says so:
 * `secret_file` or `secret_command`, which each process asks anew, so that a
 * rotated secret takes effect by itself. Runs as run_as. The secret
 * is the caller's to free. Errors name the key and the remedy and never
 * quote what was read.
 */
#include "config.h"

#include <fcntl.h>

#include "broker.h"
#include "helper/app/command.h"
#include "exoauth/file.h"

int exo_secret_file(const char *key, const char *path,
                    struct exo_secret *secret, struct exo_err *err)
{
    const char *why = NULL;
    int rc = exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, &secret->hidden,
                           &why);

    if (exo_err_system(err, rc, "cannot read %s %.200s", key, path)) {
        return EXO_E_STATUS;
    }
    if (rc != 0) {
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED, "%s %s: %-s%s", key, path,
            why ? why : exo_strerror(rc),
            exo_file_advice(why, "; it must be a regular file that this "
                                 "user can read, of root or its own, that "
                                 "nobody else can write"));
    }
    return 0;
}

int exo_client_secret(struct exo_app *app, const struct exo_settings *settings,
                      struct exo_secret *secret, struct exo_err *err)
{
    const struct exo_settings *s = exo_settings_owner(settings);
    const char *file = exo_settings_get(s, EXO_KEY_SECRET_FILE);
    const char *command = exo_settings_get(s, EXO_KEY_SECRET_COMMAND);
    const char *key = file[0] != '\0' ? "secret_file" : "secret_command";
    const char *text;
    size_t len;
    int rc = EXO_E_NOENT;

    if (file[0] != '\0') {
        rc = exo_secret_file(key, file, secret, err);
    } else if (command[0] != '\0') {
        rc = exo_command_output(app, key, command, secret, err);
    }
    if (rc != 0) {
        return rc;
    }
    exo_secret_chomp(secret);
    rc = exo_secret_reveal(secret, &text, &len);
    if (rc == 0 && (len == 0 || exo_has_control(text, len))) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s gave %s; it must be the secret's value on one "
                           "line",
                           key,
                           len == 0 ? "nothing"
                                    : "more than one line or a control "
                                      "character");
    }
    return rc;
}
