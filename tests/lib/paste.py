#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""paste.py: a login whose stdin is written by a program that sees its URL.

    paste.py EXOAUTH CONFIG ACCOUNT SCRIPT [ARG]...

SCRIPT is a Python expression, in which state and redirect are known; what it
gives is pasted. Output, errors and exit status are those of exoauth login.
"""
import re, subprocess, sys, urllib.parse as u
exo, conf, account, script, *more = sys.argv[1:]
p = subprocess.Popen([exo, "login", account, "--config", conf, *more],
                     stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE, text=True)
seen = ""
for line in p.stderr:
    seen += line
    if "whole address" in line:
        break
url = re.search(r"https?://\S+", seen)
q = u.parse_qs(u.urlsplit(url[0]).query) if url else {}
state, redirect = q.get("state", [""])[0], q.get("redirect_uri", [""])[0]
try:
    with p.stdin:
        p.stdin.write(eval(script) + "\n" if url else "")
except BrokenPipeError:
    pass  # it has ended, and says why
sys.stdout.write(p.stdout.read())
sys.stderr.write(seen + p.stderr.read())  # of which some may be read already
sys.exit(p.wait())
