"""`manage.py run_due`: one pass of everything that is due, for cron or by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from cxportal.portal.due import run_due


class Command(BaseCommand):
    help = (
        "Does what is due now: weekly boards, reminders, outgoing mail. The beat does the same each minute; "
        "running it as well harms nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at",
            metavar="INSTANT",
            help="take this instant for now: ISO 8601 with its offset, for example 2026-11-27T16:00+03:00",
        )
        parser.add_argument("--force", action="store_true", help="allow --at in a production installation")

    def handle(self, *args: Any, at: str | None, force: bool, **options: Any) -> None:
        now = None if at is None else _instant(at)
        if now is not None and settings.PRODUCTION and not force:
            raise CommandError(
                "--at would send real mail at the wrong time in this production installation. "
                "If that is what you want, add --force."
            )
        parts = run_due(now)
        for part in parts:
            self.stdout.write(
                f"{part.name}: failed: {part.error}" if part.error else f"{part.name}: {part.done}"
            )
        if any(part.error for part in parts):
            raise CommandError("Not all of it could be done; the lines above and the log say what.")


def _instant(text: str) -> dt.datetime:
    try:
        instant = parse_datetime(text.strip())
    except ValueError as error:
        raise CommandError(f"--at {text}: {error}.") from error
    if instant is None:
        raise CommandError(f"--at {text}: not an instant. Write it like 2026-11-27T16:00+03:00.")
    if instant.tzinfo is None:
        raise CommandError(
            f"--at {text}: the offset is missing, so it could be any of 24 hours. Add one, or Z for UTC."
        )
    return instant
