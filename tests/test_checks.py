"""What the configuration must not be."""

from __future__ import annotations

from typing import Any

import pytest

from cxportal.checks import check_configuration

SAFE = {
    "PRODUCTION": True,
    "BASE_URL": "https://portal.example",
    "HTTPS": True,
    "SECRET_KEY": "k" * 50,
    "EMAIL_URL": "smtp://mail.example",
    "DEBUG": False,
    "ALLOWED_HOSTS": ["portal.example"],
    "DEMO_PASSWORD": "",
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
        ("EMAIL_URL", ""),
        ("DEBUG", True),
        ("ALLOWED_HOSTS", ["*"]),
        ("DEMO_PASSWORD", "demo"),
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
