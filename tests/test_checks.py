"""What the configuration must not be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from cxportal.checks import check_configuration
from cxportal.run.prepare import refuse_demo
from cxportal.run.problems import Problem
from tests.portal_process import ROOT, free_port

pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")

KEY = "hY4k0vQ8mZr2Lx7Tn5Wc9Jd1Sg6Bf3AehY4k0vQ8mZr2Lx7Tn5"
DATABASE = {"HOST": "", "USER": "portal", "PASSWORD": "", "OPTIONS": {}}
SAFE = {
    "PRODUCTION": True,
    "BASE_URL": "https://portal.example",
    "HTTPS": True,
    "SECRET_KEY": KEY,
    "EMAIL_URL": "smtp://mail.example",
    "DEFAULT_FROM_EMAIL": "Portal <portal@portal.example>",
    "DEBUG": False,
    "ALLOWED_HOSTS": ["portal.example"],
    "DEMO_PASSWORD": "",
    "BEHIND_PROXY": True,
    "REDIS_URL": "unix:///run/valkey.sock",
    "STORAGE_URL": "",
    "X_ACCEL_MEDIA": "",
    "TRUSTED_NETWORK": False,
    "EMBEDDED_SERVERS": False,
    "DATABASES": {"default": DATABASE},
}


def told(settings: Any, **changes: Any) -> str:
    for name, value in {**SAFE, **changes}.items():
        setattr(settings, name, value)
    return " ".join(str(error.msg) for error in check_configuration(None))


def test_a_safe_configuration_passes(settings: Any) -> None:
    assert told(settings) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "k" * 80),
        ("SECRET_KEY", f"django-insecure-{KEY}"),
        ("EMAIL_URL", ""),
        ("DEBUG", True),
        ("ALLOWED_HOSTS", ["*"]),
        ("DEMO_PASSWORD", "demo"),
        ("BEHIND_PROXY", False),
        ("DEFAULT_FROM_EMAIL", "CX Portal <portal@localhost>"),
        ("REDIS_URL", "redis://cache.example:6379/0"),
        ("REDIS_URL", "rediss://:changeme@cache.example:6379/0"),
        ("REDIS_URL", "redis://:long-and-unknown@cache.example:6379/0"),
        ("EMAIL_URL", "smtp://portal:unknown@mail.example:587"),
        ("STORAGE_URL", "s3://key:secret@files.example/bucket?secure=0"),
    ],
)
def test_what_is_only_for_trying_out_is_refused_in_production(settings: Any, name: str, value: Any) -> None:
    assert told(settings, **{name: value}).startswith(name)
    assert told(settings, PRODUCTION=False, **{name: value}) == ""


def test_production_is_reached_by_https(settings: Any) -> None:
    assert "https" in told(settings, BASE_URL="http://portal.example", HTTPS=False)


@pytest.mark.parametrize(
    "url", ["portal.example", "ftp://portal.example", "https://portal.example/path", "http://[", "http://a:b"]
)
def test_a_base_url_that_is_no_address_is_told(settings: Any, url: str) -> None:
    assert told(settings, BASE_URL=url).startswith("BASE_URL must be the portal's address")


@pytest.mark.parametrize(
    "changes",
    [
        {"HOST": "db.example", "OPTIONS": {"sslmode": "require"}},
        {"HOST": "db.example", "PASSWORD": "postgres", "OPTIONS": {"sslmode": "require"}},
        {"HOST": "db.example", "PASSWORD": "portal", "OPTIONS": {"sslmode": "require"}},
        {"HOST": "127.0.0.1", "PASSWORD": "portal"},
        {"HOST": "db.example", "PASSWORD": "long-and-unknown"},
        {"HOST": "db.example", "PASSWORD": "long-and-unknown", "OPTIONS": {"sslmode": "prefer"}},
    ],
)
def test_a_database_over_the_network_has_a_password_and_tls(settings: Any, changes: Any) -> None:
    databases = {"default": {**DATABASE, **changes}}
    assert told(settings, DATABASES=databases).startswith("DATABASE_URL")
    assert told(settings, PRODUCTION=False, DATABASES=databases) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"DATABASES": {"default": {**DATABASE, "HOST": "/run/postgresql"}}},
        {"DATABASES": {"default": {**DATABASE, "HOST": "127.0.0.1", "PASSWORD": "long-and-unknown"}}},
        {
            "DATABASES": {
                "default": {**DATABASE, "HOST": "db", "PASSWORD": "x9", "OPTIONS": {"sslmode": "verify-full"}}
            }
        },
        {
            "DATABASES": {
                "default": {**DATABASE, "HOST": "db", "OPTIONS": {"sslmode": "verify-ca", "sslcert": "c"}}
            }
        },
        {"REDIS_URL": "rediss://:long-and-unknown@cache.example:6379/0"},
        {"REDIS_URL": "redis://[::1]:6379/0"},
        {"EMAIL_URL": "smtp+tls://portal:unknown@mail.example:587"},
        {"EMAIL_URL": "smtp://portal:unknown@localhost:25"},
        {"STORAGE_URL": "s3://key:secret@files.example/bucket"},
        {"STORAGE_URL": "s3://key:secret@127.0.0.1:9000/bucket?secure=0"},
    ],
)
def test_what_is_hidden_or_stays_here_passes(settings: Any, changes: Any) -> None:
    assert told(settings, **changes) == ""


def test_on_a_trusted_network_a_password_is_still_needed(settings: Any) -> None:
    over_there = {
        "TRUSTED_NETWORK": True,
        "STORAGE_URL": "s3://key:secret@files/bucket?secure=0",
        "EMAIL_URL": "smtp://portal:unknown@mail",
    }
    good = {**DATABASE, "HOST": "db", "PASSWORD": "long-and-unknown"}
    redis = "redis://:long-and-unknown@cache:6379"
    assert told(settings, **over_there, DATABASES={"default": good}, REDIS_URL=redis) == ""
    assert "REDIS_URL" in told(settings, **over_there, REDIS_URL="redis://cache:6379")
    assert "DATABASE_URL" in told(settings, **over_there, DATABASES={"default": {**good, "PASSWORD": ""}})


@pytest.mark.parametrize(
    ("mode", "fine"), [(0o700, True), (0o750, True), (0o711, True), (0o755, False), (0o770, False)]
)
def test_the_home_is_closed_to_others(settings: Any, tmp_path: Path, mode: int, fine: bool) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(mode)
    said = told(settings, PORTAL_HOME=tmp_path / "home")
    assert (said == "") if fine else said.startswith("PORTAL_HOME")


def test_the_embedded_servers_are_not_for_root_in_production(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uid, wrong in ((0, True), (1000, False)):
        monkeypatch.setattr("os.geteuid", lambda uid=uid: uid)
        assert told(settings, EMBEDDED_SERVERS=True).startswith("DATABASE_URL") is wrong


@pytest.mark.parametrize("place", ["media", "/media", "media/", "//", "/"])
def test_a_place_for_the_proxy_that_is_none_is_told(settings: Any, place: str) -> None:
    assert told(settings, X_ACCEL_MEDIA=place).startswith("X_ACCEL_MEDIA must begin and end with /")


def test_no_line_tells_a_secret(settings: Any) -> None:
    said = told(
        settings,
        REDIS_URL="redis://:hidden-1@cache.example",
        EMAIL_URL="smtp://portal:hidden-2@mail.example",
        STORAGE_URL="s3://key:hidden-3@files.example/bucket?secure=0",
        DATABASES={"default": {**DATABASE, "HOST": "db.example", "PASSWORD": "hidden-4"}},
        SECRET_KEY="hidden-5",
    )
    assert said.count("must") == 5
    assert "hidden-" not in said


@pytest.mark.parametrize(
    "part",
    [
        ["-m", "gunicorn", "--config", "python:cxportal.gunicorn_settings", "cxportal.wsgi"],
        ["-m", "cxportal.worker"],
        ["-m", "cxportal.run", "prepare"],
    ],
)
def test_no_part_starts_unsafe(part: list[str], tmp_path: Path) -> None:
    unsafe = {
        "PRODUCTION": "1",
        "BASE_URL": "http://portal.example",
        "EMAIL_URL": "",
        "PORT": str(free_port()),
    }
    result = subprocess.run(
        [sys.executable, *part],
        cwd=ROOT,
        env={**os.environ, **unsafe, "PORTAL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode != 0
    lines = [line for line in result.stderr.splitlines() if "cxportal.E" in line]
    assert [line.split()[0] for line in lines] == ["BASE_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL"], (
        result.stderr
    )


@pytest.mark.django_db
def test_the_demo_does_not_come_along_into_production(settings: Any, tmp_path: Path) -> None:
    settings.PORTAL_HOME = tmp_path
    settings.PRODUCTION = False
    call_command("seed_demo", verbosity=0)
    refuse_demo()
    settings.PRODUCTION = True
    with pytest.raises(Problem, match="remove_demo"):
        refuse_demo()
    call_command("remove_demo", verbosity=0)
    refuse_demo()
