/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth: the program that owns the credentials. main() keeps one order
 * for every command: options, configuration, what needs root, becoming
 * run_as, the command. stdout carries only the result; what went wrong is
 * one line on stderr (in the log for serve) and the exit status of
 * exoauth(1).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/typed.h"
#include "exoauth/log.h"
#include "exoauth/process.h"
#include "exoauth/seal.h"
#include "options.h"
#include "helper/app/place.h"
#include "helper/settings/settings.h"
#include "helper/status/status.h"

/* fds 0-2 must exist, or the first file that is opened becomes one. */
static void fill_std_fds(void)
{
    int fd;

    /* What is written to a stdout that is not there must fail. */
    do {
        fd = open("/dev/null",
                  (fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) < 0 ? O_RDONLY
                                                                   : O_RDWR) |
                      O_CLOEXEC);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) {
        (void)close(fd);
    }
}

/* Under spawn(8) fd 2 is the connection. Libraries, such as OpenSSL's
 * providers, write there without being asked. */
static void keep_connection(void)
{
    struct stat in, out;
    int fd;

    if (fstat(0, &in) != 0 || fstat(2, &out) != 0 || !S_ISSOCK(in.st_mode) ||
        in.st_dev != out.st_dev || in.st_ino != out.st_ino) {
        return;
    }
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        (void)dup2(fd, 2);
        (void)close(fd);
    }
}

/* Root may make the file; serve, as run_as, has to append to it. */
static void open_log_file(const struct exo_app *app, const char *dest,
                          enum exo_log_level level)
{
    struct exo_path_rule rule;
    struct exo_path path;

    exo_app_rule(app, &rule);
    if (exo_log_open_file(dest, level, &rule, &path) != 0) {
        /* A mail program paints what `token` says over its screen. */
        bool silent = app->quiet || (app->hush && app->verbose == 0);

        (void)exo_log_open(silent ? "syslog" : "stderr", level);
        exo_log(EXO_LOG_WARNING,
                "cannot open log %s: %-s; or name another place for log in %s",
                dest, path.why, app->conf->path);
    } else if (app->root && exo_log_give(app->uid, app->gid) != 0) {
        exo_log(EXO_LOG_WARNING, "cannot give log %s to user %s: %s", dest,
                app->run_as,
                errno == ENOTEMPTY ? "it belongs to root and is not empty; "
                                     "name a new file"
                                   : exo_errno_text(errno));
    }
}

static void open_log(const struct exo_app *app, bool listening)
{
    const char *dest = app->conf->log;
    enum exo_log_level level = app->conf->log_level;

    if (dest[0] == '\0') {
        dest = app->quiet ? "syslog" : "stderr";
    }
    if (app->quiet && !listening && strcmp(dest, "stderr") == 0) {
        dest = "syslog"; /* fd 2 may be the connection */
    }
    if (app->verbose > 0 && level < EXO_LOG_INFO) {
        level = EXO_LOG_INFO;
    }
    if (app->hush && app->verbose == 0 && strcmp(dest, "stderr") == 0) {
        level = EXO_LOG_ERROR;
    }
    if (dest[0] == '/') {
        open_log_file(app, dest, level);
    } else {
        (void)exo_log_open(dest, level);
    }
}

/* A command says it to whoever started it, and to the log if there is one. */
static void tell(const struct exo_app *app, enum exo_log_level level,
                 const char *text)
{
    if (app->quiet || exo_log_is_kept()) {
        exo_log(level, "%-s", text);
    }
    if (!app->quiet) {
        exo_say("%-s", text);
    }
}

static void stray(void *context, const char *text)
{
    tell(context, EXO_LOG_WARNING, text);
}

/* The account may be in a file whose name is not read. */
static void report_strays(struct exo_app *app, const struct exo_err *err)
{
    if (err->status == EXO_STATUS_NO_ACCOUNT && !err->said && app->conf) {
        exo_settings_strays(app->conf, stray, app);
    }
}

static void report(struct exo_app *app, const struct exo_err *err)
{
    if (err->status != EXO_STATUS_OK && !err->said) {
        tell(app, EXO_LOG_ERROR, err->text);
    }
}

static int run(struct exo_app *app, const struct exo_command *command,
               struct exo_options *options, struct exo_err *err)
{
    int rc = exo_seal_boot();

