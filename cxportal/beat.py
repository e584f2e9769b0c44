"""The beat: `python -m cxportal.beat`. It knows schedule and broker, and nothing of Django's models, to save memory."""

from __future__ import annotations

import logging.config
from typing import Any

from celery import Celery
from celery.apps.beat import Beat
from celery.signals import setup_logging

app = Celery("cxportal", fixups=[], set_as_current=False)
app.config_from_object("cxportal.settings", namespace="CELERY")


@setup_logging.connect
def as_everywhere(**kwargs: Any) -> None:
    from cxportal.settings import LOGGING

    logging.config.dictConfig(LOGGING)


def main() -> None:
    """Ask for one pass at once, for what came due while nothing ran, then for one each minute."""
    Beat(app=app, loglevel="WARNING", quiet=True).run()


if __name__ == "__main__":
    main()
