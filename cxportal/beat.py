"""The beat: `python -m cxportal.beat`. It knows schedule and broker, and nothing of Django's models, to save memory."""

from __future__ import annotations

from celery import Celery
from celery.apps.beat import Beat

app = Celery("cxportal", fixups=[], set_as_current=False)
app.config_from_object("cxportal.settings", namespace="CELERY")


def main() -> None:
    """Ask for one pass at once, for what came due while nothing ran, then for one each minute."""
    Beat(app=app, loglevel="WARNING", quiet=True).run()


if __name__ == "__main__":
    main()
