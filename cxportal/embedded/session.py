"""Using the embedded servers: come in, get their addresses, go, and the last one turns out the light."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cxportal.embedded.errors import EmbeddedError
from cxportal.embedded.locks import (
    exclusive,
    is_held,
    open_lock,
    take_shared,
    try_exclusive,
    wait_until_free,
)
from cxportal.embedded.places import Say, open_home

REPOSITORY = Path(__file__).resolve().parent.parent.parent


class Session:
    """One user's hold on the servers. `database_url` and `redis_url` are good until `leave`."""

    def __init__(
        self, control: Path, users: int, keeper: subprocess.Popen[bytes] | None, addresses: dict[str, str]
    ) -> None:
        """`keeper` is the process when we have started it ourselves."""
        self.control = control
        self._keeper = keeper
        self.database_url = addresses["DATABASE_URL"]
        self.redis_url = addresses["REDIS_URL"]
        self._users: int | None = users

    def call_when_ended(self, callback: Callable[[str], None]) -> None:
        """Call back from another thread, with the reason in words, when the servers end while we use them."""

        def wait() -> None:
            wait_until_free(self.control / "keeper.lock")
            if self._users is not None:
                reason = self.control / "ended"
                callback(
                    reason.read_text()
                    if reason.exists()
                    else "The keeper of PostgreSQL and Valkey was killed"
                )

        threading.Thread(target=wait, daemon=True).start()

    def leave(self) -> None:
        """Give the servers up; when nobody else uses them, return after they have ended."""
        if self._users is None:
            return
        users, self._users = self._users, None
        with exclusive(self.control / "door.lock"):
            last = try_exclusive(users)
            if last:
                stop_keeper(self.control)
                if self._keeper:
                    self._keeper.wait()
            os.close(users)


@contextmanager
def servers(home: Path, *, say: Say, throwaway: bool = False) -> Iterator[Session]:
    """PostgreSQL and Valkey with their data in `home`, running while the context lasts.

    `home` is PORTAL_HOME; it is made when it is missing. `throwaway` trades safety of the data for speed (tests).
    Several processes may be inside at once and share the servers. `say` prints one line to the person.
    Raises EmbeddedError, whose text is one line for the person.
    """
    session = enter(home.resolve(), say, throwaway)
    try:
        yield session
    finally:
        with deaf_to_interrupts():
            session.leave()


def enter(home: Path, say: Say, throwaway: bool) -> Session:
    control = open_home(home)
    with exclusive(control / "door.lock"):
        users = open_lock(control / "users.lock")
        try:
            take_shared(users)
            addresses = control / "servers.json"
            keeper = None
            if not (is_held(control / "keeper.lock") and addresses.exists()):
                wait_until_free(control / "keeper.lock")  # one that is just ending
                keeper = start_keeper(control, say, throwaway)
            return Session(control, users, keeper, json.loads(addresses.read_text()))
        except BaseException:
            os.close(users)
            raise


def start_keeper(control: Path, say: Say, throwaway: bool) -> subprocess.Popen[bytes]:
    lock = open_lock(control / "keeper.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(control / "keeper.log", "wb") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "cxportal.embedded.keeper", str(control), str(lock)]
                + (["throwaway"] if throwaway else []),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock],
            )
    finally:
        os.close(lock)
    try:
        listen(keeper, control, say)
    except BaseException:
        with deaf_to_interrupts():
            keeper.terminate()
            keeper.wait()
        raise
    return keeper


def listen(keeper: subprocess.Popen[bytes], control: Path, say: Say) -> None:
    """Return once the keeper says that the servers answer."""
    assert keeper.stdout
    with keeper.stdout:
        for line in keeper.stdout:
            message = json.loads(line)
            if "say" in message:
                say(message["say"])
            elif "ready" in message:
                return
            elif "error" in message:
                raise EmbeddedError(message["error"])
    raise EmbeddedError(f"PostgreSQL and Valkey could not start; the reason is in {control / 'keeper.log'}")


def stop_keeper(control: Path) -> None:
    """Ask the keeper to end and wait for it. Called behind the door, as the last user."""
    with suppress(FileNotFoundError, ProcessLookupError):
        addresses = json.loads((control / "servers.json").read_text())
        if is_held(control / "keeper.lock"):
            os.kill(addresses["keeper"], signal.SIGTERM)
    wait_until_free(control / "keeper.lock")


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """A second Ctrl-C does not cut the orderly end short. Only the main thread may change signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
