/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is at the other end of a connection, and whom `allow` names. Relies on
 * the users root and nobody and on the group root, which every host has.
 */
#include "config.h"

#include "house.h"

#include "helper/settings/peer.h"

#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define SELF ((uid_t)4711)

static void knows_a_socketpair(void **state)
{
    struct exo_peer peer;
    gid_t groups[EXO_PEER_GROUPS];
    int n = getgroups(EXO_PEER_GROUPS, groups);
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    assert_int_equal(exo_peer_get(&peer, fd[0], SELF), 0);
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.gid, getegid());
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.n_groups, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(peer.groups[i], groups[i]);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void knows_who_connected(void **state)
{
    struct place *place = *state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct exo_peer peer;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd, wait_status;
    pid_t pid;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/s",
                   place->path);
    assert_int_equal(
        bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(chmod(address.sun_path, 0666), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const gid_t group = 4712;
        char byte;
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (geteuid() == 0 && (setgroups(1, &group) != 0 || setgid(4713) != 0 ||
                               setuid(NOBODY) != 0))
            _exit(1);
        if (connect(client, (struct sockaddr *)&address, sizeof(address)) != 0)
            _exit(2);
        /* Alive until it was looked at. */
        _exit(read(client, &byte, 1) == 0 ? 0 : 3);
    }
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(exo_peer_get(&peer, fd, SELF), 0);
    assert_int_equal(peer.pid, pid);
    if (geteuid() == 0) {
        assert_int_equal(peer.uid, NOBODY);
        assert_int_equal(peer.gid, 4713);
        assert_int_equal(peer.n_groups, 1);
        assert_int_equal(peer.groups[0], 4712);
    } else {
        assert_int_equal(peer.uid, geteuid());
    }
    (void)close(fd);
    (void)close(listener);
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_int_equal(wait_status, 0);
}

/* A pipe, file or device has no other end: it is who started us. */
static void takes_pipes_and_files_for_ourselves(void **state)
{
    struct place *place = *state;
    int fd[4];

    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    put_file(place, "f", 0600, "");
    fd[2] = openat(place->fd, "f", O_RDONLY | O_CLOEXEC);
    fd[3] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < N_OF(fd); i++) {
        struct exo_peer peer;

        assert_true(fd[i] >= 0);
        assert_int_equal(exo_peer_get(&peer, fd[i], SELF), 0);
        assert_int_equal(peer.uid, SELF);
        assert_int_equal(peer.gid, (gid_t)-1);
        assert_int_equal(peer.pid, 0);
        assert_int_equal(peer.n_groups, 0);
        (void)close(fd[i]);
    }
}

