"""Moved dates: when a reason is owed, and the record of every change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from clients.models import User
from projects.actions._record import is_out_of_sight
from projects.errors import ReasonMissing
from projects.models import DateChange, Milestone, Project, Task


def owes_reason(thing: Task | Milestone) -> bool:
    """Whether moving a date of it needs a reason for the client.

    A milestone always, as the plan hangs on it, a task when the client sees it; nothing while the project is a
    draft, which no client has seen. A date that is set for the first time is no move.
    """
    if thing.project.status == Project.Status.DRAFT:
        return False
    return isinstance(thing, Milestone) or not thing.is_internal


def require_reason(
    thing: Task | Milestone, moves: Iterable[tuple[dt.date | None, dt.date | None]], reason: str
) -> None:
    """Raises ReasonMissing when one of `moves` (old, new) needs a reason and there is none."""
    moved = any(old is not None and old != new for old, new in moves)
    if moved and owes_reason(thing) and not reason.strip():
        raise ReasonMissing


def change_date(
    thing: Task | Milestone,
    field: str,
    old: dt.date | None,
    new: dt.date | None,
    *,
    reason: str,
    by: User,
    now: dt.datetime,
) -> DateChange:
    """Writes the change down. Internal for good if the client could not see the date at that time."""
    return DateChange.objects.create(
        project=thing.project,
        task=thing if isinstance(thing, Task) else None,
        milestone=thing if isinstance(thing, Milestone) else None,
        field=field,
        old=old,
        new=new,
        reason=reason.strip(),
        is_internal=is_out_of_sight(thing),
        actor=by,
        at=now,
    )
