/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth import: credentials from somewhere else. Which kind of file it is
 * decides who does the work: with --from, another program's (import.c), else
 * a bundle that `exoauth export` sealed (bundle.c). The last line on stdout
 * is `changed` or `unchanged`.
 */
#include "config.h"

#include "helper/import/bundle.h"
#include "cmd.h"
#include "helper/import/import.h"

static int before(struct exo_app *app, struct exo_options *o,
                  struct exo_err *err)
{
    if (o->from) {
        const struct exo_import_request request = {
            .from = o->from,
            .file = o->file,
            .config_file = o->config_file,
            .password_file = o->password_file,
            .secret_file = o->secret_file,
            .account = o->has_account ? &o->account : NULL,
            .set = o->set,
            .n_set = o->n_set,
            .if_needed = o->if_needed,
        };

        return exo_import_before(app, &request, &o->import, err);
    }
    o->bundle.file = o->file;
    o->bundle.password_file = o->password_file;
    o->bundle.force = o->force;
    return exo_bundle_before(&o->bundle, err);
}

static int run(struct exo_app *app, struct exo_options *o, struct exo_err *err)
{
    bool changed = false;
    int rc = o->from ? exo_import_run(app, o->import, &changed, err)
                     : exo_bundle_run(app, &o->bundle, &changed, err);

    return rc == 0 ? exo_out_changed(changed, err) : rc;
}

const struct exo_command exo_cmd_import = {
    .name = "import",
    .usage =
        "[--from email-oauth2-proxy|getmail|mutt|sasl-xoauth2] FILE [--force] "
        "[ACCOUNT] [--config-file F] [--password-file F|-] [--secret-file F|-] [--if-needed] "
        "[--set KEY=VALUE]...",
    .help =
        "Takes over the credentials of another program, once the provider "
        "has accepted\nthem, or those that exoauth export sealed on "
        "another host. The original is\nonly read.\n\n"
        "  --from TOOL           sasl-xoauth2, mutt (mutt_oauth2.py), getmail or\n"
        "                        email-oauth2-proxy; see exoauth-import(5)\n"
        "  --config-file F       the program's configuration, where FILE "
        "is not it\n"
        "  --password-file F     what the tokens in FILE are encrypted "
        "with\n"
        "  --secret-file F       the client secret, where the program "
        "keeps it elsewhere\n"
        "  --force               replace credentials that are there with "
        "those of a bundle\n"
        "  --if-needed           do nothing while the stored credential "
        "works\n"
        "  --set KEY=VALUE       write a key of the account file, too\n",
    .options = EXO_OPT_FROM | EXO_OPT_CONFIG_FILE | EXO_OPT_PASSWORD_FILE |
               EXO_OPT_SECRET_FILE | EXO_OPT_IF_NEEDED | EXO_OPT_SET |
               EXO_OPT_FORCE,
    .takes_file = true,
    .prepare = true,
    .before = before,
    .run = run,
};
