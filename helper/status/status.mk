# SPDX-License-Identifier: BSD-2-Clause
#
# helper/status/: how the accounts are, in every form. It calls settings and app.

libexoauth_helper_la_SOURCES += \
	helper/status/status.c \
	helper/status/status.h \
	helper/status/status_file.c \
	helper/status/status_json.c \
	helper/status/status_judge.c \
	helper/status/status_nagios.c \
	helper/status/status_prometheus.c \
	helper/status/status_read.c \
	helper/status/status_table.c \
	$(NULL)
