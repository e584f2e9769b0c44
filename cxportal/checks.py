"""What is missing or unsafe in the configuration, in one line each that names the variable. It stops the start."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, register

from cxportal import network

SHORTEST_SECRET_KEY = 50
FEWEST_KINDS_OF_CHARACTER = 16  # random ones of that length have twice as many


@register
def check_configuration(app_configs: Any, **kwargs: Any) -> list[Error]:
    errors = [*base_url(), *x_accel_media()]
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


def x_accel_media() -> list[Error]:
    place = settings.X_ACCEL_MEDIA
    if not place or (place.startswith("/") and place.endswith("/") and len(place) > 2):
        return []
    return [
        Error(f"X_ACCEL_MEDIA must begin and end with /, such as /_media/, not {place}", id="cxportal.E008")
    ]


def refuse_unsafe() -> None:
    """End this process where a production installation is not safe, one line for each reason."""
    errors = check_configuration(None) if settings.PRODUCTION else []
    if errors:
        sys.exit("\n".join(f"{error.msg} ({error.id})" for error in errors))


def production() -> list[Error]:
    """What is good enough for trying the portal out, and refused where PRODUCTION is set."""
    found = {
        "cxportal.E002": (
            len(settings.SECRET_KEY) < SHORTEST_SECRET_KEY
            or len(set(settings.SECRET_KEY)) < FEWEST_KINDS_OF_CHARACTER
            or settings.SECRET_KEY.startswith("django-insecure"),
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
        "cxportal.E009": (
            settings.HTTPS and not settings.BEHIND_PROXY,
            "BEHIND_PROXY must not be off with https://: a proxy ends TLS, and pages would lead to themselves",
        ),
        "cxportal.E010": (
            settings.DEFAULT_FROM_EMAIL.rstrip("> ").endswith("@localhost"),
            "DEFAULT_FROM_EMAIL must be an address of yours in production",
        ),
        "cxportal.E011": (
            network.is_open_to_others(settings.PORTAL_HOME),
            "PORTAL_HOME must not be readable by everybody, or writable by its group: chmod o-rw,g-w helps",
        ),
        "cxportal.E012": (
            settings.EMBEDDED_SERVERS and network.is_root(),
            "DATABASE_URL and REDIS_URL must be set where root starts the portal in production",
        ),
    }
    errors = [Error(text, id=number) for number, (wrong, text) in found.items() if wrong]
    return errors + [Error(text, id=number) for number, text in network.shortcomings()]
