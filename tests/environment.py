"""A pytest plugin that gives each test process places of its own, before Django reads its settings.

Loaded by pytest.ini. The servers come from script/test; pytest-django gives each process its own database.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

if not os.environ.get("DATABASE_URL") or not os.environ.get("REDIS_URL"):
    raise pytest.UsageError(
        "The tests need PostgreSQL and Valkey: run them with script/test [pytest arguments]."
    )


def redis_of_its_own(url: str, number: int) -> str:
    """Another database of the same Redis: `unix://…?db=0` or `redis://host:6379/0`."""
    if url.startswith("unix://"):
        return re.sub(r"\bdb=\d+", f"db={number}", url) if "db=" in url else f"{url}?db={number}"
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + number}"))


_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker:
    _number = int(_worker.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = redis_of_its_own(os.environ["REDIS_URL"], _number)
    _home = Path(os.environ["PORTAL_HOME"]) / _worker
    _home.mkdir(mode=0o700, exist_ok=True)
    os.environ["PORTAL_HOME"] = str(_home)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With `--dist loadfile`: a file's tests stay together, and so do all browser tests; what lasts long comes first.

    (`--dist loadgroup` of pytest-xdist 3.8 forms no groups with pytest 9.2, which ignores the names it writes.)
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "browser" if file.startswith("tests/browser/") else file

    config.option.loadscopereorder = False  # in the order they are collected, tests/ first
    return Together(config, log)
