# SPDX-License-Identifier: BSD-2-Clause
#
# What the readers of exoauth import share (exoauth-import(5)): the files that
# they are given, the blocks that they write, and how they end. For import by
# a program beside it, which runs with python3 -I and leaves no bytecode (-B).

import json
import os
import re
import sys

USAGE, UNAVAILABLE, DENIED, CONFIG = 64, 69, 77, 78
SIZE = 1024 * 1024
# No secret: what may be shown in a message.
SECRETS = ("refresh_token", "client_secret")


def fail(status, text):
    """Ends the reader. text is one line of cause and remedy; FILE goes before
    it."""
    sys.stderr.write(" ".join(text.split()) + "\n")
    sys.exit(status)


def run(main):
    """Calls main; whatever it did not expect is one line without what is in
    the file, as a traceback could show that."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        fail(USAGE, f"it cannot be understood ({type(error).__name__}); name "
             "the file that the program writes")


def warn(text):
    sys.stderr.write(" ".join(text.split()) + "\n")


def name():
    """FILE as it was typed, "-" for standard input."""
    return os.environ.get("EXOAUTH_FILE", "-")


def asked():
    """The account that is wanted; "": all of them."""
    return os.environ.get("EXOAUTH_ACCOUNT", "")


def read_all(fd, shown=""):
    """Up to the end; shown: how a message names it, with a colon."""
    parts = []
    size = 0
    while True:
        part = os.read(fd, 65536)
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > SIZE:
            fail(USAGE, f"{shown}larger than 1 MiB; name the file that the "
                 "program writes")
        parts.append(part)


def text_of(data, shown=""):
    """A text with or without a byte order mark."""
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        fail(USAGE, f"{shown}neither UTF-8 nor UTF-16; name the file that the "
             "program writes")


def config_name():
    """What --config-file names, which is descriptor 3, with a colon; ""."""
    value = os.environ.get("EXOAUTH_CONFIG_FILE")
    return value + ": " if value else ""


def config_data():
    return read_all(3, config_name())


def password(question, needed):
    """From --password-file, else from the terminal. needed: what is said
    where there is neither."""
    fd = os.environ.get("EXOAUTH_PASSWORD_FD")
    if fd:
        return read_all(int(fd))
    import getpass
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        text = getpass.getpass(question)
    except (OSError, EOFError):
        text = ""
    if not text:
        fail(USAGE, needed)
    return text.encode()


# Strings as they are; comments and a comma before a bracket go. The programs
# whose files these are take both.
_LENIENT = re.compile(
    r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])',
    re.S)


def json_object(text):
    """A JSON object, None where the text is none."""
    plain = _LENIENT.sub(
        lambda m: m.group() if m.group()[0] == '"' else " ", text)
    try:
        value = json.loads(plain)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def string(tables, *names):
    """The first of the names that one of the tables has as a text; ""."""
    for table in tables:
        for key in names:
            value = table.get(key)
            if isinstance(value, str) and value:
                return value
    return ""


# RFC 6749 has no name for it in a file, and every program its own.
ENDPOINT = ("token_endpoint", "token_uri", "token_url")


def write(**keys):
    """One account. None and "" are left out; blanks and line ends within a
    value that is no secret become one blank."""
    lines = ["exoauth: 1"]
    for key, value in keys.items():
        value = value or ""
        if key not in SECRETS:
            value = " ".join(value.split())
        if any(ord(c) < 32 or ord(c) == 127 for c in value):
            fail(USAGE, f"control character in {key}; correct the file")
        if value != value.strip():
            fail(USAGE, f"{key} begins or ends with a blank; correct the file")
        if value:
            lines.append(f"{key}: {value}")
    try:
        data = ("\n".join(lines) + "\n\n").encode()
    except UnicodeEncodeError:
        fail(USAGE, "half a character in it; correct the file")
    while data:
        data = data[os.write(1, data):]
