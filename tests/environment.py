"""A pytest plugin that gives each test process places of its own, before Django reads its settings.

Loaded by pytest.ini. The servers come from script/test; pytest-django gives each process its own database.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

if not os.environ.get("DATABASE_URL") or not os.environ.get("REDIS_URL"):
    raise pytest.UsageError(
        "The tests need PostgreSQL and Valkey: run them with script/test [pytest arguments]."
    )

_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker:
    _number = int(_worker.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = re.sub(r"\bdb=\d+", f"db={_number}", os.environ["REDIS_URL"])
    _home = Path(os.environ["PORTAL_HOME"]) / _worker
    _home.mkdir(mode=0o700, exist_ok=True)
    os.environ["PORTAL_HOME"] = str(_home)
