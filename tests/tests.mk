# SPDX-License-Identifier: BSD-2-Clause
#
# tests/: programs and scripts that speak TAP. "make check" runs all that is
# listed here, in parallel; nothing here needs root or the network.
#
# A new unit test is a file tests/unit/NOUN.c with one cmocka group and one
# line "tests/unit/NOUN" in unit_tests; likewise in tests/plugin. Its source,
# flags and libraries are the defaults (AM_CPPFLAGS, LDADD). More than one
# source: add "tests_unit_NOUN_SOURCES = ...".
#
# A new script is tests/cli/NOUN.sh and one line in shell_tests. It is run by
# bash and finds its tools through
#   EXO_SRCDIR     the source tree, read-only
#   EXO_BUILDDIR   the build tree: $EXO_BUILDDIR/exoauth is the program
#   EXO_PLUGINDIR  a directory with the built plugin, for SASL_PATH

unit_tests = \
	tests/unit/test_account \
	tests/unit/test_ask \
	tests/unit/test_ask_helper \
	tests/unit/test_askers \
	tests/unit/test_block \
	tests/unit/test_block_values \
	tests/unit/test_broker \
	tests/unit/test_broker_failure \
	tests/unit/test_broker_order \
	tests/unit/test_buf \
	tests/unit/test_conf \
	tests/unit/test_conf_find \
	tests/unit/test_doctor \
	tests/unit/test_error \
	tests/unit/test_file \
	tests/unit/test_file_replace \
	tests/unit/test_http \
	tests/unit/test_http_get \
	tests/unit/test_http_limits \
	tests/unit/test_http_tls \
	tests/unit/test_http_way \
	tests/unit/test_identity \
	tests/unit/test_json \
	tests/unit/test_log \
	tests/unit/test_oauth_aadsts \
	tests/unit/test_mail_hide \
	tests/unit/test_mail_parse \
	tests/unit/test_mail_stream \
	tests/unit/test_oauth_client \
	tests/unit/test_oauth_cloud \
	tests/unit/test_oauth_code \
	tests/unit/test_oauth_error \
	tests/unit/test_oauth_explain \
	tests/unit/test_oauth_jwt \
	tests/unit/test_oauth_key \
	tests/unit/test_oauth_request \
	tests/unit/test_oauth_response \
	tests/unit/test_oauth_said \
	tests/unit/test_oauth_tables \
	tests/unit/test_options \
	tests/unit/test_path \
	tests/unit/test_peer \
	tests/unit/test_postfix \
	tests/unit/test_process \
	tests/unit/test_process_fds \
	tests/unit/test_prompt \
	tests/unit/test_proto \
	tests/unit/test_publish \
	tests/unit/test_record \
	tests/unit/test_seal \
	tests/unit/test_secret \
	tests/unit/test_settings \
	tests/unit/test_settings_check \
	tests/unit/test_settings_file \
	tests/unit/test_settings_found \
	tests/unit/test_source \
	tests/unit/test_spend \
	tests/unit/test_status \
	tests/unit/test_source_limits \
	tests/unit/test_store \
	tests/unit/test_store_crash \
	tests/unit/test_store_lock \
	tests/unit/test_store_refuse \
	tests/unit/test_store_seal \
	tests/unit/test_text \
	tests/unit/test_token \
	tests/unit/test_url \
	$(NULL)

http_server = \
	tests/unit/http_server.c \
	tests/unit/http_server.h \
	$(NULL)
http_exchange = \
	$(http_server) \
	tests/unit/http_exchange.c \
	tests/unit/http_exchange.h \
	$(NULL)
store_fixture = \
	tests/unit/store_fixture.c \
	tests/unit/store_fixture.h \
	$(NULL)
broker_fixture = \
	tests/unit/broker_fixture.c \
	tests/unit/broker_fixture.h \
	$(NULL)
tests_unit_test_broker_SOURCES = tests/unit/test_broker.c $(broker_fixture)
tests_unit_test_broker_failure_SOURCES = \
	tests/unit/test_broker_failure.c \
	$(broker_fixture) \
	$(NULL)
tests_unit_test_broker_order_SOURCES = \
	tests/unit/test_broker_order.c \
	$(broker_fixture) \
	$(NULL)
