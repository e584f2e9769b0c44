"""`script/test [pytest arguments]`: every test, against servers made for this run and thrown away after it.

TEST_DATABASE_URL and TEST_REDIS_URL name others, of another version perhaps. The role must be allowed to make
databases; the tests make their own there and remove them. Of the Redis they use up to nine, from its number on.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from cxportal.run.preflight import check_given_servers
from cxportal.run.surroundings import compile_texts, services

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Set by the person for the portal, not for its tests.
NOT_FOR_TESTS = (
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "STORAGE_URL",
    "X_ACCEL_MEDIA",
    "BEHIND_PROXY",
    "BASE_URL",
    "SECRET_KEY",
    "PORT",
    "ALLOWED_HOSTS",
    "DEMO_PASSWORD",
    "PRODUCTION",
    "DEBUG",
    "BEHIND_PROXY",
    "MONITOR_TOKEN",
    "LOG_FORMAT",
    "LOG_LEVEL",
)


def main(arguments: list[str]) -> int:
    for name in NOT_FOR_TESTS:
        os.environ.pop(name, None)
    for name in ("DATABASE_URL", "REDIS_URL"):
        if given := os.environ.get(f"TEST_{name}"):
            os.environ[name] = given
    check_given_servers()
    compile_texts()
    if not any(shutil.which(name) for name in CHROMIUM) and sys.platform != "darwin":
        print(
            "No Chromium: the browser tests cannot run. Install it, for example: apt install chromium",
            flush=True,
        )
    if not shutil.which("nginx") and not shutil.which("nginx", path="/usr/sbin:/usr/local/sbin"):
        print("No nginx: its tests cannot run. Install it, for example: apt install nginx", flush=True)
    home = Path(tempfile.mkdtemp(prefix="cxportal-test-"))
    if os.geteuid() == 0:
        home.chmod(0o711)  # passed through by the user the servers run as
    try:
        with services(home, throwaway=True):
            import pytest

            return int(pytest.main([*parallel(arguments), *arguments]))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def parallel(arguments: list[str]) -> list[str]:
    """Use all processors for the whole suite; for a file or two, more processes cost more than they save."""
    chosen = any(
        argument.startswith(("-n", "--numprocesses", "--pdb", "-k", "--lf")) for argument in arguments
    )
    named = any(
        not argument.startswith("-") and Path(argument.split("::")[0]).exists() for argument in arguments
    )
    if chosen or named:
        return []
    return ["-n", str(min(os.cpu_count() or 1, 8)), "--dist", "loadfile"]
