#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the built plugin asks of the process that loads it: libc and nothing
# else, one exported symbol, and only those functions of libc that are listed
# in symbols.allowed, so that a new one is a decision and not an accident.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need_cmd readelf nm
so=${EXO_PLUGINDIR:-.libs}/libexoauth.so
allowed=${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/plugin/symbols.allowed
need_file "$so" 'run: make'

dynamic=$(readelf -dW "$so")
exported=$(nm -D --defined-only "$so" | awk '{ print $NF }')
undefined=$(nm -D --undefined-only "$so" | awk '{ print $NF }')

# Code that was built to be watched brings its watchers along.
if grep -qE '^(__asan|__ubsan|__tsan|__gcov|__llvm)' <<<"$undefined"; then
    skip_all 'built with sanitizers or coverage'
fi

needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic")
like "$needed" '^libc\.(so\.6|musl-[a-z0-9_]+\.so\.1)$' 'NEEDED is libc alone'
is "$exported" sasl_client_plug_init 'one symbol is exported'
like "$dynamic" 'FLAGS_1.*NODELETE' 'linked with -z nodelete'
like "$dynamic" '(BIND_NOW|FLAGS_1.*NOW)' 'linked with -z now'
unlike "$dynamic" '(RPATH|RUNPATH|TEXTREL)' 'no path, no text relocation'
like "$dynamic" 'INIT_ARRAYSZ\) +(4|8) ' \
    'nothing but the compiler'"'"'s own code runs when it is loaded'

# Neither the version suffix counts, nor how _FORTIFY_SOURCE and 64-bit files
# and times spell a name.
surprises=$(sed -E -e 's/@.*//' -e 's/^__(.*)_chk$/\1/' \
    -e 's/^__(open|openat)(64)?_2$/\1/' -e 's/^__(.*)_time64$/\1/' \
    -e 's/(_time)?64$//' <<<"$undefined" | LC_ALL=C sort -u |
    LC_ALL=C comm -23 - <(grep -v '^#' "$allowed" | LC_ALL=C sort -u))
is "$surprises" '' 'every function it calls is on the list'

banned='getpw.*|getgr.*|initgroups|getaddrinfo|system|popen|(un)?setenv|putenv'
banned+='|signal|sigaction|sigprocmask|umask|chdir|setlocale|pthread_create'
banned+='|atexit|v?fork|dlopen|v?syslog|openlog|setrlimit|exit|abort'
banned+='|strcpy|strcat|v?sprintf|strtok(_r)?|gets'
is "$(sed -E -e 's/@.*//' -e 's/^__(.*)_chk$/\1/' <<<"$undefined" |
    grep -xE "$banned")" '' \
    'nothing that changes the process, asks NSS or is banned'

# Tables of constants are in .data.rel.ro. In .data and .bss there is only what
# the compiler puts there, a pointer each; a variable of ours would be shared
# by threads and outlive sasl_done().
while read -r name size; do
    ok "no variable of ours in $name" test $((16#$size)) -le 16
done < <(readelf -SW "$so" | sed 's/^ *\[ *[0-9]*\]//' |
    awk '$1 == ".data" || $1 == ".bss" { print $1, $5 }')
