/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: does SELinux stand in the way? Called by cmd_doctor.c. Whether it
 * enforces is one digit of the kernel's; what it has denied of late stands in
 * the log of the audit daemon, which only root may read. Denials that name
 * neither exoauth nor the clients of Postfix are others' business.
 */
#include "config.h"

#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/clock.h"

#define SYSFS "/sys/fs/selinux"
#define AUDIT_LOG "/var/log/audit/audit.log"
#define TAIL ((size_t)1024 * 1024)
#define RECENT 86400 /* seconds */

/* '0' or '1'; 0 if there is no SELinux. */
static char enforcing(const char *sysfs)
{
    struct exo_buf path = EXO_BUF_INIT(4096);
    const char *name;
    char digit = 0;
    int fd;

    exo_buf_fmt(&path, "%s/enforce", sysfs);
    fd =
        exo_buf_done(&path, &name) == 0 ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        if (read(fd, &digit, 1) != 1) {
            digit = 0;
        }
        (void)close(fd);
    }
    exo_buf_free(&path);
    return digit;
}

static int read_tail(const char *path, struct exo_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    off_t size;
    char *room;
    ssize_t n;
    int rc = 0;

    if (fd < 0) {
        return exo_error_from_errno(errno);
    }
    size = lseek(fd, 0, SEEK_END);
    (void)lseek(fd, size > (off_t)TAIL ? size - (off_t)TAIL : 0, SEEK_SET);
    while (rc == 0 && (room = exo_buf_reserve(out, 65536)) != NULL) {
        n = read(fd, room, 65536);
        if (n <= 0) {
            rc = n == 0 ? 1 : EXO_E_IO;
        } else {
            out->len += (size_t)n;
            out->data[out->len] = '\0';
        }
    }
    (void)close(fd);
    return rc == EXO_E_IO ? rc : 0;
}

/* "type=AVC msg=audit(1795000000.123:45): avc:  denied  { read } for ..." */
static bool is_ours(const char *line, int64_t now)
{
    const char *when = strstr(line, "audit(");

    return strstr(line, "avc:") && strstr(line, "denied") &&
           (strstr(line, "exoauth") || strstr(line, "postfix_smtp")) && when &&
           strtoll(when + strlen("audit("), NULL, 10) >= now - RECENT;
}

/* NAME="VALUE" of such a line, without the quotation marks. */
static void field(const char *line, const char *name, struct exo_buf *out)
{
    const char *at = strstr(line, name);

    if (at) {
        at += strlen(name);
        at += *at == '"';
        exo_buf_add(out, at, strcspn(at, "\" "));
    }
}

static void tell_denials(struct exo_doctor *d, char *text, int64_t now)
{
    struct exo_buf comm = EXO_BUF_INIT(64);
    struct exo_buf name = EXO_BUF_INIT(256);
    const char *last = NULL;
    size_t count = 0;
    char *end;

    for (char *line = text; line && *line != '\0';
         line = end ? end + 1 : NULL) {
        end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        if (is_ours(line, now)) {
            last = line;
            count++;
        }
    }
    if (last) {
        field(last, " comm=", &comm);
        field(last, " name=", &name);
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "SELinux denied exoauth or Postfix %zu time%s in the "
                        "last day, last %s on %s; install the policy of "
                        "contrib/selinux, see: ausearch -m AVC -ts recent",
                        count, count == 1 ? "" : "s", exo_buf_shown(&comm),
                        name.len > 0 ? exo_buf_shown(&name) : "?");
    } else {
        exo_doctor_ok(d, NULL,
                      "SELinux enforces, and denied nothing of "
                      "exoauth's in the last day");
    }
    exo_buf_free(&comm);
    exo_buf_free(&name);
}

void exo_selinux_look(struct exo_doctor *d, const char *sysfs,
                      const char *audit_log, int64_t now)
{
    struct exo_buf text = EXO_BUF_INIT(2 * TAIL);
    char mode = enforcing(sysfs);
    int rc;

    if (mode != '1') {
        exo_doctor_ok(d, NULL, "SELinux %s",
                      mode == 0 ? "is not there" : "does not enforce");
        return;
    }
    rc = read_tail(audit_log, &text);
    if (rc == EXO_E_ACCESS) {
        exo_doctor_skip(d, NULL,
                        "SELinux enforces; what it denied: not checked: needs "
                        "root");
    } else if (rc != 0) {
        exo_doctor_skip(d, NULL,
                        "SELinux enforces; what it denied: not checked: there "
                        "is no %s; see: journalctl -t audit",
                        audit_log);
    } else {
        tell_denials(d, text.data, now);
    }
    exo_buf_free(&text);
}

void exo_check_selinux(struct exo_doctor *d)
{
    exo_selinux_look(d, SYSFS, AUDIT_LOG, exo_clock_now());
}
