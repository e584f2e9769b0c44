"""What the second of two people reads who edited the same task: who changed what meanwhile, and both texts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.safestring import SafeString

from clients.models import User
from cxportal.notifications.models import Event
from projects.access import get_task
from projects.actions.tasks import MANY, current_value, word
from projects.forms.task import EditTaskForm
from projects.history import TEXTS, in_words, label_of
from projects.merging import Meeting, meetings, undone
from projects.models import Task
from projects.wording import as_html, pieces


@dataclass(frozen=True)
class Told:
    """A field that somebody changed meanwhile, in words."""

    field: str
    label: str
    who: User | None
    at: dt.datetime
    before: str
    mine: str
    theirs: str
    is_conflict: bool
    is_text: bool
    diff: SafeString  # of a text: what the other person did to it


@dataclass(frozen=True)
class Stale:
    """`form` holds what was sent, with the changes of others where they met nothing of one's own.

    It carries the version of `task` as it is now: what is sent next is saved, unless somebody was quicker again.
    """

    task: Task
    form: EditTaskForm
    told: list[Told]

    @property
    def conflicts(self) -> list[Told]:
        return [told for told in self.told if told.is_conflict]

    @property
    def taken_over(self) -> list[Told]:
        return [told for told in self.told if not told.is_conflict]


def merged(sent: EditTaskForm, code: str, user: User) -> Stale:
    """Joins what was sent with the task as it is now. Saves nothing."""
    task = get_task(user, code, sent.instance.number)
    edits = edits_since(task, sent.read_version)
    sent.full_clean()
    mine = {name: word(name, value) for name, value in sent.values().items()}
    theirs = {name: word(name, current_value(task, name)) for name in mine}
    base = undone(theirs, [edit.data["changes"] for edit in edits])
    found = meetings(base, mine, theirs)
    data = QueryDict(mutable=True)
    data.update(sent.data)
    data["version"] = str(task.version)
    for meeting in found:
        if not meeting.is_conflict:
            _put(data, meeting.field, task)
    form = EditTaskForm(data, task=get_task(user, code, task.number))
    return Stale(task, form, [_told(meeting, edits) for meeting in found])


def edits_since(task: Task, version: int) -> list[Event]:
    """The edits of `task` after `version`, the latest first: for our staff, as they tell of internal fields."""
    return list(
        Event.objects.filter(task=task, kind="task.edited", data__version__gt=version)
        .select_related("actor")
        .order_by("-data__version", "-pk")
    )


def _put(data: QueryDict, name: str, task: Task) -> None:
    """Writes the present value of a field into form data."""
    value = current_value(task, name)
    if name in MANY:
        data.setlist(name, [str(row.pk) for row in value])
    else:
        data[name] = "" if value is None else str(getattr(value, "pk", value))


def _told(meeting: Meeting, edits: list[Event]) -> Told:
    last = next(edit for edit in edits if meeting.field in edit.data["changes"])
    is_text = meeting.field in TEXTS
    say = (lambda value: value or "") if is_text else (lambda value: in_words(meeting.field, value))
    before, mine, theirs = (say(value) for value in (meeting.base, meeting.mine, meeting.theirs))
    return Told(
        field=meeting.field,
        label=label_of(meeting.field),
        who=last.actor,
        at=last.at,
        before=before,
        mine=mine,
        theirs=theirs,
        is_conflict=meeting.is_conflict,
        is_text=is_text,
        diff=as_html(pieces(before, theirs)) if is_text else SafeString(),
    )
