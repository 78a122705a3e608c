#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The commands that messages tell people to type. A name, a file or a server's
# text in one of them is one word of the shell or left out, in every message.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"

src=${EXO_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
need_cmd python3
remedies() { python3 "$src/tests/lib/remedies.py" "$@"; }
quoted=$EXO_BUILDDIR/tests/lib/quoted
need_file "$quoted" 'run: make check TESTS='
sources=("$src"/{common,helper/*,store,oauth,net,mail,plugin}/*.c)

ok 'the sources' remedies check "${sources[@]}"
is "$OUT" '' 'every word from outside goes through EXO_SH()'

cat >"$TAP_DIR/bad.c" <<'END'
int f(struct exo_err *err, const char *name, int n)
{
    return exo_err_set(err, n, "no account %s; run: exoauth " /* two */
                               "login %s --set servers=%s",
                       name, name, EXO_SH(name, "HOST"));
}
END
ok 'a message that forgets it' remedies check "$TAP_DIR/bad.c"
like "$OUT" 'bad.c:3: name$' 'is found'

# Whoever pastes a command takes all that follows it.
ok 'the sources' remedies end "${sources[@]}"
is "$OUT" '' 'no message goes on behind a command'
cat >"$TAP_DIR/behind.c" <<'END'
int f(struct exo_err *err, int n)
{
    exo_err_set(err, n, "no; run: exoauth list, or correct the name");
    exo_err_set(err, n, "no; run as root: exoauth list and see");
    exo_err_set(err, n, "no; run: exoauth list as root");
    exo_err_set(err, n, "no; run: exoauth list ...");
    return exo_err_set(err, n, "correct the name, or run: exoauth list");
}
END
ok 'messages that do' remedies end "$TAP_DIR/behind.c"
is "$(grep -o '[0-9]*: .*' <<<"$OUT")" '3: , or correct the name
4:  and see
5:  as root
6: ...' 'are found'

# A command in what a message embeds is ours only behind %-s.
ok 'the sources' remedies own "${sources[@]}"
is "$OUT" '' 'no message hides a command of ours, or lets through one of others'
cat >"$TAP_DIR/worse.c" <<'END'
int f(struct exo_err *err, const struct exo_err *why, const char *said, int n)
{
    fprintf(stderr, "exoauth: %s\n", said);
    exo_log(1, "%s and %s", said, why->text);
    exo_app_warn(app, "%-s", said);
    return exo_err_set(err, n, "%s: %s", said, n ? "" : "; run: exoauth list");
}
END
ok 'messages that do' remedies own "$TAP_DIR/worse.c"
is "$(sed 's/.*worse.c://' <<<"$OUT")" '3: fprintf
4: %s of why->text
5: %-s of said
6: ; run: exoauth list' 'are found'

remedies list "${sources[@]}" >"$TAP_DIR/commands"
isnt "$(grep -c '^exoauth login {{ACCOUNT}}' "$TAP_DIR/commands")" 0 \
    'the commands are found'
ok 'each of them, with hostile words, pasted into sh' \
    remedies paste "$quoted" <"$TAP_DIR/commands"
is "$OUT" '' 'does nothing but what it says'
diag "$ERR"
printf 'exoauth login {{X}}\n' >"$TAP_DIR/one"
printf '#!/bin/sh\nprintf %%s "$1"\n' >"$TAP_DIR/careless"
chmod +x "$TAP_DIR/careless"
ok 'the same without quotes' remedies paste "$TAP_DIR/careless" <"$TAP_DIR/one"
like "$OUT" touch 'would be seen'
