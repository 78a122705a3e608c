# SPDX-License-Identifier: BSD-2-Clause
#
# plugin/: the SASL mechanism. All objects are in a library of their own so
# that the tests link what ships; the module itself has no source.

noinst_LTLIBRARIES += libexoauth-plugin-int.la
libexoauth_plugin_int_la_CPPFLAGS = $(exo_cppflags) $(SASL_CFLAGS)
libexoauth_plugin_int_la_SOURCES = \
	plugin/challenge.c \
	plugin/init.c \
	plugin/mech.c \
	plugin/plugin.h \
	plugin/prompt.c \
	plugin/status.c \
	$(NULL)

# nodelete: libsasl2 closes its plugins in sasl_done() while other threads of
# the host may still be inside. Nothing but libc is linked, and -z defs (in
# EXO_MODULE_LDFLAGS) holds us to it. "exec" in the name of the directory
# makes the plugin part of install-exec, where programs belong.
pluginexecdir = $(plugindir)
pluginexec_LTLIBRARIES = libexoauth.la
libexoauth_la_SOURCES =
libexoauth_la_LIBADD = \
	libexoauth-plugin-int.la \
	libexoauth-common.la \
	$(NULL)
libexoauth_la_LDFLAGS = \
	$(AM_LDFLAGS) \
	$(EXO_MODULE_LDFLAGS) \
	-module -avoid-version -shared \
	-export-symbols-regex '^sasl_client_plug_init$$' \
	-Wl,-z,nodelete \
	$(NULL)

# libsasl2 may take a .la for the plugin and skip the .so beside it, so none
# is installed; uninstall then has to find the .so without libtool's help.
install-exec-hook:
	rm -f $(DESTDIR)$(plugindir)/libexoauth.la

uninstall-hook:
	rm -f $(DESTDIR)$(plugindir)/libexoauth.so
