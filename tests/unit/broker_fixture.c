/* SPDX-License-Identifier: BSD-2-Clause */
/* See broker_fixture.h. */
#include "config.h"

#include "broker_fixture.h"

#include <errno.h>

#include "exoauth/file.h"
#include "exoauth/log.h"
#include "exoauth/clock.h"
#include "../lib/whole.h"

struct world world;

ssize_t __wrap_getrandom(void *data, size_t len, unsigned flags);
ssize_t __real_getrandom(void *data, size_t len, unsigned flags);
int64_t __wrap_exo_clock_now(void);
int __wrap_exo_oauth_client_credentials(const struct exo_oauth_client *client,
                                        struct exo_tokens *tokens,
                                        struct exo_oauth_error *error);
int __wrap_exo_oauth_refresh(const struct exo_oauth_client *client,
                             const struct exo_secret *refresh_token,
                             struct exo_tokens *tokens,
                             struct exo_oauth_error *error);
int __wrap_exo_file_put(int dirfd, const char *name,
                        const struct exo_file_how *how, const void *data,
                        size_t len);
int __real_exo_file_put(int dirfd, const char *name,
                        const struct exo_file_how *how, const void *data,
                        size_t len);
int __wrap_exo_store_lock(struct exo_store *store,
                          const struct exo_account *account,
                          int64_t deadline_ms, struct exo_store_lock *lock,
                          struct exo_err *err);
int __real_exo_store_lock(struct exo_store *store,
                          const struct exo_account *account,
                          int64_t deadline_ms, struct exo_store_lock *lock,
                          struct exo_err *err);

ssize_t __wrap_getrandom(void *data, size_t len, unsigned flags)
{
    if (len != sizeof(world.random))
        return __real_getrandom(data, len, flags); /* a file's name */
    memcpy(data, &world.random, len);
    return (ssize_t)len;
}

int64_t __wrap_exo_clock_now(void)
{
    return world.now;
}

static void put_secret(struct exo_secret *secret, const char *text)
{
    exo_buf_init(&secret->hidden, EXO_SECRET_MAX);
    if (text != NULL)
        assert_int_equal(exo_secret_set(secret, text, strlen(text)), 0);
}

static int answer(const struct exo_oauth_client *client, const char *refresh,
                  struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    const struct answer *a;

    memset(tokens, 0, sizeof(*tokens));
    memset(error, 0, sizeof(*error));
    if (world.asked >= world.n_answers)
        fail_msg("request %zu is one too many", world.asked + 1);
    a = &world.answers[world.asked++];
    (void)snprintf(world.secret, sizeof(world.secret), "%s",
                   client->secret ? whole_secret(client->secret) : "");
    (void)snprintf(world.refresh, sizeof(world.refresh), "%s", refresh);
    (void)snprintf(world.scope, sizeof(world.scope), "%s", client->scope);
    put_secret(&tokens->access_token, a->access);
    put_secret(&tokens->refresh_token, a->refresh);
    tokens->received = world.now;
    tokens->expires_in = a->expires_in ? a->expires_in : 3600;
    tokens->refresh_in = a->refresh_in;
    if (a->status == EXO_STATUS_OK)
        return 0;
    (void)snprintf(error->code, sizeof(error->code), "CODE");
    (void)exo_err_set(&error->err, a->status, "%s; mend it",
                      a->text ? a->text : "no");
    error->err.retry_after = a->retry_after;
    return EXO_E_STATUS;
}

int __wrap_exo_oauth_client_credentials(const struct exo_oauth_client *client,
                                        struct exo_tokens *tokens,
                                        struct exo_oauth_error *error)
{
    return answer(client, "", tokens, error);
}

int __wrap_exo_oauth_refresh(const struct exo_oauth_client *client,
                             const struct exo_secret *refresh_token,
                             struct exo_tokens *tokens,
                             struct exo_oauth_error *error)
{
    return answer(client, whole_secret(refresh_token), tokens, error);
}

int __wrap_exo_file_put(int dirfd, const char *name,
                        const struct exo_file_how *how, const void *data,
                        size_t len)
{
    size_t used = strlen(world.written);

    if (world.refuse_store && strstr(name, ".json") != NULL) {
        errno = ENOSPC;
        return EXO_E_IO;
    }
    (void)snprintf(world.written + used, sizeof(world.written) - used, "<%s>",
                   name);
    return __real_exo_file_put(dirfd, name, how, data, len);
}

int __wrap_exo_store_lock(struct exo_store *store,
                          const struct exo_account *account,
                          int64_t deadline_ms, struct exo_store_lock *lock,
                          struct exo_err *err)
{
    void (*other)(void) = world.before_lock;

    world.locks++;
    world.before_lock = NULL;
    if (other != NULL)
        other();
    return __real_exo_store_lock(store, account, deadline_ms, lock, err);
}

void script(const struct answer *answers, size_t n)
{
    world.answers = answers;
    world.n_answers = n;
    world.asked = 0;
}

