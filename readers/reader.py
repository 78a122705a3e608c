# SPDX-License-Identifier: BSD-2-Clause
#
# What the readers of exoauth import share (exoauth-import(5)): the files that
# they are given, the blocks that they write, and how they end. For import by
# a program beside it, which runs with python3 -I and leaves no bytecode (-B).

import errno
import json
import os
import re
import sys

USAGE, UNAVAILABLE, TEMPFAIL, DENIED, CONFIG = 64, 69, 75, 77, 78
SIZE = 1024 * 1024
VALUE = 16 * 1024
SHORTAGE = (errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE)


class Unusable(Exception):
    """A value that no account can have. Says which, and not what it is."""


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
    except Unusable as error:
        fail(USAGE, f"{error}; correct the file")
    except MemoryError:
        fail(TEMPFAIL, "out of memory; free some memory, and try again")
    except Exception as error:
        if isinstance(error, OSError) and error.errno in SHORTAGE:
            fail(TEMPFAIL, f"{error.strerror}; raise that limit, and try again")
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
    except UnicodeDecodeError:
        raise Unusable("the password is not UTF-8") from None
    except (OSError, EOFError):
        text = ""
    if not text:
        fail(USAGE, needed)
    return text.encode()


_MARK = re.compile(r'["/]')
_QUOTE = re.compile(r'["\\]')


def _plain(text):
    """text without comments and without a comma before a bracket, which the
    programs whose files these are take; None: a comment or a string does not
    end. In one pass, as the text may be a stranger's."""
    parts, strings, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while True:
                found = _QUOTE.search(text, end)
                if not found:
                    return None
                end = found.end()
                if found.group() == '"':
                    break
                end += 1
            parts.append(f'"{len(strings)}"')
            strings.append(text[at:end])
        elif text.startswith("//", at):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2) + 2
            if end < 2:
                return None
            parts.append(" ")
        else:
            found = _MARK.search(text, at + 1)
            end = found.start() if found else len(text)
            parts.append(text[at:end])
        at = end
    code = re.sub(r",(?=\s*[}\]])", "", "".join(parts))
    return re.sub(r'"(\d+)"', lambda m: strings[int(m.group(1))], code)


def json_object(text):
    """A JSON object, None where the text is none."""
    try:
        value = json.loads(_plain(text) or "")
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
            raise Unusable(f"control character in {key}")
        if value != value.strip():
            raise Unusable(f"{key} begins or ends with a blank")
        if len(value.encode("utf-8", "surrogatepass")) > VALUE:
            raise Unusable(f"{key} is longer than 16 KiB")
        if value:
            lines.append(f"{key}: {value}")
    try:
        data = ("\n".join(lines) + "\n\n").encode()
    except UnicodeEncodeError:
        raise Unusable("half a character in it") from None
    while data:
        data = data[os.write(1, data):]
