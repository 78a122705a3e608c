/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth setup postfix`: a plan, which is a list of changes, each of one
 * name in one file with the value before and after; the texts that come of
 * it; the journal that can take it back; and the check that it works. Only
 * setup*.c and cmd_setup.c include this.
 */
#ifndef EXOAUTH_SETUP_H
#define EXOAUTH_SETUP_H

#include "helper/app/app.h"
#include "exoauth/account.h"
#include "helper/postfix/postfix.h"

#define EXO_SETUP_TEXT ((size_t)1024 * 1024)    /* most bytes of one file */
#define EXO_SETUP_SERVICE "exoauth"             /* in master.cf */
#define EXO_SETUP_WAYS_FILE "exoauth_transport" /* the map without logins */
#define EXO_SETUP_JOURNAL "exoauth.undo"        /* in Postfix's directory */

/* In the order in which they are made: what uses another comes after it, and
 * main.cf, which switches over, is last. */
enum exo_setup_kind {
    EXO_SETUP_USER,   /* name: the user of the system */
    EXO_SETUP_CONF,   /* name: a key of exoauth.conf */
    EXO_SETUP_MAP,    /* name: a file of ours, before and after its text */
    EXO_SETUP_MASTER, /* name: service/type, before and after its line */
    EXO_SETUP_MAIN,   /* name: a parameter */
    EXO_SETUP_KINDS
};

struct exo_change {
    enum exo_setup_kind kind;
    char *name;
    char *before; /* NULL: was not there */
    char *after;  /* NULL: shall not be there */
};

struct exo_changes {
    struct exo_change *item;
    size_t n;
    int error; /* sticky, as of a buffer */
};

/* A file as it is, and as it shall be. */
struct exo_setup_file {
    enum exo_setup_kind kind; /* of the changes in it */
    char *path;               /* where it really is: links are followed */
    bool existed;             /* there is one, */
    mode_t mode;              /* with this mode */
    bool wanted;              /* there shall be one */
    struct exo_buf before, after;
};

/* What is asked for; borrowed. */
struct exo_setup_request {
    const char *config;    /* --config, NULL: not given */
    char *const *accounts; /* as they were typed */
    size_t n_accounts;
    const char *relayhost, *transport, *config_dir; /* NULL: not given */
    int64_t rate_delay;                             /* seconds, 0: none */
    bool yes, dry_run, undo;
};

struct exo_setup {
    const struct exo_setup_request *request;
    struct exo_account *account;
    bool *asks; /* of each: it is not published for the mail user (reach.h) */
    size_t n_accounts;
    struct exo_conf *conf;
    char *token_group; /* of conf, or what it will be */
    struct exo_postfix *postfix;
    const char *queue_dir;
    const char *transport;  /* its own, NULL: the relayhost */
    struct exo_buf relay;   /* [host]:port */
    struct exo_buf host;    /* of it */
    struct exo_buf program; /* what spawn(8) runs */
    bool has_domain;        /* an @domain account is among them */
    bool by_sender;         /* each sender logs in as itself */
    bool chroot;            /* the client that will log in is in the jail */
    bool exchange;          /* the relay is Exchange Online */
    bool nobody;            /* the user of the system is yet to be made */
    struct exo_changes changes;
};

void exo_changes_free(struct exo_changes *changes);
/* Adds it if before and after differ; NULL is a value of its own. */
void exo_changes_add(struct exo_changes *changes, enum exo_setup_kind kind,
                     const char *name, const char *before, const char *after);
/* The same with a finished text; its error sticks to the list. */
void exo_changes_text(struct exo_changes *changes, enum exo_setup_kind kind,
                      const char *name, const char *before,
                      const struct exo_buf *after);
bool exo_setup_same(const char *one, const char *two);
/* Is one of that kind (and, if not NULL, that name) among them? */
const struct exo_change *exo_changes_find(const struct exo_changes *changes,
                                          enum exo_setup_kind kind,
                                          const char *name);
/* What it would do, readable, into out. */
void exo_setup_show(const struct exo_setup *setup,
                    const struct exo_changes *changes, struct exo_buf *out);

/* Reads Postfix and the configuration; what is wrong with them is the error.
 * setup is to be freed in every case. */
int exo_setup_read(struct exo_setup *setup, struct exo_err *err) EXO_MUST_CHECK;
void exo_setup_free(struct exo_setup *setup);
/* What there is to change, and warnings of what else is there. */
int exo_setup_plan(struct exo_setup *setup, struct exo_err *err) EXO_MUST_CHECK;
/* Its parts. */
int exo_setup_plan_relay(struct exo_setup *setup,
                         struct exo_err *err) EXO_MUST_CHECK;
int exo_setup_plan_conf(struct exo_setup *setup,
                        struct exo_err *err) EXO_MUST_CHECK;
int exo_setup_plan_maps(struct exo_setup *setup,
                        struct exo_err *err) EXO_MUST_CHECK;
int exo_setup_plan_route(struct exo_setup *setup,
                         struct exo_err *err) EXO_MUST_CHECK;
int exo_setup_plan_spawn(struct exo_setup *setup,
                         struct exo_err *err) EXO_MUST_CHECK;
/* Does that TLS level, maybe with attributes after it, demand a verified
 * certificate of this very server? */
bool exo_setup_is_strict(const char *level);
void exo_setup_warnings(const struct exo_setup *setup);

/* A warning on stderr; setup is root's from end to end and keeps no log. */
void exo_setup_warn(const char *fmt, ...) EXO_PRINTF(1, 2);

/* The path of a file in Postfix's directory, appended to out. */
void exo_setup_in_dir(const struct exo_setup *setup, const char *name,
                      struct exo_buf *out);
/* The maps that setup makes. */
enum exo_setup_map {
    EXO_SETUP_RELAY,   /* who logs in at the relay */
    EXO_SETUP_SENDERS, /* as whom each sender does */
    EXO_SETUP_WAYS,    /* which senders go by the transport */
    EXO_SETUP_MAPS
};
/* As a parameter names it, type:path, appended to out. */
void exo_setup_map(const struct exo_setup *setup, enum exo_setup_map which,
                   struct exo_buf *out);
/* What else is in such a list, appended to ours; today may be NULL. */
void exo_setup_other_maps(const struct exo_setup *setup, const char *today,
                          struct exo_buf *list);

/*
 * The files that the changes come to, in the order in which they are to be
 * written: exoauth.conf, maps, master.cf, main.cf; only those that differ.
 * Postfix's two are made by its postconf from copies, and read by it once
 * more, so that what is put into place is known to be good.
 */
int exo_setup_texts(const struct exo_setup *setup,
                    const struct exo_changes *changes,
                    struct exo_setup_file file[], size_t *n,
                    struct exo_err *err) EXO_MUST_CHECK;
#define EXO_SETUP_FILES 8
void exo_setup_file_free(struct exo_setup_file *file);
/* Reads path, of at most that many bytes, as it is. That there is none is no
 * error. */
int exo_setup_file_read(struct exo_setup_file *file, const char *path,
                        size_t most, struct exo_err *err) EXO_MUST_CHECK;
/* Replaces (or removes) it, all or nothing, durable when it returns. */
int exo_setup_file_write(const struct exo_setup_file *file,
                         struct exo_err *err) EXO_MUST_CHECK;
/* text with key: value put in (value NULL: taken out). */
int exo_setup_conf_edit(struct exo_buf *text, const char *key,
                        const char *value) EXO_MUST_CHECK;
/* What killed ones left of drafts and in Postfix's directory. */
void exo_setup_sweep(const struct exo_setup *setup);
/* main.cf and master.cf with the changes, by postconf, in a directory of its
 * own. */
int exo_setup_draft(const struct exo_setup *setup,
                    const struct exo_changes *changes,
                    struct exo_setup_file *main_cf,
                    struct exo_setup_file *master_cf,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Writes down how to take it back. Before the first change. */
int exo_setup_journal(const struct exo_setup *setup,
                      const struct exo_setup_file file[], size_t n,
                      struct exo_err *err) EXO_MUST_CHECK;
/* Takes back what the journal says. *changed: was there anything? */
int exo_setup_undo(struct exo_setup *setup, bool *changed,
                   struct exo_err *err) EXO_MUST_CHECK;

/* One setup at a time for this Postfix, until *fd is closed; -1 on failure. */
int exo_setup_lock(const struct exo_setup *setup, int *fd,
                   struct exo_err *err) EXO_MUST_CHECK;

/* Makes the changes. */
int exo_setup_apply(struct exo_setup *setup, struct exo_app *app,
                    struct exo_err *err) EXO_MUST_CHECK;
/* Asks on the terminal. EXO_STATUS_USAGE: there is none, and no --yes. */
int exo_setup_agree(const struct exo_setup *setup, bool *yes,
                    struct exo_err *err) EXO_MUST_CHECK;
/* `postfix reload` if it runs, which *running tells, and if it changed. */
int exo_setup_reload(const struct exo_setup *setup, bool changed, bool *running,
                     struct exo_err *err) EXO_MUST_CHECK;

/* Does `exoauth serve` hand out a token as spawn(8) would run it, and does
 * the mail user in his jail get it? For every account. */
int exo_setup_check(const struct exo_setup *setup,
                    struct exo_err *err) EXO_MUST_CHECK;
/* Does the socket of spawn(8) answer the mail user in his jail? */
int exo_setup_check_socket(const struct exo_setup *setup,
                           struct exo_err *err) EXO_MUST_CHECK;

#endif
