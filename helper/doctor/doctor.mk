# SPDX-License-Identifier: BSD-2-Clause
#
# helper/doctor/: what is wrong with a host. It calls postfix, status, broker, settings
# and app, and changes nothing.

libexoauth_helper_la_SOURCES += \
	helper/doctor/doctor.c \
	helper/doctor/doctor.h \
	helper/doctor/doctor_bundle.c \
	helper/doctor/doctor_claims.c \
	helper/doctor/doctor_claims.h \
	helper/doctor/doctor_conf.c \
	helper/doctor/doctor_files.c \
	helper/doctor/doctor_fit.c \
	helper/doctor/doctor_fit.h \
	helper/doctor/doctor_jail.c \
	helper/doctor/doctor_map.c \
	helper/doctor/doctor_plugin.c \
	helper/doctor/doctor_postfix.c \
	helper/doctor/doctor_postfix.h \
	helper/doctor/doctor_print.c \
	helper/doctor/doctor_provider.c \
	helper/doctor/doctor_relay.c \
	helper/doctor/doctor_rules.c \
	helper/doctor/doctor_selinux.c \
	helper/doctor/doctor_store.c \
	helper/doctor/doctor_table.c \
	helper/doctor/doctor_token.c \
	helper/doctor/doctor_view.c \
	helper/doctor/doctor_ways.c \
	$(NULL)