int broker_setup(void **state)
{
    struct house *house = &world.house;
    char text[600];

    (void)state;
    memset(&world, 0, sizeof(world));
    house_make(house);
    world.now = T0;
    world.app.conf = house->conf;
    world.app.uid = geteuid();
    world.app.gid = getegid();
    world.app.quiet = true;
    world.account = account_of("a@b");
    put_file(&house->place, "secret", 0600, "s3cret\n");
    (void)snprintf(text, sizeof(text),
                   "provider: custom\nclient_id: app\nscope: mail\n"
                   "servers: mail.example\nsecret_file: %s\n"
                   "token_endpoint: https://as.example/token\n",
                   place_name(&house->place, "secret"));
    house_file(house, "a@b", text);
    house_file(house, "u@b",
               "provider: custom\nclient_id: app\nscope: mail\n"
               "servers: mail.example\ngrant: device_code\n"
               "token_endpoint: https://as.example/token\n");
    assert_int_equal(
        exo_store_open(&world.app.store, house->conf->store, true, &world.err),
        0);
    assert_int_equal(
        exo_log_open(place_name(&house->place, "log"), EXO_LOG_INFO), 0);
    return 0;
}

int broker_teardown(void **state)
{
    (void)state;
    exo_got_free(&world.got);
    exo_store_close(world.app.store);
    exo_log_close();
    house_remove(&world.house);
    return 0;
}

int broker_ask(const char *name, const struct exo_want *want)
{
    struct exo_want plain = EXO_WANT_INIT;
    struct exo_account account = account_of(name);

    /* The configuration may have been loaded again. */
    world.app.conf = world.house.conf;
    plain.deadline_ms = exo_clock_ms() + 60000;
    exo_got_free(&world.got);
    world.err = (struct exo_err)EXO_ERR_INIT;
    return exo_broker_get(&world.app, &account, want ? want : &plain,
                          &world.got, &world.err);
}

void assert_gives(const struct exo_want *want, int64_t serial, size_t asked)
{
    size_t before = world.asked;

    if (broker_ask("a@b", want) != 0)
        fail_msg("no token: %s", world.err.text);
    assert_int_equal(world.got.token.serial, serial);
    assert_int_equal(world.asked - before, asked);
    assert_int_equal(world.err.status, EXO_STATUS_OK);
}

void assert_fails(const struct exo_want *want, enum exo_status status,
                  size_t asked)
{
    size_t before = world.asked;

    assert_int_equal(broker_ask("a@b", want), EXO_E_STATUS);
    assert_err(&world.err, status, "", "; ");
    assert_int_equal(world.asked - before, asked);
}

void person_login(const char *access, const char *refresh)
{
    struct exo_account account = account_of("u@b");
    struct exo_tokens tokens;
    struct exo_proof proof = { .tokens = &tokens, .grant = "device_code" };

    memset(&tokens, 0, sizeof(tokens));
    put_secret(&tokens.access_token, access);
    put_secret(&tokens.refresh_token, refresh);
    tokens.received = world.now;
    tokens.expires_in = 3600;
    exo_got_free(&world.got);
    if (exo_broker_login(&world.app, &account, &proof, exo_clock_ms() + 60000,
                         &world.got, &world.err) != 0)
        fail_msg("%s", world.err.text);
    exo_tokens_free(&tokens);
}

void broker_record(const char *name, struct exo_record *record)
{
    struct exo_account account = account_of(name);
    struct exo_err err = EXO_ERR_INIT;

    if (exo_store_get(world.app.store, &account, record, &err) != 0)
        fail_msg("%s: %s", name, err.text);
}

void broker_stretch(const char *name, int64_t seconds)
{
    struct exo_account account = account_of(name);
    struct exo_store_lock lock;
    struct exo_record r;
    struct exo_err err = EXO_ERR_INIT;

    assert_int_equal(__real_exo_store_lock(world.app.store, &account,
                                           exo_clock_ms() + 60000, &lock, &err),
                     0);
    broker_record(name, &r);
    r.expires = r.issued + seconds;
    r.refresh_after = r.usable_until = r.expires - 1;
    assert_int_equal(exo_store_put(world.app.store, &lock, &r, &err), 0);
    exo_record_free(&r);
    exo_store_unlock(world.app.store, &lock);
}

void other_renews(void)
{
    struct exo_store *store;
    struct exo_store_lock lock;
    struct exo_record record;
    struct exo_err err = EXO_ERR_INIT;

    assert_int_equal(
        exo_store_open(&store, world.house.conf->store, false, &err), 0);
    assert_int_equal(__real_exo_store_lock(store, &world.account,
                                           exo_clock_ms() + 60000, &lock, &err),
                     0);
    broker_record("a@b", &record);
    record.serial++;
    record.issued = record.refreshed = world.now;
    record.refresh_after = world.now + 1800;
    record.usable_until = world.now + 3000;
    record.expires = world.now + 3600;
    assert_int_equal(exo_secret_set(&record.access_token, "of-another", 10), 0);
    assert_int_equal(exo_store_put(store, &lock, &record, &err), 0);
    exo_record_free(&record);
    exo_store_unlock(store, &lock);
    exo_store_close(store);
}

const char *published(const char *name)
{
    char path[300];

    (void)snprintf(path, sizeof(path), "tokens/%s", name);
    return get_file(&world.house.place, path);
}

const char *logged(void)
{
    const char *text = get_file(&world.house.place, "log");

    return text != NULL ? text : "";
}
