"""The reminder sweep: what it costs for each clock that is due, and what for all the open ones that are not."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from bench.measure import Result
from bench.telling import tell
from cxportal.portal.load import seed_load
from feedback.ladder import remind_due
from feedback.models import AnswerClock

DUE = 100
AWAY = timedelta(days=1000)


def measure(*, quick: bool) -> list[Result]:
    few, many, rounds = (1_000, 10_000, 3) if quick else (10_000, 1_000_000, 10)
    now = timezone.now()
    seed_load(
        clients=20, projects=50, tasks=1000, people=200,
        threads=few, due=DUE * rounds, seed=1, now=now, tell=_tell,
    )  # fmt: skip
    among_few = _samples(now, rounds)
    seed_load(
        clients=0, projects=0, tasks=0, people=0,
        threads=many - few, due=DUE * rounds, seed=2, now=now, tell=_tell,
    )  # fmt: skip
    among_many = _samples(now, rounds)
    nothing, nothing_in_sql = _nothing_due(now, rounds)
    few_ms, many_ms = statistics.median(among_few), statistics.median(among_many)
    words = f"{DUE} due among"
    return [
        Result(f"reminders, {words} {few:,} open, each", few_ms / DUE, "ms", 3),
        Result(f"reminders, {words} {many:,} open, each", many_ms / DUE, "ms", 3),
        Result(f"the same, {many:,} : {few:,}", many_ms, "ms", 1.2, few_ms, f"among {few:,}"),
        Result(f"reminders, none due among {many:,} open, SQL", nothing_in_sql, "ms", 10),
        Result(f"reminders, none due among {many:,} open, all", nothing, "ms"),
    ]


def _samples(now: datetime, rounds: int) -> list[float]:
    """Milliseconds of each sweep over clocks of which exactly 100 are due, each committed as in the worker.

    The clocks that the load made due are put off first; each round gives back a hundred that were not yet reminded.
    """
    due = list(AnswerClock.objects.with_rung_due(now).order_by("pk").values_list("pk", "next_rung_at"))
    if len(due) != DUE * rounds:
        raise RuntimeError(f"{len(due)} clocks are due, not {DUE * rounds}.")
    AnswerClock.objects.filter(pk__in=[pk for pk, _at in due]).update(next_rung_at=now + AWAY)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE feedback_answerclock")
    remind_due(now)  # the first one, of nothing, opens what is opened once
    taken = []
    for number in range(rounds):
        some = due[number * DUE : (number + 1) * DUE]
        for pk, at in some:
            AnswerClock.objects.filter(pk=pk).update(next_rung_at=at)
        milliseconds, done = _timed(lambda: remind_due(now))
        if done != DUE:
            raise RuntimeError(f"{done} clocks were taken, not {DUE}.")
        taken.append(milliseconds)
    return taken


def _nothing_due(now: datetime, rounds: int) -> tuple[float, float]:
    """Milliseconds of a sweep that finds nothing: altogether, and of it in the database."""
    whole, in_sql = [], []
    for _number in range(rounds):
        with _time_in_sql() as spent:
            milliseconds, done = _timed(lambda: remind_due(now))
        if done:
            raise RuntimeError("Something was due.")
        whole.append(milliseconds)
        in_sql.append(sum(spent))
    return statistics.median(whole), statistics.median(in_sql)


def _timed(do: Callable[[], int]) -> tuple[float, int]:
    started = time.perf_counter()
    done = do()
    return (time.perf_counter() - started) * 1000, done


@contextmanager
def _time_in_sql() -> Iterator[list[float]]:
    """The milliseconds of each statement while the context lasts."""
    spent: list[float] = []

    def clocked(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent.append((time.perf_counter() - started) * 1000)

    with connection.execute_wrapper(clocked):
        yield spent


def _tell(line: str) -> None:
    tell(f"  {line}")
