# SPDX-License-Identifier: BSD-2-Clause
#
# helper/app/: who we are, the places of our files, the key and the store. It calls
# nothing but base rooms.

libexoauth_helper_la_SOURCES += \
	helper/app/account_word.c \
	helper/app/account_word.h \
	helper/app/apart.c \
	helper/app/apart.h \
	helper/app/app.c \
	helper/app/app.h \
	helper/app/app_owner.c \
	helper/app/command.c \
	helper/app/command.h \
	helper/app/credential.c \
	helper/app/credential.h \
	helper/app/event.c \
	helper/app/event.h \
	helper/app/hand.c \
	helper/app/hand.h \
	helper/app/key_file.c \
	helper/app/key_file.h \
	helper/app/keys.c \
	helper/app/keys.h \
	helper/app/keys_write.c \
	helper/app/later.c \
	helper/app/later.h \
	helper/app/lock.c \
	helper/app/lock.h \
	helper/app/names.c \
	helper/app/names.h \
	helper/app/ours.c \
	helper/app/ours.h \
	helper/app/out.c \
	helper/app/out.h \
	helper/app/outfile.c \
	helper/app/outfile.h \
	helper/app/passphrase.c \
	helper/app/passphrase.h \
	helper/app/place.c \
	helper/app/place.h \
	helper/app/place_drop.c \
	helper/app/prompt.c \
	helper/app/prompt.h \
	helper/app/spend.c \
	helper/app/spend.h \
	helper/app/spot.c \
	helper/app/spot.h \
	helper/app/sweep.c \
	$(NULL)
