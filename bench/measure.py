"""Taking turns: each sample of ours stands beside one of its floor, so that a busy machine slows both alike."""

from __future__ import annotations

import gzip
import io
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """One line of the table. `budget` is a multiple of `floor` where there is one, else a limit of `value`.

    `met` is None where there is no budget. `at_least`: the budget is a lower limit.
    """

    name: str
    value: float
    unit: str
    budget: float | None = None
    floor: float | None = None
    floor_name: str = ""
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        return None if self.floor is None else self.value / self.floor if self.floor else float("inf")

    @property
    def met(self) -> bool | None:
        if self.budget is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.budget if self.at_least else measured <= self.budget

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "floor": None if self.floor is None else round(self.floor, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "budget": self.budget,
            "met": self.met,
        }


@dataclass
class Answer:
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def text(self) -> str:
        packed = self.header("Content-Encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


def ask(handler: Any, path: str, *, cookies: Mapping[str, str] | None = None, data: bytes = b"") -> Answer:
    """One request to a WSGI application in this process, as a server would make it: read to its end and closed."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "POST" if data else "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT_ENCODING": "gzip",
        "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items()),
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    answer = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        answer.status, answer.headers = status, headers

    body = handler(environ, start_response)
    try:
        answer.body = b"".join(body)
    finally:
        body.close()
    return answer


def in_turns(
    kinds: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    before: Mapping[str, Callable[[], None]] | None = None,
    warm_up: int = 5,
) -> dict[str, list[float]]:
    """Runs each kind once a round, `rounds` times after `warm_up` more, and gives the milliseconds of each.

    `before` is called ahead of a sample and not measured.
    """
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(warm_up + rounds):
        for name, sample in kinds.items():
            if before and name in before:
                before[name]()
            started = time.perf_counter()
            sample()
            if number >= warm_up:
                taken[name].append((time.perf_counter() - started) * 1000)
    return taken


def p50(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def table(results: Sequence[Result]) -> str:
    """The results as a table of Markdown."""
    head = ("what", "value", "floor", "ratio", "budget", "met")
    rows = [head, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cells(result: Result) -> tuple[str, ...]:
    sign = "≥" if result.at_least else "≤"
    limit = "" if result.budget is None else f"{sign} {result.budget:g}"
    if result.budget is not None:
        limit += " × floor" if result.floor is not None else f" {result.unit}"
    return (
        result.name,
        f"{_number(result.value)} {result.unit}",
        "" if result.floor is None else f"{_number(result.floor)} ({result.floor_name})",
        "" if result.ratio is None else f"{result.ratio:.2f}",
        limit,
        {True: "yes", False: "NO", None: ""}[result.met],
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
