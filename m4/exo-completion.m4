# SPDX-License-Identifier: BSD-2-Clause

# EXO_COMPLETION_DIR(VARIABLE, PACKAGE, FALLBACK, SHELL)
# ------------------------------------------------------
# --with-VARIABLE[=DIR|no]: where the completion for SHELL is installed. The
# default is what PACKAGE.pc says, where there is one, else FALLBACK, which may
# use the directory variables of make. Sets and substitutes VARIABLE, and the
# Automake conditional INSTALL_VARIABLE.
AC_DEFUN([EXO_COMPLETION_DIR], [
AC_ARG_WITH([$1],
    [AS_HELP_STRING([--with-$1[[=DIR|no]]],
        [install the completion for $4 in DIR @<:@default: where $4 looks@:>@])],
    [], [with_$1=yes])
AS_CASE([$with_$1],
    [no], [$1=],
    [yes], [m4_ifval([$2],
        [$1=`$PKG_CONFIG --variable=completionsdir $2 2>/dev/null`
         AS_IF([test -z "$$1"], [$1='$3'])],
        [$1='$3'])],
    [/*], [$1=$with_$1],
    [AC_MSG_ERROR([--with-$1 needs an absolute directory, not '$with_$1'])])
AC_SUBST([$1])
AM_CONDITIONAL([INSTALL_]m4_toupper([$1]), [test -n "$$1"])])
