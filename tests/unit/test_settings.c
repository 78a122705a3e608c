/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the value of a key comes from, whose credential an account uses, and
 * which keys are unknown. Values as such: test_settings_check.c.
 */
#include "config.h"

#include "house.h"

#include "helper/settings/settings.h"

#define CUSTOM                                                  \
    "provider: custom\nclient_id: app\nservers: mail.example\n" \
    "token_endpoint: https://as.example/token\nscope: mail\n"

static struct exo_settings *load(struct house *house, const char *name)
{
    struct exo_account account = account_of(name);
    struct exo_settings *settings;

    house->err = (struct exo_err)EXO_ERR_INIT;
    if (exo_settings_load(&settings, house->conf, &account, &house->err) != 0)
        fail_msg("%s", house->err.text);
    return settings;
}

static void refuse(struct house *house, const char *name,
                   enum exo_status status, const char *cause,
                   const char *remedy)
{
    struct exo_account account = account_of(name);
    struct exo_settings *settings = (void *)house;

    house->err = (struct exo_err)EXO_ERR_INIT;
    assert_int_equal(
        exo_settings_load(&settings, house->conf, &account, &house->err),
        EXO_E_STATUS);
    assert_null(settings);
    assert_err(&house->err, status, cause, remedy);
}

static void assert_setting(const struct exo_settings *s, enum exo_key key,
                           const char *value, const char *origin, unsigned line)
{
    assert_string_equal(s->key[key].value, value);
    if (strstr(s->key[key].origin, origin) == NULL)
        fail_msg("%s comes from %s, not %s", exo_key_name(key),
                 s->key[key].origin, origin);
    assert_int_equal(s->key[key].line, line);
}

static void names_every_key(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        const char *name = exo_key_name((enum exo_key)i);

        assert_non_null(name);
        assert_int_equal(exo_key_find(name), i);
        assert_false(exo_conf_is_system_key(name));
        assert_non_null(exo_key_row((enum exo_key)i)->fault);
    }
    assert_int_equal(exo_key_find("store"), EXO_KEYS);
    assert_int_equal(exo_key_find(""), EXO_KEYS);
}

static void takes_the_nearest_value(void **state)
{
    struct house *house = *state;
    struct exo_settings *s;

    house_conf(house, "# defaults\nclient_id: of-all\ntenant: all.example\n"
                      "scope: of-all\n");
    house_file(house, "a@b.example", "\n# mine\nclient_id: mine\n");
    house_file(house, "@b.example", "client_id: of-domain\nscope: of-domain\n");
    s = load(house, "A@b.example");
    assert_string_equal(s->account.name, "a@b.example");
    assert_string_equal(s->file.name, "a@b.example");
    assert_has(s->path, "/exoauth.d/a@b.example.conf");
    assert_setting(s, EXO_KEY_CLIENT_ID, "mine", s->path, 3);
    /* The domain's file is a file of its own, not a layer. */
    assert_setting(s, EXO_KEY_SCOPE, "of-all", "/exoauth.conf", 7);
    assert_setting(s, EXO_KEY_TENANT, "all.example", "/exoauth.conf", 6);
    assert_setting(s, EXO_KEY_PROVIDER, "microsoft", "default", 0);
    assert_setting(s, EXO_KEY_CLOUD, "public", "default", 0);
    assert_setting(s, EXO_KEY_TOKEN_ENDPOINT,
                   "https://login.microsoftonline.com/all.example/oauth2/v2.0/"
                   "token",
                   "provider", 0);
    assert_setting(s, EXO_KEY_USER, "", "default", 0);
    exo_settings_free(s);

    s = load(house, "other@b.example");
    assert_string_equal(s->account.name, "other@b.example");
    assert_string_equal(s->file.name, "@b.example");
    assert_string_equal(s->credential.name, "@b.example");
    assert_setting(s, EXO_KEY_CLIENT_ID, "of-domain", "@b.example.conf", 1);
    exo_settings_free(s);
}

static void follows_the_provider(void **state)
{
    struct house *house = *state;
    struct exo_settings *s;

    house_file(house, "a@b",
               "tenant: t.example\nclient_id: i\n"
               "secret_file: /s\nservers: only.example\n");
    s = load(house, "a@b");
    assert_setting(s, EXO_KEY_SCOPE, "https://outlook.office365.com/.default",
                   "provider", 0);
    assert_setting(s, EXO_KEY_SERVERS, "only.example", s->path, 4);
    exo_settings_free(s);

    house_file(house, "a@b", "tenant: t.example\nclient_id: i\n");
    s = load(house, "a@b");
    assert_has(exo_settings_get(s, EXO_KEY_SCOPE), "offline_access");
    assert_has(exo_settings_get(s, EXO_KEY_SERVERS), "smtp.office365.com");
    exo_settings_free(s);

    /* As portals join them; the file is still where it comes from. */
    house_file(house, "a@b", "tenant: t.example\nscope: ,a, b,,c\n");
    s = load(house, "a@b");
    assert_setting(s, EXO_KEY_SCOPE, "a b c", s->path, 2);
    exo_settings_free(s);

    house_file(house, "a@b", "client_id: i\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED, "a@b.conf: tenant",
           "login a@b --set tenant=");
    house_file(house, "a@b", "provider: microsoft\ncloud: mars\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED, "has no cloud mars",
           "public");
}

