# SPDX-License-Identifier: BSD-2-Clause
#
# helper/setup/: changes that let Postfix log in, and their undoing. It calls postfix,
# settings and app.

libexoauth_helper_la_SOURCES += \
	helper/setup/setup.h \
	helper/setup/setup_apply.c \
	helper/setup/setup_changes.c \
	helper/setup/setup_check.c \
	helper/setup/setup_check.h \
	helper/setup/setup_client.c \
	helper/setup/setup_client.h \
	helper/setup/setup_draft.c \
	helper/setup/setup_file.c \
	helper/setup/setup_journal.c \
	helper/setup/setup_journal.h \
	helper/setup/setup_judge.c \
	helper/setup/setup_maps.c \
	helper/setup/setup_plan.c \
	helper/setup/setup_read.c \
	helper/setup/setup_route.c \
	helper/setup/setup_serve.c \
	helper/setup/setup_texts.c \
	helper/setup/setup_undo.c \
	helper/setup/setup_undo.h \
	helper/setup/setup_warn.c \
	$(NULL)