tests_unit_test_http_SOURCES = tests/unit/test_http.c $(http_exchange)
tests_unit_test_http_get_SOURCES = tests/unit/test_http_get.c $(http_server)
tests_unit_test_http_limits_SOURCES = \
	tests/unit/test_http_limits.c \
	$(http_exchange) \
	$(NULL)
tests_unit_test_http_tls_SOURCES = tests/unit/test_http_tls.c $(http_server)
tests_unit_test_http_way_SOURCES = tests/unit/test_http_way.c $(http_server)
tests_unit_test_store_seal_SOURCES = \
	tests/unit/test_store_seal.c \
	$(store_fixture) \
	$(NULL)
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(store_fixture)
tests_unit_test_store_crash_SOURCES = \
	tests/unit/test_store_crash.c \
	$(store_fixture) \
	$(NULL)
tests_unit_test_store_lock_SOURCES = \
	tests/unit/test_store_lock.c \
	$(store_fixture) \
	$(NULL)
tests_unit_test_store_refuse_SOURCES = \
	tests/unit/test_store_refuse.c \
	$(store_fixture) \
	$(NULL)

# Every system call of a write can be made to fail, or to be the last one.
tests_unit_test_store_crash_LDFLAGS = \
	$(AM_LDFLAGS) \
	-Wl,--wrap=close \
	-Wl,--wrap=fchmod \
	-Wl,--wrap=fstat \
	-Wl,--wrap=fstat64 \
	-Wl,--wrap=fstatat \
	-Wl,--wrap=fstatat64 \
	-Wl,--wrap=fsync \
	-Wl,--wrap=getrandom \
	-Wl,--wrap=openat \
	-Wl,--wrap=openat64 \
	-Wl,--wrap=read \
	-Wl,--wrap=renameat \
	-Wl,--wrap=unlinkat \
	-Wl,--wrap=write \
	$(NULL)

# Keeps the request and answers from a script, in place of net/.
tests_unit_test_oauth_client_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=exo_http_post
tests_unit_test_oauth_request_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=exo_http_post
tests_unit_test_oauth_cloud_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=exo_http_post

# A clock that the test sets, a provider that answers from a script, and a
# look at the order of what is written.
broker_ldflags = \
	$(AM_LDFLAGS) \
	-Wl,--wrap=exo_clock_now \
	-Wl,--wrap=exo_file_put \
	-Wl,--wrap=exo_oauth_client_credentials \
	-Wl,--wrap=exo_oauth_refresh \
	-Wl,--wrap=exo_store_lock \
	-Wl,--wrap=getrandom \
	$(NULL)
tests_unit_test_broker_LDFLAGS = $(broker_ldflags)
tests_unit_test_broker_failure_LDFLAGS = $(broker_ldflags)
tests_unit_test_broker_order_LDFLAGS = $(broker_ldflags)

# A clock that the test sets.
tests_unit_test_status_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=exo_clock_now

# A command that takes too long, without the wait.
tests_unit_test_secret_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=exo_clock_ms

# Harnesses for libFuzzer; here they run over their seeds. A new one is
# tests/fuzz/fuzz_NOUN.c, seeds in tests/fuzz/seeds/NOUN and the three lines.
fuzz_tests = \
	tests/fuzz/fuzz_block \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_mail \
	tests/fuzz/fuzz_redirect \
	tests/fuzz/fuzz_token_response \
	$(NULL)
tests_fuzz_fuzz_block_SOURCES = \
	tests/fuzz/fuzz_block.c \
	tests/fuzz/main.c \
	$(NULL)
tests_fuzz_fuzz_block_LDADD = libexoauth-common.la
tests_fuzz_fuzz_json_SOURCES = \
	tests/fuzz/fuzz_json.c \
	tests/fuzz/main.c \
	$(NULL)
tests_fuzz_fuzz_json_LDADD = \
	libexoauth-json.la \
	libexoauth-common.la \
	$(JSON_LIBS) \
	$(NULL)
tests_fuzz_fuzz_mail_SOURCES = \
	tests/fuzz/fuzz_mail.c \
	tests/fuzz/main.c \
	$(NULL)
tests_fuzz_fuzz_mail_LDADD = \
	libexoauth-mail.la \
	libexoauth-process.la \
	libexoauth-common.la \
	$(NULL)
tests_fuzz_fuzz_redirect_SOURCES = \
	tests/fuzz/fuzz_redirect.c \
	tests/fuzz/main.c \
	$(NULL)
