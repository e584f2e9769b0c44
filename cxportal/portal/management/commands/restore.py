"""`manage.py restore`: brings back what `backup` saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from cxportal.portal.backup import BackupError
from cxportal.portal.backup.restoring import restore_backup


class Command(BaseCommand):
    help = (
        "Puts the database and the files of a backup back, after reading all of it. Stop web, workers and beat "
        "first. Mail that waited when the backup was made is held back: it may have been sent since."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the archive")
        parser.add_argument(
            "--replace", action="store_true", help="throw away everything the database holds now"
        )
        parser.add_argument(
            "--send-queued",
            action="store_true",
            help="send the mail and the weekly boards that waited, although they may have been sent already",
        )

    def handle(self, *args: Any, file: Path, replace: bool, send_queued: bool, **options: Any) -> None:
        try:
            restored = restore_backup(file, replace=replace, send_queued=send_queued)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Restored as of {restored.made_at:%Y-%m-%d %H:%M:%S} UTC: "
            f"{restored.rows} rows, {restored.files} files. Everybody signs in again."
        )
        if restored.migrated:
            self.stdout.write(f"{restored.migrated} migrations were applied to it.")
        if restored.held:
            self.stdout.write(
                f"{restored.held} mails are held back: they waited when the backup was made and may have been "
                "sent since. They stand as “not sent” in the administration, where each can be sent again."
            )
        if restored.joined:
            self.stdout.write(
                f"{restored.joined} weekly boards whose time has come since join the next ones, for the same reason."
            )
        if restored.missing:
            self.stdout.write(
                f"{len(restored.missing)} files that rows name were gone already when the backup was made: "
                + ", ".join(restored.missing[:5])
            )
