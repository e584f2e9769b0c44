"""What is missing or unsafe in the configuration, in one line each that names the variable. It stops the start."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, register

SHORTEST_SECRET_KEY = 50


@register
def check_configuration(app_configs: Any, **kwargs: Any) -> list[Error]:
    errors = [*base_url()]
    if settings.PRODUCTION:
        errors += production()
    return errors


def base_url() -> list[Error]:
    try:
        parts = urlsplit(settings.BASE_URL)
        good = parts.scheme in {"http", "https"} and parts.hostname and not parts.path and not parts.query
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        good = False
    if good:
        return []
    return [
        Error(
            "BASE_URL must be the portal's address without a path, such as https://portal.example, "
            f"not {settings.BASE_URL}",
            id="cxportal.E001",
        )
    ]


def production() -> list[Error]:
    """What is good enough for trying the portal out, and refused where PRODUCTION is set."""
    found = {
        "cxportal.E002": (
            len(settings.SECRET_KEY) < SHORTEST_SECRET_KEY,
            f"SECRET_KEY must have {SHORTEST_SECRET_KEY} random characters or more in production",
        ),
        "cxportal.E003": (not settings.HTTPS, "BASE_URL must begin with https:// in production"),
        "cxportal.E004": (
            not settings.EMAIL_URL,
            "EMAIL_URL must be set in production: mail would reach nobody",
        ),
        "cxportal.E005": (settings.DEBUG, "DEBUG must not be set in production: its pages show secrets"),
        "cxportal.E006": (
            "*" in settings.ALLOWED_HOSTS,
            "ALLOWED_HOSTS must name the hosts in production, not *",
        ),
        "cxportal.E007": (bool(settings.DEMO_PASSWORD), "DEMO_PASSWORD must not be set in production"),
    }
    return [Error(text, id=number) for number, (wrong, text) in found.items() if wrong]
