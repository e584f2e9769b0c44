"""Backups are made while the portal runs, and brought back into another installation that is then the same."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clients.models import User
from conftest import SignedIn
from cxportal.lib.asking import quick_connection
from cxportal.notifications.models import Heartbeat, OutgoingMail
from cxportal.portal.backup import BackupError, archive, making
from cxportal.portal.backup.making import files_named, make_backup
from cxportal.portal.backup.tools import find_tools
from cxportal.portal.models import BoardSchedule
from projects.models import Attachment
from tests.workers import ROOT, environment
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

State = OutgoingMail.State


class Elsewhere:
    """Another installation: a fresh database, and a home of its own."""

    def __init__(self, home: Path) -> None:
        self.name = f"elsewhere_{uuid.uuid4().hex[:12]}"
        self.home = home
        self._admin(f'CREATE DATABASE "{self.name}"')

    def _admin(self, statement: str) -> None:
        with quick_connection(connection.settings_dict, seconds=30) as ask:
            ask(statement, ())

    def drop(self) -> None:
        self._admin(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = environment(PORTAL_HOME=str(self.home))
        parts = urlsplit(environ["DATABASE_URL"])
        environ["DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{self.name}"))
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with quick_connection({**connection.settings_dict, "NAME": self.name}, seconds=30) as ask:
            return ask(sql, ())

    def rows(self) -> dict[str, int]:
        tables = self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name: len(self.ask(f'TABLE "{name}"')) for (name,) in tables}

    def files(self) -> dict[str, str]:
        return hashes(self.home / "media")


@pytest.fixture
def elsewhere(db: None, tmp_path: Path) -> Iterator[Elsewhere]:
    place = Elsewhere(tmp_path / "elsewhere")
    yield place
    place.drop()


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_here() -> dict[str, int]:
    with connection.cursor() as cursor:
        counts = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'TABLE "{table}"')
            counts[table] = len(cursor.fetchall())
        return counts


def a_mail(state: State, **more: Any) -> OutgoingMail:
    number = OutgoingMail.objects.count()
    return OutgoingMail.objects.create(
        kind="x", dedupe_key=f"k{number}", message_id=f"<{number}@x>", to="a@example.com", state=state, **more
    )


@pytest.fixture
def backup(world: World, tmp_path: Path) -> Path:
    """A backup of `world`, with a mail in every state, somebody signed in, and a large file with an odd name."""
    for state in State:
        a_mail(state)
    SignedIn(world.people["owner"])
    content = os.urandom(3_000_000)
    Attachment.objects.create(
        task=world.task, name="Смета.bin", size=len(content), content_type="application/octet-stream",
        file=ContentFile(content, name="Смета №1 (final).bin"),
    )  # fmt: skip
    return make_backup(tmp_path / "backups").path


def test_what_was_saved_is_there_again(backup: Path, elsewhere: Elsewhere, settings: Any) -> None:
    result = elsewhere.manage("restore", str(backup))
    assert result.returncode == 0, result.stderr
    here, there = rows_here(), elsewhere.rows()
    assert here["clients_user"] == 9
    assert there.pop("django_session") == 0 < here.pop("django_session")
    # The backup's own sign of life is written after it, and the restore's in its place.
    assert (there.pop("notifications_heartbeat"), here.pop("notifications_heartbeat")) == (1, 1)
    assert there == here
    assert elsewhere.files() == hashes(Path(settings.MEDIA_ROOT)) != {}
    assert elsewhere.manage("migrate", "--check").returncode == 0
    # Numbers go on after the last one.
    assert elsewhere.ask("SELECT nextval(pg_get_serial_sequence('clients_user', 'id'))")[0][0] == (
        User.objects.latest("pk").pk + 1
    )


def test_mail_that_waited_is_not_sent_blindly(backup: Path, elsewhere: Elsewhere) -> None:
    result = elsewhere.manage("restore", str(backup))
    assert "4 mails are held back" in result.stdout
    states = dict(elsewhere.ask("SELECT state, count(*) FROM notifications_outgoingmail GROUP BY 1"))
    assert states == {"sent": 1, "failed": 1, "suppressed": 5}
    reasons = elsewhere.ask(
        "SELECT DISTINCT reason FROM notifications_outgoingmail WHERE reason LIKE 'held%'"
    )
    assert reasons == [("held back after a restore: it may have been sent since the backup was made",)]


def test_it_is_sent_for_who_says_so(backup: Path, elsewhere: Elsewhere) -> None:
    assert elsewhere.manage("restore", str(backup), "--send-queued").returncode == 0
    assert elsewhere.ask("SELECT count(*) FROM notifications_outgoingmail WHERE state = 'queued'") == [(1,)]


def test_a_weekly_board_whose_time_has_come_joins_the_next(
    world: World, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    number = BoardSchedule.objects.filter(is_on=True).update(next_slot_at=timezone.now())
    path = make_backup(tmp_path / "backups").path
    result = elsewhere.manage("restore", str(path))
    assert f"{number} weekly boards" in result.stdout
    assert elsewhere.ask("SELECT outcome, count(*) FROM portal_sentboard GROUP BY 1") == [("joined", number)]
    assert elsewhere.ask(
        "SELECT count(*) FROM portal_boardschedule WHERE is_on AND next_slot_at <= now()"
    ) == [(0,)]


def test_an_archive_is_for_its_owner_alone_and_is_written_down(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700
    assert os.listdir(backup.parent) == [backup.name]
    sign = Heartbeat.objects.get(name="backup")
    assert (sign.data["bytes"], sign.data["verified"], sign.data["missing"]) == (
        backup.stat().st_size,
        True,
        0,
    )


def test_the_manifest_tells_what_is_in_it(backup: Path) -> None:
    manifest = archive.verify(backup)
    assert manifest["rows"]["clients_user"] == User.objects.count()
    assert "portal.0001_initial" in manifest["migrations"]
    assert len(manifest["members"]) == 1 + len(list(files_named())) == 8


def test_the_files_are_those_of_the_instant_of_the_database(
    world: World, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that comes between the dump and the copying is not in it, one that goes with its row is no loss."""
    real = making._snapshot

    def then_others_go_on(*arguments: Any) -> Any:
        result = real(*arguments)
        gone = world.attachment
        default_storage.delete(gone.file.name)
        gone.delete()
        Attachment.objects.create(
            task=world.task, name="new.txt", size=3, content_type="text/plain", file=ContentFile(b"new", name="new.txt")
        )  # fmt: skip
        return result

    monkeypatch.setattr(making, "_snapshot", then_others_go_on)
    made = make_backup(tmp_path / "backups")
    assert made.missing == []
    assert not [name for name in archive.verify(made.path)["members"] if "new" in name]


