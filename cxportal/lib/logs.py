"""Logs: one line for each thing that happened, as JSON or for the eye, that names work and never people or secrets.

What goes in is chosen, not what stays out: of a request its route, not its path (which may hold a token); of a
person the number; of an exception its class and where it was raised, and its words only where they are about
machines. What still looks like an address is masked. docs/operators/logs.md tells how to read them.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import traceback
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")
task_id: ContextVar[str] = ContextVar("task_id", default="")

# What a record may carry besides its message (`extra=…`): numbers and names of ours.
FIELDS = ("method", "route", "status", "ms", "user", "task")
_LOOKS_LIKE_AN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{15,63}")
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+")
# Their words are about code, servers and constraints. Only the first line: what follows quotes values of rows.
_ABOUT_MACHINES = {
    "AttributeError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError",
    "FieldError", "ImportError", "IntegrityError", "InterfaceError", "ModuleNotFoundError", "NameError",
    "OperationalError", "TemplateDoesNotExist", "TemplateSyntaxError", "TimeoutError", "gaierror",
}  # fmt: skip
# Of those, the ones of these packages alone: an exception that has only the name may say anything.
_THEIR_PACKAGES = ("builtins", "socket", "django", "psycopg2", "redis", "kombu", "celery")


def acceptable_id(text: str) -> bool:
    """Whether somebody else's id of a request is one we may write into our lines."""
    return bool(_LOOKS_LIKE_AN_ID.fullmatch(text))


def describe(error: BaseException) -> str:
    """An exception in one line without anybody's words: its class, and what it says where that is harmless."""
    kind = type(error)
    name = kind.__name__
    harmless = name in _ABOUT_MACHINES and kind.__module__.split(".")[0] in _THEIR_PACKAGES
    said = str(error).strip().splitlines()
    return f"{name}: {masked(said[0])}" if harmless and said else name


def masked(text: str) -> str:
    return _ADDRESS.sub("[address]", text)


def trace(error: BaseException) -> str:
    """Where it was raised, and what led to it: files, lines and functions. No values, and no words but `describe`'s."""
    parts: list[str] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        frames = traceback.format_list(traceback.extract_tb(one.__traceback__))
        parts.append("".join(["Traceback:\n", *frames, describe(one)]))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\ncaused by ".join(parts)


def message_of(record: logging.LogRecord) -> str:
    """The message, with exceptions described, paths named by their route, and addresses masked."""
    if record.name == "celery.app.trace" and record.exc_info and record.exc_info[1]:
        name = record.args.get("name", "") if isinstance(record.args, dict) else ""
        return f"task {name} failed: {describe(record.exc_info[1])}"
    request = getattr(record, "request", None)
    path = getattr(request, "path", None)
    args: Any = record.args
    if isinstance(args, tuple):
        args = tuple(_harmless(value, path, request) for value in args)
    try:
        text = str(record.msg) % args if args else str(record.msg)
    except (TypeError, ValueError):
        text = str(record.msg)
    if isinstance(record.msg, BaseException):
        text = describe(record.msg)
    if record.name.startswith("django.security."):
        text = "refused as suspicious"  # what was suspicious is the visitor's words
    return masked(text)


def _harmless(value: Any, path: str | None, request: Any) -> Any:
    if isinstance(value, BaseException):
        return describe(value)
    return route_of(request) if path and value == path else value


def route_of(request: Any) -> str:
    """The name of the route, "-" where there is none: a path may hold a token."""
    match = getattr(request, "resolver_match", None)
    return getattr(match, "view_name", "") or "-"


class _Chosen(logging.Formatter):
    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if (request := getattr(record, "request", None)) is not None:
            found["route"] = route_of(request)
            if status := getattr(record, "status_code", None):
                found["status"] = status
        found |= {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
        if request_id.get():
            found["request_id"] = request_id.get()
        if task_id.get():
            found["task_id"] = task_id.get()
        return found

    def error(self, record: logging.LogRecord) -> str:
        return trace(record.exc_info[1]) if record.exc_info and record.exc_info[1] else ""


class JsonFormatter(_Chosen):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
            **self.facts(record),
        }
        if error := self.error(record):
            line["error"] = error
        return json.dumps(line, ensure_ascii=False, default=lambda value: type(value).__name__)


class LineFormatter(_Chosen):
    """The same for the eye."""

    def format(self, record: logging.LogRecord) -> str:
        facts = self.facts(record)
        told = " ".join(f"{name}={value}" for name, value in facts.items())
        line = f"{record.levelname} {record.name}: {message_of(record)}{f' ({told})' if told else ''}"
        line = " ".join(line.split("\n"))
        return f"{line}\n{error}" if (error := self.error(record)) else line


FORMATS: dict[str, type[_Chosen]] = {"json": JsonFormatter, "line": LineFormatter}


def logging_settings(log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING, also for the processes that do not load Django."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": f"cxportal.lib.logs.{FORMATS[log_format].__name__}"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's own would write to the console once more, and mail to ADMINS.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # At DEBUG these write what they send: statements with values, requests with signatures, messages.
            **{
                name: {"level": "WARNING"}
                for name in (
                    "django.db.backends", "django.template", "celery", "kombu", "amqp", "boto3", "botocore",
                    "s3transfer", "urllib3", "asyncio", "PIL", "markdown_it", "py.warnings",
                )
            },
        },
    }  # fmt: skip
