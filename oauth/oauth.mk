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

# What errors mean, one file a source, in the order in which they are looked
# in; and the presets of providers. Text, so that nobody needs C to add one;
# compiled in, so that no message needs a file that may be missing.
exo_meanings = \
	oauth/meanings/entra \
	oauth/meanings/google \
	oauth/meanings/oauth \
	oauth/meanings/exchange \
	oauth/meanings/imap-pop \
	oauth/meanings/exoauth \
	oauth/meanings/postfix \
	$(NULL)
exo_rows = $(AM_V_GEN)$(MKDIR_P) oauth && cd $(srcdir) && here=$(abs_builddir)/$@ && \
	rows() { LC_ALL=C $(AWK) -f oauth/rows.awk "$$@" > "$$here-t" && \
		mv -f "$$here-t" "$$here"; } && rows

oauth/meanings.inc: $(exo_meanings) oauth/rows.awk
	$(exo_rows) -v form=meanings $(exo_meanings)
oauth/providers.inc: oauth/providers oauth/rows.awk
	$(exo_rows) -v form=providers oauth/providers
$(libexoauth_oauth_la_OBJECTS): oauth/meanings.inc oauth/providers.inc

CLEANFILES += oauth/meanings.inc oauth/providers.inc
EXTRA_DIST += $(exo_meanings) oauth/providers oauth/rows.awk
