# SPDX-License-Identifier: BSD-2-Clause
#
# helper/cli/: the command line and the commands, which fill the requests of the
# rooms below and print what comes of them. It may call all of them.

libexoauth_helper_la_SOURCES += \
	helper/cli/cmd.h \
	helper/cli/cmd_connect.c \
	helper/cli/cmd_doctor.c \
	helper/cli/cmd_explain.c \
	helper/cli/cmd_export.c \
	helper/cli/cmd_import.c \
	helper/cli/cmd_list.c \
	helper/cli/cmd_login.c \
	helper/cli/cmd_refresh.c \
	helper/cli/cmd_rekey.c \
	helper/cli/cmd_remove.c \
	helper/cli/cmd_serve.c \
	helper/cli/cmd_setup.c \
	helper/cli/cmd_show.c \
	helper/cli/cmd_status.c \
	helper/cli/cmd_test.c \
	helper/cli/cmd_token.c \
	helper/cli/options.c \
	helper/cli/options.h \
	helper/cli/options_table.c \
	helper/cli/options_table.h \
	helper/cli/rekey.c \
	helper/cli/rekey.h \
	helper/cli/session.c \
	helper/cli/session.h \
	$(NULL)
