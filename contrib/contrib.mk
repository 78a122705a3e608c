# SPDX-License-Identifier: BSD-2-Clause
#
# contrib/: what fits exoauth into a system. Units that name the program are
# made by make, because $(bindir) is final only there.

systemd_units = \
	contrib/systemd/exoauth.socket \
	contrib/systemd/exoauth@.service \
	contrib/systemd/exoauth-refresh.service \
	$(NULL)

EXTRA_DIST += \
	contrib/container/Containerfile \
	contrib/container/compose.yaml \
	contrib/container/kubernetes.yaml \
	contrib/container/relay \
	contrib/container/sasl2/exoauth.conf \
	contrib/container/sasl2/exoauth.d/relay@contoso.com.conf \
	contrib/systemd/exoauth.socket.in \
	contrib/systemd/exoauth@.service.in \
	contrib/systemd/exoauth-refresh.service.in \
	contrib/systemd/exoauth-refresh.timer \
	contrib/systemd/sysusers.d/exoauth.conf \
	contrib/systemd/tmpfiles.d/exoauth.conf \
	$(NULL)

EXTRA_DIST += \
	contrib/completions/bash/exoauth \
	contrib/completions/fish/exoauth.fish \
	contrib/completions/zsh/_exoauth \
	$(NULL)

EXTRA_DIST += \
	contrib/selinux/exoauth.fc \
	contrib/selinux/exoauth.if \
	contrib/selinux/exoauth.te \
	$(NULL)

if INSTALL_BASHCOMPLETIONDIR
bashcompletion_DATA = contrib/completions/bash/exoauth
endif
if INSTALL_FISHCOMPLETIONDIR
fishcompletion_DATA = contrib/completions/fish/exoauth.fish
endif
if INSTALL_ZSHCOMPLETIONDIR
zshcompletion_DATA = contrib/completions/zsh/_exoauth
endif

if INSTALL_SYSTEMDSYSTEMUNITDIR
nodist_systemdsystemunit_DATA = $(systemd_units)
systemdsystemunit_DATA = contrib/systemd/exoauth-refresh.timer
endif
if INSTALL_SYSUSERSDIR
sysusers_DATA = contrib/systemd/sysusers.d/exoauth.conf
endif
if INSTALL_TMPFILESDIR
tmpfiles_DATA = contrib/systemd/tmpfiles.d/exoauth.conf
endif

CLEANFILES += $(systemd_units)

contrib/systemd/exoauth.socket: contrib/systemd/exoauth.socket.in
contrib/systemd/exoauth@.service: contrib/systemd/exoauth@.service.in
contrib/systemd/exoauth-refresh.service: \
	contrib/systemd/exoauth-refresh.service.in

$(systemd_units): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(SED) -e 's|[@]bindir[@]|$(bindir)|g' \
		-e 's|[@]SYSTEMD_POLL_LIMIT[@]|$(SYSTEMD_POLL_LIMIT)|g' \
		<$(srcdir)/$@.in >$@-t && mv -f $@-t $@
