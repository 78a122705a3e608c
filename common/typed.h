/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every command of exoauth's in a message of this process ends in, such as
 * " --config FILE"; "" until main() says it. Ready for a shell, and copied.
 *
 * The source belongs to the program's library and not to common's, as the
 * plugin has no variables; there is nothing behind the weak symbol there.
 */
#ifndef EXOAUTH_COMMON_TYPED_H
#define EXOAUTH_COMMON_TYPED_H

#define EXO_TYPED_MAX 352 /* bytes with the NUL; one word of a shell and more \
                           */

void exo_typed_set(const char *words);

const char *exo_typed(void) __attribute__((weak, visibility("hidden")));

#endif
