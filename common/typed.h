/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every command of exoauth's in a message of this process begins with,
 * such as "env XDG_STATE_HOME=DIR ", and ends in, such as " --config FILE"; ""
 * until main() says it. Ready for a shell, and copied.
 *
 * The source belongs to the program's library and not to common's, as the
 * plugin has no variables; there is nothing behind the weak symbol there.
 */
#ifndef EXOAUTH_COMMON_TYPED_H
#define EXOAUTH_COMMON_TYPED_H

#define EXO_TYPED_MAX 1088 /* bytes with the NUL; three words of a shell */

enum exo_typed_at { EXO_TYPED_BEFORE, EXO_TYPED_AFTER, EXO_TYPED_N };

void exo_typed_set(enum exo_typed_at at, const char *words);

const char *exo_typed(enum exo_typed_at at)
    __attribute__((weak, visibility("hidden")));

#endif