static void refuses_what_says_nothing(void **state)
{
    struct place *place = *state;
    const int fds[] = { socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                        socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                        place->fd, -1 };

    for (size_t i = 0; i < N_OF(fds); i++) {
        struct exo_peer peer;

        assert_int_equal(exo_peer_get(&peer, fds[i], 0), EXO_E_UNSAFE);
        /* Nobody's, should a caller go on all the same. */
        assert_int_equal(peer.uid, (uid_t)-1);
        assert_int_equal(peer.gid, (gid_t)-1);
    }
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static const struct row {
    const char *allow; /* "": default */
    uid_t uid;
    gid_t gid;
    gid_t group; /* supplementary, 0: none */
    bool may;
} rows[] = {
    { "root", 0, 5, 0, true },
    { "root", 1000, 5, 0, false },
    { "nobody", NOBODY, 5, 0, true },
    { "nobody root", 0, 5, 0, true },
    { "nobody", 0, 5, 0, false },
    { "1000", 1000, 5, 0, true },
    { "1000", 100, 5, 0, false },
    { "1000x", 1000, 5, 0, false },
    { "0x3e8", 1000, 5, 0, false },
    { "4294968296", 1000, 5, 0, false }, /* 2^32 + 1000 */
    { "99999999999999999999", 1000, 5, 0, false },
    { "-1", (uid_t)-1, 5, 0, false },
    { "4294967295", (uid_t)-1, 5, 0, false },
    { "no-such-user", 1000, 5, 0, false },
    { "@root", 1000, 0, 0, true },
    { "@root", 1000, 5, 0, false },
    { "@no-such-group", 1000, 5, 0, false },
    { "@", 1000, 5, 0, false },
    { "@nobody 1000", 1000, 5, 0, true },
    { "root @root", 1000, 5, 77, false },
    /* default: root, the store's owner, token_group (77) */
    { "", 0, 5, 0, true },
    { "", 1000, 5, 0, false },
    { "", 1000, 77, 0, true },
    { "", 1000, 5, 77, true },
    { "", (uid_t)-1, 77, 77, false },
    /* what is said replaces the default */
    { "nobody", 1000, 77, 77, false },
};

static void check_row(struct house *house, const struct exo_app *app,
                      const struct row *row)
{
    const struct exo_account account = account_of("a@b");
    struct exo_err err = EXO_ERR_INIT;
    struct exo_settings *settings;
    struct exo_peer peer;
    char text[400];
    int rc;

    (void)snprintf(text, sizeof(text), "provider: custom\n%s%s\n",
                   row->allow[0] ? "allow: " : "", row->allow);
    house_file(house, "a@b", text);
    assert_int_equal(exo_settings_load(&settings, house->conf, &account, &err),
                     0);
    memset(&peer, 0, sizeof(peer));
    peer.uid = row->uid;
    peer.gid = row->gid;
    peer.groups[0] = 12;
    peer.groups[1] = row->group;
    peer.n_groups = row->group ? 2 : 1;
    rc = exo_peer_check(&peer, app, settings, &err);
    if ((rc == 0) != row->may && !(row->uid == geteuid() && !row->allow[0]))
        fail_msg("row %td: %s", row - rows, err.text);
    if (rc != 0)
        assert_err(&err, EXO_STATUS_DENIED, "the token of a@b", "allow in ");
    exo_settings_free(settings);
}

static void allows_whom_it_names(void **state)
{
    struct house *house = *state;
    struct exo_app app;

    memset(&app, 0, sizeof(app));
    app.conf = house->conf;
    app.has_token_group = true;
    app.token_gid = 77;
    assert_int_equal(
        exo_store_open(&app.store, house->conf->store, true, &house->err), 0);
    for (size_t i = 0; i < N_OF(rows); i++)
        check_row(house, &app, &rows[i]);
    exo_store_close(app.store);
}

/* Without a token_group its number means nothing. */
static void allows_no_group_by_default(void **state)
{
    struct house *house = *state;
    const struct exo_account account = account_of("a@b");
    struct exo_peer peer = {
        .uid = 123456, .gid = 5, .groups = { 12, 77 }, .n_groups = 2
    };
    struct exo_settings *settings;
    struct exo_app app;

    memset(&app, 0, sizeof(app));
    app.conf = house->conf;
    app.token_gid = 5;
    assert_int_equal(
        exo_store_open(&app.store, house->conf->store, true, &house->err), 0);
    house_file(house, "a@b", "provider: custom\n");
    assert_int_equal(
        exo_settings_load(&settings, house->conf, &account, &house->err), 0);
    assert_int_equal(exo_peer_check(&peer, &app, settings, &house->err),
                     EXO_E_STATUS);
    assert_has(house->err.text, "uid 123456 ");
    peer.uid = exo_store_owner(app.store);
    assert_int_equal(exo_peer_check(&peer, &app, settings, &house->err), 0);
    exo_settings_free(settings);
    exo_store_close(app.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_socketpair),
        cmocka_unit_test_setup_teardown(knows_who_connected, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(takes_pipes_and_files_for_ourselves,
                                        place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(refuses_what_says_nothing, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(allows_whom_it_names, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(allows_no_group_by_default, house_setup,
                                        house_teardown),
    };

    return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
