"""Brings database, static files and catalogues up to date: what script/server does before it starts the parts.

A process of its own (`python -m cxportal.run prepare`), so that the memory Django takes is given back afterwards.
Each step looks first whether there is anything to do.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxportal.run.problems import Problem
from cxportal.run.surroundings import compile_texts, say

# Any number that no other program takes as an advisory lock in our database.
PREPARING = 0x6378706F


def main(arguments: list[str]) -> int:
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxportal.settings")
    compile_texts()
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Problem(str(error)) from None
    check()
    collect_static_files()
    with only_one_prepares():
        migrate()
        refuse_demo()
        load_demo()
    return 0


def check() -> None:
    """Django's own checks and ours; each error is printed in one line, then the start ends."""
    from django.core.checks import ERROR, run_checks

    errors = [message for message in run_checks() if message.level >= ERROR]
    if errors:
        raise Problem("\n".join(f"{message.msg} ({message.id})" for message in errors))


def collect_static_files() -> None:
    from django.conf import settings
    from django.core.management import call_command

    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    wanted = fingerprint_of_static_files()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Collecting static files …")
    call_command("collectstatic", interactive=False, verbosity=0)
    for path in (stamp.parent, *stamp.parent.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # a proxy that may enter PORTAL_HOME sends them itself
    stamp.write_text(wanted)


def fingerprint_of_static_files() -> str:
    """Changes when a static file comes, goes or changes."""
    from django.contrib.staticfiles.finders import get_finders

    content = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            details = os.stat(storage.path(name))
            content.update(f"{name} {details.st_size} {details.st_mtime_ns}\n".encode())
    return content.hexdigest()


@contextmanager
def only_one_prepares() -> Iterator[None]:
    """Two machines that start at once over one database go one after the other."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [PREPARING])


def migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("Bringing the database up to date …")
        call_command("migrate", interactive=False, verbosity=0)


def refuse_demo() -> None:
    """An installation that was tried out first must not take the demo's logins along into production."""
    from django.conf import settings

    from cxportal.portal.demo.actions import is_loaded

    if settings.PRODUCTION and is_loaded():
        raise Problem(
            "PRODUCTION is set, but the demo agency with its logins is in the database: "
            "script/manage remove_demo takes it away"
        )


def load_demo() -> None:
    """The demo agency, on the very first start of an installation that is for trying out."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import CommandError, call_command

    marker = Path(settings.PORTAL_HOME) / "demo-loaded"
    if marker.exists() or settings.PRODUCTION:
        return
    if not get_user_model()._default_manager.exists():
        say("Loading the demo agency …")
        try:
            call_command("seed_demo", verbosity=0)
        except CommandError as error:
            raise Problem(f"The demo agency could not be loaded: {error}") from None
    marker.write_text(
        "The demo agency is loaded on the first start only. It stays away once this file is here.\n"
    )
