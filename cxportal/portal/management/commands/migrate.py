"""`manage.py migrate`, such that the pages go on meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import OperationalError, connections
from psycopg2.errors import LockNotAvailable

TRIES = 10
SECONDS_BETWEEN = 2.0


class Command(MigrateCommand):
    """A change of a table waits for a lock at most MIGRATION_LOCK_SECONDS, then lets the others by, and tries again.

    Whoever waits for the lock of a table holds up everybody who comes after. Each migration is a transaction, so
    what was done stays done and the next try goes on from there.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        for left in reversed(range(TRIES)):
            try:
                with patience(options["database"]):
                    super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                if not left:
                    raise CommandError(
                        "A table was in use for too long, so the migrations were not finished. What was done is "
                        "done; run migrate again when nothing long runs (backups, exports, an open dbshell)."
                    ) from error
                self.stderr.write(f"A table is in use; trying again in {SECONDS_BETWEEN:.0f} s.")
                time.sleep(SECONDS_BETWEEN)


class patience:
    """Within, statements that change tables give up when they wait for a lock. What locks nobody out may wait."""

    def __init__(self, alias: str = "default") -> None:
        self.connection = connections[alias]
        self.wrapper = self.connection.execute_wrapper(self._run)

    def __enter__(self) -> None:
        self._limit(settings.MIGRATION_LOCK_SECONDS)
        self.wrapper.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.wrapper.__exit__(*error)
        if self.connection.connection is not None and not self.connection.needs_rollback:
            self._limit(0)

    def _limit(self, seconds: float) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{round(seconds * 1000)}ms"])

    def _run(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        if "CONCURRENTLY" not in str(sql):
            return execute(sql, params, many, context)
        # An index made beside the others' work waits for old transactions and hinders none; given up, it would
        # leave half an index behind.
        execute("SET lock_timeout = 0", None, False, context)
        try:
            return execute(sql, params, many, context)
        finally:
            execute(
                f"SET lock_timeout = {round(settings.MIGRATION_LOCK_SECONDS * 1000)}", None, False, context
            )
