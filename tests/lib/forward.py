#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""forward.py READY FROM:TO...: what connects to port FROM of the loopback
talks to port TO. READY is made when all of them listen. Runs until it is stopped.
"""
import asyncio
import os
import sys

LOOP = os.environ.get("TAP_LOOP", "127.0.0.1")


async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        pass


def forward(to):
    async def connected(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOP, to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))
        for end in writer, far_writer:
            end.close()

    return connected


async def main():
    for pair in sys.argv[2:]:
        port, to = map(int, pair.split(":"))
        await asyncio.start_server(forward(to), LOOP, port)
    with open(sys.argv[1], "w", encoding="ascii"):
        pass
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
