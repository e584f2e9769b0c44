"""script/server as a person starts it: real processes, real signals, one home that lives through several starts."""

from __future__ import annotations

import http.client
import os
import pwd
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg2
import pytest

from cxportal.lib.env import database_settings
from tests.portal_process import Portal, free_port, new_place, run, wait_for

MEMORY_BUDGET = 400 * 2**20


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    place = new_place()
    yield place / "var"
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Portal]:
    """The portal after its very first start. Tests that need it stopped ask for `stopped`."""
    portal = Portal(home)
    yield portal
    portal.kill()


@pytest.fixture
def stopped(running: Portal, home: Path) -> Path:
    """The same home, after the first start has ended."""
    if running.process.poll() is None:
        running.end(signal.SIGTERM)
    return home


def get(portal: Portal, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_first_start_prints_the_address_and_the_demo_logins(running: Portal) -> None:
    assert f"http://localhost:{running.port}" in running.output
    logins = running.home / "demo-logins.txt"
    assert stat.S_IMODE(logins.stat().st_mode) == 0o600
    assert "client@demo.example" in logins.read_text()
    assert wait_for(lambda: all(line in running.output for line in logins.read_text().splitlines()), 10)


def test_pages_are_answered(running: Portal) -> None:
    status, page = get(running, "/accounts/login/")
    assert status == 200
    assert "<form" in page


def test_it_listens_on_one_local_port_and_nowhere_else(running: Portal) -> None:
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for connections in running.ask_each(lambda process: process.net_connections(kind="inet"))
        for connection in connections
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", running.port)}


def embedded_urls(home: Path) -> tuple[str, str]:
    import json

    addresses = json.loads((home / "embedded" / "servers.json").read_text())
    return addresses["DATABASE_URL"], addresses["REDIS_URL"]


def test_secrets_are_readable_by_their_owner_only(running: Portal) -> None:
    secret = [path for path in (running.home / "embedded").iterdir() if path.is_file()]
    secret += [running.home / "secret-key"]
    assert secret
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in secret} == {0}
    assert stat.S_IMODE((running.home / "embedded").stat().st_mode) == 0o700


def test_a_socket_does_not_open_without_its_password(running: Portal) -> None:
    settings = database_settings(embedded_urls(running.home)[0])
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host=settings["HOST"], port=5432, user="portal", password="wrong", dbname="portal")
    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        psycopg2.connect(host=settings["HOST"], port=5432, user="postgres", dbname="postgres")


def test_another_user_of_the_machine_cannot_reach_the_sockets(running: Portal) -> None:
    database, redis = embedded_urls(running.home)
    folder = Path(database_settings(database)["HOST"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    if os.geteuid() != 0:
        assert folder.stat().st_uid == os.geteuid()
        return
    for path in (folder / ".s.PGSQL.5432", Path(urlsplit(redis).path)):
        assert connects(path, as_user="root") is True
        assert connects(path, as_user="nobody") is False


def connects(path: Path, as_user: str) -> bool:
    """Whether that user gets a connection to the socket, tried in a process that has become the user."""
    import socket

    user = pwd.getpwnam(as_user)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(os.fspath(path))
            os._exit(0)
        except PermissionError:
            os._exit(13)
        finally:
            os._exit(99)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 13}
    return code == 0


def test_script_manage_uses_the_running_servers_and_leaves_them_running(running: Portal) -> None:
    keeper = running.named("embedded.keeper")[0].pid
    result = run("script/manage", "check", "--database", "default", home=running.home)
    assert result.returncode == 0, result.stderr
    assert running.named("embedded.keeper")[0].pid == keeper
    assert get(running, "/healthz") == (200, "ok\n")


def test_a_second_server_on_the_same_data_is_refused(running: Portal) -> None:
    result = run("script/server", home=running.home, PORT=str(free_port()))
    assert result.returncode == 1
    assert "runs already" in only_line(result.stderr)


def test_a_busy_port_is_told_before_anything_is_started(running: Portal) -> None:
    home = running.home.with_name("elsewhere")
    result = run("script/server", home=home, PORT=str(running.port))
    assert result.returncode == 1
    assert f"Port {running.port} is in use" in only_line(result.stderr)
    assert not (home / "servers").exists()


def only_line(text: str) -> str:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_memory_at_rest_is_within_the_budget(running: Portal) -> None:
    """Shared memory counts once (PSS); where the system cannot tell, what is shared does not count."""
    details = running.ask_each(lambda process: process.memory_full_info())
    used = sum(getattr(detail, "pss", detail.uss) for detail in details)
    assert used <= MEMORY_BUDGET, f"{used / 2**20:.0f} MiB"


def test_sigterm_ends_everything(running: Portal) -> None:
    assert running.end(signal.SIGTERM) == 0
    assert running.output.rstrip().endswith("Stopped.")
    assert running.left_behind() == []


KEPT = """
from django.conf import settings
from clients.models import User
user, _ = User.objects.get_or_create(email="kept@example.com")
print(user.pk, settings.SECRET_KEY)
"""


def test_the_second_start_keeps_data_and_ctrl_c_ends_everything(stopped: Path) -> None:
    before = run("script/manage", "shell", "-v0", "-c", KEPT, home=stopped).stdout
    assert before
    again = Portal(stopped)
    try:
        assert "Bringing the database up to date" not in again.output
        assert "Loading the demo" not in again.output
        assert run("script/manage", "shell", "-v0", "-c", KEPT, home=stopped).stdout == before
        assert again.end(signal.SIGINT, whole_group=True) == 0
        assert again.left_behind() == []
    finally:
        again.kill()


def test_the_crash_of_one_part_ends_all_and_says_which_and_why(stopped: Path) -> None:
    portal = Portal(stopped)
    try:
        portal.named("cxportal.worker")[0].kill()
        assert portal.process.wait(60) == 1
        assert "The worker process ended by itself (killed by SIGKILL)" in portal.output.splitlines()[-1]
        assert portal.left_behind() == []
    finally:
        portal.kill()


def test_a_killed_server_takes_its_parts_along_and_blocks_no_later_start(stopped: Path) -> None:
    portal = Portal(stopped)
    try:
        portal.end(signal.SIGKILL)
        assert wait_for(lambda: not portal.left_behind(), 60), portal.left_behind()
        after = Portal(stopped)
    finally:
        portal.kill()
    try:
        after.named("bin/postgres")[0].kill()
        assert after.process.wait(60) == 1
        assert "PostgreSQL ended by itself (killed by SIGKILL)" in after.output.splitlines()[-1]
        assert after.left_behind() == []
    finally:
        after.kill()
