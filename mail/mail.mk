# SPDX-License-Identifier: BSD-2-Clause
#
# mail/: a login at a mail server through libsasl2, over TLS, and what libsasl2
# of this host loads. With plugin/ the only room that knows SASL.

noinst_LTLIBRARIES += libexoauth-mail.la
libexoauth_mail_la_CPPFLAGS = $(exo_cppflags) $(SASL_CFLAGS) $(SSL_CFLAGS)
libexoauth_mail_la_SOURCES = \
	mail/child.c \
	mail/child.h \
	mail/dial.c \
	mail/hide.c \
	mail/hide.h \
	mail/imap.c \
	mail/inner.h \
	mail/login.c \
	mail/login_try.c \
	mail/lookup.c \
	mail/lookup.h \
	mail/mail.c \
	mail/parse.c \
	mail/parse.h \
	mail/pipe.c \
	mail/plugins.c \
	mail/pop3.c \
	mail/ready.c \
	mail/sasl.c \
	mail/sasl.h \
	mail/smtp.c \
	mail/stream.c \
	mail/stream.h \
	mail/talk.c \
	mail/tls.c \
	$(NULL)