def test_a_file_that_is_gone_is_told(world: World, tmp_path: Path) -> None:
    default_storage.delete(world.attachment.file.name)
    with pytest.raises(CommandError, match=r"is good, but 1 files .* not in the storage any more: tasks/"):
        call_command("backup", to=tmp_path / "backups", stdout=io.StringIO())
    assert Heartbeat.objects.get(name="backup").data["missing"] == 1
    (path,) = (tmp_path / "backups").iterdir()
    assert archive.verify(path)["missing"] == [world.attachment.file.name]


# What is refused.


def refused(elsewhere: Elsewhere, path: Path, *more: str) -> str:
    before = elsewhere.rows()
    result = elsewhere.manage("restore", str(path), *more)
    assert result.returncode != 0
    assert elsewhere.rows() == before
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_database_with_people_in_it(backup: Path, elsewhere: Elsewhere) -> None:
    assert elsewhere.manage("migrate", "-v0").returncode == 0
    assert elsewhere.manage("restore", str(backup)).returncode == 0, "migrated, and empty"
    elsewhere.ask("UPDATE clients_user SET name = 'Somebody else'")
    assert "is not empty (clients_" in refused(elsewhere, backup)
    assert elsewhere.ask("SELECT DISTINCT name FROM clients_user") == [("Somebody else",)]
    assert elsewhere.manage("restore", str(backup), "--replace").returncode == 0
    assert ("Olga Owner",) in elsewhere.ask("SELECT name FROM clients_user")


def test_a_portal_that_runs(backup: Path, elsewhere: Elsewhere) -> None:
    with quick_connection({**connection.settings_dict, "NAME": elsewhere.name}, seconds=60):
        result = elsewhere.manage("restore", str(backup))
    assert "Stop web, workers and beat first" in result.stderr
    assert elsewhere.rows() == {}


