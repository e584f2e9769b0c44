"""What cards of a board tell of conversations."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Q

from clients.models import User
from feedback.models import Thread
from projects.hooks import counts_messages


@counts_messages
def messages_by_task(user: User, tasks: Collection[int]) -> dict[int, int]:
    """How many messages `user` may read in the conversation of each of `tasks`, all of which they see.

    A client's figure knows of no note. Nobody's counts what was taken back. One query.
    """
    counted = Q(messages__withdrawn_at=None)
    if not user.is_our_staff:
        counted &= Q(messages__is_note=False)
    threads = Thread.objects.filter(task__in=tasks, merged_into=None).not_narrowed_from(user).order_by()
    return dict(threads.annotate(count=Count("messages", filter=counted)).values_list("task", "count"))
