"""All of it as `script/server` runs it, in a home of its own: memory at rest, and how soon a second start answers."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

from bench.measure import Result
from bench.telling import tell
from cxportal.run.surroundings import ROOT
from tests.portal_process import environment, free_port, new_place, wait_for

SECONDS_TO_START = 300
PROCESSES_OF_THE_WORKER = 3
SECONDS_OF_REST = 5
FIRST_PAGE = "/accounts/login/"


def measure(*, quick: bool) -> list[Result]:
    place = new_place()
    home = place / "home"
    try:
        tell("  the first start: database, static files, demo agency")
        _Running(home).stop()
        tell("  the second start")
        running = _Running(home)
        try:
            time.sleep(
                SECONDS_OF_REST
            )  # what starts late is there, what was only for the start is given back
            memory, counted, kind = running.memory()
        finally:
            running.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return [
        Result("second start to the first page, everything", running.seconds, "s", 10),
        Result(f"memory at rest, {counted} processes, {kind}", memory / 2**20, "MiB", 400),
    ]


class _Running:
    """A running script/server. `seconds`: from the start of the command until it answered with a page."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        given = environment(home, PORT=str(self.port))
        given.pop("LOG_LEVEL", None)
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [str(ROOT / "script/server")],
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if not wait_for(lambda: self._answers() or self.process.poll() is not None, SECONDS_TO_START):
                raise RuntimeError("The portal did not answer.")
            self.seconds = time.perf_counter() - started
            if not wait_for(self._is_whole, 60):
                raise RuntimeError("The portal's worker did not come up.")
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", FIRST_PAGE, headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _family(self) -> list[psutil.Process]:
        head = psutil.Process(self.process.pid)
        return [head, *head.children(recursive=True)]

    def _is_whole(self) -> bool:
        lines = [" ".join(process.cmdline()) for process in self._family()]
        return sum("cxportal.worker" in line for line in lines) >= PROCESSES_OF_THE_WORKER

    def memory(self) -> tuple[int, int, str]:
        """Bytes of all processes, how many they are, and what was counted.

        PSS, where what several share counts once; where the system does not tell it, what each has for itself.
        """
        details = []
        for process in self._family():
            try:
                details.append(process.memory_full_info())
            except psutil.NoSuchProcess:
                continue
        kind = "PSS" if all(hasattr(detail, "pss") for detail in details) else "USS"
        return sum(getattr(detail, "pss", detail.uss) for detail in details), len(details), kind

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
