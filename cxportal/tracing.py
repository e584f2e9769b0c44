"""Follows a request into the tasks it starts: they carry its id, and their lines in the log name it and their own."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import signals

from cxportal.lib.logs import request_id, task_id

HEADER = "cx_request_id"

logger = logging.getLogger("cxportal.task")


def connect() -> None:
    """Called once, where the Celery application is made."""
    signals.setup_logging.connect(leave_logging_alone)
    signals.before_task_publish.connect(take_along)
    signals.task_prerun.connect(begin)
    signals.task_postrun.connect(end)


def leave_logging_alone(**kwargs: Any) -> None:
    """Celery sets up handlers of its own unless somebody listens to this signal. Ours are in place."""


def take_along(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    if headers is not None and request_id.get():
        headers.setdefault(HEADER, request_id.get())


def begin(task: Any = None, **kwargs: Any) -> None:
    # By its own id, which the worker gives to the signal under the same name as our variable.
    task_id.set(str(kwargs.get("task_id") or ""))
    request_id.set(str(getattr(task.request, HEADER, None) or ""))
    task.request.cx_started = time.monotonic()


def end(task: Any = None, state: str | None = None, **kwargs: Any) -> None:
    started = getattr(task.request, "cx_started", None)
    ms = round((time.monotonic() - started) * 1000) if started is not None else None
    logger.info("task %s %s", task.name, (state or "").lower(), extra={"task": task.name, "ms": ms})
    task_id.set("")
    request_id.set("")