tests_fuzz_fuzz_redirect_LDADD = $(fuzz_oauth_libs)
tests_fuzz_fuzz_token_response_SOURCES = \
	tests/fuzz/fuzz_token_response.c \
	tests/fuzz/main.c \
	$(NULL)
tests_fuzz_fuzz_token_response_LDADD = $(fuzz_oauth_libs)
fuzz_oauth_libs = \
	libexoauth-oauth.la \
	libexoauth-json.la \
	libexoauth-net.la \
	libexoauth-common.la \
	$(CURL_LIBS) \
	$(JSON_LIBS) \
	$(CRYPTO_LIBS) \
	$(NULL)

plugin_tests = \
	tests/plugin/ages \
	tests/plugin/asking \
	tests/plugin/bearer \
	tests/plugin/configuration \
	tests/plugin/cycles \
	tests/plugin/names \
	tests/plugin/passwords \
	tests/plugin/process \
	tests/plugin/published \
	tests/plugin/ranking \
	tests/plugin/register \
	tests/plugin/reject \
	tests/plugin/serverfirst \
	tests/plugin/servers \
	tests/plugin/status \
	tests/plugin/steps \
	tests/plugin/threads \
	tests/plugin/traces \
	$(NULL)

shell_tests = \
	tests/unit/test_headers.sh \
	tests/plugin/setid.sh \
	tests/plugin/circles.sh \
	tests/plugin/symbols.sh \
	tests/plugin/walls.sh \
	tests/cli/account_names.sh \
	tests/cli/assertion.sh \
	tests/cli/browser.sh \
	tests/cli/bundle.sh \
	tests/cli/certificate.sh \
	tests/cli/children.sh \
	tests/cli/concurrency.sh \
	tests/cli/commands.sh \
	tests/cli/completions.sh \
	tests/cli/config.sh \
	tests/cli/event.sh \
	tests/cli/exchange.sh \
	tests/cli/all.sh \
	tests/cli/deps.sh \
	tests/cli/doctor.sh \
	tests/cli/doctor_bundle.sh \
	tests/cli/doctor_master.sh \
	tests/cli/doctor_postfix.sh \
	tests/cli/doctor_relay.sh \
	tests/cli/doctor_provider.sh \
	tests/cli/discovery.sh \
	tests/cli/explain.sh \
	tests/cli/rows.sh \
	tests/cli/flight.sh \
	tests/cli/fresh.sh \
	tests/cli/grace.sh \
	tests/cli/ground.sh \
	tests/cli/identity.sh \
	tests/cli/imds.sh \
	tests/cli/import.sh \
	tests/cli/readers.sh \
	tests/cli/inactive.sh \
	tests/cli/list.sh \
	tests/cli/login.sh \
	tests/cli/manpages.sh \
	tests/cli/monitor.sh \
	tests/cli/misnamed.sh \
	tests/cli/mounted.sh \
	tests/cli/password.sh \
	tests/cli/paste.sh \
	tests/cli/presets.sh \
	tests/cli/prompt.sh \
	tests/cli/provider.sh \
	tests/cli/publish.sh \
	tests/cli/read_only.sh \
	tests/cli/recipes.sh \
	tests/cli/recorded.sh \
	tests/cli/refresh.sh \
	tests/cli/outside.sh \
	tests/cli/outside_mail.sh \
	tests/cli/refused.sh \
	tests/cli/remedies.sh \
	tests/cli/remove.sh \
	tests/cli/replace.sh \
	tests/cli/seal.sh \
	tests/cli/security.sh \
	tests/cli/selinux.sh \
	tests/cli/serve.sh \
	tests/cli/setup.sh \
	tests/cli/setup_shortage.sh \
	tests/cli/setup_undo.sh \
	tests/cli/session.sh \
	tests/cli/shortage.sh \
	tests/cli/show.sh \
	tests/cli/status.sh \
	tests/cli/strangers.sh \
	tests/cli/token.sh \
	tests/cli/unread.sh \
	tests/cli/unrenewable.sh \
	tests/cli/unsealed.sh \
	tests/cli/keyless.sh \
	$(NULL)

# Shows tests what is in a sealed record.
check_PROGRAMS += tests/lib/unseal

# Asks a helper as the plugin does, for tests/fault/killed.sh.
check_PROGRAMS += tests/lib/asker

