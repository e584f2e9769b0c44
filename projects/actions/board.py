"""The board: adding cards and moving them.

The order of a column is the order of its tasks' ranks. Ranks have gaps, so that a move writes one row; when a gap
is used up, the column is numbered anew. Everything here happens under a lock on the project's row, taken before
any other: however many people move cards at once, their moves happen one after the other, and all of them end
with the same order. (`NO KEY`: writing a task, an event or a file of the project does not wait for it.)
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.once import own_key
from projects.actions._record import record_on_task, require_open, require_own
from projects.errors import ActionRefused
from projects.models import Column, Project, Task

GAP = 1024  # between the ranks of two neighbours that nobody moved a card between
Place = tuple[int, int]  # rank and id: what the order of a column goes by
_TO_MANY = ("assignees", "placeholders", "labels", "skills")


@transaction.atomic
def add_task(
    *,
    project: Project,
    by: User | None,
    title: str,
    form_key: uuid.UUID | None = None,
    now: dt.datetime | None = None,
    **fields: Any,
) -> Task:
    """A new task at the end of its column, with the next number of the project.

    `fields` are fields of `Task`; `column` is the first one of kind *to do* unless given (the first one of all,
    where there is none of that kind). Assignees, placeholders, labels and skills are iterables. The same form sent
    twice (`form_key`) gives the task of the first time.
    Raises ProjectClosed for a finished or archived project, NotOfThisProject for a column, phase, milestone,
    label or placeholder of another one, ActionRefused for a
    board without columns.
    """
    now = now or timezone.now()
    locked = lock_project(project)
    key = own_key(form_key, by and by.pk, f"task {locked.pk}", title)
    if key and (first := Task.objects.filter(form_key=key).first()):
        return first
    related = {name: list(fields.pop(name)) for name in _TO_MANY if name in fields}
    require_own(
        locked,
        *(fields.get(name) for name in ("column", "phase", "milestone")),
        *related.get("labels", ()),
        *related.get("placeholders", ()),
    )
    column = fields.pop("column", None) or _first_column(locked)
    if column.kind == Column.Kind.DONE:
        fields |= {"done_at": now, "percent_done": 100}
    locked.last_task_number += 1
    locked.save(update_fields=["last_task_number"])
    task = Task.objects.create(
        project=locked,
        number=locked.last_task_number,
        title=title,
        column=column,
        rank=_last_rank(column) + GAP,
        form_key=key,
        created_by=by,
        created_at=now,
        updated_at=now,
        **fields,
    )
    for name, values in related.items():
        getattr(task, name).set(values)
    record_on_task("task.added", task=task, by=by, now=now, title=title, to_kind=column.kind)
    return task


@transaction.atomic
def move_task(
    *,
    task: Task,
    by: User | None,
    column: Column,
    after: Task | None,
    ends_waiting: bool = False,
    now: dt.datetime | None = None,
) -> Task:
    """Puts `task` into `column`, directly behind `after`, or on top when that is None. Returns it as it now is.

    A neighbour that was moved to another column meanwhile is no reason to refuse: the card then goes to the end
    of `column`. The order of *done* columns is not anyone's choice, they show the latest first.

    Into *done*: `done_at` is set, the task is 100 % done and waits for nobody. Out of it: `reopened_at` is set,
    `done_at` is cleared and the percentage starts over. `ends_waiting`: the card was taken out of what waits for
    the client.

    Doing the same again changes nothing and records nothing. Records "task.moved" for another column or the end
    of the waiting, "task.reordered" for another place in the same column.
    Raises ProjectClosed for a finished or archived project, NotOfThisProject for a column or a neighbour of
    another one.
    """
    now = now or timezone.now()
    project = lock_project(task.project)
    require_own(project, column, after)
    task = Task.objects.select_for_update(no_key=True, of=("self",)).select_related("column").get(pk=task.pk)
    task.project = project
    old = task.column
    changes: dict[str, Any] = {}
    if column.pk != old.pk:
        changes = {"column": column} | _crossing(old, column, now)
    if task.waiting_since and (ends_waiting or column.kind == Column.Kind.DONE):
        changes |= {"waiting_since": None, "waiting_for": ""}
    is_move = bool(changes)
    if column.pk != old.pk or column.kind != Column.Kind.DONE:
        rank = _new_rank(task, column, after)
        if rank is not None:
            changes["rank"] = rank
    if not changes:
        return task
    ended_waiting = "waiting_since" in changes
    for name, value in changes.items():
        setattr(task, name, value)
    task.updated_at = now
    task.save(update_fields=[*changes, "updated_at"])
    if is_move:
        record_on_task(
            "task.moved",
            task=task,
            by=by,
            now=now,
            from_kind=old.kind,
            to_kind=column.kind,
            from_name=old.name,
            to_name=column.name,
            ended_waiting=ended_waiting,
        )
    else:
        record_on_task("task.reordered", task=task, by=by, now=now)
    return task


def lock_project(project: Project) -> Project:
    """The project's row, fresh and locked until the transaction ends. Raises ProjectClosed if it is closed."""
    locked = (
        Project.objects.select_for_update(no_key=True, of=("self",))
        .select_related("client")
        .get(pk=project.pk)
    )
    require_open(locked)
    return locked


