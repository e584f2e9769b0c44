"""Asks PostgreSQL something within a time limit that always holds, on a connection of its own.

Django's connections wait for as long as a frozen server is silent. Here nothing waits longer than it was allowed to:
for who must answer in time, and for small processes that do not load Django.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
import psycopg2.extensions as pg

Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


class NoAnswer(Exception):
    """The database did not answer in time."""


@contextmanager
def quick_connection(database: Mapping[str, Any], *, seconds: float) -> Iterator[Ask]:
    """Gives a function that runs one statement and returns its rows; each statement is its own transaction.

    `database` is an entry of Django's DATABASES. All of it together ends after `seconds`. Raises NoAnswer and
    psycopg2.Error.
    """
    ends_at = time.monotonic() + seconds
    connection = psycopg2.connect(
        **{
            **database["OPTIONS"],
            "dbname": database["NAME"],
            "user": database["USER"] or None,
            "password": database["PASSWORD"] or None,
            "host": database["HOST"] or None,
            "port": database["PORT"] or None,
        },
        async_=1,
    )

    def ask(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        cursor.execute(sql, list(values) or None)
        _wait(connection, ends_at)
        return cursor.fetchall() if cursor.description else []

    try:
        _wait(connection, ends_at)
        yield ask
    finally:
        connection.close()


def _wait(connection: Any, ends_at: float) -> None:
    while (state := connection.poll()) != pg.POLL_OK:
        left = ends_at - time.monotonic()
        if left <= 0:
            raise NoAnswer("no answer in time")
        # poll(2) and not select(2), which knows no descriptors above 1023.
        waiter = select.poll()
        waiter.register(
            connection.fileno(), select.POLLIN if state == pg.POLL_READ else select.POLLIN | select.POLLOUT
        )
        waiter.poll(left * 1000)
