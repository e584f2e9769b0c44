"""Whoever will read, for statements that are written once (`cxportal.lib.database.Statement`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.db.models import QuerySet

from clients.models import User
from cxportal.lib.database import Slot, Statement

# By (is of our staff, runs projects): what access depends on, besides who it is.
_SIDES = ((False, False), (True, False), (True, True))


class _AnyReader(Slot):
    def __init__(self, is_our_staff: bool, runs_projects: bool) -> None:
        super().__init__("reader")
        self.is_our_staff, self.runs_projects = is_our_staff, runs_projects


class StatementsForReaders:
    """A queryset about what a person may see, written once for each side a reader can be on.

    `build` is called with a stand-in for the reader, which goes into the querysets' doors (`visible_to`) like a person:

        OVERDUE = StatementsForReaders(lambda reader: Task.objects.visible_to(reader).overdue(Slot("today")))
        OVERDUE.to(user).objects(reader=user.pk, today=today)

    The stand-in knows nothing but its side: a rule that asks for more fails when the statement is written.
    """

    def __init__(self, build: Callable[[User], QuerySet[Any, Any]]) -> None:
        self._by_side = {side: Statement(partial(build, cast(User, _AnyReader(*side)))) for side in _SIDES}

    def to(self, user: User) -> Statement:
        """The statement for readers like `user`; the slot `reader` wants their id."""
        return self._by_side[user.is_our_staff, user.runs_projects]
