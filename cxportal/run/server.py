"""`script/server`: everything the portal needs, in one terminal, until Ctrl-C."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from cxportal.embedded import Session
from cxportal.embedded.places import open_home
from cxportal.embedded.session import deaf_to_interrupts
from cxportal.run.preflight import check_given_servers, check_numbers, check_port, only_server
from cxportal.run.problems import Problem
from cxportal.run.surroundings import ROOT, portal_home, portal_port, say, services

SECONDS_TO_ANSWER = 120


def main(arguments: list[str]) -> int:
    if arguments:
        raise Problem(
            "script/server takes no arguments; PORT=8001 PORTAL_HOME=/srv/portal script/server moves it."
        )
    home, port = portal_home(), portal_port()
    host = os.environ.get("BIND") or "127.0.0.1"
    os.environ["PORT"] = str(port)
    open_home(home)
    with only_server(home, f"http://localhost:{port}"):
        check_port(host, port)
        check_numbers()
        check_given_servers()
        say("Starting …")
        with services(home) as session:
            prepare()
            return run_parts(home, host, port, session)


def prepare() -> None:
    """Database, static files and texts, in a process of its own. What is wrong it has printed itself."""
    result = subprocess.run(
        [sys.executable, "-m", "cxportal.run", "prepare"], cwd=ROOT, stdin=subprocess.DEVNULL
    )
    if result.returncode:
        sys.exit(result.returncode)


def run_parts(home: Path, host: str, port: int, session: Session | None) -> int:
    from cxportal.run.parts import Parts, use_light_processes

    use_light_processes()
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # threads of one process share their memory pools
    servers_ended: list[str] = []

    def on_servers_ended(reason: str) -> None:
        servers_ended.append(reason)
        os.kill(os.getpid(), signal.SIGTERM)

    def on_start() -> None:
        if session:
            session.call_when_ended(on_servers_ended)
        threading.Thread(target=announce, args=(home, host, port), daemon=True).start()

    parts = Parts(ROOT / "Procfile", on_start)
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    parts.loop()
    with deaf_to_interrupts():
        if servers_ended:
            print(f"{servers_ended[0]}, so the portal was stopped.", file=sys.stderr, flush=True)
            return 1
        if reason := parts.how_the_first_ended():
            print(reason, file=sys.stderr, flush=True)
            return 1
        say("Stopped.")
        return 0


def announce(home: Path, host: str, port: int) -> None:
    """Print the address and the demo logins once a page is answered."""
    if not answers(host, port):
        return
    address = os.environ["BASE_URL"]
    say(f"\n  The portal answers at {address} (Ctrl-C stops it)")
    logins = home / "demo-logins.txt"
    if logins.exists():
        say(f"  Demo logins, also in {logins}:")
        for line in logins.read_text().splitlines():
            say(f"    {line}")
    say("")


def answers(host: str, port: int) -> bool:
    """Wait until the web process answers anything at all. False when it takes too long."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}.get(host, host)  # noqa: S104
    end = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(target.strip("[]"), port, timeout=30)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            connection.getresponse().read()
            return True
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    return False
