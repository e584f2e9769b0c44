"""Two things at the same time, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections, transaction

LIMIT = 20  # seconds, for anything that is waited for


class Work(threading.Thread):
    """Runs `work` in a thread; `result()` waits for it and raises what it raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._result: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
        finally:
            connections.close_all()

    def result(self) -> Any:
        self.join(LIMIT)
        assert not self.is_alive(), "still waiting"
        if self._error is not None:
            raise self._error
        return self._result


@contextmanager
def uncommitted(work: Callable[[], Any]) -> Iterator[None]:
    """Inside, `work` has been done by another connection but is not committed; afterwards it is."""
    done, go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            work()
            done.set()
            assert go.wait(LIMIT)

    holder = Work(hold)
    try:
        while not done.wait(0.01):
            if not holder.is_alive():
                holder.result()
        yield
    finally:
        go.set()
        holder.result()


def wait_until_blocked(work: Work) -> None:
    """Returns once some connection to this database waits for a lock that another holds."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        if not work.is_alive():
            work.result()
            raise AssertionError("it did not wait")
    raise AssertionError("nothing waits for a lock")
