# SPDX-License-Identifier: BSD-2-Clause
#
# store/: the credential store: records, locks, backends.

noinst_LTLIBRARIES += libexoauth-store.la
libexoauth_store_la_CPPFLAGS = $(exo_cppflags) $(JSON_CFLAGS) $(CRYPTO_CFLAGS)
libexoauth_store_la_SOURCES = \
	store/backend.h \
	store/file.c \
	store/filedir.c \
	store/filedir.h \
	store/filefault.c \
	store/filelock.c \
	store/guard.c \
	store/guard_key.c \
	store/guard_key.h \
	store/keyring.c \
	store/record.c \
	store/record_inner.h \
	store/record_seal.c \
	store/record_write.c \
	store/seal.c \
	store/store.c \
	store/survey.c \
	store/survey.h \
	store/wrap.c \
	$(NULL)
