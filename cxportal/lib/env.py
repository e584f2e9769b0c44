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


def storage_settings(url: str) -> dict[str, Any]:
    """`STORAGE_URL` as the entry "default" of STORAGES; without one, files lie in a folder of this machine.

    `s3://KEY:SECRET@host:port/bucket?region=…`; the query may name `region`, `secure` (0 for plain HTTP), `folder`
    (all names begin with it), `encrypt` (AES256 or aws:kms) and `timeout` (seconds). Raises ImproperlyConfigured.
    """
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"STORAGE_URL is not a URL: {error}") from error
    bucket, key, secret = parts.path.strip("/"), unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme != "s3" or not parts.hostname or not bucket or "/" in bucket:
        raise ImproperlyConfigured("STORAGE_URL must look like s3://KEY:SECRET@host:port/bucket?region=…")
    if bool(key) != bool(secret):
        raise ImproperlyConfigured("STORAGE_URL must hold both KEY and SECRET, or neither")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    secure, encrypt = asked.pop("secure", "1"), asked.pop("encrypt", "")
    region, folder, timeout = asked.pop("region", ""), asked.pop("folder", ""), asked.pop("timeout", "3")
    if asked:
        raise ImproperlyConfigured(
            f"STORAGE_URL may name region, secure, folder, encrypt and timeout, not {', '.join(sorted(asked))}"
        )
    if secure not in {"0", "1"}:
        raise ImproperlyConfigured(f"secure in STORAGE_URL must be 0 or 1, not {secure!r}")
    if encrypt not in {"", "AES256", "aws:kms"}:
        raise ImproperlyConfigured(f"encrypt in STORAGE_URL must be AES256 or aws:kms, not {encrypt!r}")
    if not (timeout.isascii() and timeout.isdigit() and 1 <= int(timeout) <= 60):
        raise ImproperlyConfigured(f"timeout in STORAGE_URL must be a number from 1 to 60, not {timeout!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return {
        "BACKEND": "cxportal.lib.storage.ObjectStorage",
        "OPTIONS": {
            "endpoint_url": f"{'https' if secure == '1' else 'http'}://{host}{f':{port}' if port else ''}",
            "bucket_name": bucket,
            "access_key": key or None,
            "secret_key": secret or None,
            "region_name": region or "us-east-1",
            "location": folder.strip("/"),
            "object_parameters": {"ServerSideEncryption": encrypt} if encrypt else {},
            "seconds": int(timeout),
        },
    }
