# SPDX-License-Identifier: BSD-2-Clause
#
# helper/serve/: answers on sockets. It calls broker, settings and app.

libexoauth_helper_la_SOURCES += \
	helper/serve/askers.c \
	helper/serve/askers.h \
	helper/serve/listen.c \
	helper/serve/listen.h \
	helper/serve/listen_open.c \
	helper/serve/serve.c \
	helper/serve/serve.h \
	helper/serve/waiting.c \
	helper/serve/waiting.h \
	$(NULL)
