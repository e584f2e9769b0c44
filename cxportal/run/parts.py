"""Runs the parts of the Procfile together, by honcho: all of them, or none."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from honcho import manager as honcho_manager
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message, Printer
from honcho.process import Popen, Process

from cxportal.embedded.process import how_it_ended

# How long the parts have to end in good order: a task in hand is finished, a page in hand is answered.
SECONDS_TO_END = 30
SECONDS_AFTER_ITS_HEAD = 3


class Parts(Manager):
    """A honcho manager that knows which part ended first and why, and leaves no process behind."""

    def __init__(self, procfile: Path, started: Callable[[], None]) -> None:
        """`started` is called once, after all parts have been started."""
        super().__init__(printer=CalmPrinter(sys.stdout))
        honcho_manager.KILL_WAIT = SECONDS_TO_END
        self._process_ctor = Part
        self._procmgr = Terminator()
        self._started: Callable[[], None] | None = started
        self.first_to_end: str | None = None
        for name, command in parse_procfile(procfile.read_text()).processes.items():
            self.add_process(name, command, env=os.environ.copy(), cwd=procfile.parent)

    def terminate(self) -> None:
        """Called by honcho when a part has ended, or a signal came; the first time tells which."""
        if not self._terminating:
            self.first_to_end = next(
                (name for name, part in self._processes.items() if part.get("returncode") is not None), None
            )
        super().terminate()

    def how_the_first_ended(self) -> str:
        """Why the parts ended, in one line; empty when they were asked to."""
        if self.first_to_end is None:
            return ""
        code = self._processes[self.first_to_end]["returncode"]
        return f"The {self.first_to_end} process ended by itself ({how_it_ended(code)}), so the others were stopped."

    def _system_print(self, data: str) -> None:
        # Threads begin only now: all forks are done.
        if self._started and self._all_started():
            started, self._started = self._started, None
            started()


class CalmPrinter(Printer):
    def write(self, message: Message) -> None:
        try:
            super().write(message)
        except OSError:
            pass  # the terminal is gone; the parts are ended in order all the same


class Part(Process):
    """One part in a process group of its own, watched from the small process honcho keeps for it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._child_ctor = start_watched


def start_watched(command: str, **options: Any) -> subprocess.Popen[bytes]:
    child: subprocess.Popen[bytes] = Popen(command, stdin=subprocess.DEVNULL, **options)
    threading.Thread(target=watch, args=(child, os.getppid()), daemon=True).start()
    return child


def watch(child: subprocess.Popen[bytes], launcher: int) -> None:
    """End what is left of a part when its head has ended, and all of it when the launcher was killed."""
    while child.poll() is None and os.getppid() == launcher:
        time.sleep(0.5)
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            pass
    end = time.monotonic() + SECONDS_AFTER_ITS_HEAD
    while time.monotonic() < end and group_exists(child.pid):
        time.sleep(0.05)
    Terminator().kill(child.pid)


def group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class Terminator:
    """honcho's way of ending parts, but gently: the head of a part is asked, and tells its children itself.

    A signal to the whole group would kill a mail worker in the middle of a mail.
    """

    def terminate(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass

    def kill(self, pid: int) -> None:
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def use_light_processes() -> None:
    """honcho keeps one Python process per part; forked from this small one they cost next to nothing."""
    if sys.platform == "linux":
        gc.collect()
        gc.freeze()
        multiprocessing.set_start_method("fork", force=True)
