#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""commands.py: are the exoauth commands that the documents print right?

    commands.py PROGRAM KEYS FILE...

Finds each command line of exoauth in README-like text and in mdoc pages: in an
indented or literal block at the beginning of a line, after sudo, "run:", a
quotation mark or the like. PROGRAM says whether command and options exist and
their values are good (with --help at the end nothing is run), its usage line
how many words there must be, and KEYS (a file, one a line) which --set knows.
What is only mentioned, in `...`, .Ql or with a "..." at its end, may lack
words. Prints "ok" or "bad", the place, the command and the reason, separated
by tabs.
"""
import re
import shlex
import subprocess
import sys

COMMAND = re.compile(
    r"""(?:^\s*(?:[$\#]\ )?|[`"'(|;&]\s*|\b(?:sudo|run:|with|root|argv=\S*/)\ *|/)
        exoauth\ ([a-z][^`|;<>&]*)""", re.X)


def text_lines(path, lines):
    """(number, line, whether it is code), continuation lines joined."""
    held, first = "", 0
    for number, line in enumerate(lines, 1):
        if held:
            line = held + " " + line.strip()
        else:
            first = number
        if line.endswith("\\") and not line.endswith("\\\\"):
            held = line[:-1].rstrip()
            continue
        held = ""
        yield first, line, line.startswith("    ")


def mdoc_lines(lines):
    out, literal, held = [], False, ""
    for number, line in enumerate(lines, 1):
        if line.startswith(".Bd -literal"):
            literal = True
        elif line.startswith(".Ed"):
            literal = False
        elif literal:
            line = line.replace("\\e", "\\").replace("\\(en", "-")
            if held:
                line = held + " " + line.strip()
            if line.endswith("\\"):
                held = line[:-1].rstrip()
                continue
            held = ""
            out.append((number, line, True))
        else:
            found = re.match(r"\.(?:Ql|Dl) (?:sudo )?(exoauth [a-z].*)", line)
            if found:
                line = re.sub(r" (Ar|Cm|Ns|No) ", " ", found[1])
                line = re.sub(r" Fl -", " --", line)
                line = re.sub(r" [.,;:)]$", "", line)
                out.append((number, f"`{line}`", False))
    return out


def commands(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    if re.search(r"\.[1-8]$", path):
        found = mdoc_lines(lines)
    else:
        found = text_lines(path, lines)
    for number, line, code in found:
        if code:
            for match in COMMAND.finditer(line):
                # Inside quotation marks the command ends with them.
                before = line[:match.start(1)]
                text = match[1]
                for quote in "\"'`":
                    if before.count(quote) % 2:
                        text = text.split(quote)[0]
                # The service's line in master.cf; a box in a drawing.
                if text.startswith("unix ") or "   " in text:
                    continue
                yield number, text.strip(), before.endswith("`exoauth ")
        else:
            for quoted in re.findall(r"`(?:sudo )?exoauth ([^`]*)`", line):
                yield number, quoted, True


def usage_of(program, name):
    run = subprocess.run([program, name, "--help"], capture_output=True,
                         text=True, check=False)
    if run.returncode:
        return None
    return run.stdout.split("\n")[0].split(" ", 3)[3:][0:1] or [""]


def counts(usage):
    """The options that take a value, and how many words there may be."""
    values, least, most, option = {"--config"}, 0, 0, ""
    for token in usage.split():
        word = token.strip("[]")
        if option and not re.match(r"[\[|-]", token):
            values.add(option)
            option = ""
            continue
        option = ""
        pieces = [p for p in word.replace("...", "").split("|") if p]
        words = [p for p in pieces if not p.startswith("--")]
        if words:
            most = 99 if "..." in token else most + 1
            if len(words) == len(pieces) and not token.startswith("["):
                least += 1
        if pieces and pieces[-1].startswith("--") and "]" not in token:
            option = pieces[-1]
    return values, least, most


def judge(program, keys, text, mention):
    mention = mention or text.endswith("...")
    text = text.rstrip(".,:)")
    try:
        words = shlex.split(text)
    except ValueError as err:
        return str(err)
    usage = usage_of(program, words[0])
    if usage is None:
        return "no such command"
    forms = [counts(form) for form in usage[0].split(" | ")]
    values = set().union(*(values for values, _, _ in forms))
    n, value = 0, ""
    for word in words[1:]:
        if value:
            key = word.split("=")[0]
            if value == "--set" and key.lower() != "key" and key not in keys:
                return f"no key {key}"
            value = ""
        elif word in values:
            value = word
        elif not word.startswith("-") or word == "-":
            n += 1
    if value and mention:
        words.append("raw" if value == "--format" else "1")
    elif value:
        return f"{value} without a value"
    if not any(n <= most and (n >= least or mention)
               for _, least, most in forms):
        return f"{n} words, of {usage[0]}"
    run = subprocess.run([program, *words, "--help"], capture_output=True,
                         text=True, check=False)
    return run.stderr.strip() or ("" if run.returncode == 0 else "refused")


def main():
    program = sys.argv[1]
    with open(sys.argv[2], encoding="utf-8") as f:
        keys = set(f.read().split())
    for path in sys.argv[3:]:
        for number, text, mention in commands(path):
            reason = judge(program, keys, text, mention)
            place = f"{path.rsplit('/', 1)[-1]} line {number}"
            print("bad" if reason else "ok", place, text, reason, sep="\t")


if __name__ == "__main__":
    main()
