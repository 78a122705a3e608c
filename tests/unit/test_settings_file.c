/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Account files on disk: what `--set` does to them, and the list of them.
 * Whatever is refused leaves the file as it was, byte for byte.
 */
#include "config.h"

#include "house.h"

#include "helper/settings/draft.h"
#include "helper/settings/settings.h"

#include <errno.h>
#include <sys/wait.h>

#define MAX_PAIRS 4

static const struct write {
    const char *before; /* NULL: no file */
    const char *pairs[MAX_PAIRS];
    const char *after;
    bool changed;
} writes[] = {
    /* new, in the order given; a later one of the same key wins */
    { NULL,
      { "tenant=t.example", "client_id=i" },
      "tenant: t.example\nclient_id: i\n",
      true },
    { NULL, { "user=a", "scope=x", "user=b" }, "user: b\nscope: x\n", true },
    { "", { "user=a" }, "user: a\n", true },
    { "user: a\n", { NULL }, "user: a\n", false },
    /* comments, order and the lines of others stay as they are */
    { "# top\n\nuser: a\n  # mid\nscope:  x  y\n#user: z\n",
      { "user=b" },
      "# top\n\nuser: b\n  # mid\nscope:  x  y\n#user: z\n",
      true },
    { "user: a\nscope: x\n",
      { "servers=h", "user=b" },
      "user: b\nscope: x\nservers: h\n",
      true },
    { "user: a\nnonsense: x\n", { "user=b" }, "user: b\nnonsense: x\n", true },
    /* a key that begins like another one is another one */
    { "secret_file: /a\nsecret_expires: 2027-01-01\n",
      { "secret_file=/b" },
      "secret_file: /b\nsecret_expires: 2027-01-01\n",
      true },
    { "users: a\n", { "user=b" }, "users: a\nuser: b\n", true },
    /* however it was written */
    { "\t User \t:a\n", { "user=b" }, "user: b\n", true },
    { "user: a", { "scope=x" }, "user: a\nscope: x\n", true },
    { "user: a", { "user=b" }, "user: b\n", true },
    /* nothing new is nothing written */
    { "user: a\n", { "user=a" }, "user: a\n", false },
    { "# c\nscope: a b\nuser: a\n",
      { "user=a", "scope=a b" },
      "# c\nscope: a b\nuser: a\n",
      false },
    /* a value with the sign in it */
    { NULL,
      { "secret_command=get --key=mail" },
      "secret_command: get --key=mail\n",
      true },
};

static int write_pairs(struct house *house, const char *name,
                       const char *const *pairs, bool *changed)
{
    struct exo_account account = account_of(name);
    char copies[MAX_PAIRS][200];
    char *list[MAX_PAIRS];
    struct exo_draft *draft = NULL;
    size_t n = 0;
    int rc;

    for (; n < MAX_PAIRS && pairs[n] != NULL; n++) {
        (void)snprintf(copies[n], sizeof(copies[n]), "%s", pairs[n]);
        list[n] = copies[n];
    }
    house->err = (struct exo_err)EXO_ERR_INIT;
    *changed = false;
    rc = exo_draft_make(&draft, house->conf, &account, list, n, &house->err);
    if (rc == 0)
        rc = exo_draft_prepare(draft, &house->err);
    if (rc == 0)
        rc = exo_draft_write(draft, &house->err);
    *changed = rc == 0 && draft->changed;
    exo_draft_free(draft);
    return rc;
}

static void writes_pairs(void **state)
{
    struct house *house = *state;

    for (size_t i = 0; i < N_OF(writes); i++) {
        const struct write *w = &writes[i];
        bool changed = !w->changed;

        (void)unlinkat(house->place.fd, "exoauth.d/a@b.conf", 0);
        if (w->before != NULL)
            house_file(house, "a@b", w->before);
        if (write_pairs(house, "a@b", w->pairs, &changed) != 0)
            fail_msg("row %zu: %s", i, house->err.text);
        assert_string_equal(get_file(&house->place, "exoauth.d/a@b.conf"),
                            w->after);
        assert_int_equal(changed, w->changed);
    }
}

