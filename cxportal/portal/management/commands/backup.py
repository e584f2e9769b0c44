"""`manage.py backup`: database and attached files into one archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from cxportal.portal.backup import BackupError
from cxportal.portal.backup.making import default_folder, make_backup
from cxportal.portal.health.system import size


class Command(BaseCommand):
    help = (
        "Saves the database and the attached files in one archive, while the portal runs, and reads it back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", type=Path, metavar="FOLDER", help="where to put it (default: PORTAL_HOME/backups)"
        )
        parser.add_argument(
            "--keep", type=int, metavar="N", help="afterwards remove all backups there but the N newest"
        )

    def handle(self, *args: Any, to: Path | None, keep: int | None, **options: Any) -> None:
        if keep is not None and keep < 1:
            raise CommandError("--keep must be 1 or more.")
        try:
            made = make_backup((to or default_folder()).expanduser().resolve(), keep=keep)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{made.path}: {size(made.size)}, {made.rows} rows, {made.files} files, "
            f"read back and right, in {made.seconds:.1f} s"
        )
        for path in made.removed:
            self.stdout.write(f"removed {path.name}")
        if made.missing:
            shown = ", ".join(made.missing[:5]) + (" …" if len(made.missing) > 5 else "")
            raise CommandError(
                f"The backup is good, but {len(made.missing)} files that the database names are not in the "
                f"storage any more: {shown}"
            )
