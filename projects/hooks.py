"""Places where the apps above bring what they know about this app's things."""

from __future__ import annotations

from collections.abc import Callable, Collection

from clients.models import User

MessageCounter = Callable[[User, Collection[int]], dict[int, int]]
_message_counters: list[MessageCounter] = []


def counts_messages(counter: MessageCounter) -> MessageCounter:
    """Decorator for the function that counts what was written about tasks.

    It is called with a reader and the ids of tasks they see, and gives the number of messages they may read by
    the task's id; tasks without any may be left out. It costs a constant number of queries.
    """
    if counter not in _message_counters:
        _message_counters.append(counter)
    return counter


def message_counts(user: User, tasks: Collection[int]) -> dict[int, int]:
    """How many messages `user` may read of each of these tasks, by the task's id."""
    found: dict[int, int] = {}
    if tasks:
        for counter in _message_counters:
            for task, count in counter(user, tasks).items():
                found[task] = found.get(task, 0) + count
    return found
