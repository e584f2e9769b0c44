"""Makes a backup while the portal runs: the database as it was at one instant, then every file it names."""

from __future__ import annotations

import datetime as dt
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import Storage
from django.db import connection, models, transaction
from django.utils import timezone

from cxportal import __version__
from cxportal.notifications.heartbeats import BACKUP, beat
from cxportal.portal.backup import BackupError, archive
from cxportal.portal.backup.tools import Tools, find_tools, run

# Whoever is signed in signs in again after a restore: sessions that were ended since must not come back.
NOT_KEPT = ("django_session",)
_NAME = re.compile(r"portal-\d{8}T\d{6}Z\.tar")


@dataclass
class Made:
    """`missing`: names of files that rows name and the storage has not."""

    path: Path
    size: int
    rows: int
    files: int
    missing: list[str]
    seconds: float
    removed: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class StoredFile:
    """A file that a row names."""

    model: type[models.Model]
    field: models.FileField
    pk: Any
    name: str

    @property
    def storage(self) -> Storage:
        return self.field.storage

    def is_still_named(self) -> bool:
        manager = self.model._default_manager
        return manager.filter(pk=self.pk, **{self.field.attname: self.name}).exists()


def make_backup(folder: Path, *, keep: int | None = None) -> Made:
    """A backup in `folder`, which is made where missing; then only the `keep` newest stay there.

    Raises BackupError, and then leaves nothing half done. Writes down how it went, for the page *System*.
    """
    started = time.monotonic()
    path = _path_in(folder)
    tools = find_tools(connection.settings_dict, _server_major())
    missing: list[str] = []
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".dump-", dir=folder) as temporary,
            archive.writing(path) as writer,
        ):
            dump = Path(temporary) / archive.DATABASE
            counts, files = _snapshot(tools, dump)
            with open(dump, "rb") as source:
                writer.add(archive.DATABASE, source, dump.stat().st_size)
            dump.unlink()
            for file in files:
                _add(writer, file, missing)
            writer.finish(
                {
                    "made_at": timezone.now().astimezone(dt.UTC).isoformat(timespec="seconds"),
                    "version": __version__,
                    "postgresql": _server_major(),
                    "migrations": _applied(),
                    "rows": counts,
                    "missing": missing,
                }
            )
    except OSError as error:
        raise BackupError(
            f"The backup could not be written to {folder}: {error.strerror or error}"
        ) from error
    made = Made(
        path=path,
        size=path.stat().st_size,
        rows=sum(counts.values()),
        files=len(writer.members) - 1,
        missing=missing,
        seconds=time.monotonic() - started,
        removed=rotate(folder, keep) if keep else [],
    )
    beat(BACKUP, file=path.name, bytes=made.size, files=made.files, missing=len(missing), verified=True,
         seconds=round(made.seconds, 1))  # fmt: skip
    return made


def rotate(folder: Path, keep: int) -> list[Path]:
    """Removes all backups in `folder` but the `keep` newest, and nothing else. Returns what it removed."""
    backups = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    old = backups[: max(0, len(backups) - keep)]
    for path in old:
        path.unlink()
    return old


def _path_in(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(f"{folder} cannot be made: {error.strerror}") from error
    path = folder / f"portal-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}.tar"
    if path.exists():
        raise BackupError(f"{path} is there already.")
    return path


def _server_major() -> int:
    connection.ensure_connection()
    return int(connection.connection.server_version) // 10_000


def _snapshot(tools: Tools, dump: Path) -> tuple[dict[str, int], list[StoredFile]]:
    """Dumps the database into `dump`; rows of each table and the files they name, as of that same instant."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        os.close(os.open(dump, os.O_WRONLY | os.O_CREAT, 0o600))
        run(
            tools,
            tools.command(
                "pg_dump",
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={dump}",
                *[f"--exclude-table-data={table}" for table in NOT_KEPT],
                tools.address,
            ),
        )
        counts = {}
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            counts[table] = 0 if table in NOT_KEPT else cursor.fetchone()[0]
        return counts, list(files_named())


def files_named() -> Iterator[StoredFile]:
    """Every file that a row names, whatever the model."""
    seen: set[str] = set()
    for model in apps.get_models():
        for one in model._meta.concrete_fields:
            if not isinstance(one, models.FileField):
                continue
            rows = model._default_manager.exclude(**{one.attname: ""}).order_by("pk")
            for pk, name in rows.values_list("pk", one.attname).iterator():
                if name and name not in seen:
                    seen.add(name)
                    yield StoredFile(model, one, pk, name)


def _add(writer: archive.Writer, file: StoredFile, missing: list[str]) -> None:
    try:
        with file.storage.open(file.name, "rb") as source:
            writer.add(f"{archive.FILES}{file.name}", source, file.storage.size(file.name))
    except FileNotFoundError:
        # Deleted, with its row, since the instant of the database: nothing anybody will miss.
        if file.is_still_named():
            missing.append(file.name)


def _applied() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def default_folder() -> Path:
    return Path(settings.PORTAL_HOME) / "backups"
