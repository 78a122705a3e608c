# SPDX-License-Identifier: BSD-2-Clause
#
# helper/broker/: one token for whoever asks, one request at a time. It calls settings
# and app.

libexoauth_helper_la_SOURCES += \
	helper/broker/broker.c \
	helper/broker/broker.h \
	helper/broker/discover.c \
	helper/broker/discover.h \
	helper/broker/due.c \
	helper/broker/flight.c \
	helper/broker/flight.h \
	helper/broker/fresh.c \
	helper/broker/grant.c \
	helper/broker/means.c \
	helper/broker/means.h \
	helper/broker/note.c \
	helper/broker/note.h \
	helper/broker/outcome.c \
	helper/broker/prove.c \
	helper/broker/publish.c \
	helper/broker/secret.c \
	helper/broker/work.h \
	$(NULL)
