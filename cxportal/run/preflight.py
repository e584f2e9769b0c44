"""What can be known to be wrong before anything is started, each in one line."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxportal.run.problems import Problem


@contextmanager
def only_server(home: Path, address: str) -> Iterator[None]:
    """Hold PORTAL_HOME for one script/server: a second one with the same data is refused."""
    path = home / "embedded" / "server.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = os.read(descriptor, 300).decode() or "another script/server"
            raise Problem(f"The portal of {home} runs already: {running}.") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{address}, process {os.getpid()}".encode())
        yield
    finally:
        os.close(descriptor)


def check_port(host: str, port: int) -> None:
    """Raise Problem unless the web process can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
            probe.listen(1)
        except socket.gaierror:
            raise Problem(
                f"BIND must be an address of this machine, such as 127.0.0.1 or 0.0.0.0, not {host!r}."
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Problem(
                    f"Port {port} is in use by another program. Choose another one, for example: "
                    f"PORT={port + 1 if port < 65535 else 8000} script/server"
                ) from None
            if error.errno == errno.EACCES:
                raise Problem(
                    f"Port {port} is reserved for root. Choose one above 1023: PORT=8000 script/server"
                ) from None
            raise Problem(f"The portal cannot listen on {host} port {port}: {error.strerror}.") from None


def check_numbers() -> None:
    """Raise Problem unless the numbers of processes and threads are numbers."""
    from django.core.exceptions import ImproperlyConfigured

    from cxportal.lib.env import whole_number

    try:
        for name in ("WEB_PROCESSES", "WEB_THREADS", "WORKER_PROCESSES"):
            whole_number(name, default=2, least=1)
    except ImproperlyConfigured as error:
        raise Problem(str(error)) from None


def check_given_servers() -> None:
    """Raise Problem unless DATABASE_URL and REDIS_URL, where they are set, lead to servers that let us in."""
    if url := os.environ.get("DATABASE_URL"):
        check_database(url)
    if url := os.environ.get("REDIS_URL"):
        check_redis(url)


def check_database(url: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from cxportal.lib.env import database_settings

    try:
        settings = database_settings(url)
    except ImproperlyConfigured as error:
        raise Problem(str(error)) from None

    import psycopg2

    try:
        connection = psycopg2.connect(
            dbname=settings["NAME"],
            user=settings["USER"] or None,
            password=settings["PASSWORD"] or None,
            host=settings["HOST"] or None,
            port=settings["PORT"] or None,
            **settings["OPTIONS"],
        )
    except psycopg2.Error as error:
        raise Problem(f"DATABASE_URL does not lead to a database: {in_one_line(error)}") from None
    try:
        if connection.server_version < OLDEST_POSTGRESQL * 10_000:
            raise Problem(
                f"DATABASE_URL leads to PostgreSQL {connection.server_version // 10_000}; "
                f"{OLDEST_POSTGRESQL} or newer is needed."
            )
    finally:
        connection.close()


OLDEST_POSTGRESQL = 14  # what Django 5.2 supports


def check_redis(url: str) -> None:
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except ValueError as error:
        raise Problem(
            f"REDIS_URL is not of the form redis://:password@host:6379/0: {in_one_line(error)}"
        ) from None
    except redis.RedisError as error:
        raise Problem(f"REDIS_URL does not lead to a Redis or Valkey: {in_one_line(error)}") from None


def in_one_line(error: Exception) -> str:
    """The first line of what a library said, without the advice that follows."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
