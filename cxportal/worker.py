"""The worker: `python -m cxportal.worker`, as `celery worker` without its command line, which takes memory and time."""

from __future__ import annotations

import sys

import django

from cxportal.celery import app
from cxportal.checks import refuse_unsafe
from cxportal.lib.env import whole_number


def main() -> int:
    """Work until SIGTERM; the tasks in hand are finished first."""
    django.setup()
    refuse_unsafe()
    worker = app.Worker(
        concurrency=whole_number("WORKER_PROCESSES", default=2, least=1),
        loglevel="WARNING",
        quiet=True,
        # Nothing here asks other workers anything, and nobody watches their events.
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
