"""What cards of a board tell of conversations."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from django.db.models import Count, Q, QuerySet

from clients.models import User
from clients.readers import any_reader
from cxportal.lib.database import IsOneOf, Slot, Statement
from feedback.models import Thread
from projects.hooks import counts_messages


@counts_messages
def messages_by_task(user: User, tasks: Collection[int]) -> dict[int, int]:
    """How many messages `user` may read in the conversation of each of `tasks`, all of which they see.

    A client's figure knows of no note. Nobody's counts what was taken back. One query.
    """
    return dict(_COUNTS[user.is_our_staff].rows(reader=user.pk, tasks=list(tasks)))


def _counts(is_our_staff: bool) -> QuerySet[Any, Any]:
    counted = Q(messages__withdrawn_at=None)
    if not is_our_staff:
        counted &= Q(messages__is_note=False)
    threads = Thread.objects.filter(IsOneOf("task", Slot("tasks")), merged_into=None)
    threads = threads.not_narrowed_from(any_reader(is_our_staff=is_our_staff)).order_by()
    return threads.annotate(count=Count("messages", filter=counted)).values_list("task", "count")


# By whether the reader is of our staff.
_COUNTS = {side: Statement(partial(_counts, side)) for side in (True, False)}
