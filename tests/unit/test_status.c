/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a monitor is told: thresholds to the second, by a clock that the test
 * sets, and formats that no account name can break.
 */
#include "config.h"

#include "house.h"

#include "exoauth/clock.h"
#include "helper/status/status.h"
#include "../lib/whole.h"

#define T0 INT64_C(1800000000)

static int64_t clock_now;

int64_t __wrap_exo_clock_now(void);

int64_t __wrap_exo_clock_now(void)
{
    return clock_now;
}

static struct exo_status_row row_of(const char *name, enum exo_status state)
{
    struct exo_status_row row;

    memset(&row, 0, sizeof(row));
    row.account = account_of(name);
    row.credential = row.account;
    row.state = state;
    row.serial = 1;
    row.token_expires = T0 + 3600;
    return row;
}

static void assert_severity(struct exo_status_row row, int64_t now,
                            enum exo_severity severity, const char *part)
{
    exo_status_judge(&row, now);
    if (row.severity != severity)
        fail_msg("%lld: severity %d, not %d", (long long)now, (int)row.severity,
                 (int)severity);
    assert_has(row.warning, part);
    assert_int_equal(row.warning[0] == '\0', part[0] == '\0');
}

static void judges_expiry(void **state)
{
    struct exo_status_row row = row_of("a@b", EXO_STATUS_OK);

    (void)state;
    row.credential_expires = T0;
    assert_severity(row, T0 - 30 * EXO_DAY - 1, EXO_SEVERITY_OK, "");
    assert_severity(row, T0 - 30 * EXO_DAY, EXO_SEVERITY_WARNING,
                    "the client secret ends 2027-01-15, in 30 days; ");
    assert_severity(row, T0 - 7 * EXO_DAY - 1, EXO_SEVERITY_WARNING, "secret");
    assert_severity(row, T0 - 7 * EXO_DAY, EXO_SEVERITY_CRITICAL, "in 7 days");
    assert_severity(row, T0 + 3 * EXO_DAY, EXO_SEVERITY_CRITICAL, "3 days ago");
    row.certificate = true;
    assert_severity(row, T0 - EXO_DAY, EXO_SEVERITY_CRITICAL,
                    "the certificate ends 2027-01-15, in 24 h; ");
    row.credential_expires = 0;
    assert_severity(row, T0, EXO_SEVERITY_OK, "");
}

static void judges_idleness(void **state)
{
    struct exo_status_row row = row_of("a@b", EXO_STATUS_OK);

    (void)state;
    row.refreshed = T0;
    assert_severity(row, T0 + 100 * EXO_DAY, EXO_SEVERITY_OK, "");
    row.delegated = true;
    assert_severity(row, T0 + 60 * EXO_DAY - 1, EXO_SEVERITY_OK, "");
    assert_severity(row, T0 + 60 * EXO_DAY, EXO_SEVERITY_WARNING,
                    "last used 60 days ago");
}

static void judges_states(void **state)
{
    static const struct {
        enum exo_status state;
        enum exo_severity severity;
    } rows[] = {
        { EXO_STATUS_OK, EXO_SEVERITY_OK },
        { EXO_STATUS_TRANSIENT, EXO_SEVERITY_WARNING },
        { EXO_STATUS_STORE, EXO_SEVERITY_CRITICAL },
        { EXO_STATUS_NEEDS_LOGIN, EXO_SEVERITY_CRITICAL },
        { EXO_STATUS_MISCONFIGURED, EXO_SEVERITY_CRITICAL },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(rows); i++)
        assert_severity(row_of("a@b", rows[i].state), T0, rows[i].severity, "");
    /* An outage that goes on without a token. */
    assert_severity(row_of("a@b", EXO_STATUS_TRANSIENT), T0 + 7199,
                    EXO_SEVERITY_WARNING, "");
    assert_severity(row_of("a@b", EXO_STATUS_TRANSIENT), T0 + 7200,
                    EXO_SEVERITY_CRITICAL, "");
}

