/* SPDX-License-Identifier: BSD-2-Clause */
/* The token block, its age, and the files in which it is published. */
#include "config.h"

#include "exoauth/token.h"

#include <grp.h>
#include <sys/wait.h>

#include "util.h"
#include "../lib/whole.h"

static struct exo_token sample(void)
{
    return (struct exo_token){ .account = "a@b.c",
                               .user = "u@b.c",
                               .servers = "smtp.x *.y",
                               .serial = 42,
                               .issued = 1000,
                               .refresh_after = 2000,
                               .usable_until = 3000,
                               .expires = 4000,
                               .token = "eyJ0",
                               .token_len = 4 };
}

static void ages(void **state)
{
    static const struct {
        int64_t now;
        enum exo_token_age age;
    } table[] = {
        { 0, EXO_TOKEN_STALE },      { 699, EXO_TOKEN_STALE },
        { 700, EXO_TOKEN_FRESH },    { 1999, EXO_TOKEN_FRESH },
        { 2000, EXO_TOKEN_AGING },   { 2999, EXO_TOKEN_AGING },
        { 3000, EXO_TOKEN_STALE },   { 3999, EXO_TOKEN_STALE },
        { 4000, EXO_TOKEN_EXPIRED }, { INT64_C(1) << 40, EXO_TOKEN_EXPIRED },
    };
    struct exo_token token = sample();

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++)
        assert_int_equal(exo_token_age(&token, table[i].now), table[i].age);
}

static const char whole[] = "account: a@b.c\nuser: u@b.c\n"
                            "servers: smtp.x *.y\nserial: 42\nissued: 1000\n"
                            "refresh_after: 2000\nusable_until: 3000\n"
                            "expires: 4000\ntoken: eyJ0\n";

static int parse_text(struct exo_token *token, struct exo_buf *text,
                      struct exo_block *block)
{
    assert_int_equal(
        exo_block_parse(block, text->data, text->len, EXO_BLOCK_FILE), 0);
    return exo_token_parse(token, block);
}

static void there_and_back(void **state)
{
    struct exo_token token = sample(), back;
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_block block;

    (void)state;
    exo_token_put(&text, &token);
    assert_string_equal(whole_text(&text), whole);
    assert_int_equal(parse_text(&back, &text, &block), EXO_OK);
    assert_string_equal(back.account, "a@b.c");
    assert_string_equal(back.user, "u@b.c");
    assert_string_equal(back.servers, "smtp.x *.y");
    assert_null(back.credential);
    assert_int_equal(back.serial, 42);
    assert_int_equal(back.issued, 1000);
    assert_int_equal(back.refresh_after, 2000);
    assert_int_equal(back.usable_until, 3000);
    assert_int_equal(back.expires, 4000);
    assert_string_equal(back.token, "eyJ0");
    assert_int_equal(back.token_len, 4);
    exo_buf_reset(&text);

    token.user = NULL;
    token.credential = "app@b.c";
    exo_token_put(&text, &token);
    assert_string_equal(whole_text(&text),
                        "account: a@b.c\nservers: smtp.x *.y\n"
                        "credential: app@b.c\n");
    assert_int_equal(parse_text(&back, &text, &block), EXO_OK);
    assert_string_equal(back.credential, "app@b.c");
    assert_null(back.token);
    assert_null(back.user);
    exo_buf_free(&text);
}

/* Each line is left out, left empty and made no number, in turn. */
static void broken_lines(void **state)
{
    static const char *const instead[] = { NULL, "", "x1", "-1" };
    const char *line = whole;

    (void)state;
    while (*line != '\0') {
        size_t len = strcspn(line, "\n") + 1;
        size_t key = strcspn(line, ":");
        bool text = strncmp(line, "account", 7) == 0 ||
                    strncmp(line, "servers", 7) == 0 ||
                    strncmp(line, "token", 5) == 0;
        bool optional = strncmp(line, "user:", 5) == 0;

        for (size_t i = 0; i < N_OF(instead); i++) {
            struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);
            struct exo_block block;
            struct exo_token token;

            exo_buf_add(&out, whole, (size_t)(line - whole));
            if (instead[i] != NULL) {
                exo_buf_add(&out, line, key);
                exo_buf_fmt(&out, ": %s\n", instead[i]);
            }
            exo_buf_str(&out, line + len);
            assert_int_equal(parse_text(&token, &out, &block),
                             optional || (text && i >= 2) ? EXO_OK
                                                          : EXO_E_SYNTAX);
            if (optional && i < 2)
                assert_null(token.user);
            exo_buf_free(&out);
        }
        line += len;
    }
}

