#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# remedies.py: the commands that messages tell people to type, as they stand
# in the C sources. Whatever is put into one must have been made a word of
# the shell by EXO_SH(); a %s that is not is a fault.
#
#   remedies.py check FILE...    the faults, one a line: FILE:LINE: argument
#   remedies.py own FILE...      the same of commands in the arguments of
#                                messages: only %-s leaves one, and stands for
#                                texts of ours alone
#   remedies.py end FILE...      the messages in which something follows a
#                                command: it is pasted up to the end
#   remedies.py list FILE...     each command, its %s as {{WORD}}, one a line
#   remedies.py paste QUOTED     reads such lines, puts what is hostile into
#                                them as EXO_SH() does (tests/lib/quoted), and
#                                runs each in sh; prints what went wrong
#
# A constant of ours needs no quotes: a macro in capitals, or one of FIXED.

import os
import re
import subprocess
import sys
import tempfile

COMMAND = re.compile(
    r'(?<!be )\b(run|see|by hand|back|with): (?=\S)|'
    r'\b(exoauth (login|refresh|status|show|remove|accept|rekey|explain|test|'
    r'connect|doctor|setup|import|export|token|list)|postconf|postfix -c|chown|'
    r'chmod|rm -f|mv|usermod -|useradd|groupadd|fuser|restorecon|semanage) (?=\S)')
FIXED = re.compile(r'([A-Z][A-Z0-9_]*|"[^"]*"|exo_key_name\(key\))$')
# What the compiler has made, by file: names of commands and of our own keys.
OURS = {
    'helper/cli/cmd_explain.c': {'row->run', 'row->takes', 'row->source', 'row->origin'},
    'helper/setup/setup_judge.c': {'flag'},
    'helper/cli/options.c': {'command->name', 'command->usage', 'c->name',
                         'c ? c->name : ""', 'c ? " " : ""',
                         'command ? command->name : ""',
                         'command ? " " : ""'},
}
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)+\'|'
    r'[A-Za-z_]\w*|\d[\w.]*|\s+|->|.', re.S)
DIRECTIVE = re.compile(r'%(?:%|[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?(?:hh|h|ll|l|z|j'
                       r'|t)?([a-zA-Z]))')
PRI = {'PRId64': 'lld', 'PRIu64': 'llu', 'PRId32': 'd', 'PRIu32': 'u'}


def tokens(text):
    out = []
    for m in TOKEN.finditer(text):
        t = m.group()
        if t[:2] in ('//', '/*') or t.isspace():
            continue
        out.append((t, m.start()))
    return out


def calls(toks):
    """(name, [argument]) of each call, an argument being a list of tokens"""
    stack = []
    for i, (t, at) in enumerate(toks):
        if t in '([{':
            name = toks[i - 1][0] if i and t == '(' else ''
            stack.append((name, [[]], t))
            continue
        if t in ')]}' and stack:
            name, args, opened = stack.pop()
            if opened == '(' or opened == '{':
                yield name if opened == '(' else '', args
            if stack:
                inner = [x for a in args for x in a + [(',', at)]]
                stack[-1][1][-1].extend([(opened, at)] + inner[:-1] + [(t, at)])
            continue
        if not stack:
            continue
        if t == ',' or (t == ';' and stack[-1][2] == '{'):
            stack[-1][1].append([])
        else:
            stack[-1][1][-1].append((t, at))


def literal(arg):
    """the text of a string literal, with {{NAME}} for a macro in it"""
    out = ''
    for t, _ in arg:
        if t[0] == '"':
            out += t[1:-1].replace('\\n', '\n').replace('\\"', '"')
        elif t in PRI:
            out += PRI[t]
        elif re.fullmatch(r'[A-Z][A-Z0-9_]*', t):
            out += t if out else ''
        else:
            return None
    return out


def source(arg):
    """an expression as text"""
    out = ''
    for t, _ in arg:
        if out and (out[-1].isalnum() or out[-1] == '_') and \
                (t[0].isalnum() or t[0] == '_'):
            out += ' '
        out += f' {t} ' if t in '?:' else t
    return out.replace('  ', ' ')


def is_word(text):
    """made one by EXO_SH(), or a constant; of yes ? a : b both must be"""
    parts = re.split(r' [?:] ', text)
    return all(p.startswith('EXO_SH(') or FIXED.match(p)
               for p in (parts[1:] if len(parts) == 3 else parts))


def words(fmt, args):
    """(start, end, argument) of each %s"""
    at = 0
    for m in DIRECTIVE.finditer(fmt):
        if m.group(3) is None:
            continue
        at += (m.group(1) == '*') + (m.group(2) == '*')
        if m.group(3) == 'm':
            continue
        if m.group(3) == 's':
            yield m.start(), m.end(), args[at] if at < len(args) else []
        at += 1


def strings(arg):
    """each string in an argument, as in: yes ? "a" : "b" """
    run = []
    for tok in arg + [(';', 0)]:
        if tok[0][0] == '"' or (run and (tok[0] in PRI or re.fullmatch(
                r'[A-Z][A-Z0-9_]+', tok[0]))):
            run.append(tok)
        elif run:
            yield run
            run = []


