"""The history of a task in words: what happened, by whom, what stood there before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, QuerySet
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from clients.models import User
from cxportal.notifications.models import Event
from projects.models import Attachment, Column, Milestone, Task
from projects.models.tasks import clock
from projects.progress import sees_estimates
from projects.wording import Piece, as_html, pieces, shortened

Data = dict[str, Any]
TEXTS = {"description"}


@dataclass(frozen=True)
class Change:
    """A field that was changed: what stood there, what stands there now; of long texts also word by word."""

    label: str
    old: str
    new: str
    pieces: list[Piece] = field(default_factory=list)

    @property
    def diff(self) -> SafeString:
        return as_html(self.pieces)


@dataclass(frozen=True)
class Entry:
    """One line of the history, in the reader's language."""

    at: dt.datetime
    actor: User | None
    icon: str
    text: str
    is_internal: bool
    reason: str = ""
    changes: list[Change] = field(default_factory=list)


def history_of(task: Task, user: User) -> QuerySet[Event]:
    """The events of `task` that can be told to `user`, the latest first.

    Contacts get nothing internal, and no file that they could not open now.
    """
    events = (
        Event.objects.visible_to(user)
        .filter(task=task, thread=None, kind__in=_SENTENCES)
        .select_related("actor")
        .order_by("-at", "-pk")
    )
    if user.is_our_staff:
        return events
    openable = [
        str(uid)
        for uid in Attachment.objects.visible_to(user).filter(task=task).values_list("uid", flat=True)
    ]
    return events.filter(~Q(kind__startswith="file.") | Q(data__file__in=openable))


def told(events: Iterable[Event], task: Task, user: User) -> list[Entry]:
    """These events of `history_of` as `user` reads them. At most one query more, whatever their number."""
    events = list(events)
    secret: set[str] = set()
    unpublished: set[str] = set() if sees_estimates(user, task.project) else {"estimate_hours"}
    if not user.is_our_staff and any("milestone" in event.data.get("changes", {}) for event in events):
        # It was shown when the task was given to it, but is not any more.
        secret = set(
            Milestone.objects.filter(project=task.project_id, is_internal=True).values_list("name", flat=True)
        )
    entries = (_entry(event, user, secret, unpublished) for event in events)
    return [entry for entry in entries if entry is not None]


def _entry(event: Event, user: User, secret: set[str], unpublished: set[str]) -> Entry | None:
    icon, sentence = _SENTENCES[event.kind]
    changes = [
        _change(name, old, new)
        for name, (old, new) in event.data.get("changes", {}).items()
        if name not in unpublished and not (name == "milestone" and {old, new} & secret)
    ]
    if "changes" in event.data and not changes:
        return None
    return Entry(
        at=event.at,
        actor=event.actor,
        icon=icon,
        text=sentence(event.data, user),
        is_internal=event.is_internal,
        reason=event.data.get("reason", ""),
        changes=changes,
    )


def _change(name: str, old: Any, new: Any) -> Change:
    label = label_of(name)
    if name in TEXTS:
        return Change(label, old or "", new or "", shortened(pieces(old or "", new or "")))
    return Change(label, in_words(name, old), in_words(name, new))


def label_of(name: str) -> str:
    """The name of a task's field for people."""
    try:
        return str(capfirst(Task._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def in_words(name: str, value: Any) -> str:
    """A value as the events keep it (`actions.tasks.in_words`), for people; "" for none."""
    if value is None or value == "" or value == []:
        return ""
    if name in {"starts_on", "due_on"}:
        return formats.date_format(dt.date.fromisoformat(value), "DATE_FORMAT")
    if name == "priority":
        return str(Task.Priority(value).label)
    if name == "percent_done":
        return f"{value} %"
    if name == "estimate_hours":
        return _("%(hours)s h") % {"hours": formats.localize(float(value))}
    return ", ".join(value) if isinstance(value, list) else str(value)


def _column(data: Data, side: str) -> str:
    return data.get(f"{side}_name") or str(Column.Kind(data[f"{side}_kind"]).label)


def _moved(data: Data, user: User) -> str:
    start, end = _column(data, "from"), _column(data, "to")
    if start != end:
        return _("Moved from “%(from)s” to “%(to)s”") % {"from": start, "to": end}
    return _not_waiting(data, user)


def _waiting(data: Data, user: User) -> str:
    told = _("Waiting for the client: %(what)s") if user.is_our_staff else _("Waiting for you: %(what)s")
    return told % {"what": data["waiting_for"]}


def _not_waiting(data: Data, user: User) -> str:
    return _("No longer waiting for the client") if user.is_our_staff else _("No longer waiting for you")


def _shown(data: Data, user: User) -> str:
    return _("Shown to the client") if user.is_our_staff else _("Shown to you")


def _hours(data: Data) -> dict[str, str]:
    return {
        "hours": clock(data["minutes"]),
        "day": formats.date_format(dt.date.fromisoformat(data["day"]), "DATE_FORMAT"),
        "who": data.get("worked_by", ""),
    }


# Kind of event: its icon, and its sentence for a reader.
_SENTENCES: dict[str, tuple[str, Callable[[Data, User], str]]] = {
    "task.added": ("plus", lambda data, user: _("Added")),
    "task.moved": ("arrows-move", _moved),
    "task.edited": ("pencil", lambda data, user: _("Changed")),
    "task.waiting": ("hourglass", _waiting),
    "task.went_on": ("player-play", _not_waiting),
    "task.shown": ("eye", _shown),
    "task.hidden": ("eye-off", lambda data, user: _("Hidden from the client")),
    "checklist.added": ("checklist", lambda data, user: _("On the checklist: %(text)s") % data),
    "checklist.ticked": ("checkbox", lambda data, user: _("Ticked off: %(text)s") % data),
    "checklist.unticked": ("arrow-back-up", lambda data, user: _("No longer ticked off: %(text)s") % data),
    "checklist.removed": ("trash", lambda data, user: _("Taken off the checklist: %(text)s") % data),
    "hours.added": ("clock", lambda data, user: _("Worked %(hours)s on %(day)s") % _hours(data)),
    "hours.removed": (
        "clock",
        lambda data, user: _("Took out the %(hours)s of %(who)s on %(day)s") % _hours(data),
    ),
    "file.added": ("paperclip", lambda data, user: _("File added: %(name)s") % data),
    "file.shown": ("eye", lambda data, user: _("File shown to the client: %(name)s") % data),
    "file.hidden": ("eye-off", lambda data, user: _("File hidden from the client: %(name)s") % data),
    "file.deleted": ("trash", lambda data, user: _("File deleted: %(name)s") % data),
}
