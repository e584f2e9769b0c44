"""What there is to know about the background work, in a constant number of statements that read what is due only."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import QuerySet

from cxportal.lib.asking import Ask, quick_connection
from cxportal.notifications.models import Heartbeat, MailAttempt, OutgoingMail
from cxportal.portal.models import BoardSchedule
from feedback.models import AnswerClock

LAST_TRIES = 20
DATABASE_SECONDS = 1.0


@dataclass(frozen=True)
class Sign:
    """A sign of life."""

    name: str
    at: dt.datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """`due_mail_at` and so on: since when the longest due one has been due; None where nothing is."""

    now: dt.datetime
    pending_migrations: list[str]
    signs: list[Sign] = field(default_factory=list)
    due_mail_at: dt.datetime | None = None
    unsent_mail_at: dt.datetime | None = None
    last_tries: list[str] = field(default_factory=list)
    reminder_due_at: dt.datetime | None = None
    board_due_at: dt.datetime | None = None

    def sign(self, name: str) -> Sign | None:
        return next((sign for sign in self.signs if sign.name == name), None)

    def signs_of(self, kind: str) -> list[Sign]:
        """Those of the processes of one kind, the freshest first."""
        found = [sign for sign in self.signs if sign.name.startswith(f"{kind}:")]
        return sorted(found, key=lambda sign: sign.at, reverse=True)


def facts_quickly() -> Facts:
    """The facts, within DATABASE_SECONDS, on a connection of its own. Raises NoAnswer and psycopg2.Error."""
    with quick_connection(settings.DATABASES["default"], seconds=DATABASE_SECONDS) as ask:
        return gather(ask)


def facts_here() -> Facts:
    """The facts, on this request's connection: one that answers, since it brought the reader's session."""
    with connection.cursor() as cursor:

        def ask(sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
            cursor.execute(sql, values)
            return cursor.fetchall()

        return gather(ask)


def gather(ask: Ask) -> Facts:
    now = ask("SELECT statement_timestamp()", ())[0][0]
    pending = _pending(ask)
    if any(name.startswith(("notifications.", "feedback.", "portal.")) for name in pending):
        # Columns may be missing: the migrations are what is to be told.
        return Facts(now, pending)
    mail = OutgoingMail.objects.order_by()
    waiting = mail.filter(state__in=OutgoingMail.WAITING)
    under_way = mail.filter(state__in=OutgoingMail.UNDER_WAY)
    unsent = [
        _first(ask, rows.filter(first_due_at__lte=now).order_by("first_due_at").values_list("first_due_at"))
        for rows in (waiting, under_way)
    ]
    return Facts(
        now=now,
        pending_migrations=pending,
        signs=[
            Sign(name, at, json.loads(data) if isinstance(data, str) else data)
            for name, at, data in _rows(
                ask, Heartbeat.objects.order_by("name").values_list("name", "at", "data")
            )
        ],
        due_mail_at=_first(ask, waiting.filter(due_at__lte=now).order_by("due_at").values_list("due_at")),
        unsent_mail_at=min((at for at in unsent if at), default=None),
        last_tries=[
            row[0]
            for row in _rows(ask, MailAttempt.objects.order_by("-pk").values_list("outcome")[:LAST_TRIES])
        ],
        reminder_due_at=_first(
            ask,
            AnswerClock.objects.with_rung_due(now).order_by("next_rung_at").values_list("next_rung_at"),
        ),
        board_due_at=_first(
            ask, BoardSchedule.objects.due(now).order_by("next_slot_at").values_list("next_slot_at")
        ),
    )


def _rows(ask: Ask, rows: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    sql, values = rows.query.sql_with_params()
    return ask(sql, values)


def _first(ask: Ask, rows: QuerySet[Any, Any]) -> Any:
    found = _rows(ask, rows[:1])
    return found[0][0] if found else None


def _pending(ask: Ask) -> list[str]:
    """Migrations this code has and the database has not, as "app.name"."""
    if not ask("SELECT to_regclass('django_migrations')", ())[0][0]:
        return sorted(known_migrations())
    applied = {f"{app}.{name}" for app, name in ask("SELECT app, name FROM django_migrations", ())}
    return sorted(known_migrations() - applied)


@cache
def known_migrations() -> frozenset[str]:
    """All migrations of this code."""
    return frozenset(".".join(key) for key in MigrationLoader(None).disk_migrations)
