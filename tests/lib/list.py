# SPDX-License-Identifier: BSD-2-Clause
"""
The access list of a file, acl(5), without the tools of a distribution.

  list.py set FILE ENTRY...      ENTRY: user::6, user:4711:4, group::0, mask::4
  list.py default DIR ENTRY...   what is made in it gets
  list.py get FILE...            prints it in one line for each, "none" without
"""

import errno
import os
import struct
import sys

TAGS = {"user:": 1, "user": 2, "group:": 4, "group": 8, "mask:": 16, "other:": 32}
NAMES = {number: name.rstrip(":") for name, number in TAGS.items()}
NOBODY = 0xFFFFFFFF


def encode(entries):
    rows = []
    for entry in entries:
        tag, who, bits = entry.split(":")
        number = TAGS[tag if who else tag + ":"]
        rows.append((number, int(bits), int(who) if who else NOBODY))
    rows.sort(key=lambda row: (row[0], row[2]))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)


def decode(data):
    return " ".join(
        "%s:%s:%d" % (NAMES[tag], "" if who == NOBODY else who, bits)
        for tag, bits, who in struct.iter_unpack("<HHI", data[4:])
    )


def main(verb, *words):
    if verb == "get":
        for name in words:
            try:
                print(decode(os.getxattr(name, "system.posix_acl_access")))
            except OSError as error:
                if error.errno not in (errno.ENODATA, errno.ENOTSUP):
                    raise
                print("none")
    else:
        kind = {"set": "access", "default": "default"}[verb]
        os.setxattr(words[0], "system.posix_acl_" + kind, encode(words[1:]))


main(*sys.argv[1:])
