"""What cards of a board tell of conversations."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q, QuerySet

from clients.models import User
from clients.readers import StatementsForReaders
from cxportal.lib.database import IsOneOf, Slot
from feedback.models import Thread
from projects.hooks import counts_messages


@counts_messages
def messages_by_task(user: User, tasks: Collection[int]) -> dict[int, int]:
    """How many messages `user` may read in the conversation of each of `tasks`, all of which they see.

    A client's figure knows of no note. Nobody's counts what was taken back. One query.
    """
    return dict(_COUNTS.to(user).rows(reader=user.pk, tasks=list(tasks)))


def _counts(reader: User) -> QuerySet[Any, Any]:
    counted = Q(messages__withdrawn_at=None)
    if not reader.is_our_staff:
        counted &= Q(messages__is_note=False)
    threads = Thread.objects.filter(IsOneOf("task", Slot("tasks")), merged_into=None)
    threads = threads.not_narrowed_from(reader).order_by()
    return threads.annotate(count=Count("messages", filter=counted)).values_list("task", "count")


_COUNTS = StatementsForReaders(_counts)