static void thresholds(void **state)
{
    (void)state;
    assert_int_equal(exo_status_threshold(0, T0), 0);
    assert_int_equal(exo_status_threshold(T0, T0 - 30 * EXO_DAY - 1), 0);
    assert_int_equal(exo_status_threshold(T0, T0 - 30 * EXO_DAY),
                     T0 - 30 * EXO_DAY);
    assert_int_equal(exo_status_threshold(T0, T0 - 7 * EXO_DAY - 1),
                     T0 - 30 * EXO_DAY);
    assert_int_equal(exo_status_threshold(T0, T0 - 7 * EXO_DAY),
                     T0 - 7 * EXO_DAY);
    assert_int_equal(exo_status_threshold(T0, T0 + EXO_DAY), T0 - 7 * EXO_DAY);
}

static void assert_nagios(struct exo_status_row *row, size_t n, int level,
                          const char *want)
{
    struct exo_buf out = EXO_BUF_INIT(65536);

    for (size_t i = 0; i < n; i++)
        exo_status_judge(&row[i], T0);
    assert_int_equal(exo_status_nagios(&out, row, n, T0), level);
    assert_string_equal(whole_text(&out), want);
    exo_buf_free(&out);
}

static void nagios(void **state)
{
    struct exo_status_row row[3] = { row_of("a@b", EXO_STATUS_OK),
                                     row_of("b@b", EXO_STATUS_OK),
                                     row_of("c@b", EXO_STATUS_OK) };

    (void)state;
    assert_nagios(row, 0, 3,
                  "EXOAUTH UNKNOWN - no account is configured; run: exoauth "
                  "login ACCOUNT\n");
    assert_nagios(row, 3, 0,
                  "EXOAUTH OK - 3 of 3 accounts ok | accounts=3 warnings=0 "
                  "criticals=0 failures=0 token_left=3600s\n");
    row[1].state = EXO_STATUS_TRANSIENT;
    row[1].failures = 4;
    (void)snprintf(row[1].message, sizeof(row[1].message), "busy | \x01; wait");
    assert_nagios(row, 3, 1,
                  "EXOAUTH WARNING - 1 of 3 accounts not ok; b@b: transient, "
                  "busy ? ?; wait | accounts=3 warnings=1 criticals=0 "
                  "failures=4 token_left=3600s\n");
    row[2].credential_expires = T0 + 6 * EXO_DAY;
    row[2].delegated = true;
    row[2].refreshed = T0 - 5;
    row[0].credential_expires = T0 + 90 * EXO_DAY;
    assert_nagios(row, 3, 2,
                  "EXOAUTH CRITICAL - 2 of 3 accounts not ok; c@b: ok, the "
                  "client secret ends 2027-01-21, in 6 days; make a new one "
                  "at the provider and store it with exoauth login or in the "
                  "secret file | accounts=3 warnings=1 criticals=1 failures=4 "
                  "token_left=3600s credential_left=518400s;2592000:;604800: "
                  "refresh_token_age=5s;5184000\n");
    row[0].state = EXO_STATUS_MISCONFIGURED;
    exo_status_judge(&row[0], T0);
    assert_int_equal(row[0].severity, EXO_SEVERITY_CRITICAL);
}

static void nagios_takes_the_worst_state(void **state)
{
    struct exo_buf out = EXO_BUF_INIT(65536);
    struct exo_status_row row[2] = { row_of("a@b", EXO_STATUS_NEEDS_LOGIN),
                                     row_of("b@b", EXO_STATUS_MISCONFIGURED) };

    (void)state;
    for (size_t i = 0; i < N_OF(row); i++)
        exo_status_judge(&row[i], T0);
    assert_int_equal(exo_status_nagios(&out, row, 2, T0), 2);
    assert_has(whole_text(&out), "not ok; b@b: misconfigured");
    exo_buf_free(&out);
}

static void prometheus_escapes(void **state)
{
    static const struct {
        const char *name, *label;
    } rows[] = {
        { "a@b", "a@b" },
        { "{a='1'}", "{a='1'}" },
        { "gr\xc3\xbc\xc3\x9f@\xe2\x82\xac\xf0\x9f\x93\xa8",
          "gr\xc3\xbc\xc3\x9f@\xe2\x82\xac\xf0\x9f\x93\xa8" },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(rows); i++) {
        struct exo_buf out = EXO_BUF_INIT(65536);
        struct exo_status_row row = row_of(rows[i].name, EXO_STATUS_OK);
        char want[200];

        (void)snprintf(row.error_code, sizeof(row.error_code), "a\"\\\nb");
        row.error_time = 7;
        exo_status_prometheus(&out, &row, 1);
        (void)snprintf(want, sizeof(want),
                       "\nexoauth_account_state{account=\"%s\",state=\"ok\"} "
                       "1\n",
                       rows[i].label);
        assert_has(whole_text(&out), want);
        (void)snprintf(want, sizeof(want),
                       "{account=\"%s\",code=\"a\\\"\\\\\\nb\"} 7\n",
                       rows[i].label);
        assert_has(whole_text(&out), want);
        exo_buf_free(&out);
    }
}

