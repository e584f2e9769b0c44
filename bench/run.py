"""Prepares Django, measures part by part, prints the table."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import django


def run(*, parts: Sequence[str], quick: bool, json_file: Path | None) -> int:
    """Measures `parts`. 0 when every budget is met, 1 when one is missed."""
    _prepare()
    from bench.measure import Result, table

    results: list[Result] = []
    for part in parts:
        _tell(f"{part} …")
        started = time.monotonic()
        results += importlib.import_module(f"bench.{part}").measure(quick=quick)
        _tell(f"{part}: {time.monotonic() - started:.0f} s")
    print(_heading(quick))
    print(table(results))
    missed = [result.name for result in results if result.met is False]
    print(f"\n{len(missed)} budgets missed: {', '.join(missed)}" if missed else "\nEvery budget is met.")
    if json_file is not None:
        json_file.write_text(json.dumps([result.as_json() for result in results], indent=2) + "\n")
    return 1 if missed else 0


def _prepare() -> None:
    """A portal as it is served: migrated, static files under their hashed names, everything loaded beforehand."""
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from cxportal.preload import preload

    settings.TEMPLATES[0]["DIRS"] = [
        *settings.TEMPLATES[0]["DIRS"],
        settings.BASE_DIR / "bench" / "templates",
    ]  # type: ignore[misc]
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    preload()


def _heading(quick: bool) -> str:
    what = "Small data and few samples, memory and start left out (--quick). " if quick else ""
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"\n{what}Python {platform.python_version()}, Django {django.get_version()}, {os.cpu_count()} processors, "
        f"{load}."
        "\nTimes are medians. Pages: the WSGI application with all middleware in one process, a client person with a"
        "\nsession; each sample stands beside one of its floor (bench/floors.py).\n"
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
