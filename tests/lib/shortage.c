/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shortage.so: preloaded into a command, it fails one allocation or one call
 * of the C library. tests/lib/shortage.py says which and reads what happened,
 * through a file that all processes of the command map (EXO_SHORTAGE).
 *
 * A point counts where the caller is exoauth, its plugin or json-c, or the C
 * library on their behalf (strdup, opendir). What libcurl and OpenSSL
 * allocate is counted every `step` times, as their own error paths are not
 * ours to prove; of what they call each one counts. A call that fails has done
 * nothing, but for close, which has closed. The numbers are those of the order
 * in time, over all processes.
 */
/* Each name as it is: these make one of two. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#undef _FORTIFY_SOURCE

#include "config.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define FRAMES 24
#define MODULES 192
#define POINTS 32768

enum { KIND_ALLOC = 1, KIND_CALL = 2 };

/* As shortage.py packs it. */
struct board {
    int64_t want;          /* the point that fails, from 1 */
    _Atomic int64_t count; /* points so far */
    _Atomic int64_t fired;
    int64_t kinds;
    int64_t step;
    _Atomic int64_t others;
    int64_t persist; /* so do all after it */
    int64_t record;  /* notes the way to each point */
    int64_t pid;     /* of the process in which it failed */
    char text[4024]; /* call, errno, and who called whom */
    uint64_t way[POINTS];
};

enum owner { OWNER_NONE, OWNER_OURS, OWNER_THEIRS, OWNER_LIBC };

struct module {
    uintptr_t from, to, base;
    enum owner owner;
    char name[40];
};

static struct board *board;
static struct module modules[MODULES];
static size_t n_modules;
static bool main_is_ours;
static __thread int inside;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern int __open64_2(const char *path, int flags);
extern int __openat64_2(int at, const char *path, int flags);

static enum owner owner_of(const char *path, const char *name)
{
    static const char *const theirs[] = { "libcurl.", "libcurl-", "libssl.",
                                          "libcrypto." };

    if (path[0] == '\0') {
        return main_is_ours ? OWNER_OURS : OWNER_NONE;
    }
    if (strncmp(name, "libexoauth", 10) == 0 ||
        strncmp(name, "libjson-c.", 10) == 0) {
        return OWNER_OURS;
    }
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++) {
        if (strncmp(name, theirs[i], strlen(theirs[i])) == 0) {
            return OWNER_THEIRS;
        }
    }
    return strncmp(name, "libc.", 5) == 0 || strstr(name, "shortage") != NULL
               ? OWNER_LIBC
               : OWNER_NONE;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *context)
{
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash ? slash + 1 : info->dlpi_name;

    (void)size;
    (void)context;
    for (int i = 0; i < info->dlpi_phnum && n_modules < MODULES; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        struct module *m = &modules[n_modules];

        if (h->p_type != PT_LOAD || (h->p_flags & PF_X) == 0) {
            continue;
        }
        m->base = info->dlpi_addr;
        m->from = m->base + h->p_vaddr;
        m->to = m->from + h->p_memsz;
        m->owner = owner_of(info->dlpi_name, name);
        (void)snprintf(m->name, sizeof m->name, "%s",
                       name[0] != '\0' ? name : "exoauth");
        n_modules++;
    }
    return 0;
}

/* Plugins come and go while the program runs. */
static const struct module *find_module(uintptr_t pc)
{
    for (int again = 0; again < 2; again++) {
        for (size_t i = n_modules; i-- > 0;) {
            if (pc >= modules[i].from && pc < modules[i].to) {
                return &modules[i];
            }
        }
        if (again == 0) {
            n_modules = 0;
            (void)dl_iterate_phdr(add_module, NULL);
        }
    }
    return NULL;
}

/* Most callers are told by the address that is returned to. */
static enum owner who_called(void *back, void **frames, int *n)
{
    const struct module *first = find_module((uintptr_t)back - 1);

