# SPDX-License-Identifier: BSD-2-Clause
#
# helper/: the program exoauth, in rooms. Everything but main() is in a library,
# so that the tests can link it.

noinst_LTLIBRARIES += libexoauth-helper.la
libexoauth_helper_la_CPPFLAGS = $(exo_cppflags) $(JSON_CFLAGS)
libexoauth_helper_la_SOURCES = common/typed.c

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
exoauth_SOURCES = helper/cli/main.c
exoauth_CPPFLAGS = $(exo_cppflags)
exoauth_CFLAGS = $(AM_CFLAGS) $(EXO_PIE_CFLAGS)
exoauth_LDFLAGS = $(AM_LDFLAGS) $(EXO_PIE_LDFLAGS)
exoauth_LDADD = $(helper_libs)
