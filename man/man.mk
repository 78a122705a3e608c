# SPDX-License-Identifier: BSD-2-Clause
#
# man/: hand-written mdoc, installed as it is.

dist_man_MANS = \
	$(NULL)
