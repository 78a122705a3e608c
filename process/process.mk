# SPDX-License-Identifier: BSD-2-Clause
#
# process/: children of the program, and its own signals. A room of its own as
# mail/ and helper/ need it, and the plugin, which gets all of common/, must
# not fork or touch a signal.

noinst_LTLIBRARIES += libexoauth-process.la
libexoauth_process_la_CPPFLAGS = $(exo_cppflags)
libexoauth_process_la_SOURCES = \
	process/held.h \
	process/process.c \
	process/signals.c \
	process/wait.c \
	$(NULL)
