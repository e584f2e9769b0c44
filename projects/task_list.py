"""The tasks of a project as a table: for the page, and for the export."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, OuterRef, Q, QuerySet, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import User
from cxportal.lib.dates import people_date
from projects.board import WAITING
from projects.cards import Face
from projects.models import Column, Label, Placeholder, Project, Task
from projects.models.tasks import TaskQuerySet
from projects.people import known_people
from projects.progress import sees_estimates

_SHOWN_MILESTONE = Q(milestone__is_internal=False)
SORTS: dict[str, Sequence[Any]] = {
    "status": ("column__position", "column_id", "rank", "pk"),
    "-status": ("-column__position", "-column_id", "rank", "pk"),
    "number": ("number",),
    "-number": ("-number",),
    "title": ("title", "number"),
    "-title": ("-title", "number"),
    "due": (F("due_on").asc(nulls_last=True), "number"),
    "-due": (F("due_on").desc(nulls_last=True), "number"),
    "milestone": (
        F("milestone_due").asc(nulls_last=True),
        F("milestone_name").asc(nulls_last=True),
        "number",
    ),
    "-milestone": (
        F("milestone_due").desc(nulls_last=True),
        F("milestone_name").desc(nulls_last=True),
        "number",
    ),
}
_FIELDS = (
    "pk", "number", "title", "column", "starts_on", "due_on", "done_at", "is_internal", "waiting_since", "waiting_for",
    "priority", "percent_done", "estimate_hours", "milestone_name", "milestone_due",
    "people", "placeholder_names", "label_names",
)  # fmt: skip


def listed(tasks: TaskQuerySet, project: Project, user: User, sort: str = "") -> QuerySet[Task, Any]:
    """`tasks`, of those that `user` sees in `project`, as dicts with the names of what hangs on them. One query.

    `sort` is a key of SORTS; anything else leaves the order that `tasks` have, or else the board's. A milestone
    that is not the reader's to know is none.
    """
    people = known_people(project, user).filter(assigned_tasks=OuterRef("pk")).order_by("name")
    placeholders = Placeholder.objects.filter(tasks=OuterRef("pk")).order_by("name")
    labels = Label.objects.filter(tasks=OuterRef("pk")).order_by("name")
    shown = Q() if user.is_our_staff else _SHOWN_MILESTONE
    return (
        tasks.annotate(
            kind=F("column__kind"),
            column_name=F("column__name"),
            milestone_name=Case(When(shown & Q(milestone__isnull=False), then=F("milestone__name"))),
            milestone_due=Case(When(shown & Q(milestone__isnull=False), then=F("milestone__due_on"))),
            people=ArraySubquery(people.values("name")),
            placeholder_names=ArraySubquery(placeholders.values("name")),
            label_names=ArraySubquery(labels.values("name")),
        )
        .order_by(*(SORTS.get(sort) or tasks.query.order_by or SORTS["status"]))
        .values(*_FIELDS, "kind", "column_name")
    )


def in_group(tasks: TaskQuerySet, project: Project, key: str) -> TaskQuerySet | None:
    """The tasks of one group of the board (a column's id, or "waiting") in its order; None if there is none such."""
    if key == WAITING:
        return tasks.waiting_on_client().order_by("waiting_since", "pk")
    column = project.columns.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 19 else None
    if column is None:
        return None
    tasks = tasks.filter(column=column)
    if column.kind == Column.Kind.DONE:
        return tasks.order_by(F("done_at").desc(nulls_last=True), "-pk")
    return tasks.filter(waiting_since=None).on_board()


def lines(rows: Iterable[dict[str, Any]], project: Project, today: dt.date) -> list[dict[str, Any]]:
    """The rows as the page shows them. `today` is a date in the reader's zone."""
    base = reverse("board", args=[project.code]) + "tasks/"
    return [
        row
        | {
            "key": f"{project.code}-{row['number']}",
            "url": f"{base}{row['number']}/",
            "status": row["column_name"] or Column.Kind(row["kind"]).label,
            "faces": [Face(name) for name in (*row["people"], *row["placeholder_names"])],
            "due": people_date(row["due_on"], today) if row["due_on"] else "",
            "is_late": row["due_on"] and row["due_on"] < today and row["kind"] != Column.Kind.DONE,
            "waits": row["waiting_since"] is not None and row["kind"] != Column.Kind.DONE,
        }
        for row in rows
    ]


def table(tasks: TaskQuerySet, project: Project, user: User, sort: str = "") -> Iterator[Sequence[object]]:
    """Headings and rows for an export: what the list shows, and hours where the reader sees them.

    In the language and time zone that are active now, not when the rows are taken: an export is sent after its
    request has ended.
    """
    shows_hours, is_staff = sees_estimates(user, project), user.is_our_staff
    heading = [
        _("Key"), _("Title"), _("Status"), _("Who"), _("Start"), _("Due"), _("Done on"), _("Done, %"),
        _("Priority"), _("Milestone"), _("Labels"), _("Waiting for the client since"), _("What we wait for"),
    ]  # fmt: skip
    heading += [_("Estimate, hours")] if shows_hours else []
    heading += [_("Internal")] if is_staff else []
    kinds = {value: str(label) for value, label in Column.Kind.choices}
    priorities = {value: str(label) for value, label in Task.Priority.choices}
    yes, zone = _("yes"), timezone.get_current_timezone()

    def cells(row: dict[str, Any]) -> Sequence[object]:
        waits = row["waiting_since"] is not None and row["kind"] != Column.Kind.DONE
        return [
            f"{project.code}-{row['number']}",
            row["title"],
            row["column_name"] or kinds[row["kind"]],
            "; ".join([*row["people"], *row["placeholder_names"]]),
            row["starts_on"],
            row["due_on"],
            timezone.localdate(row["done_at"], zone) if row["done_at"] else None,
            row["percent_done"],
            priorities[row["priority"]],
            row["milestone_name"],
            "; ".join(row["label_names"]),
            timezone.localdate(row["waiting_since"], zone) if waits else None,
            row["waiting_for"] if waits else None,
            *([row["estimate_hours"]] if shows_hours else []),
            *([yes if row["is_internal"] else ""] if is_staff else []),
        ]

    rows = listed(tasks, project, user, sort)
    return itertools.chain([heading], map(cells, rows.iterator(chunk_size=500)))