    if (first == NULL || first->owner != OWNER_LIBC) {
        return first ? first->owner : OWNER_NONE;
    }
    *n = backtrace(frames, FRAMES);
    for (int i = 1; i < *n; i++) {
        const struct module *m = find_module((uintptr_t)frames[i] - 1);

        if (m == NULL || m->owner == OWNER_NONE) {
            return OWNER_NONE;
        }
        if (m->owner != OWNER_LIBC) {
            return m->owner;
        }
    }
    return OWNER_NONE;
}

static void note(const char *what, int error, void **frames, int n)
{
    size_t at =
        (size_t)snprintf(board->text, sizeof board->text, "%s %d", what, error);

    for (int i = 1; i < n && at + 80 < sizeof board->text; i++) {
        const struct module *m = find_module((uintptr_t)frames[i] - 1);

        if (m == NULL || strstr(m->name, "shortage") != NULL) {
            continue;
        }
        at += (size_t)snprintf(
            board->text + at, sizeof board->text - at, " %s+0x%lx", m->name,
            (unsigned long)((uintptr_t)frames[i] - 1 - m->base));
    }
}

/* Points that are reached alike need not all be tried. */
static void record(int64_t number, const char *what, void **frames, int n)
{
    uint64_t hash = (uint64_t)what[0] * 31 + (uint64_t)what[1];

    for (int i = 1; i < n; i++) {
        const struct module *m = find_module((uintptr_t)frames[i] - 1);

        hash = (hash ^ ((uintptr_t)frames[i] - (m ? m->base : 0))) *
               0x100000001b3ULL;
    }
    if (number <= POINTS) {
        board->way[number - 1] = hash;
    }
}

/* Is it this one's turn to fail? */
static bool fails_from(void *back, int kind, const char *what, int error)
{
    void *frames[FRAMES];
    enum owner owner;
    int64_t number;
    bool due = false;
    int saved = errno;
    int n = 0;

    if (board == NULL || inside != 0 || (board->kinds & kind) == 0) {
        return false;
    }
    inside++;
    owner = who_called(back, frames, &n);
    if (owner == OWNER_OURS || (owner == OWNER_THEIRS && kind == KIND_CALL) ||
        (owner == OWNER_THEIRS && board->step > 0 &&
         atomic_fetch_add(&board->others, 1) % board->step == 0)) {
        number = atomic_fetch_add(&board->count, 1) + 1;
        due = number == board->want ||
              (board->persist != 0 && number > board->want);
        if (board->record != 0) {
            n = n > 0 ? n : backtrace(frames, FRAMES);
            record(number, what, frames, n);
        }
        if (number == board->want) {
            note(what, error, frames, n > 0 ? n : backtrace(frames, FRAMES));
            board->pid = getpid();
            atomic_fetch_add(&board->fired, 1);
        }
    }
    inside--;
    errno = due ? error : saved;
    return due;
}

/* In the function that the caller has called. */
#define fails(kind, what, error) \
    fails_from(__builtin_return_address(0), kind, what, error)

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("EXO_SHORTAGE");
    char exe[4096];
    void *frames[2];
    ssize_t len;
    int fd;

    inside++;
    len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[len > 0 ? len : 0] = '\0';
    main_is_ours = len >= 8 && strcmp(exe + len - 8, "/exoauth") == 0;
    /* The first one loads libgcc_s. */
    (void)backtrace(frames, 2);
    (void)dl_iterate_phdr(add_module, NULL);
    fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *at = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);

        board = at != MAP_FAILED ? at : NULL;
        (void)close(fd);
    }
    inside--;
}

static void *real(const char *name)
{
    void *found;

    inside++;
    found = dlsym(RTLD_NEXT, name);
    inside--;
    return found;
}

/* ---- allocations. What is freed is real. */

