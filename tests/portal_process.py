"""Starts the real `script/server` and `script/manage` for tests, in homes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
# What script/test sets for this process must not reach the portal under test.
OWN = (
    "DATABASE_URL",
    "REDIS_URL",
    "STORAGE_URL",
    "EMBEDDED_SERVERS",
    "SECRET_KEY",
    "PORTAL_HOME",
    "BASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "PORT",
    "BIND",
)


def new_place() -> Path:
    """A folder outside pytest's own: as root the servers' user must be able to pass through it."""
    place = Path(tempfile.mkdtemp(prefix="cxp-", dir="/tmp"))
    place.chmod(0o755)
    return place


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in OWN and not name.startswith("PYTEST")
    }
    return {**kept, "PORTAL_HOME": str(home), **more}


def run(*arguments: str, home: Path, seconds: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    return subprocess.run(
        [str(ROOT / arguments[0]), *arguments[1:]],
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def wait_for(condition: Callable[[], object], seconds: float = 60) -> bool:
    """Look until the condition holds; False when it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Portal:
    """One running script/server, with its output in a file."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        self.port = free_port()
        self.log = home.parent / f"{home.name}.log"
        with open(self.log, "w") as output:
            self.process = subprocess.Popen(
                [str(ROOT / "script/server")],
                env=environment(home, PORT=str(self.port), **more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.family: list[psutil.Process] = []
        assert wait_for(lambda: "answers at" in self.output or self.process.poll() is not None, 240), (
            self.output
        )
        assert self.process.poll() is None, self.output
        assert wait_for(lambda: len(self.named("cxportal.worker")) >= 3, 60), self.output
        self.family = [
            psutil.Process(self.process.pid),
            *psutil.Process(self.process.pid).children(recursive=True),
        ]

    @property
    def output(self) -> str:
        return self.log.read_text()

    def named(self, text: str) -> list[psutil.Process]:
        """Processes of this portal whose command line holds the text, oldest first."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if text in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return sorted(found, key=lambda process: process.create_time())

    def ask_each(self, question: Callable[[psutil.Process], Any]) -> list[Any]:
        """The answer of each process that still runs; PostgreSQL's come and go."""
        answers = []
        for process in self.family:
            try:
                answers.append(question(process))
            except psutil.NoSuchProcess:
                continue
        return answers

    def end(self, number: signal.Signals, whole_group: bool = False) -> int:
        """Send a signal, as `kill` does or as a terminal does, and wait for the end."""
        if whole_group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        return self.process.wait(60)

    def left_behind(self) -> list[str]:
        """Command lines of processes of this portal that still run."""
        left = []
        for process in self.family:
            try:
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    left.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return left

    def kill(self) -> None:
        """Whatever happened: leave nothing running after the tests."""
        for process in self.family or [psutil.Process(self.process.pid)]:
            try:
                process.kill()
            except psutil.Error:
                continue
        self.process.wait(30)
