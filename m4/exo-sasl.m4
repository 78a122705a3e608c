# SPDX-License-Identifier: BSD-2-Clause
#
# Where libsasl2 looks for plugins and for configuration is compiled into it
# and stands in no header and no .pc file, so libsasl2 itself is asked.

# EXO_SASL_PATHS
# --------------
# Set exo_sasl_plugindir to the first directory libsasl2 searches for plugins
# and exo_sasl_confpath to its configuration path, a colon-separated list;
# exo_sasl_asked says whether libsasl2 gave the answer or it is a guess.
#
# The program stands in for opendir(), so it sees which directory is searched
# and no plugin is loaded; the configuration path comes through the utilities
# that libsasl2 hands to every plugin. SASL_PATH and SASL_CONF_PATH of the
# person who builds must not become everybody's default. _exit() keeps leak
# checkers of the user's CFLAGS quiet.
AC_DEFUN([EXO_SASL_PATHS], [
AC_MSG_CHECKING([where libsasl2 looks for plugins])
exo_saved_cflags=$CFLAGS
exo_saved_libs=$LIBS
CFLAGS="$CFLAGS $SASL_CFLAGS"
LIBS="$SASL_LIBS $LIBS"
exo_sasl_plugindir=
exo_sasl_confpath=
AC_RUN_IFELSE([AC_LANG_SOURCE([[
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>

static FILE *answers;

DIR *opendir(const char *name)
{
    if (answers != NULL)
        fprintf(answers, "plugindir %s\n", name);
    return NULL;
}

static int probe_init(const sasl_utils_t *utils, int max_version,
                      int *out_version, sasl_client_plug_t **plugins,
                      int *count)
{
    int (*proc)(void) = NULL;
    void *context = NULL;
    char *path = NULL;

    (void)max_version;
    if (utils->getcallback(NULL, SASL_CB_GETCONFPATH, (void *)&proc,
                           &context) == SASL_OK && proc != NULL &&
        ((sasl_getconfpath_t *)proc)(context, &path) == SASL_OK &&
        path != NULL)
        fprintf(answers, "confpath %s\n", path);
    *out_version = SASL_CLIENT_PLUG_VERSION;
    *plugins = NULL;
    *count = 0;
    return SASL_OK;
}

int main(void)
{
    unsetenv("SASL_PATH");
    unsetenv("SASL_CONF_PATH");
    answers = fopen("conftest.sasl", "w");
    if (answers == NULL || sasl_client_init(NULL) != SASL_OK)
        return 1;
    if (sasl_client_add_plugin("probe", probe_init) != SASL_OK)
        return 1;
    _exit(fclose(answers) == 0 ? 0 : 1);
}
]])],
    [exo_sasl_plugindir=`sed -n '/^plugindir \//{s///;s/^/\//;s/\/*$//;p;q;}' conftest.sasl`
     exo_sasl_confpath=`sed -n 's/^confpath \//\//p' conftest.sasl`],
    [], [:])
rm -f conftest.sasl
CFLAGS=$exo_saved_cflags
LIBS=$exo_saved_libs

exo_sasl_asked=yes
AS_IF([test -z "$exo_sasl_plugindir"],
    [exo_sasl_asked=no
     exo_sasl_plugindir=`$PKG_CONFIG --variable=libdir libsasl2 2>/dev/null`
     AS_IF([test -z "$exo_sasl_plugindir"], [exo_sasl_plugindir=/usr/lib])
     AS_VAR_APPEND([exo_sasl_plugindir], [/sasl2])])
AS_IF([test $exo_sasl_asked = yes],
    [AC_MSG_RESULT([$exo_sasl_plugindir])],
    [AC_MSG_RESULT([not told, guessing $exo_sasl_plugindir])])
AC_MSG_CHECKING([where libsasl2 looks for configuration])
AS_IF([test -n "$exo_sasl_confpath"],
    [AC_MSG_RESULT([$exo_sasl_confpath])],
    [exo_sasl_confpath=/etc/sasl2
     AC_MSG_RESULT([not told, guessing $exo_sasl_confpath])])])