    if (rc != 0) {
        return rc;
    }
    if (command->alone || command->opens) {
        return command->run(app, options, err);
    }
    /* What a name that was mistyped falls back to is somebody else's store. */
    if (options->config && access(options->config, F_OK) != 0 &&
        errno == ENOENT &&
        (command == &exo_cmd_remove || command == &exo_cmd_rekey)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s does not exist, and nothing was changed; name "
                           "the exoauth.conf in force, or leave out --config",
                           options->config);
    }
    rc = exo_app_open(app, options->config,
                      command == &exo_cmd_login || command == &exo_cmd_import,
                      err);
    if (rc != 0) {
        return rc;
    }
    app->after = exo_after;
    if (command->prepare) {
        exo_place_log(app);
    }
    open_log(app, options->listen != NULL);
    if (command->prepare) {
        exo_place_all(app);
    }
    if (command->before) {
        rc = command->before(app, options, err);
    }
    if (rc == 0) {
        rc = exo_app_drop(app, err);
    }
    return rc == 0 ? command->run(app, options, err) : rc;
}

/* A person's own files are where the environment says. */
static void name_places(void)
{
    struct exo_buf words = EXO_BUF_INIT(EXO_TYPED_MAX - 1);
    const char *name, *text;

    for (int i = 0; i < EXO_USER_N; i++) {
        const char *dir = exo_conf_user_moved((enum exo_user_dir)i, &name);

        if (dir) {
            exo_buf_fmt(&words, "%s%s=%s ", words.len == 0 ? "env " : "", name,
                        EXO_SH(dir, "DIR"));
        }
    }
    if (words.len > 0 && exo_buf_done(&words, &text) == 0) {
        exo_typed_set(EXO_TYPED_BEFORE, text);
    }
    exo_buf_free(&words);
}

/* What a message tells to type is for the configuration in force, and that may
 * be another one than who types it would get, in another directory and without
 * SASL_CONF_PATH or XDG_CONFIG_HOME. */
static void name_config(const char *given)
{
    struct stat ours, theirs;
    char words[EXO_TYPED_MAX];
    char *path = NULL, *other = NULL;
    const char *name;
    bool user = false, own;
    int rc = exo_conf_find(given, exo_conf_sasl_path(), &path, &user);

    if (rc == 0 && user) {
        name_places();
    }
    if (rc == 0 &&
        ((!user && getuid() != 0 &&
          exo_conf_user_moved(EXO_USER_CONFIG, &name)) ||
         exo_conf_find(NULL, EXO_CONFPATH, &other, &own) != 0 ||
         (strcmp(path, other) != 0 &&
          (stat(path, &ours) != 0 || stat(other, &theirs) != 0 ||
           ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)))) {
        (void)snprintf(words, sizeof(words), " --config %s",
                       EXO_SH(path, "FILE"));
        exo_typed_set(EXO_TYPED_AFTER, words);
    }
    free(path);
    free(other);
}

int main(int argc, char **argv)
{
    struct exo_app app;
    struct exo_options options;
    struct exo_err err = EXO_ERR_INIT;
    const struct exo_command *command = NULL;
    enum exo_parsed parsed;
    int status;
    int rc;

    exo_signals_boot();
    fill_std_fds();
    exo_path_guard(false);
    (void)umask(022);
    memset(&app, 0, sizeof(app));
    parsed = exo_options_parse(&options, &command, argc, argv, &err);
    app.quiet = parsed == EXO_PARSED_RUN && command->quiet;
    if (app.quiet) {
        /* What the host left open is none of our business. */
        (void)close_range(3, ~0U, 0);
        keep_connection();
    }
    app.hush = command && command->waited_for;
    app.verbose = options.verbose;
    name_config(options.config);
    (void)exo_log_open(app.quiet ? "syslog" : "stderr", EXO_LOG_NOTICE);
    rc = parsed == EXO_PARSED_RUN    ? run(&app, command, &options, &err)
         : parsed == EXO_PARSED_DONE ? 0
                                     : EXO_E_STATUS;
    if (rc == 0 && err.status == EXO_STATUS_OK) {
        rc = exo_out_end(&err);
    }
    (void)exo_err_words_of(&err, rc, command ? command->name : "options");
    report_strays(&app, &err);
    status = parsed == EXO_PARSED_RUN && command->ending
                 ? command->ending(&options, &err)
                 : exo_status_exit(err.status);
    report(&app, &err);
    if (app.conf) {
        exo_app_after(&app);
    }
    exo_options_free(&options);
    exo_app_close(&app);
    exo_log_close();
    return status;
}
