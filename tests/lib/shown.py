#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# shown.py FILE...: each use of exo_buf_shown() that is not an argument of a
# message, one a line. In error it hands out a word about the error, which must
# not be opened, written, compared or kept. EXO_SH() around it is allowed.

import re
import sys

MESSAGES = {'exo_err_set', 'exo_app_warn', 'exo_log', 'exo_text_set', 'refuse',
            'exo_text_fmt', 'exo_say', 'exo_doctor_ok', 'exo_doctor_warn', 'exo_doctor_fail',
            'exo_doctor_skip', 'exo_setup_warn', 'exo_mail_say', 'warn',
            'tell_silent', 'good'}
# What makes a message in two steps: FILE:FUNCTION around the use.
PARTS = {'common/path.c:shown', 'helper/status/status_judge.c:snprintf'}
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|'
                   r"'(?:[^'\\\n]|\\.)+'|[A-Za-z_]\w*|\s+|.", re.S)
USE = 'exo_buf_shown'


def uses(name):
    text = open(name, encoding='utf-8').read()
    stack, last, line, function, depth = [], '', 1, '', 0
    for token in TOKEN.findall(text):
        if token == USE:
            around = [f for f in stack if f and f != 'EXO_SH']
            yield line, around[-1] if around else function
        if token == '(':
            stack.append(last if re.match(r'[A-Za-z_]', last) else '')
            if depth == 0 and len(stack) == 1:
                function = last
        elif token == ')' and stack:
            stack.pop()
        elif token in '{}':
            depth += 1 if token == '{' else -1
        line += token.count('\n')
        if not token.isspace() and not token.startswith(('/*', '//')):
            last = token


for name in sys.argv[1:]:
    for line, around in uses(name):
        if around not in MESSAGES and f'{name}:{around}' not in PARTS:
            print(f'{name}:{line}: in {around}')
