"""What is wrong with the surroundings is told in one line before anything is started."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from cxportal.lib.env import database_settings
from cxportal.run.preflight import check_database, check_given_servers, check_port, check_redis
from cxportal.run.problems import Problem
from cxportal.run.surroundings import kept_secret_key, portal_port
from tests.portal_process import ROOT, free_port, run


def url_of_the_tests(**changes: str) -> str:
    """The address of the tests' own PostgreSQL, with parts changed."""
    settings = {**database_settings(os.environ["DATABASE_URL"]), **changes}
    return (
        f"postgres://{settings['USER']}:{settings['PASSWORD']}@/{settings['NAME']}"
        f"?host={quote(settings['HOST'])}&port={settings['PORT']}"
    )


def test_a_good_database_passes() -> None:
    check_database(url_of_the_tests())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("portal", "must begin with postgres://"),
        ("mysql://portal@localhost/portal", "must begin with postgres://"),
        ("postgres://portal@localhost", "names no database"),
        ("postgres://portal@localhost:port/portal", "is not a URL"),
        ("postgres://portal:hidden@127.0.0.1:1/portal", "Connection refused"),
    ],
)
def test_a_wrong_database_url_is_told(url: str, told: str) -> None:
    with pytest.raises(Problem, match=told) as caught:
        check_database(url)
    assert len(str(caught.value).splitlines()) == 1
    assert "hidden" not in str(caught.value)


def test_a_wrong_password_is_told_without_naming_it() -> None:
    with pytest.raises(Problem, match="password authentication failed") as caught:
        check_database(url_of_the_tests(PASSWORD="not-the-password"))
    assert "not-the-password" not in str(caught.value)


def test_a_database_that_does_not_exist_is_told() -> None:
    with pytest.raises(Problem, match='database "nothing" does not exist'):
        check_database(url_of_the_tests(NAME="nothing"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("localhost:6379", "is not of the form"),
        ("redis://:hidden@127.0.0.1:1/0", "Connection refused"),
        ("{theirs}", "invalid username-password pair"),
    ],
)
def test_a_wrong_redis_url_is_told(url: str, told: str) -> None:
    theirs = re.sub(r"://[^/]*@", "://:wrong@", os.environ["REDIS_URL"])
    with pytest.raises(Problem, match=told) as caught:
        check_redis(url.format(theirs=theirs))
    assert len(str(caught.value).splitlines()) == 1
    assert "hidden" not in str(caught.value)


def test_the_servers_of_the_tests_pass() -> None:
    check_given_servers()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000.5", "٨٠٠٠"])
def test_a_port_that_is_none_is_told(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(Problem, match="PORT must be a number"):
        portal_port()


def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(Problem, match=r"cannot listen on 192\.0\.2\.1"):
        check_port("192.0.2.1", free_port())


def test_an_emptied_secret_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    key = kept_secret_key(tmp_path)
    assert kept_secret_key(tmp_path) == key
    (tmp_path / "secret-key").write_text("")
    with pytest.raises(Problem, match="holds no secret key"):
        kept_secret_key(tmp_path)


def test_script_server_prints_one_line_and_makes_no_servers(tmp_path: Path) -> None:
    result = run(
        "script/server", home=tmp_path / "var", DATABASE_URL="mysql://localhost/portal", PORT=str(free_port())
    )
    assert result.returncode == 1
    assert (result.stdout, result.stderr) == (
        "",
        "DATABASE_URL must begin with postgres://, not mysql://\n",
    )
    assert not (tmp_path / "var" / "servers").exists()


@pytest.fixture
def poor_machine(tmp_path: Path) -> Path:
    """A copy of what script/server needs first, on a machine whose only python3 is too old."""
    for name in ("script/server", "script/_bootstrap", "cxportal/run/environment.py"):
        copy = tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
        copy.chmod(0o755)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname"):
        (programs / name).symlink_to(
            next(Path(folder, name) for folder in ("/bin", "/usr/bin") if Path(folder, name).exists())
        )
    old = programs / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    return tmp_path


def test_a_python_that_is_too_old_is_told(poor_machine: Path) -> None:
    result = subprocess.run(
        [poor_machine / "script/server"],
        env={"PATH": str(poor_machine / "bin")},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr == (
        "Python 3.11 or newer is needed (found: Python 3.9.2). "
        "Install one, or name it: PYTHON=/path/to/python3 script/server\n"
    )
