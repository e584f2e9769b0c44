"""Loads, before a process forks its children, what each would load for itself: memory that is then kept once."""

from __future__ import annotations

import gc
import importlib
from contextlib import suppress

# Imported by libraries at the first use only, and large.
LATE = (
    "kombu.transport.redis",
    "redis.asyncio",
    "billiard.popen_fork",
    "billiard.sharedctypes",
    "cffi.cparser",
    "django.core.cache.backends.redis",
    "django.contrib.staticfiles.storage",
)


def preload() -> None:
    """Load the late ones, every view, language and template, write the statements, and keep all of it.

    It is left out of garbage collection: the collector marks every object it looks at, and a child that marks a
    shared page gets a copy of its own.
    """
    from django.conf import settings
    from django.db import OperationalError, connections, transaction
    from django.template import loader
    from django.urls import get_resolver
    from django.utils import translation

    from cxportal.lib.database import Statement

    for module in (*LATE, *(["cxportal.lib.storage"] if settings.STORAGE_URL else [])):
        importlib.import_module(module)
    _ = get_resolver().url_patterns
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Yes")
    folder = settings.BASE_DIR / "templates"
    for template in sorted(folder.rglob("*.html")):
        loader.get_template(template.relative_to(folder).as_posix())
    # A database that is away is no reason not to start. In a transaction, for some statements lock rows.
    with suppress(OperationalError), transaction.atomic():
        Statement.write_all()
    connections.close_all()  # no connection is shared by two processes
    gc.collect()
    gc.freeze()