# A mail program's login, for tests/fault/shortage_plugin.sh.
check_PROGRAMS += tests/lib/guest
tests_lib_guest_LDADD = $(SASL_LIBS)

# Preloaded into a command, fails one allocation or call (shortage.py).
check_LTLIBRARIES += tests/lib/shortage.la
tests_lib_shortage_la_SOURCES = tests/lib/shortage.c
tests_lib_shortage_la_LDFLAGS = \
	$(AM_LDFLAGS) \
	-module \
	-avoid-version \
	-shared \
	-rpath /nowhere \
	$(NULL)

# Prints a word as messages quote it for a shell.
check_PROGRAMS += tests/lib/quoted
tests_lib_quoted_LDADD = libexoauth-common.la

# What the program knows of keys.
check_PROGRAMS += tests/lib/tables

# Made set-user-ID by tests/plugin/setid.sh.
check_PROGRAMS += tests/plugin/frob
tests_plugin_frob_LDADD = $(SASL_LIBS)

# What several test programs share, linked into each.
libexoauth_harness_la_SOURCES = \
	tests/plugin/child.c \
	tests/plugin/entry.c \
	tests/plugin/entry.h \
	tests/plugin/harness.h \
	tests/plugin/host.c \
	tests/plugin/peer.c \
	tests/plugin/ways.c \
	tests/plugin/ways.h \
	tests/plugin/world.c \
	$(NULL)

# Everything in one: libtool takes seconds for a program of ten libraries.
libexoauth_tests_la_SOURCES =
libexoauth_tests_la_LIBADD = \
	libexoauth-harness.la \
	libexoauth-plugin-int.la \
	$(helper_libs) \
	$(NULL)

LDADD = \
	libexoauth-tests.la \
	$(SASL_LIBS) \
	$(CMOCKA_LIBS) \
	-lpthread \
	$(NULL)

# TESTS='$(test_programs)': tests/all runs the scripts by itself.
test_programs = $(fuzz_tests)
list-test-programs:
	@printf '%s\n' $(test_programs)
check_PROGRAMS += $(fuzz_tests)
if HAVE_CMOCKA
check_LTLIBRARIES += libexoauth-harness.la libexoauth-tests.la
check_PROGRAMS += $(unit_tests) $(plugin_tests)
test_programs += $(unit_tests) $(plugin_tests)
else
test_programs += tests/lib/no-cmocka.sh
endif
TESTS += $(test_programs) $(shell_tests)

