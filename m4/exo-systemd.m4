# SPDX-License-Identifier: BSD-2-Clause

# EXO_SYSTEMD_DIR(VARIABLE, PKG-CONFIG-VARIABLE, WHAT)
# ----------------------------------------------------
# --with-VARIABLE[=DIR|no]: where WHAT is installed. The default is what
# systemd.pc says, and nothing is installed where there is none. Sets and
# substitutes VARIABLE, and the Automake conditional INSTALL_VARIABLE.
AC_DEFUN([EXO_SYSTEMD_DIR], [
AC_ARG_WITH([$1],
    [AS_HELP_STRING([--with-$1[[=DIR|no]]],
        [install $3 in DIR @<:@default: as systemd.pc says@:>@])],
    [], [with_$1=yes])
AS_CASE([$with_$1],
    [no], [$1=],
    [yes], [$1=`$PKG_CONFIG --variable=$2 systemd 2>/dev/null`],
    [/*], [$1=$with_$1],
    [AC_MSG_ERROR([--with-$1 needs an absolute directory, not '$with_$1'])])
AC_SUBST([$1])
AM_CONDITIONAL([INSTALL_]m4_toupper([$1]), [test -n "$$1"])])
