# SPDX-License-Identifier: BSD-2-Clause
#
# helper/import/: what other programs and bundles have, as credentials of ours. It calls
# broker, settings and app.

libexoauth_helper_la_SOURCES += \
	helper/import/bundle.c \
	helper/import/bundle.h \
	helper/import/import.c \
	helper/import/import.h \
	helper/import/import_block.c \
	helper/import/import_files.c \
	helper/import/import_item.c \
	helper/import/import_reader.c \
	helper/import/import_reader.h \
	$(NULL)
