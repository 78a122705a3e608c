/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth explain TEXT...`: what a code or a line of a log means, who must
 * act, what to run and how long it takes. The words are joined by blanks, so
 * an unquoted line will do as well.
 *
 * Called by main() before anything else: it needs no configuration, no
 * store, no root and no network. What is not known is EXO_STATUS_NO_ACCOUNT,
 * the exit status of all that is not there.
 */
#include "config.h"

#include <string.h>

#include "cmd.h"
#include "exoauth/explain.h"

#define TEXT_MAX ((size_t)64 * 1024)
#define FOUND_MAX 64
#define LOOK_UP "https://login.microsoftonline.com/error"

static void put(struct exo_buf *out, const struct exo_explanation *row)
{
    exo_buf_fmt(out,
                "%scode: %s\nsource: %s\nmeaning: %s\nwho: %s\ndo: %s\n"
                "run: %s\ntakes: %s\norigin: %s\n",
                out->len > 0 ? "\n" : "", row->code, row->source, row->meaning,
                row->who, row->remedy, row->run, row->takes, row->origin);
}

static void put_all(struct exo_buf *out)
{
    const struct exo_explanation *row;

    for (size_t i = 0; (row = exo_explain_row(i)) != NULL; i++) {
        put(out, row);
    }
}

/* The text is not repeated: a pasted line of a log may hold a token. */
static int unknown(const char *text, struct exo_err *err)
{
    if (strcasestr(text, "AADSTS")) {
        return exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                           "this code of Entra is not known here; look it up "
                           "at " LOOK_UP ", and the login itself in Entra: "
                           "Sign-in logs");
    }
    return exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                       "nothing is known about this text; give the code or "
                       "the server's whole answer from the log, as in: exoauth "
                       "explain 535 5.7.139, or list all with: exoauth explain "
                       "--all");
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    const struct exo_explanation *found[FOUND_MAX];
    struct exo_buf text = EXO_BUF_INIT(TEXT_MAX);
    struct exo_buf out = EXO_BUF_INIT(16 * TEXT_MAX);
    const char *whole = "";
    size_t n = 0;
    int rc = 0;

    (void)app;
    if (options->all) {
        put_all(&out);
    } else {
        for (size_t i = 0; i < options->n_words; i++) {
            exo_buf_str(&text, text.len > 0 ? " " : "");
            exo_buf_str(&text, options->words[i]);
        }
        rc = exo_buf_done(&text, &whole);
        n = rc == 0 ? exo_explain_text(whole, found, FOUND_MAX) : 0;
        for (size_t i = 0; i < n; i++) {
            put(&out, found[i]);
        }
    }
    if (rc == 0) {
        rc = out.error;
    }
    if (rc == EXO_E_TOOBIG) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "the text is too long; give one line of the log");
    } else if (rc == 0 && out.len == 0) {
        rc = unknown(whole, err);
    } else if (rc == 0) {
        rc = exo_out_buf(&out, err);
    }
    exo_buf_free(&text);
    exo_buf_free(&out);
    return rc;
}

const struct exo_command exo_cmd_explain = {
    .name = "explain",
    .usage = "TEXT...|--all",
    .help = "Says what an error means, who must act, what to run and how long "
            "it takes until\nit works. TEXT is an AADSTS code or its number, "
            "an OAuth error name, what a mail\nserver answered, or a line of "
            "a log that has one of them. Needs no account.\n\n"
            "  --all                 everything that is known\n",
    .options = EXO_OPT_ALL,
    .alone = true,
    .run = run,
};
