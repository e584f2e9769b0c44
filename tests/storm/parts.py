"""The parts of the Procfile as real processes: web, worker and beat."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.portal_process import free_port
from tests.smtp import SmtpServer
from tests.storm.scene import Scene

COMMANDS = {
    "web": ("gunicorn", "--config", "python:cxportal.gunicorn_settings", "cxportal.wsgi"),
    "worker": ("cxportal.worker",),
    "beat": ("cxportal.beat",),
}
SECONDS_TO_END = 60


class Parts:
    """Those that run, ended in order when all is over. `port` is the web's."""

    def __init__(self, scene: Scene, server: SmtpServer) -> None:
        self.port = free_port()
        self.log = scene.log
        self.environment = {
            **os.environ,
            "EMAIL_URL": server.url,
            "PORT": str(self.port),
            "BIND": "127.0.0.1",
            "WEB_PROCESSES": "1",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str) -> subprocess.Popen[bytes]:
        with open(self.log, "ab") as log:
            part = subprocess.Popen(
                [sys.executable, "-m", *COMMANDS[name]],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(part)
        return part

    def stop(self) -> None:
        """SIGTERM to all; what does not end within a minute is killed, with its children, and told of."""
        for part in self.running:
            if part.poll() is None:
                part.terminate()
        for part in self.running:
            try:
                part.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                os.killpg(part.pid, signal.SIGKILL)
                part.wait(10)
                raise


@contextmanager
def parts(scene: Scene, server: SmtpServer, *names: str) -> Iterator[Parts]:
    running = Parts(scene, server)
    try:
        for name in names:
            running.start(name)
        yield running
    finally:
        running.stop()
