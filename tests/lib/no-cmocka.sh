# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Stands in for the C tests where cmocka is missing, so that it is seen.
echo '1..0 # SKIP no cmocka: install libcmocka-dev or libcmocka-devel'
