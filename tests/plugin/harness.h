/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the plugin tests share: a world (a directory of its own with
 * configuration, accounts, tokens and the built plugin), a host program
 * that drives libsasl2 the way real ones do, and a peer at the other end of
 * a socket. One world per test program; each test starts with a clean one.
 */
#ifndef EXOAUTH_TESTS_PLUGIN_HARNESS_H
#define EXOAUTH_TESTS_PLUGIN_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cmocka.h>
#include <sasl/sasl.h>

#define ALICE "alice@example.org"
#define BOB "bob@example.org"
#define TEAM "team@example.org"
#define SERVER "smtp.example.org"
/* 48 bytes: long enough to pass for a token where a password is expected. */
#define TOKEN "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbg=="
/* What the broker has, where what is published is too old. */
#define FRESH "fresh.from.the.broker"

/* --- the world ----------------------------------------------------------- */

int world_setup(void **state);    /* cmocka: per test */
int world_teardown(void **state); /* also calls host_done() */
const char *world_dir(void);
/* dir/NAME; good until the fourth next call. */
const char *world_path(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
void world_write(const char *path, mode_t mode, const void *data, size_t len);
/* Lines added to a configuration with token_dir, no socket, no helper and a
 * timeout of one second; a key given here replaces the line. */
void world_conf(const char *lines);
void world_account(const char *file);

/* A published token, or the token of a reply. Zero means the usual. */
struct token_spec {
    const char *account; /* ALICE */
    const char *user;    /* no line */
    const char *servers; /* SERVER */
    const char *credential;
    const char *token;  /* TOKEN */
    long issued;        /* relative to now: -600 */
    long refresh_after; /* +1200 */
    long usable_until;  /* +2400 */
    long expires;       /* +3000 */
    const char *extra;  /* more lines */
    const char *head;   /* "exoauth: 1\n" */
    const char *tail;   /* "\n" */
};
/* The text; malloc'ed. */
char *token_text(const struct token_spec *spec, const char *head);
/* Writes tokens/FILE, mode 0644. */
void world_token(const char *file, const struct token_spec *spec);
/* n bytes of token, malloc'ed. */
char *long_token(size_t n);

/* --- the host ------------------------------------------------------------ */

enum give {
    GIVE_NOTHING,  /* no callback */
    GIVE_CALLBACK, /* a function */
    GIVE_PROMPT,   /* a prompt */
    GIVE_FAILURE   /* a function that fails */
};

struct host {
    /* set before login */
    const char *service;  /* "smtp" */
    const char *server;   /* SERVER; "" for NULL */
    const char *mechlist; /* "XOAUTH2" */
    const char *remote;   /* "address;port"; NULL: not said */
    enum give give_name, give_user, give_pass;
    const char *name; /* ALICE */
    const char *user;
    const char *pass;
    bool count_nul;      /* as mutt does */
    bool no_prompt_need; /* as Postfix does */
    bool no_ir;          /* as a host without an initial response */
    bool null_in;        /* whose first step then has no input at all */
    bool leave_prompts;  /* gives up at the first prompt */
    unsigned long security_flags;
    /* seen in login */
    sasl_conn_t *conn;
    int rc;
    const char *mech;
    const char *out;
    unsigned out_len;
    int asked_name, asked_user, asked_pass; /* callback or prompt */
    int rounds;                             /* of prompts */
    int n_fail, n_warn;                     /* log lines by level */
    char log[16384];                        /* all of them */
};

/* sasl_client_init() with the world's plugin; more is another directory. */
void host_init(const char *more);
/* The same, in a program that answers SASL_CB_USER for all connections. */
void host_init_user(const char *user);
/* sasl_done(), if one of the above is still in force. */
void host_done(void);
/* A usable token of ALICE is published, and the host is ready. */
void good_token(void);
/* The registered mechanisms, blank-separated, best first; "" if none. */
const char *host_mechs(void);
void host_new(struct host *host);
/* new, start (and the first step), answering prompts; returns host->rc. */
int host_login(struct host *host);
/* A later step. */
int host_step(struct host *host, const char *in, unsigned len);
/* What the host would show the user; "" if nothing. */
const char *host_error(const struct host *host);
void host_end(struct host *host);

/* "user=USER^Aauth=Bearer TOKEN^A^A" is what host->out must be. */
void expect_response(const struct host *host, const char *user,
                     const char *token);
/* The same of any text, '|' for ^A. */
void expect_message(const struct host *host, const char *text);
/* Refused with this code, exactly one line of error, nothing sent; its text
 * ends in text (NULL: any). */
void expect_refusal(const struct host *host, int code, const char *text);

/* A whole login and its end, with that outcome. */
void host_sends(struct host *host, const char *user, const char *token);
void host_refused(struct host *host, int code, const char *text);

/* --- the peer ------------------------------------------------------------ */

enum peer_mode { PEER_REPLY, PEER_HANG, PEER_CLOSE };

struct peer;
/* Listens on path and answers each connection with reply (a whole one). */
struct peer *peer_start(const char *path, enum peer_mode mode,
                        const char *reply);
/* All it was asked, after it has ended; frees. Free the text. */
char *peer_stop(struct peer *peer, int *connections);
/* The same on the socket that the configuration, written here, names. */
struct peer *broker(enum peer_mode mode, const char *reply);
/* The reply with a token; malloc'ed. */
char *ok_text(const struct token_spec *spec);
/* The reply for a status other than ok; malloc'ed. */
char *refusal_text(const char *status, const char *message);

/* --- processes ----------------------------------------------------------- */

/* Runs f in a child; true if it returned true. A crash is false. */
bool in_child(bool (*f)(void *), void *arg);
/* In a child: root becomes an ordinary user, who stays who it is. */
bool become_nobody(void);
bool under_valgrind(void);

/* Not skip(): cmocka 1.1 writes "not ok" for it, which counts as failed. */
void say_skipped(const char *why);

#endif
