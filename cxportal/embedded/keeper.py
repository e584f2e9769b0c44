"""The process that owns the embedded servers: `python -m cxportal.embedded.keeper CONTROL-FOLDER LOCK [throwaway]`.

Started by session.py with the keeper's lock already taken (LOCK is its file descriptor), so that there is one keeper
per PORTAL_HOME. It tells its starter on standard output, one JSON line each, what to say, and whether it is ready.
It ends, and the servers with it, when it is asked to (SIGTERM), when a server ends, or when nobody uses them any more.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from cxportal.embedded import places as where
from cxportal.embedded.errors import EmbeddedError
from cxportal.embedded.locks import open_lock, try_exclusive
from cxportal.embedded.postgresql import PostgreSQL
from cxportal.embedded.process import how_it_ended
from cxportal.embedded.valkey import Valkey

Server = PostgreSQL | Valkey
SECONDS_BETWEEN_LOOKS = 1.0


def main() -> int:
    control = Path(sys.argv[1])
    throwaway = "throwaway" in sys.argv[3:]
    os.umask(0o077)
    wake = threading.Event()
    asked = threading.Event()

    def ask(*_: object) -> None:
        asked.set()
        wake.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: wake.set())
    (control / "ended").unlink(missing_ok=True)
    (control / "servers.json").unlink(missing_ok=True)
    servers: list[Server] = []
    places: where.Places | None = None
    try:
        places = where.settle(control, lambda line: tell("say", line))
        sockets = where.socket_folder(places)
        for server in (PostgreSQL(places, sockets, throwaway), Valkey(places, sockets, throwaway)):
            servers.append(server)
            server.start()
        addresses = {"DATABASE_URL": servers[0].url, "REDIS_URL": servers[1].url, "keeper": os.getpid()}
        where.write_json(control / "servers.json", addresses)
        tell("ready", "")
        hush()
        watch(control, servers, asked, wake)
    except EmbeddedError as error:
        tell("error", str(error))
        return 1
    except OSError as error:
        tell("error", f"The embedded servers could not start: {error}")
        return 1
    finally:
        (control / "servers.json").unlink(missing_ok=True)
        stop_all(servers)
        if places:
            where.remove_socket_folder(places)
    return 0


def watch(control: Path, servers: list[Server], asked: threading.Event, wake: threading.Event) -> None:
    """Return when the servers should end; `control/ended` says why, if it was not asked for."""
    users = open_lock(control / "users.lock")
    door = open_lock(control / "door.lock")
    while True:
        wake.wait(SECONDS_BETWEEN_LOOKS)
        wake.clear()
        for server in servers:
            code = server.process.poll() if server.process else None
            if code is not None and not asked.is_set():
                where.write_private(
                    control / "ended", f"{server.name} ended by itself ({how_it_ended(code)})"
                )
                return
        if asked.is_set():
            return
        # Behind the door nobody comes or goes; if it is shut, someone is just coming.
        if try_exclusive(door):
            if try_exclusive(users):
                return
            os.close(door)
            door = open_lock(control / "door.lock")


def stop_all(servers: list[Server]) -> None:
    threads = [threading.Thread(target=server.stop) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tell(kind: str, text: str) -> None:
    """One line for the starter, who may be gone."""
    line: dict[str, Any] = {kind: text}
    try:
        print(json.dumps(line), flush=True)
    except OSError:
        hush()


def hush() -> None:
    """Let go of the starter's pipe, so that nobody waits for us through it. Errors go on to keeper.log."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)


if __name__ == "__main__":
    sys.exit(main())
