"""What people do with one task: write it, plan it, wait for the client, show or hide it, tick, log hours."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.once import own_key
from projects.actions._record import record_on_task, require_open, require_own
from projects.actions.dates import change_date, require_reason
from projects.errors import ActionRefused, StaleEdit
from projects.models import ChecklistItem, Milestone, Phase, Task, TimeEntry

TEXTS = ("title", "description")
DATES = ("starts_on", "due_on")
PARENTS = ("phase", "milestone")
OF_PROJECT = {"phase", "milestone", "labels", "placeholders"}
MANY = ("assignees", "placeholders", "skills", "labels")
NUMBERS = ("priority", "percent_done", "estimate_hours")
EDITABLE = (*TEXTS, *DATES, *PARENTS, *MANY, *NUMBERS)
MOST_ITEMS = 200


@transaction.atomic
def edit_task(
    *,
    task: Task,
    by: User,
    version: int,
    changes: Mapping[str, Any],
    date_reason: str = "",
    now: dt.datetime | None = None,
) -> Task:
    """Writes `changes` (fields of EDITABLE with their new values) into the task as it was at `version`.

    What the client may not see of them becomes an event of its own. Gives the task as saved; saving nothing new
    changes nothing. Raises StaleEdit when somebody saved it meanwhile, ReasonMissing when a date the client sees
    moves without `date_reason`, ProjectClosed, ActionRefused for dates that go backwards, NotOfThisProject for a
    phase, milestone, label or placeholder of another one.
    """
    now = now or timezone.now()
    task = lock_task(task)
    if task.version != version:
        raise StaleEdit(task)
    if unknown := set(changes) - set(EDITABLE):
        raise TypeError(f"no fields of a task to edit: {sorted(unknown)}")
    before = {name: word(name, current_value(task, name)) for name in changes}
    dates = {name: (getattr(task, name), changes[name]) for name in DATES if name in changes}
    hidden = (
        {"milestone"} if _is_internal(task.milestone) or _is_internal(changes.get("milestone")) else set()
    )
    _write(task, changes)
    after = {name: word(name, current_value(task, name)) for name in changes}
    changed = {name: [before[name], after[name]] for name in changes if before[name] != after[name]}
    if not changed:
        return task
    _check_dates(task)
    moved = {name: dates[name] for name in DATES if name in changed}
    require_reason(task, moved.values(), date_reason)
    for name, (old, new) in moved.items():
        change_date(task, name, old, new, reason=date_reason, by=by, now=now)
    task.version += 1
    task.updated_at = now
    columns = [name for name in changed if name not in MANY]
    task.save(update_fields=[*columns, "version", "updated_at"])
    hidden |= {"skills"} if task.project.publishes_estimates else {"skills", "estimate_hours"}
    for is_internal in (False, True):
        part = {name: words for name, words in changed.items() if (name in hidden) == is_internal}
        reason = {"reason": date_reason} if date_reason and moved and not is_internal else {}
        if part:
            record_on_task(
                "task.edited",
                task=task,
                by=by,
                now=now,
                is_internal=is_internal,
                changes=part,
                version=task.version,
                **reason,
            )
    return task


def current_value(task: Task, name: str) -> Any:
    """The value of one field of EDITABLE; of the many-valued ones a list, fetched freshly."""
    return list(getattr(task, name).all()) if name in MANY else getattr(task, name)


def word(name: str, value: Any) -> Any:
    """A value of a field of EDITABLE as the events keep it: names for related rows, dates as YYYY-MM-DD."""
    if name in MANY:
        return sorted(str(row) for row in value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _write(task: Task, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name in OF_PROJECT:
            require_own(task.project, *(value if name in MANY else [value]))
        if name in MANY:
            getattr(task, name).set(value)
        elif name == "estimate_hours" and value is not None:
            task.estimate_hours = Decimal(value)
        else:
            setattr(task, name, value)


def _check_dates(task: Task) -> None:
    if task.starts_on and task.due_on and task.due_on < task.starts_on:
        raise ActionRefused(_("The task would be due before it starts."), field="due_on")


def _is_internal(milestone: Milestone | Phase | None) -> bool:
    return isinstance(milestone, Milestone) and milestone.is_internal


def lock_task(task: Task) -> Task:
    """The task as it is now, kept from others until the end of the transaction. Raises ProjectClosed."""
    locked = (
        Task.objects.select_for_update(no_key=True, of=("self",))
        .select_related("project__client", "project__manager", "column", "phase", "milestone")
        .get(pk=task.pk)
    )
    require_open(locked.project)
    return locked


# --- Waiting for the client, shown to the client --------------------------------------------------


@transaction.atomic
def set_waiting(*, task: Task, by: User, waiting_for: str, now: dt.datetime | None = None) -> Task:
    """The task cannot go on before the client did `waiting_for`, which they read. Since when stays as it was.

    Raises ActionRefused for a task the client does not see or that is done, ProjectClosed.
    """
    now = now or timezone.now()
    task = lock_task(task)
    if task.is_internal:
        raise ActionRefused(_("The client does not see this task: show it to them first."))
    if task.is_done:
        raise ActionRefused(_("This task is done: nothing is waited for."))
    if task.waiting_since is not None and task.waiting_for == waiting_for:
        return task
    task.waiting_since = task.waiting_since or now
    task.waiting_for = waiting_for
    task.save(update_fields=["waiting_since", "waiting_for"])
    record_on_task("task.waiting", task=task, by=by, now=now, waiting_for=waiting_for)
    return task


@transaction.atomic
def end_waiting(*, task: Task, by: User, now: dt.datetime | None = None) -> Task:
    """The client did what was waited for. Not waiting changes nothing. Raises ProjectClosed."""
    task = lock_task(task)
    if task.waiting_since is not None:
        _end_waiting(task, by, now)
    return task


def _end_waiting(task: Task, by: User, now: dt.datetime | None) -> None:
    waited_for, task.waiting_for, task.waiting_since = task.waiting_for, "", None
    task.save(update_fields=["waiting_since", "waiting_for"])
    record_on_task("task.went_on", task=task, by=by, now=now, waited_for=waited_for)


@transaction.atomic
def reveal_task(*, task: Task, by: User, now: dt.datetime | None = None) -> Task:
    """Shows an internal task to the client. What was recorded of it before stays internal. Raises ProjectClosed."""
    task = lock_task(task)
    if task.is_internal:
        task.is_internal = False
        task.save(update_fields=["is_internal"])
        record_on_task("task.shown", task=task, by=by, now=now)
    return task


@transaction.atomic
def hide_task(*, task: Task, by: User, now: dt.datetime | None = None) -> Task:
    """Makes a task internal: no client person sees it any more, and it waits for none. Raises ProjectClosed."""
    task = lock_task(task)
    if not task.is_internal:
        if task.waiting_since is not None:
            _end_waiting(task, by, now)
        task.is_internal = True
        task.save(update_fields=["is_internal"])
        record_on_task("task.hidden", task=task, by=by, now=now)
    return task


# --- Checklist ------------------------------------------------------------------------------------


@transaction.atomic
def add_checklist_item(
    *, task: Task, by: User, text: str, form_key: uuid.UUID | None = None, now: dt.datetime | None = None
) -> ChecklistItem:
    """Adds an item at the end; the same form sent twice (`form_key`) gives the item of the first time.

    Raises ActionRefused beyond MOST_ITEMS, ProjectClosed.
    """
    task = lock_task(task)
    key = own_key(form_key, by.pk, f"item {task.pk}", text)
    if key and (first := ChecklistItem.objects.filter(form_key=key).first()):
        return first
    last = task.checklist.order_by("-position").first()
    if last and task.checklist.count() >= MOST_ITEMS:
        raise ActionRefused(_("A checklist this long is a project: make tasks of it."))
    item = ChecklistItem.objects.create(
        task=task, text=text, position=last.position + 1 if last else 0, form_key=key
    )
    record_on_task("checklist.added", task=task, by=by, now=now, text=text)
    return item


@transaction.atomic
def tick_checklist_item(
    *, item: ChecklistItem, by: User, is_done: bool, now: dt.datetime | None = None
) -> ChecklistItem:
    """Ticks an item, or unticks it. As it was already: nothing changes.

    Raises ActionRefused for one that was taken off meanwhile, ProjectClosed.
    """
    task = lock_task(item.task)
    current = task.checklist.filter(pk=item.pk).first()
    if current is None:
        raise ActionRefused(_("Somebody took this item off the list."))
    item = current
    if item.is_done != is_done:
        item.is_done = is_done
        item.save(update_fields=["is_done"])
        kind = "checklist.ticked" if is_done else "checklist.unticked"
        record_on_task(kind, task=task, by=by, now=now, text=item.text)
    return item


@transaction.atomic
def remove_checklist_item(*, item: ChecklistItem, by: User, now: dt.datetime | None = None) -> None:
    """Takes an item off the list; its words stay in the history. Raises ProjectClosed."""
    task = lock_task(item.task)
    removed, _of_each = task.checklist.filter(pk=item.pk).delete()
    if removed:
        record_on_task("checklist.removed", task=task, by=by, now=now, text=item.text)


# --- Hours, internal always -----------------------------------------------------------------------


@transaction.atomic
def add_hours(
    *,
    task: Task,
    by: User,
    day: dt.date,
    minutes: int,
    note: str = "",
    form_key: uuid.UUID | None = None,
    now: dt.datetime | None = None,
) -> TimeEntry:
    """Writes down `minutes` (1 to 1440) that `by` worked on `day`, a date in their zone, not in the future.

    The same form sent twice (`form_key`) gives the entry of the first time.

    Raises ActionRefused for a day that has not come, or when all entries of that day exceed its 24 hours;
    ProjectClosed.
    """
    now = now or timezone.now()
    task = lock_task(task)
    key = own_key(form_key, by.pk, f"hours {task.pk}", f"{day} {minutes} {note}")
    if key and (first := TimeEntry.objects.filter(form_key=key).first()):
        return first
    if day > timezone.localdate(now, by.zone()):
        raise ActionRefused(_("That day has not come yet."), field="day")
    # Two entries of one person at once must not pass the check together.
    list(User.objects.select_for_update(no_key=True).filter(pk=by.pk).values_list("pk"))
    worked = sum(TimeEntry.objects.filter(user=by, day=day).values_list("minutes", flat=True))
    if worked + minutes > 24 * 60:
        raise ActionRefused(_("That would be more than 24 hours on one day."), field="minutes")
    entry = TimeEntry.objects.create(task=task, user=by, day=day, minutes=minutes, note=note, form_key=key)
    record_on_task(
        "hours.added", task=task, by=by, now=now, is_internal=True, minutes=minutes, day=day.isoformat()
    )
    return entry


@transaction.atomic
def remove_hours(*, entry: TimeEntry, by: User, now: dt.datetime | None = None) -> None:
    """Takes an entry out again. Raises ActionRefused unless it is one's own or `by` runs projects; ProjectClosed."""
    task = lock_task(entry.task)
    if entry.user_id != by.pk and not by.runs_projects:
        raise ActionRefused(_("These are somebody else's hours."))
    removed, _of_each = task.time_entries.filter(pk=entry.pk).delete()
    if removed:
        record_on_task(
            "hours.removed",
            task=task,
            by=by,
            now=now,
            is_internal=True,
            minutes=entry.minutes,
            day=entry.day.isoformat(),
            worked_by=str(entry.user),
        )
