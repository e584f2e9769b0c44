"""`manage.py seed_load`: loads made-up work in bulk, to measure with."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from cxportal.portal.load import LoadRefused, seed_load


class Command(BaseCommand):
    help = (
        "Loads made-up companies, boards and open conversations, up to millions, to measure with. Nothing of it "
        "is mailed and nobody of it can sign in, unless --password is given. With --clients, --projects, --tasks "
        "and --people 0 it adds threads to a load that is there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clients", type=int, default=10, help="client companies (10)")
        parser.add_argument(
            "--projects", type=int, default=100, help="projects; half are the first company's (100)"
        )
        parser.add_argument("--tasks", type=int, default=10_000, help="tasks on all boards together (10000)")
        parser.add_argument(
            "--threads", type=int, default=10_000, help="conversations that wait for an answer (10000)"
        )
        parser.add_argument("--people", type=int, default=200, help="our staff and the contacts (200)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same data (1)")
        parser.add_argument(
            "--due",
            type=int,
            default=0,
            metavar="N",
            help="so many reminders are due now, no others soon (0)",
        )
        parser.add_argument(
            "--board",
            type=int,
            action="append",
            default=[],
            metavar="N",
            help="the first project has N of the tasks; given again, the second, and so on",
        )
        parser.add_argument("--password", default="", help="everybody of the load may sign in with it")
        parser.add_argument("--force", action="store_true", help="allow it in a production installation")

    def handle(self, *args: Any, force: bool, board: list[int], **options: Any) -> None:
        if settings.PRODUCTION and not force:
            raise CommandError(
                "This is a production installation, and a load cannot be taken away again. "
                "Add --force if you mean it."
            )
        names = ("clients", "projects", "tasks", "threads", "people", "seed", "due", "password")
        started = time.monotonic()
        try:
            seed_load(**{name: options[name] for name in names}, board_sizes=board, tell=self._tell)
        except LoadRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self._tell(f"The load is there, after {time.monotonic() - started:.0f} seconds.")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