def look(path):
    text = open(path, encoding='utf-8').read()
    seen = set()
    for name, args in calls(tokens(text)):
        for i, arg in enumerate(args):
            for piece in strings(arg):
                fmt = literal(piece)
                start = COMMAND.search(fmt) if fmt else None
                if not start or piece[0][1] in seen:
                    continue
                seen.add(piece[0][1])
                line = text.count('\n', 0, piece[0][1]) + 1
                yield line, fmt, start, list(words(fmt, args[i + 1:]))


# Which argument is the format of what goes through exo_text_set().
FORMATS = {'exo_err_set': 2, 'exo_log': 1, 'exo_app_warn': 1, 'exo_app_info': 1,
           'exo_doctor_ok': 2, 'exo_doctor_warn': 2, 'exo_doctor_skip': 2,
           'exo_doctor_fail': 3, 'exo_setup_warn': 0, 'exo_askers_refuse': 2,
           'exo_text_fmt': 2, 'exo_say': 0, 'exo_path_refuse': 1, 'SET': 0}
# What exo_text_set() has made before, or a constant; the text of an error, why
# a path was refused, what the plugin says.
OUR_TEXT = re.compile(
    r'((\w+(->|\.))*(err|error|ignored|one|why|reload|trouble)(->|\.)text|'
    r'(\w+(->|\.))*message|rows?(->|\[0\]\.)warning|'
    r'(\w+(->|\.))*why|infirm|cause|text|from|sasl_err(detail|string)\(.*\)|'
    r'bare\(message\)|exo_buf_shown\(&(end|why)\)|exo_(strerror|errno_text|err_text)\(.*\)|"[^"]*")$')
# Here `text`, `why` or `message` is a constant without a command, or what
# somebody else has said.
OTHERS = {('mail/talk.c', 'text'), ('mail/stream.c', 'why'),
          ('mail/tls.c', 'why'), ('store/', 'why'), ('common/source.c', 'why'),
          ('common/conf.c', 'conf->block.why'), ('helper/settings/draft.c', 'block.why'),
          ('helper/settings/settings_load.c', 's->block.why'), ('oauth/identity.c', 'why'),
          ('helper/settings/settings_check.c', 'why'), ('store/', 'name.text'),
          ('helper/app/account_word.c', 'why'),
          ('mail/login_try.c', 'message')}
# Where a command stands in another text: a page of help, the answer of explain,
# the end of a message, the line for a monitor.
TEXTS = {'helper/cli/cmd_export.c', 'helper/cli/cmd_explain.c', 'oauth/error.c',
         'helper/status/status_nagios.c', 'common/offer.c', 'helper/settings/trouble.c'}
# Where fprintf() prints what is clean by construction: what device.c of oauth
# and net/url.c let through, and exo_mail_say().
PRINTERS = {'helper/login/device.c', 'helper/login/browser.c', 'helper/app/out.c',
            'helper/cli/cmd_connect.c'}


def choices(text):
    """the values of yes ? a : b, and of no ? a : yes ? b : c"""
    parts = re.split(r' ([?:]) ', text) + ['']
    return [p for p, mark in zip(parts[::2], parts[1::2]) if mark != '?']


def is_other(name, text):
    return any(name.startswith(place) and text == other
               for place, other in OTHERS)


def own(name, path):
    """each fault of a message and of what it embeds: (line, what)"""
    text = open(path, encoding='utf-8').read()
    told = set()
    for call, args in calls(tokens(text)):
        if call == 'fprintf' and name not in PRINTERS and \
                source(args[0]) == 'stderr' and '%' in source(args[1]):
            yield text.count('\n', 0, args[0][0][1]) + 1, 'fprintf'
        at = FORMATS.get(call, -1)
        for piece in strings(args[at]) if 0 <= at < len(args) else ():
            told.add(piece[0][1])
            line = text.count('\n', 0, piece[0][1]) + 1
            fmt = literal(piece) or ''
            for begin, end, arg in words(fmt, args[at + 1:]):
                shown = source(arg)
                ours = [OUR_TEXT.match(c) and not is_other(name, c)
                        for c in choices(shown)]
                if fmt[begin + 1] == '-':
                    told.update(p[0][1] for p in strings(arg))
                    if not all(ours):
                        yield line, f'%-s of {shown}'
                elif any(o and c[0] != '"' and not c.startswith(("exo_strerror", "exo_errno"))
                         for o, c in zip(ours, choices(shown))):
                    yield line, f'%s of {shown}'
    for piece in strings(tokens(text)):
        if piece[0][1] not in told and name not in TEXTS and \
                re.search('run( as root)?:', literal(piece) or ''):
            yield text.count('\n', 0, piece[0][1]) + 1, literal(piece)