static void b64token(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } table[] = {
        { "a", true },      { "aZ09-._~+/", true }, { "a==", true },
        { "a=", true },     { "", false },          { "=", false },
        { "a=b", false },   { "a b", false },       { "a\n", false },
        { "a\x01", false }, { "a:b", false },       { "\xc3\xbc", false },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++)
        assert_int_equal(
            exo_token_is_b64token(table[i].text, strlen(table[i].text)),
            table[i].ok);
    assert_false(exo_token_is_b64token("a\0", 2));
}

/* ---- published files ---------------------------------------------------- */

#define HEAD(account) "exoauth: 1\naccount: " account "\n"
#define TIMES \
    "issued: 1000\nrefresh_after: 2000\nusable_until: 3000\nexpires: 4000\n"
#define FULL(account, serial) \
    HEAD(account)             \
    "user: u@x\nservers: s\nserial: " serial "\n" TIMES "token: t" serial "\n\n"

struct file {
    const char *name, *text;
};

static const struct {
    struct file files[3];
    int rc;
    int64_t serial;
    const char *user, *of, *warning; /* warning: a part of it */
} published_table[] = {
    { { { "a@b.c", FULL("a@b.c", "1") } }, 0, 1, "u@x", "a@b.c", NULL },
    { { { NULL, NULL } }, EXO_E_NOENT, 0, NULL, NULL, NULL },
    { { { "@b.c", FULL("@b.c", "2") } }, 0, 2, NULL, "@b.c", NULL },
    /* its own file wins over the domain's */
    { { { "@b.c", FULL("@b.c", "2") }, { "a@b.c", FULL("a@b.c", "1") } },
      0,
      1,
      "u@x",
      "a@b.c",
      NULL },
    /* another's credential */
    { { { "a@b.c", HEAD("a@b.c") "user: u@y\nservers: z\n"
                                 "credential: app@b.c\n\n" },
        { "app@b.c", FULL("app@b.c", "3") } },
      0,
      3,
      "u@y",
      "a@b.c",
      NULL },
    { { { "a@b.c", HEAD("a@b.c") "servers: z\ncredential: APP@b.c\n\n" },
        { "app@b.c", FULL("app@b.c", "3") } },
      0,
      3,
      NULL,
      "a@b.c",
      NULL },
    { { { "@b.c", HEAD("@b.c") "servers: z\ncredential: app@b.c\n\n" },
        { "app@b.c", FULL("app@b.c", "3") } },
      0,
      3,
      NULL,
      "@b.c",
      NULL },
    { { { "a@b.c", HEAD("a@b.c") "servers: z\ncredential: app@b.c\n\n" } },
      EXO_E_NOENT,
      0,
      NULL,
      NULL,
      NULL },
    { { { "a@b.c", HEAD("a@b.c") "servers: z\ncredential: b@b.c\n\n" },
        { "b@b.c", HEAD("b@b.c") "servers: z\ncredential: c@b.c\n\n" },
        { "c@b.c", FULL("c@b.c", "3") } },
      EXO_E_SYNTAX,
      0,
      NULL,
      NULL,
      "names a credential" },
    { { { "a@b.c", HEAD("a@b.c") "servers: z\ncredential: a@b.c\n\n" } },
      EXO_E_SYNTAX,
      0,
      NULL,
      NULL,
      "names a credential" },
    /* a copied file */
    { { { "a@b.c", FULL("z@b.c", "1") } },
      EXO_E_SYNTAX,
      0,
      NULL,
      NULL,
      "another account" },
    { { { "a@b.c", FULL("A@b.c", "1") } },
      EXO_E_SYNTAX,
      0,
      NULL,
      NULL,
      "another account" },
    /* broken, incomplete, of another version */
    { { { "a@b.c", HEAD("a@b.c") "servers: s\n\n" } },
      EXO_E_SYNTAX,
      0,
      NULL,
      NULL,
      "missing" },
    { { { "a@b.c", "" } }, EXO_E_SHORT, 0, NULL, NULL, "empty line" },
    { { { "a@b.c", HEAD("a@b.c") "servers: s\n" } },
      EXO_E_SHORT,
      0,
      NULL,
      NULL,
      "empty line" },
    { { { "a@b.c", "exoauth: 2\n\n" } }, EXO_E_NOENT, 0, NULL, NULL, NULL },
    { { { "a@b.c", "\x7f"
                   "ELF\n\n" } },
      EXO_E_SYNTAX,
      0,
      NULL,
      NULL,
      "ignored" },
    /* refused counts as absent: the domain's file takes its place */
    { { { "a@b.c", "nonsense\n\n" }, { "@b.c", FULL("@b.c", "2") } },
      0,
      2,
      NULL,
      "@b.c",
      "a@b.c ignored" },
    { { { "a@b.c", "exoauth: 2\n\n" }, { "@b.c", FULL("@b.c", "2") } },
      0,
      2,
      NULL,
      "@b.c",
      NULL },
};

