# SPDX-License-Identifier: BSD-2-Clause
#
# oauth/: grants, token responses, providers and what their errors mean.

noinst_LTLIBRARIES += libexoauth-oauth.la
libexoauth_oauth_la_CPPFLAGS = $(exo_cppflags) $(JSON_CFLAGS) $(CRYPTO_CFLAGS)
libexoauth_oauth_la_SOURCES = \
	oauth/answer.h \
	oauth/base64.c \
	oauth/device.c \
	oauth/error.c \
	oauth/explain.c \
	oauth/grant.c \
	oauth/json.c \
	oauth/provider.c \
	oauth/response.c \
	oauth/said.c \
	$(NULL)
