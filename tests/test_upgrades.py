"""Migrations let the old version go on: they only add, and never make a queue behind a lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from cxportal.lib.asking import quick_connection
from cxportal.portal.management.commands.migrate import patience

APPS = ("notifications", "clients", "projects", "feedback", "portal")
# Before the first version that is upgraded while it runs.
FIRST = {
    ("notifications", "0004_help_about_secrets"), ("clients", "0003_staff_or_contact"),
    ("projects", "0002_imports_and_internal_date_changes"), ("feedback", "0004_merged_threads"),
    ("portal", "0002_weekly_forms"),
}  # fmt: skip
DESTROYS = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def breaks_old_code(operation: Operation, app: str, before: ProjectState, after: ProjectState) -> str:
    """Why code of the version before may fail once this is done; "" where it does not."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        found = [breaks_old_code(one, app, before, after) for one in operation.database_operations]
        return next(filter(None, found), "")
    if isinstance(operation, DESTROYS):
        return f"{operation.describe()}: the old code still asks for it"
    if isinstance(operation, migrations.RunSQL):
        return "RunSQL: nobody can tell"
    if isinstance(operation, migrations.AddField):
        field = operation.field
        has_column = not isinstance(field, models.ManyToManyField)
        if has_column and not field.null and field.db_default is models.NOT_PROVIDED:
            return f"{operation.describe()}: the old code leaves it out; give it null=True or db_default"
    if isinstance(operation, migrations.AlterField):
        return _tightens(operation, app, before, after)
    if isinstance(operation, migrations.AddConstraint | migrations.AlterUniqueTogether):
        return f"{operation.describe()}: the old code may break it"
    return ""


def _tightens(operation: migrations.AlterField, app: str, before: ProjectState, after: ProjectState) -> str:
    key = (app, operation.model_name_lower)
    old = before.models[key].fields[operation.name]
    new = after.models[key].fields[operation.name]
    if old.null and not new.null:
        return f"{operation.describe()}: no longer null, which the old code may still write"
    if (old.max_length or 0) > (new.max_length or 0):
        return f"{operation.describe()}: shorter than what the old code may write"
    if type(old) is not type(new):
        return f"{operation.describe()}: of another type"
    return ""


def newer_migrations() -> Iterator[Any]:
    loader = MigrationLoader(None)
    first = {key for last in FIRST for key in loader.graph.forwards_plan(last)}
    for key in sorted(loader.disk_migrations.keys() - first):
        if key[0] in APPS:
            yield loader, loader.disk_migrations[key]


def test_migrations_only_add() -> None:
    """A step that takes away or tightens comes a version later, and says so: `reviewed_for_upgrades = "why"`."""
    wrong = []
    for loader, migration in newer_migrations():
        if getattr(migration, "reviewed_for_upgrades", ""):
            continue
        state = loader.project_state((migration.app_label, migration.name), at_end=False)
        for operation in migration.operations:
            after = state.clone()
            operation.state_forwards(migration.app_label, after)
            if reason := breaks_old_code(operation, migration.app_label, state, after):
                wrong.append(f"{migration}: {reason}")
            state = after
    assert not wrong, "see docs/operators/upgrading.md\n" + "\n".join(wrong)


CHAR = {"max_length": 20}


@pytest.mark.parametrize(
    ("operation", "is_wrong"),
    [
        (migrations.AddField("heartbeat", "more", models.TextField(null=True)), False),
        (migrations.AddField("heartbeat", "more", models.TextField(db_default="")), False),
        (migrations.AddField("heartbeat", "more", models.TextField(default="")), True),
        (migrations.AddField("heartbeat", "more", models.ManyToManyField("clients.User")), False),
        (migrations.RemoveField("heartbeat", "data"), True),
        (migrations.RenameField("heartbeat", "data", "told"), True),
        (migrations.DeleteModel("heartbeat"), True),
        (migrations.RunSQL("SELECT 1"), True),
        (migrations.AlterField("event", "actor", models.ForeignKey("clients.User", models.CASCADE)), True),
        (migrations.AlterField("event", "kind", models.CharField("a new word", max_length=40)), False),
        (migrations.AlterField("event", "kind", models.CharField(max_length=20)), True),
        (migrations.AlterField("event", "kind", models.CharField(max_length=80)), False),
        (migrations.AlterField("event", "kind", models.IntegerField()), True),
    ],
    ids=lambda value: value.describe() if isinstance(value, Operation) else "",
)
def test_the_rule_sees_what_it_should(operation: Operation, is_wrong: bool) -> None:
    before = MigrationLoader(None).project_state(("notifications", "0004_help_about_secrets"))
    after = before.clone()
    operation.state_forwards("notifications", after)
    assert bool(breaks_old_code(operation, "notifications", before, after)) == is_wrong


# Locks.


@pytest.fixture
def a_reader(db: None) -> Iterator[threading.Event]:
    """Somebody's long transaction that reads a table, until the event is set."""
    done, begun = threading.Event(), threading.Event()

    def read() -> None:
        import psycopg2

        other = psycopg2.connect(**connection.get_connection_params())
        with other, other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM notifications_heartbeat")
            begun.set()
            done.wait(60)
        other.close()

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(30)
    yield done
    done.set()
    thread.join(30)


def add_column() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_heartbeat ADD COLUMN more text")


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_waits_for_a_lock_lets_the_others_by(
    a_reader: threading.Event, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.MIGRATION_LOCK_SECONDS = 0.3
    tries: list[float] = []
    pages: list[Any] = []

    def handle(self: Any, *args: Any, **options: Any) -> None:
        tries.append(time.monotonic())
        add_column()

    def pause(seconds: float) -> None:
        # Between two tries a page reads the table; then the long transaction ends.
        with quick_connection(connection.settings_dict, seconds=5) as ask:
            pages.append(ask("SELECT count(*) FROM notifications_heartbeat", ())[0][0])
        a_reader.set()

    monkeypatch.setattr(MigrateCommand, "handle", handle)
    monkeypatch.setattr(time, "sleep", pause)
    try:
        call_command("migrate", verbosity=0)
        assert len(tries) >= 2
        assert pages[0] == 0
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone()[0] == "0", "nobody else is to be hurried"
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE notifications_heartbeat DROP COLUMN IF EXISTS more")


@pytest.mark.django_db(transaction=True)
def test_it_gives_up_with_a_word_of_what_to_do(
    a_reader: threading.Event, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.MIGRATION_LOCK_SECONDS = 0.01
    monkeypatch.setattr(MigrateCommand, "handle", lambda self, *args, **options: add_column())
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with pytest.raises(CommandError, match="A table was in use for too long"):
        call_command("migrate", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_an_index_made_beside_the_work_of_others_is_not_hurried(settings: Any) -> None:
    settings.MIGRATION_LOCK_SECONDS = 0.2
    seen: list[str] = []
    with connection.cursor() as cursor, patience():
        cursor.execute("SHOW lock_timeout")
        seen.append(cursor.fetchone()[0])
        cursor.execute("SHOW lock_timeout /* CONCURRENTLY */")
        cursor.execute("SHOW lock_timeout")
        seen.append(cursor.fetchone()[0])
    assert seen == ["200ms", "200ms"]
