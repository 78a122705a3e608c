# SPDX-License-Identifier: BSD-2-Clause
#
# Compiler and linker flags are asked for, never assumed: each is tried
# alone, and a complaint (-Werror) counts as no. They go into variables of
# their own, so CFLAGS, CPPFLAGS and LDFLAGS stay the user's and come last.

# EXO_CC_FLAGS(VARIABLE, FLAGS)
# -----------------------------
# Append to VARIABLE each of the blank-separated FLAGS the compiler takes.
AC_DEFUN([EXO_CC_FLAGS], [
for exo_flag in m4_normalize([$2]); do
    AC_MSG_CHECKING([whether $CC takes $exo_flag])
    exo_saved=$CFLAGS
    CFLAGS="-Werror $exo_flag $CFLAGS"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]])],
        [AC_MSG_RESULT([yes])
         AS_VAR_APPEND([$1], [" $exo_flag"])],
        [AC_MSG_RESULT([no])])
    CFLAGS=$exo_saved
done])

# EXO_LD_FLAGS(VARIABLE, FLAGS)
# -----------------------------
# The same for flags that only the linker sees.
AC_DEFUN([EXO_LD_FLAGS], [
for exo_flag in m4_normalize([$2]); do
    AC_MSG_CHECKING([whether the linker takes $exo_flag])
    exo_saved=$LDFLAGS
    LDFLAGS="-Werror $exo_flag $LDFLAGS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]])],
        [AC_MSG_RESULT([yes])
         AS_VAR_APPEND([$1], [" $exo_flag"])],
        [AC_MSG_RESULT([no])])
    LDFLAGS=$exo_saved
done])

# EXO_FORTIFY(VARIABLE)
# ---------------------
# Set VARIABLE to the highest _FORTIFY_SOURCE that works without a warning:
# none without optimisation, none over a different level in CPPFLAGS.
AC_DEFUN([EXO_FORTIFY], [
AC_MSG_CHECKING([which _FORTIFY_SOURCE works])
exo_saved_cflags=$CFLAGS
exo_saved_cppflags=$CPPFLAGS
CFLAGS="-Werror $CFLAGS"
exo_fortify=none
for exo_level in 3 2; do
    $1="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$exo_level"
    CPPFLAGS="$$1 $exo_saved_cppflags"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]])],
        [exo_fortify=$exo_level; break])
done
CFLAGS=$exo_saved_cflags
CPPFLAGS=$exo_saved_cppflags
AS_IF([test $exo_fortify = none], [$1=])
AC_MSG_RESULT([$exo_fortify])])
