/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Published tokens: what a login reads instead of asking. Written by the
 * broker after the record is durable, under token_dir and once more below
 * every `chroot`. Readers see the old file or the new one, never a part. How
 * far a file may reach is reach.h's to say; where it may not be (any more), one
 * of ours is removed.
 *
 * Nothing here is an error: a login that finds no file asks the socket. A
 * directory that is missing or not writable is one warning with its remedy.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "exoauth/file.h"
#include "helper/settings/reach.h"
#include "helper/app/spot.h"

struct publication {
    const char *name;
    enum exo_reach reach;
    const struct exo_buf *text;
    bool differs;
};

/* Is it to be there at all? */
static bool is_wanted(const struct publication *p, const struct exo_spot *spot)
{
    return p->reach == EXO_REACH_GROUP ||
           (p->reach == EXO_REACH_OWNER && !spot->jailed);
}

/* A group that may enter the directory may read what is in it. */
static mode_t mode_in(const struct publication *p, int dir)
{
    struct stat st;

    return p->reach == EXO_REACH_GROUP && fstat(dir, &st) == 0 &&
                   (st.st_mode & S_IXGRP)
               ? 0640
               : 0600;
}

static bool is_same(const struct publication *p, int dir)
{
    struct exo_buf now = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct stat st, of_dir;
    bool same = exo_file_read(dir, p->name, EXO_FILE_TOKEN, geteuid(), &now,
                              NULL) == 0 &&
                now.len == p->text->len &&
                memcmp(now.data, p->text->data, now.len) == 0;

    exo_buf_free(&now);
    /* token_group or `allow` came or went after it was written. */
    return same && fstat(dir, &of_dir) == 0 &&
           fstatat(dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (st.st_mode & 07777) == mode_in(p, dir) &&
           (!(of_dir.st_mode & S_ISGID) || st.st_gid == of_dir.st_gid);
}

/* A file that we wrote: nothing else of that name is ours to remove. */
static bool is_ours(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

static void withdraw_in(const struct exo_app *app, const struct exo_spot *spot,
                        const char *name)
{
    if (spot->fd < 0 || !is_ours(spot->fd, name)) {
        return;
    }
    if (unlinkat(spot->fd, name, 0) == 0) {
        (void)fsync(spot->fd);
    } else {
        exo_app_warn(app, "cannot remove %s/%s: %m; remove it by hand",
                     spot->dir, name);
    }
}

static void publish_in(const struct exo_app *app, const struct exo_spot *spot,
                       void *context)
{
    const struct publication *p = context;
    /* A power cut may leave it empty, where the directory is on a disk. That
     * is no token, and the login asks: dearer once, but not at every write. */
    struct exo_file_how how = { .fleeting = true };
    int rc;

    if (!is_wanted(p, spot)) {
        withdraw_in(app, spot, p->name);
        return;
    }
    if (spot->missing) {
        exo_app_warn(app,
                     "cannot publish the token of %s: %-s; logins use the "
                     "socket instead; run as root: exoauth refresh --all",
                     p->name, spot->why);
        return;
    }
    if (spot->fd < 0) {
        exo_app_warn(app,
                     "cannot publish the token of %s, so logins use the socket "
                     "instead: %-s%s",
                     p->name, spot->why,
                     exo_file_advice(spot->why, "; correct token_dir"));
        return;
    }
    if (is_same(p, spot->fd)) {
        return;
    }
    how.mode = mode_in(p, spot->fd);
    rc = exo_file_put(spot->fd, p->name, &how, p->text->data, p->text->len);
    if (rc != 0 && errno == EISDIR) {
        exo_app_warn(app,
                     "cannot publish the token of %s: %s/%s is a directory; "
                     "move it away: mv -T %s/%s %s/%s.away",
                     p->name, spot->dir, p->name, EXO_SH(spot->dir, "FILE"),
                     EXO_SH(p->name, "FILE"), EXO_SH(spot->dir, "FILE"),
                     EXO_SH(p->name, "FILE"));
    } else if (rc != 0) {
        exo_app_warn(app,
                     "cannot publish the token of %s in %s: %m; logins use "
                     "the socket instead; %s",
                     p->name, spot->dir,
                     exo_errno_remedy(errno, "check its owner and mode"));
    }
}

static void compare_in(const struct exo_app *app, const struct exo_spot *spot,
                       void *context)
{
    struct publication *p = context;

    (void)app;
    p->differs |= is_wanted(p, spot)
                      ? spot->fd < 0 || !is_same(p, spot->fd)
                      : spot->fd >= 0 && is_ours(spot->fd, p->name);
}

/* Visits every root with the file's text; true if one was found to differ */
static bool visit_text(const struct exo_app *app, const struct exo_settings *s,
                       const struct exo_token *token, const char *config,
                       exo_spot_fn visit)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct publication p = { s->file.file, exo_reach(s, app->conf->token_group),
                             &text, false };

    exo_block_begin(&text);
    exo_token_put(&text, token);
    if (config[0] != '\0') { /* with what it was had, for fresh.c */
        exo_block_put(&text, "config", config);
    }
    exo_block_end(&text);
    if (text.error != 0) {
        exo_app_warn(app, "cannot publish the token of %s: %s", s->file.name,
                     exo_strerror(text.error));
    } else {
        exo_spot_each(app, visit, &p);
    }
    exo_buf_free(&text);
    return p.differs;
}

/* user= of an account: of @domain it is the SASL name, so none is written */
static const char *user_of(const struct exo_settings *s)
{
    const char *user = exo_settings_get(s, EXO_KEY_USER);

    if (s->file.name[0] == '@') {
        return NULL;
    }
    return user[0] != '\0' ? user : s->file.name;
}

/* When a question may lead to a request, for all that is known now: after a
 * refusal that only a person can undo, never. */
static int64_t next_try(const struct exo_settings *owner,
                        const struct exo_record *r)
{
    return r->state == EXO_STATUS_NEEDS_LOGIN &&
                   strcmp(r->tried, owner->fingerprint) == 0
               ? INT64_MAX
               : r->next_try;
}

static int64_t later(int64_t next_try, int64_t time, int64_t limit)
{
    if (next_try <= time) {
        return time;
    }
    return next_try < limit ? next_try : limit;
}

/* The whole token for the credential's account, a pointer for another */
static bool visit_all(const struct exo_app *app,
                      const struct exo_settings *settings,
                      const struct exo_record *record, exo_spot_fn visit)
{
    bool differs;
    const struct exo_settings *owner = exo_settings_owner(settings);
    struct exo_token token;
    int rc;

    memset(&token, 0, sizeof(token));
    rc = exo_secret_reveal(&record->access_token, &token.token,
                           &token.token_len);
    if (rc != 0) {
        exo_app_warn(app, "cannot publish the token of %s: %s",
                     owner->file.name, exo_strerror(rc));
        return false;
    }
    token.account = owner->file.name;
    token.user = user_of(owner);
    token.servers = exo_settings_get(owner, EXO_KEY_SERVERS);
    token.serial = record->serial;
    token.issued = record->issued;
    token.refresh_after = record->refresh_after;
    token.usable_until = record->usable_until;
    token.expires = record->expires;
    /* There is nothing to ask for before the next try. */
    token.refresh_after =
        later(next_try(owner, record), token.refresh_after, token.expires);
    token.usable_until =
        later(next_try(owner, record), token.usable_until, token.expires);
    differs = visit_text(app, owner, &token, record->config, visit);
    if (settings->owner) {
        memset(&token, 0, sizeof(token));
        token.account = settings->file.name;
        token.user = user_of(settings);
        token.servers = exo_settings_get(settings, EXO_KEY_SERVERS);
        token.credential = owner->file.name;
        differs |= visit_text(app, settings, &token, "", visit);
    }
    return differs;
}

void exo_publish(const struct exo_app *app, const struct exo_settings *settings,
                 const struct exo_record *record)
{
    (void)visit_all(app, settings, record, publish_in);
}

bool exo_is_published(const struct exo_app *app,
                      const struct exo_settings *settings,
                      const struct exo_record *record)
{
    return !visit_all(app, settings, record, compare_in);
}

/* What was written for a wider circle, without writing it anew. */
static void close_in(const struct exo_spot *spot, const char *name)
{
    struct stat st;
    int fd =
        openat(spot->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_uid == geteuid() && (st.st_mode & 077) != 0) {
        (void)fchmod(fd, 0600);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void narrow_in(const struct exo_app *app, const struct exo_spot *spot,
                      void *context)
{
    const struct publication *p = context;

    if (!is_wanted(p, spot)) {
        withdraw_in(app, spot, p->name);
    } else if (spot->fd >= 0) {
        close_in(spot, p->name);
    }
}

void exo_publish_narrow(const struct exo_app *app,
                        const struct exo_settings *settings)
{
    const struct exo_settings *both[] = { settings,
                                          settings ? settings->owner : NULL };

    for (size_t i = 0; i < 2 && both[i]; i++) {
        struct publication p = { .name = both[i]->file.file };

        p.reach = exo_reach(both[i], app->conf->token_group);
        if (p.reach != EXO_REACH_GROUP) {
            exo_spot_each(app, narrow_in, &p);
        }
    }
}

static void find_in(const struct exo_app *app, const struct exo_spot *spot,
                    void *context)
{
    struct publication *p = context;
    struct stat st;

    (void)app;
    p->differs |= spot->fd >= 0 &&
                  fstatat(spot->fd, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool exo_publish_found(const struct exo_app *app,
                       const struct exo_account *account)
{
    struct publication p = { .name = account->file };

    exo_spot_each(app, find_in, &p);
    return p.differs;
}

struct removal {
    const char *name;
    bool any;
    size_t *left;
};

static void remove_in(const struct exo_app *app, const struct exo_spot *spot,
                      void *context)
{
    struct removal *r = context;

    if (spot->fd < 0) {
        if (!spot->missing) {
            ++*r->left;
            exo_app_warn(app, "cannot tell whether a token of %s is left: %-s",
                         r->name, spot->why);
        }
        return;
    }
    exo_file_sweep(spot->fd);
    if (unlinkat(spot->fd, r->name, 0) == 0) {
        r->any = true;
        (void)fsync(spot->fd);
    } else if (errno != ENOENT) {
        ++*r->left;
        exo_app_warn(app, "cannot remove %s/%s: %m; remove it by hand",
                     spot->dir, r->name);
    }
}

bool exo_unpublish(const struct exo_app *app, const struct exo_account *account,
                   size_t *left)
{
    struct removal r = { account->file, false, left };

    exo_spot_each(app, remove_in, &r);
    return r.any;
}
