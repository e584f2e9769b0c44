"""The settings as mypy reads them: it asks for models and apps, never for a server."""

import os

os.environ.setdefault("SECRET_KEY", "read by the type checker only")
os.environ.setdefault("DATABASE_URL", "postgres://nobody@localhost/nothing")

from cxportal.settings import *  # noqa: F403