def changed(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A copy of the archive with other members."""
    with tarfile.open(path) as tar:
        content = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    change(content)
    copy = path.with_name("changed.tar")
    with tarfile.open(copy, "w") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return copy


def relisted(content: dict[str, bytes], **changes: Any) -> None:
    """Changes the list, with the right sum: as another version or somebody with ideas would write it."""
    manifest = {**json.loads(content["manifest.json"]), **changes}
    content["manifest.json"] = json.dumps(manifest).encode()
    content["manifest.sha256"] = hashlib.sha256(content["manifest.json"]).hexdigest().encode()


def test_a_truncated_archive(backup: Path, elsewhere: Elsewhere) -> None:
    whole = backup.read_bytes()
    cut = backup.with_name("cut.tar")
    for length in (0, 100, len(whole) // 2, len(whole) - 20_000):
        cut.write_bytes(whole[:length])
        with pytest.raises(BackupError, match="damaged"):
            archive.verify(cut)
    assert "damaged" in refused(elsewhere, cut)


def test_a_byte_that_changed(backup: Path, elsewhere: Elsewhere) -> None:
    whole = bytearray(backup.read_bytes())
    whole[len(whole) // 2] ^= 1
    broken = backup.with_name("broken.tar")
    broken.write_bytes(whole)
    assert "is not what was saved" in refused(elsewhere, broken)
    assert elsewhere.files() == {}, "checked before anything is written"


@pytest.mark.parametrize("name", ["database.dump", "files/", "manifest.json", "manifest.sha256"])
def test_a_member_that_is_missing(backup: Path, name: str) -> None:
    def without(content: dict[str, bytes]) -> None:
        del content[next(member for member in content if member.startswith(name))]

    with pytest.raises(BackupError, match="is missing"):
        archive.verify(changed(backup, without))


def test_a_member_too_many(backup: Path) -> None:
    with pytest.raises(BackupError, match="which its list does not name"):
        archive.verify(changed(backup, lambda content: content.update({"files/more.txt": b"x"})))


@pytest.mark.parametrize(
    "name", ["files/../../evil", "/etc/evil", "evil", "files/a\\..\\b", "files//evil", "files/./x"]
)
def test_names_that_lead_elsewhere(backup: Path, name: str) -> None:
    def with_it(content: dict[str, bytes]) -> None:
        members = json.loads(content["manifest.json"])["members"]
        members[name] = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
        relisted(content, members=members)
        content[name] = b"x"

    with pytest.raises(BackupError, match="which no backup of ours does"):
        archive.verify(changed(backup, with_it))


def test_a_link_in_the_archive(backup: Path) -> None:
    copy = backup.with_name("link.tar")
    copy.write_bytes(backup.read_bytes())
    with tarfile.open(copy, "a") as tar:
        entry = tarfile.TarInfo("files/link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    with pytest.raises(BackupError, match="which no backup of ours does"):
        archive.verify(copy)


def test_an_archive_of_a_newer_version(backup: Path, elsewhere: Elsewhere) -> None:
    newer = changed(backup, lambda content: relisted(content, migrations=["portal.0999_from_the_future"]))
    assert "made by a newer version" in refused(elsewhere, newer)
    newer = changed(backup, lambda content: relisted(content, format=2))
    assert "made by a newer version" in refused(elsewhere, newer)


def test_a_dump_that_breaks_off_in_the_middle_changes_nothing(backup: Path, elsewhere: Elsewhere) -> None:
    def shortened(content: dict[str, bytes]) -> None:
        content["database.dump"] = content["database.dump"][:-4000]
        members = json.loads(content["manifest.json"])["members"]
        members["database.dump"] = {
            "size": len(content["database.dump"]),
            "sha256": hashlib.sha256(content["database.dump"]).hexdigest(),
        }
        relisted(content, members=members)

    assert elsewhere.manage("restore", str(backup)).returncode == 0
    assert "and is as it was" in refused(elsewhere, changed(backup, shortened), "--replace")


def test_no_backup_is_half_there(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up while it is written."""

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.Writer, "finish", full)
    with pytest.raises(BackupError, match="No space left"):
        make_backup(tmp_path / "backups")
    assert os.listdir(tmp_path / "backups") == []
    assert not Heartbeat.objects.filter(name="backup").exists()


def test_no_program_for_the_server(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"of PostgreSQL 99 or newer are needed \(found: .*apt install"):
        find_tools(connection.settings_dict, 99)


def test_no_password_on_a_command_line(settings: Any) -> None:
    database = {**connection.settings_dict, "PASSWORD": "s3cret-pass"}
    tools = find_tools(database, 14)
    assert "s3cret-pass" not in " ".join(tools.command("pg_dump", tools.address))
    assert tools.environment["PGPASSWORD"] == "s3cret-pass"


def test_only_the_newest_are_kept_and_nothing_else_is_removed(tmp_path: Path, db: None) -> None:
    for day in range(1, 6):
        (tmp_path / f"portal-2026010{day}T000000Z.tar").write_text("x")
    (tmp_path / "notes.tar").write_text("mine")
    out = io.StringIO()
    call_command("backup", to=tmp_path, keep=2, stdout=out)
    left = sorted(path.name for path in tmp_path.glob("*.tar"))
    assert len(left) == 3
    assert left[:2] == ["notes.tar", "portal-20260105T000000Z.tar"]
    assert out.getvalue().count("removed") == 4


def test_sessions_stay_out(backup: Path, elsewhere: Elsewhere) -> None:
    assert Session.objects.exists()
    assert elsewhere.manage("restore", str(backup)).returncode == 0
    assert elsewhere.ask("SELECT count(*) FROM django_session") == [(0,)]
