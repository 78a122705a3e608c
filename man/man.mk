# SPDX-License-Identifier: BSD-2-Clause
#
# man/: hand-written mdoc, installed as it is.

dist_man_MANS = \
	man/exoauth-import.5 \
	man/exoauth-exchange.7 \
	man/exoauth-recipes.7 \
	man/exoauth.1 \
	man/exoauth.conf.5 \
	man/libexoauth.8 \
	$(NULL)
