"""Starting, finding and stopping the servers' processes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from cxportal.embedded.errors import EmbeddedError
from cxportal.embedded.places import Account, write_private


def environment() -> dict[str, str]:
    """What the servers see of our environment: no password, no PG… variable that would change them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def start(
    command: Sequence[str | Path], folder: Path, account: Account | None, log: Path
) -> subprocess.Popen[bytes]:
    """Start a server in its folder as its user; what it prints goes to the end of `log`."""
    with open(log, "ab") as output:
        os.chmod(log, 0o600)
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
            **as_user(account),
        )


def as_user(account: Account | None) -> dict[str, Any]:
    """Arguments for subprocess that give root's rights up in the child."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def hand_over(path: Path, text: str, account: Account | None) -> None:
    """Write a file into a server's folder that only that server may read."""
    write_private(path, text)
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a server to answer. False when it ended or took longer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return False


def stop(process: subprocess.Popen[bytes], *signals: tuple[signal.Signals, float]) -> None:
    """Ask a server to end with each signal in turn, waiting the given seconds, then kill it."""
    for number, seconds in (*signals, (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def clear_orphans(folder: Path) -> None:
    """End what a killed keeper left running in this data folder: nobody else uses it, we hold the keeper's lock.

    Both servers work inside their data folder, which tells them from any other process that got the same number.
    """
    orphans = processes_in(folder)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for orphan in orphans:
            try:
                orphan.send_signal(number)
            except psutil.NoSuchProcess:
                pass
        psutil.wait_procs(orphans, timeout=15)
        orphans = processes_in(folder)
        if not orphans:
            return
    raise EmbeddedError(f"Process {orphans[0].pid} uses {folder} and does not end.")


def processes_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


def how_it_ended(code: int) -> str:
    """An exit code as a person would say it: "exit code 1" or "killed by SIGKILL"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
