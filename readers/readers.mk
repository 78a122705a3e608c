# SPDX-License-Identifier: BSD-2-Clause
#
# readers/: programs that read the files of other programs for exoauth import
# (exoauth-import(5)). exoauth runs them and links none of them.

dist_pkglibexec_SCRIPTS = \
	readers/import-email-oauth2-proxy \
	readers/import-getmail \
	readers/import-mutt \
	readers/import-sasl-xoauth2 \
	$(NULL)

readersdir = $(pkglibexecdir)
dist_readers_DATA = \
	readers/reader.py \
	$(NULL)
