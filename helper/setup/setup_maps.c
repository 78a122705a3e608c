/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The maps that setup makes (setup.h): who logs in at the relay, as whom each
 * sender does, and who goes by the transport. Called by exo_setup_plan() for
 * their texts, and for their names by setup_client.c and setup_route.c, which
 * put them in front of the maps of a parameter.
 *
 * Nothing is written here: a text becomes a change in the list. What cannot be
 * read, or does not fit, is the error of the plan. Buffers are the caller's.
 */
#include "config.h"

#include <string.h>

#include "setup.h"

static const char head[] =
    "# Made by exoauth setup postfix. Names only, no password.\n";

/* Where each map is and how Postfix reads it. texthash: is for a key that is
 * no sender only: Postfix also asks such a map for the bare local part of a
 * local sender, and "two@contoso.test"@localhost would be two@contoso.test. */
static const struct {
    const char *type, *name;
} maps[EXO_SETUP_MAPS] = {
    [EXO_SETUP_RELAY] = { "texthash:", "exoauth_passwd" },
    [EXO_SETUP_SENDERS] = { "regexp:", "exoauth_senders" },
    [EXO_SETUP_WAYS] = { "regexp:", EXO_SETUP_WAYS_FILE },
};

void exo_setup_map(const struct exo_setup *s, enum exo_setup_map which,
                   struct exo_buf *out)
{
    exo_buf_str(out, maps[which].type);
    exo_setup_in_dir(s, maps[which].name, out);
}

static int want_map(struct exo_setup *s, enum exo_setup_map which,
                    const struct exo_buf *text, struct exo_err *err)
{
    struct exo_buf path = EXO_BUF_INIT(4096);
    struct exo_setup_file file;
    const char *where;
    const char *before = NULL;
    int rc;

    exo_setup_in_dir(s, maps[which].name, &path);
    rc = exo_buf_done(&path, &where);
    if (rc == 0) {
        rc = exo_setup_file_read(&file, where, EXO_SETUP_TEXT, err);
        if (rc == 0 && file.existed) {
            rc = exo_buf_done(&file.before, &before);
        }
        if (rc == 0) {
            exo_changes_text(&s->changes, EXO_SETUP_MAP, where, before, text);
        }
        exo_setup_file_free(&file);
    }
    exo_buf_free(&path);
    return rc;
}

/* Who logs in at the relay, whoever sends. */
static void put_relay(const struct exo_setup *s, struct exo_buf *text)
{
    size_t i = 0;

    exo_buf_str(text, head);
    while (i < s->n_accounts && s->account[i].name[0] == '@') {
        i++;
    }
    if (i < s->n_accounts) {
        exo_buf_join(text, &s->relay);
        exo_buf_fmt(text, " %s\n", s->account[i].name);
    }
}

/* Postfix cuts what a map gives at the first colon, into user and password,
 * and looks a sender up without the quotes of its local part. So only local
 * parts are let through that an account may have (exo_account_fault()): others
 * could name an account of another domain, or DOMAIN\\user, or one that the
 * plugin refuses, so that the mail would wait instead of going another way. It
 * lists what is allowed, the ASCII part of it: an expression sees bytes, and
 * cannot tell a letter from what turns text round. #-' and ^-~ are ranges.
 * exoauth-recipes(7) prints it, too. */
#define SENDER "[!#-'+.0-9=A-Z^-~-]+"
#define NO_NAMES "if !/^\\.|\\.[.@]|.{241}/\n" /* EXO_ACCOUNT_MAX and one */

/* name as an expression that matches nothing else. */
static void put_exactly(const char *name, struct exo_buf *text)
{
    for (; *name != '\0'; name++) {
        if (strchr("/.[]()*+?{}|^$\\", *name)) {
            exo_buf_str(text, "\\");
        }
        exo_buf_add(text, name, 1);
    }
}

/* What each sender leads to: its own name, or way, as transport:relay. An
 * account of its own comes before that of its domain. */
static void put_senders(const struct exo_setup *s, const char *way,
                        struct exo_buf *text)
{
    exo_buf_str(text, head);
    for (size_t i = 0; i < s->n_accounts; i++) {
        const char *name = s->account[i].name;

        if (name[0] != '@') {
            exo_buf_str(text, "/^");
            put_exactly(name, text);
            exo_buf_fmt(text, "$/ %s\n", way ? way : name);
        }
    }
    if (!s->has_domain) {
        return;
    }
    exo_buf_str(text, NO_NAMES);
    for (size_t i = 0; i < s->n_accounts; i++) {
        const char *name = s->account[i].name;

        if (name[0] == '@') {
            exo_buf_str(text, "/^(" SENDER);
            put_exactly(name, text);
            exo_buf_fmt(text, ")$/ %s\n", way ? way : "$1");
        }
    }
    exo_buf_str(text, "endif\n");
}

static int plan_ways(struct exo_setup *s, struct exo_buf *text,
                     struct exo_err *err)
{
    struct exo_buf way = EXO_BUF_INIT(1024);
    const char *route;
    int rc;

    exo_buf_fmt(&way, "%s:", s->transport);
    exo_buf_join(&way, &s->relay);
    rc = exo_buf_done(&way, &route);
    if (rc == 0) {
        put_senders(s, route, text);
        rc = want_map(s, EXO_SETUP_WAYS, text, err);
    }
    exo_buf_free(&way);
    return rc;
}

int exo_setup_plan_maps(struct exo_setup *s, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_SETUP_TEXT);
    int rc;

    put_relay(s, &text);
    rc = want_map(s, EXO_SETUP_RELAY, &text, err);
    if (rc == 0 && s->by_sender) {
        exo_buf_reset(&text);
        put_senders(s, NULL, &text);
        rc = want_map(s, EXO_SETUP_SENDERS, &text, err);
    }
    if (rc == 0 && s->transport) {
        exo_buf_reset(&text);
        rc = plan_ways(s, &text, err);
    }
    exo_buf_free(&text);
    return rc;
}

/* The length of a map of ours at the start of a list, 0 if it is none. */
static size_t own_map(const struct exo_setup *s, const char *list)
{
    size_t len = strcspn(list, ", \t");
    bool found = false;

    for (int i = 0; !found && i < EXO_SETUP_MAPS; i++) {
        struct exo_buf map = EXO_BUF_INIT(4096);
        const char *own;

        exo_setup_map(s, (enum exo_setup_map)i, &map);
        found = exo_buf_done(&map, &own) == 0 && map.len == len &&
                strncmp(list, own, len) == 0;
        exo_buf_free(&map);
    }
    return found ? len : 0;
}

void exo_setup_other_maps(const struct exo_setup *s, const char *today,
                          struct exo_buf *list)
{
    const char *p = today ? today : "";
    size_t len;

    /* Ours are in front; what follows stays as it is written. */
    while ((len = own_map(s, p)) > 0) {
        p += len;
        p += strspn(p, ", \t");
    }
    if (*p != '\0') {
        exo_buf_fmt(list, ", %s", p);
    }
}
