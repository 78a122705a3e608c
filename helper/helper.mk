# SPDX-License-Identifier: BSD-2-Clause
#
# helper/: the program exoauth. Everything but main() is in a library, so
# that the tests can link it.

noinst_LTLIBRARIES += libexoauth-helper.la
libexoauth_helper_la_CPPFLAGS = $(exo_cppflags) $(JSON_CFLAGS)
libexoauth_helper_la_SOURCES = \
	helper/account_word.c \
	helper/account_word.h \
	helper/app.c \
	helper/app.h \
	helper/askers.c \
	helper/askers.h \
	helper/broker.c \
	helper/browser.c \
	helper/browser.h \
	helper/broker.h \
	helper/bundle.h \
	helper/cmd.h \
	helper/bundle.c \
	helper/cmd_export.c \
	helper/cmd_connect.c \
	helper/cmd_doctor.c \
	helper/cmd_explain.c \
	helper/cmd_import.c \
	helper/cmd_list.c \
	helper/cmd_login.c \
	helper/cmd_refresh.c \
	helper/cmd_rekey.c \
	helper/cmd_remove.c \
	helper/cmd_serve.c \
	helper/cmd_setup.c \
	helper/cmd_show.c \
	helper/cmd_status.c \
	helper/cmd_test.c \
	helper/cmd_token.c \
	helper/command.c \
	helper/command.h \
	helper/credential.c \
	helper/device.c \
	helper/device.h \
	helper/doctor.c \
	helper/doctor.h \
	helper/doctor_bundle.c \
	helper/doctor_claims.c \
	helper/doctor_claims.h \
	helper/doctor_conf.c \
	helper/doctor_files.c \
	helper/doctor_store.c \
	helper/doctor_fit.c \
	helper/doctor_fit.h \
	helper/doctor_jail.c \
	helper/doctor_map.c \
	helper/doctor_plugin.c \
	helper/doctor_postfix.c \
	helper/doctor_postfix.h \
	helper/doctor_print.c \
	helper/doctor_provider.c \
	helper/doctor_selinux.c \
	helper/doctor_token.c \
	helper/discover.c \
	helper/discover.h \
	helper/due.c \
	helper/event.c \
	helper/event.h \
	helper/draft.c \
	helper/draft.h \
	helper/draft_file.c \
	helper/flight.c \
	helper/flight.h \
	helper/grant.c \
	helper/keys.c \
	helper/keys.h \
	helper/keys_write.c \
	helper/import.c \
	helper/import.h \
	helper/import_gpg.c \
	helper/import_item.c \
	helper/import_mutt.c \
	helper/import_proxy.c \
	helper/import_proxy.h \
	helper/import_proxy_config.c \
	helper/import_proxy_token.c \
	helper/import_sasl_xoauth2.c \
	helper/ini.c \
	helper/ini.h \
	helper/later.c \
	helper/later.h \
	helper/listen.c \
	helper/listen.h \
	helper/listener.c \
	helper/listener.h \
	helper/loopback.c \
	helper/loopback.h \
	helper/lock.c \
	helper/lock.h \
	helper/login.h \
	helper/login_means.c \
	helper/login_person.c \
	helper/means.c \
	helper/means.h \
	helper/names.c \
	helper/names.h \
	helper/note.c \
	helper/note.h \
	helper/options.c \
	helper/options.h \
	helper/options_table.c \
	helper/options_table.h \
	helper/out.c \
	helper/outfile.c \
	helper/outfile.h \
	helper/outcome.c \
	helper/peer.c \
	helper/peer.h \
	helper/passphrase.c \
	helper/passphrase.h \
	helper/place.c \
	helper/place.h \
	helper/postfix.c \
	helper/postfix.h \
	helper/postfix_plugins.c \
	helper/prompt.c \
	helper/prompt.h \
	helper/prove.c \
	helper/publish.c \
	helper/reach.c \
	helper/reach.h \
	helper/run.c \
	helper/run.h \
	helper/secret.c \
	helper/session.c \
	helper/session.h \
	helper/settings.c \
	helper/settings.h \
	helper/settings_check.c \
	helper/settings_client.c \
	helper/settings_expiry.c \
	helper/settings_file.c \
	helper/settings_inner.h \
	helper/settings_provider.c \
	helper/setup.h \
	helper/setup_apply.c \
	helper/setup_changes.c \
	helper/setup_check.c \
	helper/setup_check.h \
	helper/setup_client.c \
	helper/setup_client.h \
	helper/setup_draft.c \
	helper/setup_file.c \
	helper/setup_journal.c \
	helper/setup_journal.h \
	helper/setup_judge.c \
	helper/setup_maps.c \
	helper/setup_plan.c \
	helper/setup_read.c \
	helper/setup_route.c \
	helper/setup_serve.c \
	helper/setup_texts.c \
	helper/setup_undo.c \
	helper/setup_undo.h \
	helper/setup_warn.c \
	helper/show.h \
	helper/spend.c \
	helper/spend.h \
	helper/status.c \
	helper/status.h \
	helper/status_file.c \
	helper/status_json.c \
	helper/status_judge.c \
	helper/status_nagios.c \
	helper/status_prometheus.c \
	helper/status_read.c \
	helper/status_table.c \
	helper/sweep.c \
	helper/trouble.c \
	helper/trouble.h \
	helper/waiting.c \
	helper/waiting.h \
	helper/work.h \
	$(NULL)

# In this order: each room uses only rooms after it.
helper_libs = \
	libexoauth-helper.la \
	libexoauth-mail.la \
	libexoauth-oauth.la \
	libexoauth-store.la \
	libexoauth-json.la \
	libexoauth-net.la \
	libexoauth-process.la \
	libexoauth-common.la \
	$(CURL_LIBS) \
	$(JSON_LIBS) \
	$(SASL_LIBS) \
	$(SSL_LIBS) \
	$(CRYPTO_LIBS) \
	-lpthread \
	$(NULL)

bin_PROGRAMS += exoauth
exoauth_SOURCES = helper/main.c
exoauth_CPPFLAGS = $(exo_cppflags)
exoauth_CFLAGS = $(AM_CFLAGS) $(EXO_PIE_CFLAGS)
exoauth_LDFLAGS = $(AM_LDFLAGS) $(EXO_PIE_LDFLAGS)
exoauth_LDADD = $(helper_libs)
