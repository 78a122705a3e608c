# SPDX-License-Identifier: BSD-2-Clause
#
# helper/settings/: the keys of an account and what they come to. It calls app.

libexoauth_helper_la_SOURCES += \
	helper/settings/draft.c \
	helper/settings/draft.h \
	helper/settings/draft_file.c \
	helper/settings/peer.c \
	helper/settings/peer.h \
	helper/settings/reach.c \
	helper/settings/reach.h \
	helper/settings/settings.h \
	helper/settings/settings_check.c \
	helper/settings/settings_client.c \
	helper/settings/settings_expiry.c \
	helper/settings/settings_file.c \
	helper/settings/settings_grant.c \
	helper/settings/settings_inner.h \
	helper/settings/settings_key.c \
	helper/settings/settings_load.c \
	helper/settings/settings_provider.c \
	helper/settings/show.c \
	helper/settings/show.h \
	helper/settings/trouble.c \
	helper/settings/trouble.h \
	$(NULL)