# Everything else the tests need: libraries, fixtures, the tests with root.
test_files = \
	.ci/run \
	tests/all \
	tests/demo \
	tests/deps \
	tests/e2e/postfix.sh \
	tests/e2e/accounts.sh \
	tests/e2e/domain.sh \
	tests/e2e/long-tokens.sh \
	tests/e2e/outage.sh \
	tests/e2e/mail-log.sh \
	tests/e2e/narrow.sh \
	tests/e2e/browser-whose.sh \
	tests/e2e/setup-narrow.sh \
	tests/e2e/clients.sh \
	tests/e2e/browser.sh \
	tests/e2e/connect.sh \
	tests/e2e/test.sh \
	tests/e2e/device.sh \
	tests/e2e/bystander.sh \
	tests/e2e/neighbour.sh \
	tests/e2e/container.sh \
	tests/e2e/mutt-libsasl2.sh \
	tests/e2e/oauthbearer.sh \
	tests/e2e/rejected.sh \
	tests/e2e/discovery.sh \
	tests/e2e/tpm.sh \
	tests/e2e/read-only-root.sh \
	tests/e2e/single-flight.sh \
	tests/e2e/herd.sh \
	tests/e2e/systemd.sh \
	tests/e2e/credential.sh \
	tests/e2e/doctor.sh \
	tests/e2e/fresh-host.sh \
	tests/e2e/canary.sh \
	tests/e2e/demo.sh \
	tests/e2e/build.sh \
	tests/e2e/debian13.sh \
	tests/e2e/recipes.sh \
	tests/e2e/recipes-postfix.sh \
	tests/e2e/readme.sh \
	tests/e2e/setup.sh \
	tests/e2e/setup-killed.sh \
	tests/e2e/setup-postmulti.sh \
	tests/e2e/keyring.sh \
	tests/e2e/paths.sh \
	tests/e2e/paths-read.sh \
	tests/e2e/paths-linked.sh \
	tests/e2e/paths-doubt.sh \
	tests/e2e/paths-given.sh \
	tests/e2e/paths-kept.sh \
	tests/e2e/store-doubt.sh \
	tests/e2e/paths-others.sh \
	tests/fault/logins.sh \
	tests/fault/spent.sh \
	tests/fault/backup.sh \
	tests/fault/killed.sh \
	tests/fault/pause.sh \
	tests/fault/shortage_rekey.sh \
	tests/fault/shortage_setup.sh \
	tests/fault/store.sh \
	tests/fault/shortage_login.sh \
	tests/fault/shortage_plugin.sh \
	tests/fault/shortage_refresh.sh \
	tests/fault/shortage_token.sh \
	tests/fault/stray.sh \
	tests/lib/.npmrc \
	tests/lib/approve \
	tests/lib/as.mjs \
	tests/lib/ask.py \
	tests/lib/typist.py \
	tests/lib/build.sh \
	tests/lib/circles.py \
	tests/lib/helper_rooms \
	tests/lib/container.py \
	tests/lib/commands.py \
	tests/lib/complete.zsh \
	tests/lib/doctor.sh \
	tests/lib/endpoint.py \
	tests/lib/forward.py \
	tests/lib/keys.py \
	tests/lib/killer.py \
	tests/lib/list.py \
	tests/lib/machine.sh \
	tests/lib/mail.sh \
	tests/lib/mailsrv.py \
	tests/lib/no-cmocka.sh \
	tests/lib/package-lock.json \
	tests/lib/package.json \
	tests/lib/paste.py \
	tests/lib/pump.py \
	tests/lib/open.sh \
	tests/lib/progress.sh \
	tests/lib/provider.sh \
	tests/lib/outside.py \
	tests/lib/remedies.py \
	tests/lib/shortage.py \
	tests/lib/shortage.sh \
	tests/lib/spawner.py \
	tests/lib/shown.py \
	tests/lib/whole.h \
	tests/lib/rig.sh \
	tests/lib/setup.sh \
	tests/lib/site.sh \
	tests/lib/smtpd.py \
	tests/lib/tap.sh \
	tests/lib/tenant.sh \
	tests/lib/verify-jwt.mjs \
	tests/lib/webdriver.py \
	tests/fuzz/seeds \
	tests/bench/run \
	tests/plugin/symbols.allowed \
	tests/unit/ask.h \
	tests/unit/broker.h \
	tests/unit/house.h \
	tests/unit/oauth_keys.h \
	tests/unit/oauth_util.h \
	tests/unit/oauth_wire.h \
	tests/unit/source.h \
	tests/unit/util.h \
	$(NULL)

EXTRA_DIST += $(shell_tests) $(test_files)

tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .sh
LOG_DRIVER = $(tap_driver)
SH_LOG_DRIVER = $(tap_driver)
SH_LOG_COMPILER = $(BASH_SHELL)

# SASL_PATH and SASL_CONF_PATH of the person who tests would change what the
# plugin tests see.
test_environment = \
	top_srcdir='$(top_srcdir)'; export top_srcdir; \
	top_builddir='$(top_builddir)'; export top_builddir; \
	EXO_SRCDIR='$(abs_top_srcdir)'; export EXO_SRCDIR; \
	EXO_BUILDDIR='$(abs_top_builddir)'; export EXO_BUILDDIR; \
	EXO_PLUGINDIR='$(abs_top_builddir)/.libs'; export EXO_PLUGINDIR; \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	unset SASL_PATH SASL_CONF_PATH;
AM_TESTS_ENVIRONMENT = $(test_environment)

# The C tests again, under valgrind.
memcheck: all
	$(MAKE) check-TESTS TESTS='$(check_PROGRAMS)' \
		LOG_COMPILER='$(LIBTOOL) --mode=execute valgrind -q \
		--error-exitcode=99 --leak-check=full'

EXTRA_PROGRAMS = tests/bench/bench_login
tests_bench_bench_login_LDADD = $(SASL_LIBS)
CLEANFILES += $(EXTRA_PROGRAMS)

bench: all tests/bench/bench_login$(EXEEXT)
	@$(test_environment) $(BASH_SHELL) $(srcdir)/tests/bench/run

.PHONY: memcheck bench