EXPORT void *malloc(size_t size)
{
    return fails(KIND_ALLOC, "malloc", ENOMEM) ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
    return fails(KIND_ALLOC, "calloc", ENOMEM) ? NULL : __libc_calloc(n, size);
}

EXPORT void *realloc(void *old, size_t size)
{
    return fails(KIND_ALLOC, "realloc", ENOMEM) ? NULL
                                                : __libc_realloc(old, size);
}

EXPORT void *reallocarray(void *old, size_t n, size_t size)
{
    size_t all;

    if (__builtin_mul_overflow(n, size, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return fails(KIND_ALLOC, "reallocarray", ENOMEM) ? NULL
                                                     : __libc_realloc(old, all);
}

/* ---- calls */

#define CALL(type, name, params, args, error, failure) \
    MAKE(0, type, name, params, args, error, failure)
/* What glibc allocates for a name is no point: its own code dies of it. */
#define NSS(type, name, params, args, error, failure) \
    MAKE(1, type, name, params, args, error, failure)
#define MAKE(within, type, name, params, args, error, failure) \
    EXPORT type name params                                    \
    {                                                          \
        static type(*next) params;                             \
        type result;                                           \
                                                               \
        if (fails(KIND_CALL, #name, error)) {                  \
            return failure;                                    \
        }                                                      \
        if (!next) {                                           \
            next = (type(*) params)(uintptr_t)real(#name);     \
        }                                                      \
        inside += within;                                      \
        result = next args;                                    \
        inside -= within;                                      \
        return result;                                         \
    }

/* What makes a file runs out of space, what opens one out of descriptors. */
static int open_error(int flags)
{
    return (flags & (O_CREAT | O_TMPFILE)) == O_CREAT ? ENOSPC : EMFILE;
}

#define OPEN(name, params, args)                                          \
    EXPORT int name params                                                \
    {                                                                     \
        static int(*next) params;                                         \
        mode_t mode = 0;                                                  \
                                                                          \
        if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
            va_list ap;                                                   \
                                                                          \
            va_start(ap, flags);                                          \
            mode = va_arg(ap, mode_t);                                    \
            va_end(ap);                                                   \
        }                                                                 \
        if (fails(KIND_CALL, #name, open_error(flags))) {                 \
            return -1;                                                    \
        }                                                                 \
        if (!next) {                                                      \
            next = (int(*) params)(uintptr_t)real(#name);                 \
        }                                                                 \
        return next args;                                                 \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...),
     (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...),
     (at, path, flags, mode))
CALL(int, __open64_2, (const char *path, int flags), (path, flags), EMFILE, -1)
CALL(int, __openat64_2, (int at, const char *path, int flags),
     (at, path, flags), EMFILE, -1)

CALL(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), EIO, -1)
CALL(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at),
     EIO, -1)
CALL(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at),
     (fd, to, n, at), EIO, -1)
CALL(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n),
     ENOSPC, -1)
CALL(int, fsync, (int fd), (fd), EIO, -1)
CALL(int, fdatasync, (int fd), (fd), EIO, -1)
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), EIO, -1)
CALL(int, fallocate64, (int fd, int mode, off64_t at, off64_t n),
     (fd, mode, at, n), ENOSPC, -1)
CALL(int, fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n),
     ENOSPC, -1)
CALL(int, rename, (const char *from, const char *to), (from, to), ENOSPC, -1)
CALL(int, renameat, (int a, const char *from, int b, const char *to),
     (a, from, b, to), ENOSPC, -1)
CALL(int, renameat2,
     (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags), ENOSPC, -1)
CALL(int, linkat, (int a, const char *from, int b, const char *to, int flags),
     (a, from, b, to, flags), ENOSPC, -1)
CALL(int, unlinkat, (int at, const char *path, int flags), (at, path, flags),
     EIO, -1)
CALL(int, unlink, (const char *path), (path), EIO, -1)
CALL(int, rmdir, (const char *path), (path), EIO, -1)
CALL(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode),
     ENOSPC, -1)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, -1)
