# SPDX-License-Identifier: BSD-2-Clause
#
# helper/postfix/: what Postfix's configuration says. It calls nothing but base rooms.

libexoauth_helper_la_SOURCES += \
	helper/postfix/postfix.c \
	helper/postfix/postfix.h \
	helper/postfix/postfix_ask.c \
	helper/postfix/postfix_plugins.c \
	helper/postfix/postfix_show.c \
	helper/postfix/run.c \
	helper/postfix/run.h \
	$(NULL)