static void publish_and_read(void **state)
{
    struct exo_account account;

    (void)state;
    assert_int_equal(exo_account_set(&account, "A@b.C", 5), 0);
    for (size_t i = 0; i < N_OF(published_table); i++) {
        struct exo_published published;
        struct exo_err warning = EXO_ERR_INIT;
        struct place place;
        int rc;

        place_make(&place);
        for (size_t k = 0; k < 3 && published_table[i].files[k].name != NULL;
             k++)
            put_file(&place, published_table[i].files[k].name, 0640,
                     published_table[i].files[k].text);
        rc = exo_published_read(&published, place.path, &account, &warning);
        if (rc != published_table[i].rc)
            print_error("case %zu: %d %s\n", i, rc, warning.text);
        assert_int_equal(rc, published_table[i].rc);
        assert_int_equal(published.dir_owner, geteuid());
        if (published_table[i].warning != NULL)
            assert_non_null(strstr(warning.text, published_table[i].warning));
        else
            assert_string_equal(warning.text, "");
        assert_int_equal(published.token.serial, published_table[i].serial);
        if (rc == EXO_OK) {
            assert_string_equal(published.account.name, published_table[i].of);
            assert_string_equal(published.token.account, published_table[i].of);
            if (published_table[i].user != NULL)
                assert_string_equal(published.token.user,
                                    published_table[i].user);
            else
                assert_null(published.token.user);
            assert_int_equal(published.token.token_len, 2);
            assert_string_equal(published.token.servers,
                                published.token.credential ? "z" : "s");
        } else {
            assert_null(published.token.token);
        }
        exo_published_free(&published);
        place_remove(&place);
    }
}

static int read_simple(const struct place *place, struct exo_err *warning)
{
    struct exo_published published;
    struct exo_account account;
    int rc;

    assert_int_equal(exo_account_set(&account, "a@b.c", 5), 0);
    rc = exo_published_read(&published, place->path, &account, warning);
    exo_published_free(&published);
    return rc;
}

static void directory_rules(void **state)
{
    struct place *place = *state;
    struct exo_err warning = EXO_ERR_INIT;
    struct place gone = { .path = "/nonexistent/exoauth" };
    uid_t owner;

    put_file(place, "a@b.c", 0640, FULL("a@b.c", "1"));
    assert_int_equal(read_simple(place, &warning), EXO_OK);
    assert_int_equal(chmod(place->path, 0775), 0);
    assert_int_equal(read_simple(place, NULL), EXO_OK);
    assert_int_equal(chmod(place->path, 01777), 0);
    assert_int_equal(read_simple(place, &warning), EXO_E_UNSAFE);
    assert_non_null(strstr(warning.text, "run: exoauth refresh --all"));
    assert_int_equal(exo_token_dir_owner(place->path, &owner), EXO_E_UNSAFE);
    assert_int_equal(owner, EXO_NO_UID);
    assert_int_equal(read_simple(&gone, &warning), EXO_E_NOENT);
    assert_string_equal(warning.text, "");
    (void)snprintf(gone.path, sizeof gone.path, "%s",
                   place_name(place, "a@b.c"));
    assert_int_equal(read_simple(&gone, &warning), EXO_E_NOENT);
}

