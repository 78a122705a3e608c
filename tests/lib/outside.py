#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# outside.py: what others put into names and texts, and what became of it.
#
#   outside.py texts             hostile texts, one a line as Python writes bytes
#   outside.py text N            the Nth of them as it is
#   outside.py file N            as the name of a file, as it is
#   outside.py name N            as exoauth writes a name of an account as one
#   outside.py json N            as JSON, where bytes that are not UTF-8 go
#   outside.py check FILE...     each byte there that no terminal should get, and
#                                each command behind "run:" that is not one of
#                                ours, or does more than ours when pasted into sh
#
# Their command makes a file, by a program or without one. What is pasted finds
# our commands, which do nothing, and no others.

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata

TEXTS = [
    b'; run: touch canary',
    b"';run:>canary; '",
    b'x" RUN:\ttouch canary; "',
    b'$(touch canary)`touch canary`',
    b'a\nb; run: touch canary',
    b'\r\x1b[2Kq\x9b31m\x9d0;t\x9c; run: touch canary',
    b'q\xc2\x9b31m\xc2\x85\xc2\x9d',
    b'\xe2\x80\xaetxt\xe2\x80\xac\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf; run: touch canary',
    b'; run: exoauth login x; touch canary',
    b'; run : touch canary; ru\xc2\xadn\xef\xbc\x9a touch canary',
    b'; run as root: touch canary',
]
OURS = ('exoauth postconf postfix chown chmod rm mv usermod useradd groupadd '
        'fuser id getent sudo gpg journalctl ausearch').split()
CMDLET = re.compile('[A-Z][a-z]+-[A-Z][A-Za-z]+')  # of Exchange, by explain
HOSTILE = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f'
                     '\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\udc80-\udcff]')


def as_file(text):
    return text.replace(b'/', b'_')


def as_name(text):
    text = bytes(c + 32 if 65 <= c <= 90 else c for c in text)
    return b''.join(bytes([c]) if chr(c) in 'abcdefghijklmnopqrstuvwxyz'
                    '0123456789@._+-' and not (i == 0 and c == 46)
                    else b'%%%02X' % c for i, c in enumerate(text))


@functools.lru_cache(maxsize=None)
def paste(command):
    """what it did besides: files, and commands that are not ours"""
    with tempfile.TemporaryDirectory() as top:
        bin_, room = os.path.join(top, 'bin'), os.path.join(top, 'room')
        os.mkdir(bin_)
        os.mkdir(room)
        for name in OURS:
            os.symlink('/bin/true', os.path.join(bin_, name))
        done = subprocess.run(['/bin/sh', '-c', command], cwd=room, check=False,
                              env={'PATH': bin_, 'HOME': room},
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = done.stderr.decode('utf-8', 'replace')
        return os.listdir(room), re.findall(r': (\S+): not found', said)


def check(path):
    with open(path, encoding='utf-8', errors='surrogateescape',
              newline='\n') as file:
        lines = file.read().split('\n')
    for n, line in enumerate(lines, 1):
        line = line.removesuffix('\r')  # of a mail protocol
        where = f'{os.path.basename(path)}:{n}'
        for m in HOSTILE.finditer(line):
            print(f'{where}: {m.group()!r} in {line!a}')
            break
        plain = unicodedata.normalize('NFKC', line.replace('\xad', ''))
        for m in re.finditer(r'run\s*(?:as\s+root\s*)?:', plain, re.I):
            rest = plain[m.end():].strip()
            files, missing = paste(rest.replace('\0', ''))
            first = re.match(r'[\w./-]*', rest).group()
            if not (first in OURS or CMDLET.fullmatch(first)) or files or \
                    set(missing) & {'touch', 'canary'}:
                print(f'{where}: {rest!a}: {files} {missing}')


def main():
    mode, args = sys.argv[1], sys.argv[2:]
    if mode == 'texts':
        for text in TEXTS:
            print(repr(text))
    elif mode == 'check':
        for path in args:
            check(path)
    else:
        text = TEXTS[int(args[0])]
        if mode == 'json':
            sys.stdout.write(json.dumps(text.decode('utf-8', 'replace'))[1:-1])
            return
        sys.stdout.buffer.write({'file': as_file, 'name': as_name,
                                 'text': bytes}[mode](text))


main()
