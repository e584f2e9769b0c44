"""What a production installation must not leave open: what goes over the network, and what lies on disk."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

# What stands in examples and in images as they come.
KNOWN_PASSWORDS = {
    "",
    "postgres",
    "password",
    "portal",
    "secret",
    "admin",
    "changeme",
    "change-me",
    "root",
    "1234",
}


def shortcomings() -> Iterator[tuple[str, str]]:
    """(number of the check, line that names the variable) of each address that is not safe.

    TRUSTED_NETWORK says that nobody else listens between the machines; then passwords are enough.
    """
    yield from _database()
    yield from _redis()
    if settings.TRUSTED_NETWORK:
        return
    if settings.EMAIL_URL:
        parts = urlsplit(settings.EMAIL_URL)
        if parts.scheme == "smtp" and parts.password and not is_local(parts.hostname):
            yield (
                "cxportal.E017",
                "EMAIL_URL must begin with smtp+tls:// or smtps://: its password would go over the network unhidden",
            )
    if settings.STORAGE_URL:
        parts = urlsplit(settings.STORAGE_URL)
        if dict(parse_qsl(parts.query)).get("secure") == "0" and not is_local(parts.hostname):
            yield (
                "cxportal.E018",
                "STORAGE_URL must not say secure=0: files would go over the network unhidden",
            )


def _database() -> Iterator[tuple[str, str]]:
    database = settings.DATABASES["default"]
    host, options = str(database["HOST"]), database["OPTIONS"]
    if host.startswith("/") or (not host and not options.get("hostaddr")):
        return  # a socket
    weak = database["PASSWORD"] in KNOWN_PASSWORDS or database["PASSWORD"] == database["USER"]
    if weak and not options.get("sslcert") and not options.get("passfile"):
        yield "cxportal.E013", "DATABASE_URL must hold a password that nobody knows, not one from an example"
    hidden = options.get("sslmode") in {"require", "verify-ca", "verify-full"}
    if not hidden and not is_local(host) and not settings.TRUSTED_NETWORK:
        yield (
            "cxportal.E014",
            "DATABASE_URL must end with ?sslmode=require or verify-full: data would go over the network unhidden",
        )


def _redis() -> Iterator[tuple[str, str]]:
    parts = urlsplit(settings.REDIS_URL)
    if parts.scheme == "unix" or is_local(parts.hostname):
        return
    if unquote(parts.password or "") in KNOWN_PASSWORDS:
        yield "cxportal.E015", "REDIS_URL must hold a password that nobody knows: redis://:password@host"
    if parts.scheme != "rediss" and not settings.TRUSTED_NETWORK:
        yield "cxportal.E016", "REDIS_URL must begin with rediss://: data would go over the network unhidden"


def is_local(host: str | None) -> bool:
    """Whether what is sent there stays on this machine."""
    if not host or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_open_to_others(folder: Path) -> bool:
    """Readable by everybody, or writable by anyone but its owner. Passing through it is allowed."""
    return folder.exists() and bool(folder.stat().st_mode & 0o026)


def is_root() -> bool:
    return os.geteuid() == 0