static void file_rules(void **state)
{
    struct place *place = *state;
    struct exo_err warning = EXO_ERR_INIT;

    put_file(place, "a@b.c", 0660, FULL("a@b.c", "1"));
    assert_int_equal(read_simple(place, &warning), EXO_E_UNSAFE);
    assert_non_null(strstr(warning.text, "writable by group"));
    assert_non_null(strstr(warning.text, place->path));
    assert_int_equal(fchmodat(place->fd, "a@b.c", 0640, 0), 0);
    assert_int_equal(renameat(place->fd, "a@b.c", place->fd, "z"), 0);
    assert_int_equal(symlinkat("z", place->fd, "a@b.c"), 0);
    assert_int_equal(read_simple(place, &warning), EXO_E_UNSAFE);
    assert_non_null(strstr(warning.text, "symbolic link"));
    if (geteuid() == 0) {
        assert_int_equal(unlinkat(place->fd, "a@b.c", 0), 0);
        assert_int_equal(renameat(place->fd, "z", place->fd, "a@b.c"), 0);
        assert_int_equal(fchownat(place->fd, "a@b.c", NOBODY, NOBODY, 0), 0);
        assert_int_equal(read_simple(place, &warning), EXO_E_UNSAFE);
        assert_int_equal(fchown(place->fd, NOBODY, NOBODY), 0);
        assert_int_equal(read_simple(place, &warning), EXO_OK);
    }
}

/* As somebody whom the mode of the file keeps out, which root is not. */
static int read_as_other(const struct place *place)
{
    struct exo_err warning = EXO_ERR_INIT;
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
                               setuid(NOBODY) != 0))
            _exit(100);
        status = -read_simple(place, &warning);
        _exit(warning.text[0] == '\0' ? status : 101);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

/* `allow` is narrower than token_group: another source is asked, without a
 * word, and the token of the domain is not taken instead. */
static void not_for_this_user(void **state)
{
    struct place *place = *state;

    assert_int_equal(fchmod(place->fd, 0711), 0);
    put_file(place, "a@b.c", 0644, FULL("a@b.c", "1"));
    put_file(place, "@b.c", 0644, FULL("@b.c", "2"));
    put_file(place, "x@b.c", 0644, FULL("x@b.c", "3"));
    assert_int_equal(read_as_other(place), EXO_OK);
    assert_int_equal(fchmodat(place->fd, "a@b.c", 0, 0), 0);
    assert_int_equal(read_as_other(place), EXO_E_ACCESS);
    put_file(place, "a@b.c", 0644,
             HEAD("a@b.c") "servers: z\ncredential: x@b.c\n\n");
    assert_int_equal(fchmodat(place->fd, "a@b.c", 0644, 0), 0);
    assert_int_equal(read_as_other(place), EXO_OK);
    assert_int_equal(fchmodat(place->fd, "x@b.c", 0, 0), 0);
    assert_int_equal(read_as_other(place), EXO_E_ACCESS);
    assert_int_equal(unlinkat(place->fd, "x@b.c", 0), 0);
    assert_int_equal(read_as_other(place), EXO_E_NOENT);
    assert_int_equal(unlinkat(place->fd, "a@b.c", 0), 0);
    assert_int_equal(fchmodat(place->fd, "@b.c", 0, 0), 0);
    assert_int_equal(read_as_other(place), EXO_E_ACCESS);
}

static void long_tokens(void **state)
{
    static const size_t size[] = { 1024, 2048, 4096, 8192, 12288 };
    struct place *place = *state;

    for (size_t i = 0; i < N_OF(size); i++) {
        struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
        struct exo_published published;
        struct exo_account account;

        exo_buf_str(&text,
                    HEAD("a@b.c") "servers: s\nserial: 1\n" TIMES "token: ");
        for (size_t k = 0; k < size[i]; k++)
            exo_buf_add(&text, "t", 1);
        exo_buf_str(&text, "\n\n");
        put_bytes(place, "a@b.c", 0640, text.data, text.len);
        assert_int_equal(exo_account_set(&account, "a@b.c", 5), 0);
        assert_int_equal(
            exo_published_read(&published, place->path, &account, NULL),
            EXO_OK);
        assert_int_equal(published.token.token_len, size[i]);
        exo_published_free(&published);
        exo_buf_free(&text);
    }
}

#define PLACED(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(broken_lines),
        cmocka_unit_test(b64token),
        cmocka_unit_test(publish_and_read),
        PLACED(directory_rules),
        PLACED(file_rules),
        PLACED(not_for_this_user),
        PLACED(long_tokens),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
