"""Celery's way into the background work: thin, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from cxportal.notifications.tasks import SECONDS
from cxportal.portal.due import run_due


@shared_task
def tick() -> None:
    """What the beat does each minute: everything that is due."""
    run_due(mail_seconds=SECONDS)
