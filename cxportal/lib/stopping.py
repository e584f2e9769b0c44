"""Ending in good order: finish what is in hand when the process is told to end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def told_to_stop() -> Iterator[Callable[[], bool]]:
    """Within, SIGTERM and SIGINT only make the function it gives true; they take effect at the end.

    A second signal acts at once. Outside the main thread signals are none of ours, and it is never true.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    received: list[int] = []
    before: dict[int, Any] = {}

    def note(number: int, frame: Any) -> None:
        if received:
            signal.signal(number, before[number])
            os.kill(os.getpid(), number)
        received.append(number)

    for number in (int(signal.SIGTERM), int(signal.SIGINT)):
        if signal.getsignal(number) not in {signal.SIG_IGN, None}:
            before[number] = signal.signal(number, note)
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            os.kill(os.getpid(), received[0])
