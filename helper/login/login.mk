# SPDX-License-Identifier: BSD-2-Clause
#
# helper/login/: how a person or an application gets a first token. It calls broker,
# settings and app.

libexoauth_helper_la_SOURCES += \
	helper/login/browser.c \
	helper/login/browser.h \
	helper/login/device.c \
	helper/login/device.h \
	helper/login/ground.c \
	helper/login/ground.h \
	helper/login/listener.c \
	helper/login/listener.h \
	helper/login/login.h \
	helper/login/login_means.c \
	helper/login/login_person.c \
	helper/login/login_prove.c \
	helper/login/loopback.c \
	helper/login/loopback.h \
	$(NULL)
