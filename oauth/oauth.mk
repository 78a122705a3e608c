# SPDX-License-Identifier: BSD-2-Clause
#
# oauth/: grants, token responses, providers and what their errors mean.

noinst_LTLIBRARIES += libexoauth-oauth.la
libexoauth_oauth_la_CPPFLAGS = $(exo_cppflags) $(JSON_CFLAGS) $(CRYPTO_CFLAGS)
libexoauth_oauth_la_SOURCES = \
	oauth/answer.h \
	oauth/client.c \
	oauth/device.c \
	oauth/discovery.c \
	oauth/error.c \
	oauth/explain.c \
	oauth/explain_aadsts.c \
	oauth/explain_exchange.c \
	oauth/explain_local.c \
	oauth/explain_oauth.c \
	oauth/explain_texts.h \
	oauth/grant.c \
	oauth/id_token.c \
	oauth/identity.c \
	oauth/identity.h \
	oauth/json.c \
	oauth/judge.c \
	oauth/judge.h \
	oauth/jwt.c \
	oauth/jwt_alg.c \
	oauth/key.c \
	oauth/keyfile.c \
	oauth/keyfile.h \
	oauth/leak.c \
	oauth/pkce.c \
	oauth/provider.c \
	oauth/redirect.c \
	oauth/response.c \
	oauth/said.c \
	$(NULL)
