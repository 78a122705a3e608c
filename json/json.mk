# SPDX-License-Identifier: BSD-2-Clause
#
# json/: what JSON is, and its tree.

noinst_LTLIBRARIES += libexoauth-json.la
libexoauth_json_la_CPPFLAGS = $(exo_cppflags) $(JSON_CFLAGS)
libexoauth_json_la_SOURCES = \
	json/build.c \
	json/build.h \
	json/check.c \
	json/json.c \
	json/write.c \
	$(NULL)