# Prose behind a command; quotes of its own may hold anything.
BEHIND = re.compile(r"[,;] |\.\.\.| \(| (or|and|else|if|as|to|where|when|then|with|for) ")
RUN = re.compile(r'(?<!be )(?<!cannot )\brun(?: as root| as that user)?: (?=\S)')


def behind(fmt):
    """what follows a command in a message, or None; a shell that is given two
    ways takes the first, and knows no command `or`"""
    commands = RUN.split(re.sub(r"'[^']*'", "''", fmt))[1:]
    for i, command in enumerate(commands):
        prose = BEHIND.search(command)
        rest = command[prose.start():] if prose else ''
        if rest and (i + 1 == len(commands) or not rest.startswith('; or ')):
            return rest
    return None


TOUCH = '/usr/bin/touch pwned'
HOSTILE = [
    'relay@contoso.com', 'a b', f'$({TOUCH})', f'`{TOUCH}`', f';{TOUCH}',
    f'x&&{TOUCH}', f'x|{TOUCH}', f'x&{TOUCH}', f"'{TOUCH}", f"';{TOUCH};'",
    f'";{TOUCH};"', f"x'$({TOUCH})'y", f'x\\\';{TOUCH};\'', f'x\n{TOUCH}\n',
    'x>pwned', 'x<pwned', '>pwned', '#x', '~root', '*', '?', '[a-z]', '{a,b}',
    '!!', '$HOME', '${IFS}', '\\', "'", '"', '-x', '--all', '--config=pwned',
    '', ' ', '\udc9b31m', '\u009b31m', '\u202etxt', 'm\u00fcller@\u4f8b.test',
    "'" * 240, '$' * 200, 'x' * 400, f'x; run: {TOUCH}', f'(x){TOUCH}',
    f'"other@fabrikam.test:{TOUCH}"@contoso.test',
]
FAKES = ('exoauth postconf postfix chown chmod rm mv usermod useradd groupadd '
         'fuser id getent sudo gpg journalctl ausearch').split()


def quoted(program, text, word):
    return subprocess.run([os.fsencode(program), text.encode(
        'utf-8', 'surrogateescape'), word], check=True,
                          stdout=subprocess.PIPE).stdout


def run(top, lines):
    """each line by itself in sh, where nothing but functions can be found;
    what it has made in its directory"""
    room, lists = os.path.join(top, 'room'), os.path.join(top, 'lines')
    for path in (room, lists):
        os.makedirs(path, exist_ok=True)
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
    for i, line in enumerate(lines):
        with open(os.path.join(lists, str(i)), 'wb') as f:
            f.write(line + b'\n')
    subprocess.run(['/bin/sh', '-c', ''.join(f'{f}() {{ :; }}\n' for f in FAKES)
                    + 'for line in ../lines/*; do ( . "$line" ); done'],
                   cwd=room, check=False, env={'PATH': '/nonexistent',
                                               'HOME': room},
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return os.listdir(room)


def paste(program):
    commands = sorted({line.rstrip('\n') for line in sys.stdin})
    with tempfile.TemporaryDirectory() as top:
        for text in HOSTILE:
            made, lines = {}, []
            for command in commands:
                line = b''
                for i, part in enumerate(re.split(r'{{(\w+)}}', command)):
                    if i % 2 and part not in made:
                        made[part] = quoted(program, text, part)
                    line += made[part] if i % 2 else part.encode()
                lines.append(line)
            if run(top, lines):
                for line in lines:
                    if run(top, [line]):
                        print(repr(line))
    print(f'{len(commands)} commands, {len(HOSTILE)} names', file=sys.stderr)


def main():
    mode, paths = sys.argv[1], sys.argv[2:]
    if mode == 'paste':
        paste(paths[0])
        return
    root = re.compile(r'.*?((?:common|helper/[a-z]+|store|oauth|net|mail|plugin)/'
                      r'[^/]+)$')
    for path in paths:
        name = root.sub(r'\1', path)
        if mode == 'own':
            for line, what in own(name, path):
                print(f'{name}:{line}: {what}')
            continue
        for line, fmt, start, found in look(path):
            if mode == 'end' and name not in TEXTS and behind(fmt):
                print(f'{name}:{line}: {behind(fmt)}')
            shown = fmt
            for begin, end, arg in reversed(found):
                text = source(arg)
                made = re.search(r'EXO_SH\(.*,"(\w+)"\)', text)
                if begin >= start.start() and mode == 'check':
                    if not is_word(text) and text not in OURS.get(name, ()):
                        print(f'{name}:{line}: {text}')
                    if made and fmt[begin:end] != '%s':
                        print(f'{name}:{line}: {fmt[begin:end]} cuts {text}')
                word = made.group(1) if made else 'X'
                shown = shown[:begin] + '{{' + word + '}}' + shown[end:]
            if mode == 'list':
                shown = DIRECTIVE.sub('7', shown)
                cut = COMMAND.search(shown)
                if cut:
                    at = cut.end() if cut.group(1) else cut.start()
                    print(shown[at:].replace('\n', ' '))


main()