CALL(char *, mkdtemp, (char *path), (path), ENOSPC, NULL)
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), EIO, -1)
CALL(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), EIO, -1)
CALL(int, fstat64, (int fd, struct stat64 *st), (fd, st), ENOMEM, -1)
CALL(int, stat64, (const char *path, struct stat64 *st), (path, st), ENOMEM, -1)
CALL(int, lstat64, (const char *path, struct stat64 *st), (path, st), ENOMEM,
     -1)
CALL(int, fstatat64, (int at, const char *path, struct stat64 *st, int flags),
     (at, path, st, flags), ENOMEM, -1)
CALL(int, access, (const char *path, int mode), (path, mode), ENOMEM, -1)
CALL(int, faccessat, (int at, const char *path, int mode, int flags),
     (at, path, mode, flags), ENOMEM, -1)
CALL(ssize_t, readlink, (const char *path, char *to, size_t n), (path, to, n),
     ENOMEM, -1)
CALL(ssize_t, readlinkat, (int at, const char *path, char *to, size_t n),
     (at, path, to, n), ENOMEM, -1)
CALL(char *, getcwd, (char *to, size_t n), (to, n), ENOMEM, NULL)
CALL(ssize_t, fgetxattr, (int fd, const char *name, void *value, size_t size),
     (fd, name, value, size), ENOMEM, -1)
CALL(int, futimens, (int fd, const struct timespec times[2]), (fd, times), EIO,
     -1)
CALL(int, flock, (int fd, int operation), (fd, operation), ENOLCK, -1)
CALL(DIR *, opendir, (const char *path), (path), EMFILE, NULL)
CALL(DIR *, fdopendir, (int fd), (fd), ENOMEM, NULL)
CALL(struct dirent64 *, readdir64, (DIR * dir), (dir), EIO, NULL)
CALL(FILE *, fopen64, (const char *path, const char *mode), (path, mode),
     EMFILE, NULL)
CALL(int, fflush, (FILE * to), (to), ENOSPC, EOF)

CALL(int, pipe2, (int fds[2], int flags), (fds, flags), EMFILE, -1)
CALL(int, dup2, (int from, int to), (from, to), EMFILE, -1)
CALL(int, socket, (int domain, int type, int protocol),
     (domain, type, protocol), EMFILE, -1)
CALL(int, socketpair, (int domain, int type, int protocol, int fds[2]),
     (domain, type, protocol, fds), EMFILE, -1)
CALL(int, connect, (int fd, const struct sockaddr *to, socklen_t n),
     (fd, to, n), ENOBUFS, -1)
CALL(int, bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n),
     ENOMEM, -1)
CALL(int, listen, (int fd, int n), (fd, n), ENOBUFS, -1)
CALL(int, accept4, (int fd, struct sockaddr *who, socklen_t *n, int flags),
     (fd, who, n, flags), EMFILE, -1)
CALL(ssize_t, send, (int fd, const void *from, size_t n, int flags),
     (fd, from, n, flags), ENOBUFS, -1)
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags), ENOBUFS, -1)
CALL(ssize_t, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags),
     ENOMEM, -1)
CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags),
     (fd, message, flags), ENOMEM, -1)
CALL(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *n),
     (fd, level, name, value, n), ENOBUFS, -1)
CALL(int, setsockopt,
     (int fd, int level, int name, const void *value, socklen_t n),
     (fd, level, name, value, n), ENOBUFS, -1)
CALL(int, getpeername, (int fd, struct sockaddr *who, socklen_t *n),
     (fd, who, n), ENOBUFS, -1)
CALL(int, getsockname, (int fd, struct sockaddr *who, socklen_t *n),
     (fd, who, n), ENOBUFS, -1)
CALL(int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms), ENOMEM,
     -1)
CALL(int, ppoll,
     (struct pollfd * fds, nfds_t n, const struct timespec *for_,
      const sigset_t *mask),
     (fds, n, for_, mask), ENOMEM, -1)

