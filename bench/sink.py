"""`python -m bench.sink`: a mail server that takes everything and keeps nothing.

Prints its port; ends with its stdin.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from cxportal.run.surroundings import ROOT


class _TakesAll:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 taken"


@contextmanager
def sink() -> Iterator[int]:
    """The port of a sink that runs in a process of its own as long as the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sink"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def _serve() -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    handler = _TakesAll()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="sink.example", enable_SMTPUTF8=False, loop=loop), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
