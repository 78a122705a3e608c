# SPDX-License-Identifier: BSD-2-Clause
#
# Libraries by pkg-config. What is missing is collected and told once, with
# the names of the packages that have it, so nobody installs them one by one.

# EXO_PKG(VARIABLE, MODULE-SPEC, DEBIAN-PACKAGE, FEDORA-PACKAGE)
# --------------------------------------------------------------
# Set VARIABLE_CFLAGS and VARIABLE_LIBS, or remember what to install.
AC_DEFUN([EXO_PKG], [
PKG_CHECK_MODULES([$1], [$2], [:], [EXO_MISSING([$2], [$3], [$4])])])

# EXO_PKG_OPTIONAL(VARIABLE, MODULE-SPEC, DEBIAN-PACKAGE, FEDORA-PACKAGE, USE)
# --------------------------------------------------------------------------
# The same for what the build can do without. Sets have_VARIABLE to yes, or to
# no and what to install; tells of it only beside something that is needed.
AC_DEFUN([EXO_PKG_OPTIONAL], [
PKG_CHECK_MODULES([$1], [$2], [have_$1=yes],
    [have_$1='no: install $3 (Debian) or $4 (Fedora)'
     exo_optional="
    $2 (only for $5): $3 (Debian), $4 (Fedora)"
     exo_optional_deb=" $3"
     exo_optional_rpm=" $4"])])

# EXO_MISSING(WHAT, DEBIAN-PACKAGE, FEDORA-PACKAGE)
# -------------------------------------------------
AC_DEFUN([EXO_MISSING], [
AS_VAR_APPEND([exo_missing], ["
    $1: $2 (Debian), $3 (Fedora)"])
AS_VAR_APPEND([exo_missing_deb], [" $2"])
AS_VAR_APPEND([exo_missing_rpm], [" $3"])])

# EXO_PKG_END
# -----------
# Stop if anything is missing.
AC_DEFUN([EXO_PKG_END], [
AS_IF([test -n "$exo_missing"],
    [AC_MSG_ERROR([missing or too old:$exo_missing$exo_optional
  Debian:  apt install$exo_missing_deb$exo_optional_deb
  Fedora:  dnf install$exo_missing_rpm$exo_optional_rpm
  A library in a place of its own is found through PKG_CONFIG_PATH.])])])
