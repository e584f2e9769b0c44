"""What is the same for many, found once for all of them, and kept for a moment only.

    with sharing():
        for reader in readers:
            shared(("sections", project.pk), lambda: sections_of(project))

Outside of `sharing` nothing is kept. The key must name all that the value depends on, above all who may see it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

HOLDS_SECONDS = 1
MOST = 100
T = TypeVar("T")

_kept: ContextVar[dict[Hashable, tuple[float, Any]] | None] = ContextVar("shared", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """While it lasts, what `shared` finds is kept for a second. One inside another begins anew."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def shared(key: Hashable, find: Callable[[], T]) -> T:
    """What `find` gives, or gave for this key within the last second. Nobody may change it."""
    kept = _kept.get()
    if kept is None:
        return find()
    now = time.monotonic()
    if key in kept and now - kept[key][0] <= HOLDS_SECONDS:
        value: T = kept[key][1]
        return value
    found = find()
    if len(kept) >= MOST:
        kept.clear()
    kept[key] = now, found
    return found
