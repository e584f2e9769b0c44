"""The beat: `python -m cxportal.beat`. It knows schedule and broker, and nothing of Django's models, to save memory."""

from __future__ import annotations

import logging

from celery import Celery
from celery.apps.beat import Beat
from kombu.exceptions import OperationalError

app = Celery("cxportal", fixups=[])
app.config_from_object("cxportal.settings", namespace="CELERY")


def main() -> None:
    """Ask for one pass at once, for what came due while nothing ran, then for one each minute."""
    for entry in app.conf.beat_schedule.values():
        try:
            app.send_task(entry["task"], retry=False, **entry.get("options", {}))
        except OperationalError as error:
            logging.getLogger(__name__).warning("The first pass waits for the next minute: %s", error)
    Beat(app=app, loglevel="WARNING", quiet=True).run()


if __name__ == "__main__":
    main()
