"""The environment variables the portal runs with: what was set, completed by what this machine provides."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cxportal.embedded import EmbeddedError, Session, servers
from cxportal.embedded.places import open_home, write_private
from cxportal.run.problems import Problem

ROOT = Path(__file__).resolve().parent.parent.parent
DEFAULT_PORT = 8000


def say(line: str) -> None:
    print(line, flush=True)


def portal_home() -> Path:
    """The folder for data and settings of this installation: PORTAL_HOME, else var/ next to manage.py."""
    return Path(os.environ.get("PORTAL_HOME") or ROOT / "var").expanduser().resolve()


def portal_port() -> int:
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Problem(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


@contextmanager
def services(
    home: Path, *, throwaway: bool = False, tell: Callable[[str], None] = say
) -> Iterator[Session | None]:
    """Complete os.environ so that Django starts: addresses of PostgreSQL and Valkey, secret key, home, base URL.

    The embedded servers run while the context lasts, if one of DATABASE_URL and REDIS_URL is not set; the Session is
    theirs. Raises EmbeddedError or Problem.
    """
    os.umask(0o077)
    os.environ["PORTAL_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxportal.settings")
    if not os.environ.get("BASE_URL"):
        os.environ["BASE_URL"] = f"http://localhost:{portal_port()}"
    open_home(home)
    if not os.environ.get("SECRET_KEY"):
        os.environ["SECRET_KEY"] = kept_secret_key(home)
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield None
        return
    given = dict(os.environ)
    os.environ["EMBEDDED_SERVERS"] = "" if throwaway else "1"
    with servers(home, say=tell, throwaway=throwaway) as session:
        os.environ["DATABASE_URL"] = given.get("DATABASE_URL") or session.database_url
        os.environ["REDIS_URL"] = given.get("REDIS_URL") or session.redis_url
        yield session


def compile_texts() -> None:
    """Make the translations that Django reads, where the catalogues are newer."""
    from cxportal.lib.catalogues import compile_catalogues

    try:
        compile_catalogues(ROOT / "locale")
    except OSError as error:
        raise Problem(f"The translations could not be compiled: {error}") from None


def kept_secret_key(home: Path) -> str:
    """The secret key in PORTAL_HOME, made on the first start, readable by its owner only."""
    path = home / "secret-key"
    try:
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48) + "\n")
        key = path.read_text().strip()
    except OSError as error:
        raise EmbeddedError(f"{path} cannot be read: {error.strerror}.") from error
    if len(key) < 50:
        raise Problem(
            f"{path} holds no secret key any more. Bring it back, or remove it: everyone must log in again."
        )
    return key
