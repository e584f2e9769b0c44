"""Reads the URLs of the environment into Django's and Celery's settings, with one clear line when one is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def whole_number(name: str, default: int, least: int = 0) -> int:
    """The variable `name` as a number. Raises ImproperlyConfigured when it is none, or less than `least`."""
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of {least} or more, not {text!r}")
    return int(text)


def base_host(base_url: str) -> str:
    """The host of BASE_URL; "localhost" when it has none, which cxportal/checks.py tells."""
    try:
        return urlsplit(base_url).hostname or "localhost"
    except ValueError:
        return "localhost"


def database_settings(url: str) -> dict[str, Any]:
    """`DATABASE_URL` as an entry of DATABASES.

    `postgres://user:password@host:port/name?sslmode=require`; a socket folder goes into `?host=/folder`.
    Every query argument is handed to libpq. Raises ImproperlyConfigured when the URL is not of that form.
    """
    if not url:
        raise ImproperlyConfigured(
            "DATABASE_URL is not set. Start with script/server or script/manage, or set it to postgres://…"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is not a URL: {error}") from error
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL must begin with postgres://, not {parts.scheme or 'nothing'}://"
        )
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database: postgres://user:password@host/NAME")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": options.pop("port", None) or (str(port) if port else ""),
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **options},
        "ATOMIC_REQUESTS": False,
    }


def celery_broker_url(redis_url: str) -> str:
    """`REDIS_URL` in the words Celery has for it.

    `unix://:password@/path?db=1` is `redis+socket://:password@/path?virtual_host=1` there.
    """
    if redis_url.startswith("unix://"):
        parts = urlsplit(redis_url)
        options = dict(parse_qsl(parts.query))
        return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={options.get('db', '0')}"
    return redis_url or "redis://localhost:6379"


def email_settings(url: str, mail_dir: Path) -> dict[str, Any]:
    """`EMAIL_URL` as Django's EMAIL_ settings; without one, mails are written as files into `mail_dir`.

    `smtp://user:password@host:25`, `smtp+tls://…:587` (STARTTLS) or `smtps://…:465` (TLS from the first byte).
    """
    if not url:
        return {
            "EMAIL_BACKEND": "cxportal.notifications.backends.FolderBackend",
            "EMAIL_FILE_PATH": str(mail_dir),
        }
    schemes = {"smtp": (False, False, 25), "smtp+tls": (True, False, 587), "smtps": (False, True, 465)}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"EMAIL_URL is not a URL: {error}") from error
    if parts.scheme not in schemes or not parts.hostname:
        raise ImproperlyConfigured(
            "EMAIL_URL must look like smtp://host:25, smtp+tls://host:587 or smtps://host:465"
        )
    starttls, tls, default_port = schemes[parts.scheme]
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or default_port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": starttls,
        "EMAIL_USE_SSL": tls,
    }
