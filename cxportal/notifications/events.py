"""One way to say that something happened.

An action calls `record` in its own transaction. Whoever must follow at once subscribes to the kind and runs in
that same transaction (queueing a mail is such a thing: the mail commits with the change, or not at all).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from cxportal.notifications.models import Event

Subscriber = Callable[[Event], None]
_subscribers: dict[str, list[Subscriber]] = defaultdict(list)


def subscribe(*kinds: str) -> Callable[[Subscriber], Subscriber]:
    """Decorator: call the function with each event of these kinds, inside the transaction that recorded it."""

    def register(function: Subscriber) -> Subscriber:
        for kind in kinds:
            if function not in _subscribers[kind]:
                _subscribers[kind].append(function)
        return function

    return register


def record(
    kind: str,
    *,
    actor: Any = None,
    client: Any = None,
    project: Any = None,
    task: Any = None,
    thread: Any = None,
    is_internal: bool = False,
    now: dt.datetime | None = None,
    **data: Any,
) -> Event:
    """Writes down what happened and tells the subscribers.

    `kind` is "noun.verbed" ("task.moved"); `data` what a reader of the history needs, as JSON values.
    Must run inside a transaction: raises TransactionManagementError otherwise.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{kind} was recorded outside a transaction")
    event = Event.objects.create(
        kind=kind,
        at=now or timezone.now(),
        actor=actor,
        client=client,
        project=project,
        task=task,
        thread=thread,
        is_internal=is_internal,
        data=data,
    )
    for subscriber in _subscribers[kind]:
        subscriber(event)
    return event