def _first_column(project: Project) -> Column:
    columns = list(project.columns.all())
    column = next(
        (column for column in columns if column.kind == Column.Kind.TO_DO), next(iter(columns), None)
    )
    if column is None:
        raise ActionRefused(_("This board has no columns yet."))
    return column


def _crossing(old: Column, new: Column, now: dt.datetime) -> dict[str, Any]:
    """What changes on a task that leaves `old` for `new`."""
    if new.kind == Column.Kind.DONE and old.kind != Column.Kind.DONE:
        return {"done_at": now, "percent_done": 100}
    if old.kind == Column.Kind.DONE and new.kind != Column.Kind.DONE:
        return {"done_at": None, "reopened_at": now, "percent_done": 0}
    return {}


def _new_rank(task: Task, column: Column, after: Task | None) -> int | None:
    """A free rank for `task` in `column` behind `after`; None if it stands in that place already."""
    if after == task and task.column_id == column.pk:
        return None
    lower, upper = _neighbours(task, column, after)
    here = (task.rank, task.pk)
    if task.column_id == column.pk and (not lower or lower < here) and (not upper or here < upper):
        return None
    if lower and upper and upper[0] - lower[0] < 2:
        _number_anew(column)
        lower, upper = _neighbours(task, column, after)
    if lower and upper:
        return (lower[0] + upper[0]) // 2
    if lower:
        return lower[0] + GAP
    return upper[0] - GAP if upper else GAP


def _neighbours(task: Task, column: Column, after: Task | None) -> tuple[Place | None, Place | None]:
    """The places between which `task` comes to stand; None where there is nobody on that side."""
    others = Task.objects.filter(column=column).exclude(pk=task.pk).on_board().values_list("rank", "pk")
    if after is None:
        return None, others.first()
    lower = others.filter(pk=after.pk).first()
    if lower is None:  # it was moved away meanwhile
        return others.last(), None
    rank, pk = lower
    return lower, others.filter(Q(rank__gt=rank) | Q(rank=rank, pk__gt=pk)).first()


def _last_rank(column: Column) -> int:
    return Task.objects.filter(column=column).aggregate(last=Max("rank"))["last"] or 0


def _number_anew(column: Column) -> None:
    """Gives the tasks of `column` ranks with full gaps, in the order they have."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE projects_task AS task SET rank = place.rank
            FROM (
                SELECT id, row_number() OVER (ORDER BY rank, id) * %s AS rank
                FROM projects_task WHERE column_id = %s
            ) AS place
            WHERE task.id = place.id
            """,
            [GAP, column.pk],
        )
