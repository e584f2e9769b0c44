"""Progress, on stderr: a long run says how far it is."""

from __future__ import annotations

import sys


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def progress(what: str, done: int, total: int) -> None:
    """Every tenth of the way."""
    step = max(total // 10, 1)
    if done and (done % step == 0 or done == total):
        tell(f"  {what}: {done:,} of {total:,}")
