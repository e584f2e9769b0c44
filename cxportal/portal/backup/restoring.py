"""Brings a backup back: verified first, files next, and the database last, in one transaction: all of it, or none."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.core.management import call_command
from django.db import connection
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop

from cxportal.notifications.heartbeats import beat
from cxportal.portal.backup import BackupError, archive
from cxportal.portal.backup.making import files_named
from cxportal.portal.backup.tools import Tools, find_tools, first_error
from cxportal.portal.health.facts import known_migrations
from cxportal.portal.weekly.schedules import join_due_slots

HELD = gettext_noop("held back after a restore: it may have been sent since the backup was made")
# A program newer than the server begins with settings the server does not know.
UNKNOWN_TO_OLDER = (b"SET transaction_timeout = 0;\n",)
# What a migrated database without any people holds.
NOTHING_OF_OURS = {"django_migrations", "django_content_type", "auth_permission", "django_session"}

_DROP = """
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', one.tablename);
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema() LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS %I CASCADE', one.sequencename);
    END LOOP;
    FOR one IN SELECT oid::regprocedure AS name FROM pg_proc AS routine
                WHERE pronamespace = current_schema()::regnamespace
                  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = routine.oid AND deptype = 'e') LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.name);
    END LOOP;
END $$;
"""
# In the transaction of the restore: no worker ever sees a mail that may have been sent already.
_HOLD = f"""
UPDATE notifications_outgoingmail
   SET state = 'suppressed', reason = '{HELD}', lease_until = NULL
 WHERE state IN ('queued', 'claimed', 'handing_over', 'uncertain');
"""  # noqa: S608 (our own words)
_FORGET_SIGNS = "RESET search_path;\nDELETE FROM notifications_heartbeat WHERE name <> 'backup';\n"


@dataclass
class Restored:
    made_at: dt.datetime
    rows: int
    files: int
    held: int  # mails
    joined: int  # weekly boards
    missing: list[str]  # files that rows name, and that the backup could not have
    migrated: int


def restore_backup(path: Path, *, replace: bool = False, send_queued: bool = False) -> Restored:
    """Puts database and files of the archive at `path` where this installation keeps its own.

    What is in the database already stops it, unless `replace`. Mails that waited when the backup was made are held
    back, and weekly boards whose time has come since join the next ones, unless `send_queued`. Raises BackupError;
    the database is then as it was.
    """
    manifest = archive.verify(path)
    _check_schema(path, manifest)
    _check_alone()
    if not replace and (table := _first_table_with_rows()):
        raise BackupError(
            f"The database is not empty ({table} has rows). Restore into an empty one, "
            "or add --replace, which throws away everything it holds."
        )
    # pg_restore reads what its own version and older ones wrote.
    server_major = int(connection.connection.server_version) // 10_000
    tools = find_tools(connection.settings_dict, max(server_major, int(manifest["postgresql"])))
    files = _restore_files(path)
    _restore_database(path, tools, hold=not send_queued)
    known = set(manifest["migrations"])
    call_command("migrate", interactive=False, verbosity=0)
    made_at = parse_datetime(manifest["made_at"])
    assert made_at is not None
    restored = Restored(
        made_at=made_at,
        rows=sum(manifest["rows"].values()),
        files=files,
        held=_held(),
        joined=0 if send_queued else join_due_slots(),
        missing=_missing(),
        migrated=len(known_migrations() - known),
    )
    beat("restore", file=path.name, made_at=manifest["made_at"], held=restored.held)
    return restored


def _check_schema(path: Path, manifest: dict[str, Any]) -> None:
    newer = sorted(set(manifest["migrations"]) - known_migrations())
    if newer:
        raise BackupError(
            f"{path} was made by a newer version of the portal (it has {newer[0]}). Update first, then restore."
        )


def _check_alone() -> None:
    """Raises BackupError while others use the database: a worker would send what is being restored."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        others = cursor.fetchone()[0]
    if others:
        raise BackupError(
            f"The database is in use ({others} other connections). Stop web, workers and beat first."
        )


def _first_table_with_rows() -> str:
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - NOTHING_OF_OURS):
            cursor.execute(f"SELECT EXISTS (SELECT FROM {connection.ops.quote_name(table)})")  # noqa: S608
            if cursor.fetchone()[0]:
                return table
    return ""


def _restore_files(path: Path) -> int:
    """Before the database, so that no row ever lacks its file. Raises BackupError."""
    from django.core.files.storage import default_storage

    number = 0
    for name, _size, content in archive.members(path, archive.FILES):
        _put(default_storage, name, File(content, name=name))
        number += 1
    return number


def _put(storage: Storage, name: str, content: File) -> None:
    try:
        if storage.exists(name):
            storage.delete(name)
        saved = storage.save(name, content)
    except OSError as error:
        raise BackupError(f"The file {name} could not be stored: {error.strerror or error}") from error
    if saved != name:
        storage.delete(saved)
        raise BackupError(f"The storage does not take the name {name}.")


def _restore_database(path: Path, tools: Tools, *, hold: bool) -> None:
    connection.close()
    with tempfile.TemporaryDirectory(prefix="cxportal-restore-") as temporary:
        folder = Path(temporary)
        dump = folder / archive.DATABASE
        for _name, _size, content in archive.members(path, archive.DATABASE):
            with open(dump, "wb") as file:
                while chunk := content.read(archive.CHUNK):
                    file.write(chunk)
        (folder / "drop.sql").write_text(_DROP)
        (folder / "after.sql").write_text(_FORGET_SIGNS + (_HOLD if hold else ""))
        _pour(tools, dump, folder / "drop.sql", folder / "after.sql")


def _pour(tools: Tools, dump: Path, before: Path, after: Path) -> None:
    """pg_restore makes SQL of the dump, psql runs it between the two files, in one transaction."""
    reader = subprocess.Popen(
        tools.command("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(dump)),
        env=tools.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with tempfile.TemporaryFile() as said:
        writer = subprocess.Popen(
            tools.command(
                "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction",
                f"--file={before}", "--file=-", "--file=" + str(after), tools.address,
            ),
            env=tools.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )  # fmt: skip
        assert reader.stdout
        assert reader.stderr
        assert writer.stdin
        whole = True
        try:
            head = reader.stdout.read(8192)
            for line in UNKNOWN_TO_OLDER:
                head = head.replace(line, b"")
            while head:
                writer.stdin.write(head)
                head = reader.stdout.read(archive.CHUNK)
            complaint = reader.stderr.read().decode(errors="replace")
            whole = reader.wait() == 0
            if not whole:
                writer.stdin.write(b"\nSELECT 1/0;\n")  # nothing of it is to stay
        except BrokenPipeError:
            reader.kill()
            complaint = ""
        finally:
            try:
                writer.stdin.close()
            except BrokenPipeError:
                pass
            code = writer.wait()
            reader.stdout.close()
            reader.stderr.close()
            reader.wait()
        if not whole or code:
            said.seek(0)
            words = first_error(said.read().decode(errors="replace")) if whole else first_error(complaint)
            raise BackupError(f"The database could not be restored, and is as it was: {words}")


def _held() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM notifications_outgoingmail WHERE reason = %s", [HELD])
        return int(cursor.fetchone()[0])


def _missing() -> list[str]:
    return [file.name for file in files_named() if not file.storage.exists(file.name)]
