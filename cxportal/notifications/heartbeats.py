"""Signs of life of the background work, as rows: readiness and the admin look at them."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now

from cxportal.notifications.models import Heartbeat

BACKUP = "backup"  # the name the last backup stands under


def beat(name: str, **data: Any) -> None:
    """Says that `name` is alive now, by the database's clock; `data` is what there is to say about it."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=Now(), data=data)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "data"],
    )
