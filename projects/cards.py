"""What a card shows, and how it is written.

A board has hundreds of them. Written by the template engine they took a third of the page's time, so the HTML of a
card is here, in one piece that is filled in; what several cards show alike is made for the first of them.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import User
from cxportal.lib.dates import people_date
from cxportal.lib.names import initials
from cxportal.lib.templatetags.portal_tags import avatar, internal_badge
from projects.hooks import message_counts
from projects.models import Column, Project

NEAR = dt.timedelta(days=7)  # a date farther away is not shown on a card
MOST_FACES = 3


class Row(NamedTuple):
    """A task as the board fetches it."""

    place: str
    turn: int
    pk: int
    number: int
    title: str
    due_on: dt.date | None
    is_internal: bool
    waiting_since: dt.datetime | None
    waiting_for: str
    files: int
    faces: list[str]


class Card(TypedDict):
    number: int
    key: str
    url: str
    title: str
    note: str  # what it waits for
    is_internal: bool
    extra: str  # HTML: date, counts and faces


_CARD = (
    '<li><a class="cx-card%s" id="task-%d" href="%s"><span class="cx-card-title">%s</span>%s'
    '<span class="cx-card-foot"><span class="cx-key">%s</span>%s</span></a></li>\n'
)
_NOTE = '<span class="cx-card-note">%s</span>'


def html_of(cards: Iterable[Card]) -> SafeString:
    """The cards as items of a list. What people wrote is escaped here; codes and addresses have nothing to escape."""
    return mark_safe(  # noqa: S308
        "".join(
            _CARD
            % (
                " cx-internal" if card["is_internal"] else "",
                card["number"],
                card["url"],
                html.escape(card["title"]),
                _NOTE % html.escape(card["note"]) if card["note"] else "",
                card["key"],
                card["extra"],
            )
            for card in cards
        )
    )


@dataclass(frozen=True, slots=True)
class Face:
    """Someone who works on a task, with an account or without."""

    name: str

    @property
    def initials(self) -> str:
        return initials(self.name)


class CardMaker:
    """Makes the cards of one page: `tasks` are the ids of all of them. One query in each app that counts messages."""

    def __init__(self, project: Project, user: User, today: dt.date, tasks: list[int]) -> None:
        self.today = today
        self.near = today + NEAR
        self.now = timezone.now()
        self.code = project.code
        self.base = reverse("board", args=[project.code]) + "tasks/"
        self.messages = message_counts(user, tasks)
        self.internal = internal_badge()
        self.dues, self.sinces, self.crowds = _Made(self._due), _Made(self._since), _Made(self._crowd)
        self.message_signs, self.file_signs = _Made(_messages), _Made(_files)

    def card(self, row: Row, kind: str) -> Card:
        """`kind` is of the group in which the card stands."""
        extra = ""
        if row.is_internal:
            extra += self.internal
        if kind == "waiting" and row.waiting_since:
            extra += self.sinces[(self.now - row.waiting_since).days]
        elif row.due_on and kind != Column.Kind.DONE and row.due_on <= self.near:
            extra += self.dues[row.due_on]
        if messages := self.messages.get(row.pk):
            extra += self.message_signs[messages]
        if row.files:
            extra += self.file_signs[row.files]
        if row.faces:
            extra += self.crowds[tuple(row.faces)]
        return {
            "number": row.number,
            "key": f"{self.code}-{row.number}",
            "url": f"{self.base}{row.number}/",
            "title": row.title,
            "note": row.waiting_for if kind == "waiting" else "",
            "is_internal": row.is_internal,
            "extra": extra,
        }

    def _due(self, day: dt.date) -> SafeString:
        late = format_html('<span class="visually-hidden">{} </span>', _("late:")) if day < self.today else ""
        return format_html(
            '<time class="cx-due{}" datetime="{}">{}{}</time>',
            " cx-due-late" if late else "", day.isoformat(), late, people_date(day, self.today),
        )  # fmt: skip

    def _since(self, days: int) -> SafeString:
        text = ngettext("%(n)s day", "%(n)s days", days) % {"n": days} if days > 0 else _("today")
        return format_html('<span class="cx-since">{}</span>', text)

    def _crowd(self, names: tuple[str, ...]) -> SafeString:
        faces = SafeString()
        for name in names[:MOST_FACES]:
            faces += avatar(Face(name), "sm")
        if rest := names[MOST_FACES:]:
            faces += format_html(
                '<span class="cx-avatar cx-avatar-sm" role="img" aria-label="{0}" title="{0}">+{1}</span>',
                ", ".join(rest), len(rest),
            )  # fmt: skip
        return format_html('<span class="cx-faces">{}</span>', faces)


class _Made(dict[Any, SafeString]):
    """What several cards show alike, made for the first of them."""

    def __init__(self, make: Callable[[Any], SafeString]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, key: Any) -> SafeString:
        value = self[key] = self.make(key)
        return value


def _messages(number: int) -> SafeString:
    return _count("messages", number, ngettext("%(n)s message", "%(n)s messages", number))


def _files(number: int) -> SafeString:
    return _count("files", number, ngettext("%(n)s file", "%(n)s files", number))


def _count(what: str, number: int, words: str) -> SafeString:
    words %= {"n": number}
    return format_html(
        '<span class="cx-n cx-n-{}" role="img" aria-label="{}" title="{}">{}</span>',
        what,
        words,
        words,
        number,
    )
