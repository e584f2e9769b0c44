"""Celery's way into sending: thin, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from cxportal.notifications.sending import send_due

# The beat ticks each minute: what is left after this goes on there, and a worker that is to end need not wait long.
SECONDS = 20


@shared_task
def send_due_mail() -> None:
    """Sends what is due."""
    send_due(seconds=SECONDS)