static void prometheus_knows_what_it_knows(void **state)
{
    struct exo_buf out = EXO_BUF_INIT(65536);
    struct exo_status_row row[2] = { row_of("a@b", EXO_STATUS_OK),
                                     row_of("p@b", EXO_STATUS_NEEDS_LOGIN) };
    const char *text;

    (void)state;
    row[0].refreshed = 11;
    row[1].refreshed = 12;
    row[1].granted = 13;
    row[1].next_try = 14;
    row[1].delegated = true;
    exo_status_judge(&row[1], T0);
    exo_status_prometheus(&out, row, 2);
    text = whole_text(&out);
    assert_has(text, "exoauth_last_refresh_timestamp_seconds{account=\"a@b\"} "
                     "11\n");
    assert_has(text, "exoauth_last_refresh_timestamp_seconds{account=\"p@b\"} "
                     "12\n");
    assert_has(text, "_token_used_timestamp_seconds{account=\"p@b\"} 12\n");
    assert_lacks(text, "_token_used_timestamp_seconds{account=\"a@b\"}");
    assert_has(text, "_granted_timestamp_seconds{account=\"p@b\"} 13\n");
    assert_has(text, "next_try_timestamp_seconds{account=\"p@b\"} 14\n");
    assert_lacks(text, "next_try_timestamp_seconds{account=\"a@b\"}");
    assert_lacks(text, "credential_expires_timestamp_seconds{");
    assert_has(text, "exoauth_account_severity{account=\"p@b\"} 2\n");
    assert_has(text, "state{account=\"p@b\",state=\"needs-login\"} 1\n");
    assert_has(text, "state{account=\"p@b\",state=\"ok\"} 0\n");
    exo_buf_free(&out);
}

/* From the files to the line, by a clock that goes on. */
static void collects(void **state)
{
    struct house *house = *state;
    struct exo_app app;
    struct exo_err err = EXO_ERR_INIT;
    static const struct {
        int64_t now;
        int level;
    } rows[] = {
        { T0, 0 },
        { INT64_C(1819756800) - 31 * EXO_DAY, 0 }, /* 2027-09-01 */
        { INT64_C(1819756800) - 30 * EXO_DAY, 1 },
        { INT64_C(1819756800) - 7 * EXO_DAY, 2 },
        { INT64_C(1819756800) + 7 * EXO_DAY, 2 },
    };

    memset(&app, 0, sizeof(app));
    app.conf = house->conf;
    free(house->conf->key_file); /* key_file: none, so that it can be stored */
    house->conf->key_file = strdup("");
    house_file(house, "a@b",
               "provider: custom\nclient_id: app\nservers: mail.example\n"
               "token_endpoint: https://as.example/token\n"
               "secret_file: /nowhere\nsecret_expires: 2027-09-01\n");
    for (size_t i = 0; i < N_OF(rows); i++) {
        struct exo_buf out = EXO_BUF_INIT(65536);
        struct exo_status_row *row;
        size_t n;

        clock_now = rows[i].now;
        assert_int_equal(
            exo_status_collect(&app, NULL, NULL, NULL, &row, &n, &err), 0);
        assert_int_equal(n, 1);
        assert_int_equal(row->credential_expires, 1819756800);
        if (exo_status_nagios(&out, row, n, clock_now) != rows[i].level)
            fail_msg("row %zu: %s", i, whole_text(&out));
        exo_buf_free(&out);
        free(row);
    }
    exo_store_close(app.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_expiry),
        cmocka_unit_test(judges_idleness),
        cmocka_unit_test(judges_states),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(nagios),
        cmocka_unit_test(nagios_takes_the_worst_state),
        cmocka_unit_test(prometheus_escapes),
        cmocka_unit_test(prometheus_knows_what_it_knows),
        cmocka_unit_test_setup_teardown(collects, house_setup, house_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