static void makes_file_and_directory(void **state)
{
    struct house *house = *state;
    const char *pair[] = { "user=x", NULL };
    struct stat st;
    bool changed;

    assert_int_equal(unlinkat(house->place.fd, "exoauth.d", AT_REMOVEDIR), 0);
    assert_int_equal(write_pairs(house, "a'b{c@d", pair, &changed), 0);
    assert_int_equal(fstatat(house->place.fd, "exoauth.d/a%27b%7Bc@d.conf", &st,
                             AT_SYMLINK_NOFOLLOW),
                     0);
    assert_int_equal(st.st_mode & 07777, 0644);

    house->conf->user = true;
    assert_int_equal(unlinkat(house->place.fd, "exoauth.d/a%27b%7Bc@d.conf", 0),
                     0);
    assert_int_equal(unlinkat(house->place.fd, "exoauth.d", AT_REMOVEDIR), 0);
    assert_int_equal(write_pairs(house, "a@b", pair, &changed), 0);
    assert_int_equal(fstatat(house->place.fd, "exoauth.d/a@b.conf", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(fstatat(house->place.fd, "exoauth.d", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static const struct refusal {
    const char *before;
    const char *pair;
    enum exo_status status;
    const char *cause, *remedy;
} refusals[] = {
    { "user: a\n", "user", EXO_STATUS_USAGE, "--set user: give it as", "" },
    { "user: a\n", "=x", EXO_STATUS_USAGE, "--set =x: give it as", "" },
    { "user: a\n", "", EXO_STATUS_USAGE, "give it as key=value", "" },
    { "user: a\n", "store=file:/x", EXO_STATUS_USAGE, "--set store: no acc",
      "exoauth.conf(5)" },
    { "user: a\n", "User=x", EXO_STATUS_USAGE, "--set User: no account has",
      "exoauth.conf(5)" },
    { "user: a\n",
      "a_key_of_more_than_sixty_three_bytes_that_no_version_will_ever_know=x",
      EXO_STATUS_USAGE, "give it as key=value", "" },
    { "user: a\n", "user=", EXO_STATUS_USAGE, "user is empty", "correct" },
    { "user: a\n", "user=x ", EXO_STATUS_USAGE, "--set user: the value",
      "remove it" },
    { "user: a\n", "user= x", EXO_STATUS_USAGE, "--set user: the value",
      "remove it" },
    { "user: a\n", "user=\tx", EXO_STATUS_USAGE, "control character",
      "remove it" },
    { "user: a\n", "user=x\nsecret_command: evil", EXO_STATUS_USAGE,
      "control character", "remove it" },
    { "user: a\n", "grant=magic", EXO_STATUS_USAGE, "grant magic", "use" },
    /* what was wrong before is not written again, and not hidden either */
    { "user: a\nuser: b\n", "user=c", EXO_STATUS_MISCONFIGURED,
      "a@b.conf line 2: ", "correct that line first" },
    { "rubbish\n", "user=c", EXO_STATUS_MISCONFIGURED,
      "a@b.conf line 1: ", "correct that line first" },
    { "client_id: x\r\nuser: a\r\n", "user=c", EXO_STATUS_MISCONFIGURED,
      "a@b.conf line 1: ", "correct that line first" },
};

static void changes_nothing_that_it_refuses(void **state)
{
    struct house *house = *state;

    for (size_t i = 0; i < N_OF(refusals); i++) {
        const struct refusal *r = &refusals[i];
        /* One good pair before it does not count either. */
        const char *pairs[] = { "scope=good", r->pair, NULL };
        bool changed = true;

        house_file(house, "a@b", r->before);
        assert_int_equal(write_pairs(house, "a@b", pairs, &changed),
                         EXO_E_STATUS);
        assert_false(changed);
        assert_int_equal(house->err.status, r->status);
        assert_has(house->err.text, r->cause);
        assert_has(house->err.text, r->remedy);
        assert_null(strchr(house->err.text, '\n'));
        assert_string_equal(get_file(&house->place, "exoauth.d/a@b.conf"),
                            r->before);
    }
}

static void refuses_what_gets_too_large(void **state)
{
    struct house *house = *state;
    const char *pair[] = { "user=x", NULL };
    char *text = malloc(EXO_BLOCK_SIZE + 1);
    bool changed = true;

    assert_non_null(text);
    memset(text, '#', EXO_BLOCK_SIZE);
    text[EXO_BLOCK_SIZE - 1] = '\n';
    put_bytes(&house->place, "exoauth.d/a@b.conf", 0644, text, EXO_BLOCK_SIZE);
    free(text);
    assert_int_equal(write_pairs(house, "a@b", pair, &changed), EXO_E_STATUS);
    assert_false(changed);
    assert_int_equal(house->err.status, EXO_STATUS_MISCONFIGURED);
    assert_has(get_file(&house->place, "exoauth.d/a@b.conf"), "####");
}

static void refuses_a_file_of_others(void **state)
{
    struct house *house = *state;
    const char *pair[] = { "user=x", NULL };
    bool changed = true;

    put_file(&house->place, "exoauth.d/a@b.conf", 0666, "user: a\n");
    assert_int_equal(write_pairs(house, "a@b", pair, &changed), EXO_E_STATUS);
    assert_false(changed);
    assert_err(&house->err, EXO_STATUS_MISCONFIGURED,
               "a@b.conf: ", "correct owner and mode");
    assert_string_equal(get_file(&house->place, "exoauth.d/a@b.conf"),
                        "user: a\n");
}

/* In a child, so that root can be somebody who has no right. */
static void says_when_it_may_not_write(void **state)
{
    struct house *house = *state;
    int wait_status = 0;
    pid_t pid;

    house_file(house, "a@b", "user: a\n");
    assert_int_equal(fchmodat(house->place.fd, "exoauth.d", 0555, 0), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *pair[] = { "user=x", NULL };
        bool changed = true;
        int rc;

        if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0)
            _exit(10);
        rc = write_pairs(house, "a@b", pair, &changed);
        if (rc != EXO_E_STATUS || changed)
            _exit(11);
        if (strstr(house->err.text, "Permission denied; nothing was changed") ==
            NULL) {
            (void)fprintf(stderr, "# %s\n", house->err.text);
            _exit(12);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_int_equal(fchmodat(house->place.fd, "exoauth.d", 0755, 0), 0);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
    assert_string_equal(get_file(&house->place, "exoauth.d/a@b.conf"),
                        "user: a\n");
}

static void collect(void *context, const struct exo_account *account)
{
    char *all = context;
    size_t len = strlen(all);

    (void)snprintf(all + len, 1000 - len, "<%s>", account->name);
}

static void lists_accounts(void **state)
{
    static const char *const others[] = { "notes.txt",    ".conf",
                                          ".a@b.conf",    "A@b.conf",
                                          "a b@c.conf",   "a@b.conf.bak",
                                          ".tmp.01.conf", "x%2fy.conf" };
    struct house *house = *state;
    char all[1000] = "";

    for (size_t i = 0; i < N_OF(others); i++) {
        char name[300];

        (void)snprintf(name, sizeof(name), "exoauth.d/%s", others[i]);
        put_file(&house->place, name, 0644, "");
    }
    house_file(house, "a@b", "");
    house_file(house, "@b", "");
    house_file(house, "%27hidden", "");
    house_file(house, "a%7Bb", "rubbish");
    assert_int_equal(exo_settings_list(house->conf, collect, all, &house->err),
                     0);
    assert_has(all, "<a@b>");
    assert_has(all, "<@b>");
    assert_has(all, "<'hidden>");
    assert_has(all, "<a{b>");
    assert_int_equal(strlen(all), strlen("<a@b><@b><'hidden><a{b>"));
}

static void lists_nothing_without_a_directory(void **state)
{
    struct house *house = *state;
    char all[1000] = "";

    assert_int_equal(unlinkat(house->place.fd, "exoauth.d", AT_REMOVEDIR), 0);
    assert_int_equal(exo_settings_list(house->conf, collect, all, &house->err),
                     0);
    assert_string_equal(all, "");
    put_file(&house->place, "exoauth.d", 0644, "");
    assert_int_equal(exo_settings_list(house->conf, collect, all, &house->err),
                     EXO_E_STATUS);
    assert_err(&house->err, EXO_STATUS_MISCONFIGURED, "exoauth.d",
               "name another");
}

#define IN_HOUSE(test) \
    cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOUSE(writes_pairs),
        IN_HOUSE(makes_file_and_directory),
        IN_HOUSE(changes_nothing_that_it_refuses),
        IN_HOUSE(refuses_what_gets_too_large),
        IN_HOUSE(refuses_a_file_of_others),
        IN_HOUSE(says_when_it_may_not_write),
        IN_HOUSE(lists_accounts),
        IN_HOUSE(lists_nothing_without_a_directory),
    };

    return cmocka_run_group_tests_name("settings-file", tests, NULL, NULL);
}