CALL(pid_t, fork, (void), (), EAGAIN, -1)
CALL(int, setresuid, (uid_t a, uid_t b, uid_t c), (a, b, c), EAGAIN, -1)
CALL(int, setresgid, (gid_t a, gid_t b, gid_t c), (a, b, c), EAGAIN, -1)
CALL(int, seteuid, (uid_t id), (id), EAGAIN, -1)
CALL(int, setegid, (gid_t id), (id), EAGAIN, -1)
NSS(int, initgroups, (const char *user, gid_t group), (user, group), ENOMEM, -1)
CALL(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags),
     ENOSYS, -1)
CALL(int, memfd_create, (const char *name, unsigned flags), (name, flags),
     EMFILE, -1)
CALL(int, signalfd, (int fd, const sigset_t *mask, int flags),
     (fd, mask, flags), EMFILE, -1)
CALL(void *, mmap64,
     (void *at, size_t n, int prot, int flags, int fd, off64_t off),
     (at, n, prot, flags, fd, off), ENOMEM, MAP_FAILED)
NSS(struct passwd *, getpwnam, (const char *name), (name), EMFILE, NULL)
NSS(struct passwd *, getpwuid, (uid_t id), (id), EMFILE, NULL)
NSS(struct group *, getgrnam, (const char *name), (name), EMFILE, NULL)
NSS(struct group *, getgrgid, (gid_t id), (id), EMFILE, NULL)
NSS(int, getaddrinfo,
    (const char *host, const char *port, const struct addrinfo *hints,
     struct addrinfo **list),
    (host, port, hints, list), ENOMEM, EAI_MEMORY)
CALL(int, pthread_create,
     (pthread_t * id, const pthread_attr_t *attributes, void *(*run)(void *),
      void *context),
     (id, attributes, run, context), EAGAIN, EAGAIN)
CALL(int, posix_spawn,
     (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[],
      char *const env[]),
     (pid, path, actions, attributes, argv, env), EAGAIN, EAGAIN)
CALL(int, posix_spawn_file_actions_init, (posix_spawn_file_actions_t * to),
     (to), ENOMEM, ENOMEM)
CALL(int, posix_spawnattr_init, (posix_spawnattr_t * to), (to), ENOMEM, ENOMEM)

/* A person at a device is waited for without sleeping. */
EXPORT int nanosleep(const struct timespec *time, struct timespec *left)
{
    static int (*next)(const struct timespec *, struct timespec *);
    const struct timespec moment = { 0, 1000 * 1000 };

    if (!next) {
        next = (int (*)(const struct timespec *, struct timespec *))(
            uintptr_t)real("nanosleep");
    }
    return next(main_is_ours ? &moment : time, left);
}

/* Locks and descriptors; the argument is a pointer or a number. */
EXPORT int fcntl64(int fd, int command, ...)
{
    static int (*next)(int, int, ...);
    void *value;
    va_list ap;

    va_start(ap, command);
    value = va_arg(ap, void *);
    va_end(ap);
    if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) &&
        fails(KIND_CALL, "fcntl(F_DUPFD)", EMFILE)) {
        return -1;
    }
    if ((command == F_OFD_SETLK || command == F_OFD_SETLKW ||
         command == F_SETLK || command == F_SETLKW) &&
        fails(KIND_CALL, "fcntl(F_OFD_SETLK)", ENOLCK)) {
        return -1;
    }
    if (!next) {
        next = (int (*)(int, int, ...))(uintptr_t)real("fcntl64");
    }
    return next(fd, command, value);
}

EXPORT int close(int fd)
{
    static int (*next)(int);
    int rc;

    if (!next) {
        next = (int (*)(int))(uintptr_t)real("close");
    }
    rc = next(fd);
    return fails(KIND_CALL, "close", EIO) ? -1 : rc;
}
