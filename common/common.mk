# SPDX-License-Identifier: BSD-2-Clause
#
# common/: what plugin and program share. libc only: this is loaded into
# every program that links libsasl2.

noinst_LTLIBRARIES += libexoauth-common.la
libexoauth_common_la_CPPFLAGS = $(exo_cppflags)
libexoauth_common_la_SOURCES = \
	common/account.c \
	common/ask.c \
	common/ask.h \
	common/base64.c \
	common/block.c \
	common/word.c \
	common/buf.c \
	common/clock.c \
	common/conf.c \
	common/conf.h \
	common/conf_find.c \
	common/conf_keys.c \
	common/conf_value.c \
	common/error.c \
	common/file.c \
	common/log.c \
	common/message.c \
	common/path.c \
	common/path_file.c \
	common/path_put.c \
	common/path_rule.c \
	common/path_rule.h \
	common/proto.c \
	common/published.c \
	common/replace.c \
	common/reserve.c \
	common/secret.c \
	common/servers.c \
	common/source.c \
	common/spawn.c \
	common/temp.c \
	common/offer.c \
	common/offer.h \
	common/typed.h \
	common/text.c \
	common/token.c \
	common/trust.c \
	common/wire.c \
	$(NULL)
