# SPDX-License-Identifier: BSD-2-Clause
#
# net/: one HTTPS request, safely. The only room that knows libcurl.

noinst_LTLIBRARIES += libexoauth-net.la
libexoauth_net_la_CPPFLAGS = $(exo_cppflags) $(CURL_CFLAGS)
libexoauth_net_la_SOURCES = \
	net/drive.c \
	net/explain.c \
	net/http.c \
	net/library.c \
	net/net.h \
	net/reply.c \
	net/trace.c \
	net/url.c \
	net/way.c \
	$(NULL)