static void says_what_is_broken(void **state)
{
    struct house *house = *state;

    refuse(house, "a@b.example", EXO_STATUS_NO_ACCOUNT,
           "no account a@b.example", "exoauth login a@b.example");
    house_file(house, "a@b", "client_id: x\n\nclient_id: y\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "a@b.conf line 3:", "correct that line");
    house_file(house, "a@b", "client_id: x\nno colon\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "a@b.conf line 2:", "correct that line");
    house_file(house, "a@b", "client_id: x\r\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "a@b.conf line 1:", "correct that line");
    house_file(house, "a@b", "#\nsecret_file: secret\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "a@b.conf line 2: secret_file must be", "absolute");
    house_file(house, "a@b", CUSTOM);
    house_conf(house, "user: x\ngrant: magic\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "exoauth.conf line 5: grant magic", "client_credentials");
    house_conf(house, "");
    put_file(&house->place, "exoauth.d/a@b.conf", 0666, CUSTOM);
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "a@b.conf: ", "owner and mode");
}

/* An own file that is broken is not silently the domain's. */
static void keeps_to_the_own_file(void **state)
{
    struct house *house = *state;

    house_file(house, "@b.example", CUSTOM);
    house_file(house, "a@b.example", "rubbish\n");
    refuse(house, "a@b.example", EXO_STATUS_MISCONFIGURED,
           "a@b.example.conf line 1", "correct");
}

static void borrows_a_credential(void **state)
{
    struct house *house = *state;
    struct exo_settings *s;

    house_file(house, "app@b", CUSTOM "user: nobody@b\n");
    house_file(house, "a@b", "credential: App@b\nuser: shared@b\n");
    s = load(house, "a@b");
    assert_string_equal(s->credential.name, "app@b");
    assert_string_equal(exo_settings_owner(s)->file.name, "app@b");
    assert_string_equal(exo_settings_get(s, EXO_KEY_USER), "shared@b");
    assert_setting(s, EXO_KEY_SERVERS, "mail.example", "app@b.conf", 3);
    assert_int_equal(exo_settings_complete(s, &house->err), 0);
    exo_settings_free(s);

    house_file(house, "a@b", "credential: app@b\nservers: imap.example\n");
    s = load(house, "a@b");
    assert_setting(s, EXO_KEY_SERVERS, "imap.example", "a@b.conf", 2);
    exo_settings_free(s);

    /* Itself, by any spelling, is the same as none. */
    house_file(house, "a@b", CUSTOM "credential: A@B\n");
    s = load(house, "a@b");
    assert_null(s->owner);
    assert_ptr_equal(exo_settings_owner(s), s);
    exo_settings_free(s);
}

/* A default for everybody would make everybody somebody else. */
static void takes_no_credential_from_the_defaults(void **state)
{
    struct house *house = *state;
    struct exo_settings *s;

    house_conf(house, "credential: app@b\n");
    house_file(house, "a@b", CUSTOM);
    s = load(house, "a@b");
    assert_string_equal(s->credential.name, "a@b");
    assert_setting(s, EXO_KEY_CREDENTIAL, "", "default", 0);
    exo_settings_free(s);
}

static void refuses_chains_of_credentials(void **state)
{
    struct house *house = *state;

    house_file(house, "a@b", "credential: none@c\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "credential none@c has no account file", "exoauth login none@c");

    house_file(house, "b@b", "credential: c@b\n");
    house_file(house, "c@b", CUSTOM);
    house_file(house, "a@b", "credential: b@b\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "credential b@b uses the credential c@b", "name that one");

    /* Two that name each other. */
    house_file(house, "b@b", "credential: a@b\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "credential b@b uses the credential a@b", "name that one");

    /* One that only its @domain serves has no credential of its own. */
    house_file(house, "@d.example", CUSTOM);
    house_file(house, "a@b", "credential: x@d.example\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "uses the credential @d.example", "name that one");

    /* What is wrong there is said, not that something is. */
    house_file(house, "c@b", "provider: unheard-of\n");
    house_file(house, "a@b", "credential: c@b\n");
    refuse(house, "a@b", EXO_STATUS_MISCONFIGURED,
           "c@b.conf line 1: provider unheard-of", "use one of");
}

static void collect(void *context, const char *text)
{
    char *all = context;
    size_t len = strlen(all);

    (void)snprintf(all + len, 2000 - len, "%s\n", text);
}

static void names_unknown_keys(void **state)
{
    struct house *house = *state;
    struct exo_settings *s;
    char all[2000] = "";

    house_conf(house, "log_level: info\ntenannt: x\nuser: u\n");
    house_file(house, "app@b", CUSTOM "sirvers: x\n");
    house_file(house, "a@b", "credential: app@b\nrunas: x\n");
    s = load(house, "a@b");
    exo_settings_unknown(house->conf, s, collect, all);
    exo_settings_free(s);
    assert_has(all, "exoauth.conf line 5: unknown key tenannt is ignored; ");
    assert_has(all, "app@b.conf line 6: unknown key sirvers");
    assert_has(all, "/a@b.conf line 2: unknown key runas");
    assert_lacks(all, "log_level");
    assert_lacks(all, "unknown key user");

    all[0] = '\0';
    house_conf(house, "nonsense: 1\n");
    exo_settings_unknown(house->conf, NULL, collect, all);
    assert_has(all, "unknown key nonsense");
}

#define IN_HOUSE(test) \
    cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_key),
        IN_HOUSE(takes_the_nearest_value),
        IN_HOUSE(follows_the_provider),
        IN_HOUSE(says_what_is_broken),
        IN_HOUSE(keeps_to_the_own_file),
        IN_HOUSE(borrows_a_credential),
        IN_HOUSE(takes_no_credential_from_the_defaults),
        IN_HOUSE(refuses_chains_of_credentials),
        IN_HOUSE(names_unknown_keys),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
