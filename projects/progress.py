"""How far a project is, and how it does. One home for these figures: pages, homes and mails all ask here.

**Progress** counts tasks, each exactly once, and only those the reader may see: a client's figures leave
internal tasks out everywhere and still add up. A task lies in one of four groups:

* *done*: it stands in a column of kind done;
* *waiting*: open, and marked as waiting for the client, whatever column it stands in;
* *in progress* and *to do*: the other open ones, by the kind of their column.

The share done is the share of the count. The share by estimate weighs the tasks that have an estimate by its
hours; a client gets it only where the project publishes its estimates.

**Health** is of active projects alone; a draft, paused, finished or archived one has none (an empty status).
A status that was set by hand holds, with the reason that was written for it. Otherwise, until there is a
computed plan:

* *late*: a milestone the reader sees is overdue (its day has passed and it was not reached);
* *at risk*: a task the reader sees is overdue, or a milestone is due within seven days (today and the seventh
  day included) and work that leads to it is still open;
* *on track*: neither.

Work that leads to a milestone: the tasks that name it, and those it directly depends on.

Every function here costs a constant number of queries, however many projects it is asked for, and passes the
access doors again: a project the reader may not see has empty figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.db.models import (
    Aggregate,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
    Window,
)
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import User
from clients.readers import StatementsForReaders
from cxportal.lib.database import IsOneOf, Slot
from projects.models import Column, Milestone, Project, Task
from projects.models.plan import MilestoneQuerySet
from projects.models.tasks import TaskQuerySet

NEAR = dt.timedelta(days=7)  # how far ahead a milestone with open work puts a project at risk

_GROUPS = ("done", "in_progress", "to_do", "waiting")
_FIGURES = (*_GROUPS, "done_this_week", "hours_done", "hours_total")


@dataclass(frozen=True, slots=True)
class Progress:
    """How many tasks lie in each group; the groups add up to `total`."""

    done: int = 0
    in_progress: int = 0
    to_do: int = 0
    waiting: int = 0
    done_this_week: int = 0  # of `done`, since Monday 00:00 in the active time zone
    hours_done: Decimal | None = None  # None: the reader is not shown estimates, or there are none
    hours_total: Decimal | None = None

    @property
    def total(self) -> int:
        return self.done + self.in_progress + self.to_do + self.waiting

    @property
    def open(self) -> int:
        return self.total - self.done

    @property
    def share(self) -> float:
        """Share of the tasks that are done, 0.0 to 1.0; 0.0 where there are none."""
        return self.done / self.total if self.total else 0.0

    @property
    def percent(self) -> int:
        """The share in whole percent, rounded down: 100 means that nothing is left."""
        return self.done * 100 // self.total if self.total else 0

    @property
    def share_by_estimate(self) -> float | None:
        """Share of the estimated hours that are done, 0.0 to 1.0; None where the reader has no such figure."""
        if not self.hours_total or self.hours_done is None:
            return None
        return float(self.hours_done / self.hours_total)


@dataclass(frozen=True, slots=True)
class Health:
    """`status` is a value of `Project.Health`, or "" for a project that is not active.

    `reason` is a sentence in the language that was active when it was made: what is late or near. It is empty
    for a project on track, unless someone wrote one.
    """

    status: str = ""
    reason: str = ""

    @property
    def label(self) -> str:
        return str(Project.Health(self.status).label) if self.status else ""


def progress_of(
    projects: Iterable[Project], user: User, now: dt.datetime | None = None
) -> dict[int, Progress]:
    """The progress of each of `projects` as `user` may see it, by the project's id. One query."""
    projects = list(projects)
    statement = _PROGRESS.to(user)
    found = statement.rows(reader=user.pk, projects=[project.pk for project in projects], monday=_monday(now))
    rows = {pk: dict(zip(_FIGURES, figures, strict=True)) for pk, *figures in found}
    return {
        project.pk: _progress(rows.get(project.pk), sees_estimates(user, project)) for project in projects
    }


def _progress_of_seen(reader: User) -> QuerySet[Task, Any]:
    seen = Task.objects.visible_to(reader).filter(IsOneOf("project", Slot("projects"))).order_by()
    counts = _counts("", "column__", Q(), cast(dt.datetime, Slot("monday")))
    return seen.values("project").annotate(**counts).values_list("project", *_FIGURES)


_PROGRESS = StatementsForReaders(_progress_of_seen)


def progress_of_milestones(
    milestones: Iterable[Milestone], project: Project, user: User, now: dt.datetime | None = None
) -> dict[int, Progress]:
    """The progress of the work that leads to each of `milestones` of `project`, by the milestone's id.

    Two queries. A task that leads to two milestones counts for each of them.
    """
    ids = [milestone.pk for milestone in milestones]
    seen = Task.objects.visible_to(user).filter(project=project)
    named = seen.filter(milestone__in=ids)
    needed = seen.filter(dependencies_out__to_milestone__in=ids).exclude(
        milestone=F("dependencies_out__to_milestone")
    )
    totals: dict[int, list[dict[str, Any]]] = {pk: [] for pk in ids}
    for tasks, of in ((named, "milestone"), (needed, "dependencies_out__to_milestone")):
        for row in tasks.order_by().values(of=F(of)).annotate(**_counts("", "column__", Q(), _monday(now))):
            totals[row["of"]].append(row)
    shows_hours = sees_estimates(user, project)
    return {pk: _progress(_added(rows), shows_hours) for pk, rows in totals.items()}


def health_of(projects: Iterable[Project], user: User, today: dt.date) -> dict[int, Health]:
    """The health of each of `projects` as `user` may see it, by the project's id. At most one query.

    `today` is a date in the reader's zone. Reasons are in the active language.
    """
    projects = list(projects)
    stated = {project.pk: _stated_health(project) for project in projects}
    open_question = [pk for pk, health in stated.items() if health is None]
    computed: dict[int, Health] = {}
    if open_question:
        rows = _PRESSING.to(user).rows(reader=user.pk, projects=open_question, today=today, near=today + NEAR)
        computed = _computed_health(open_question, rows, today)
    return {pk: health or computed[pk] for pk, health in stated.items()}


def health_in(project: Project, user: User, today: dt.date) -> Health:
    """The same for one project into which `user` was let by its getter: cheaper, as nothing is asked again."""
    health = _stated_health(project)
    if health is None:
        rows = _PRESSING_IN.to(user).rows(project=project.pk, today=today, near=today + NEAR)
        health = _computed_health([project.pk], rows, today)[project.pk]
    return health


def next_milestones(projects: Iterable[Project], user: User) -> dict[int, Milestone]:
    """The earliest milestone not yet reached, by the project's id; nothing for a project without one. One query."""
    ahead = _NEXT.to(user).objects(reader=user.pk, projects=[project.pk for project in projects])
    return {milestone.project_id: milestone for milestone in ahead}


def _next_seen(reader: User) -> QuerySet[Milestone]:
    return (
        Milestone.objects.visible_to(reader)
        .ahead()
        .filter(IsOneOf("project", Slot("projects")), due_on__isnull=False)
        .order_by("project_id", "due_on", "position", "pk")
        .distinct("project_id")
    )


_NEXT = StatementsForReaders(_next_seen)


def sees_estimates(user: User, project: Project) -> bool:
    """Whether `user` may see hours of `project`: our staff always, clients where it publishes them."""
    return user.is_our_staff or project.publishes_estimates


def with_counts(
    columns: QuerySet[Column], project: Project, user: User, now: dt.datetime | None = None
) -> QuerySet[Column, Any]:
    """Columns of `project`, which `user` sees, with what `progress_over` adds up: for pages that list them anyway."""
    only = Q() if user.is_our_staff else Q(tasks__is_internal=False)
    return columns.filter(project=project).annotate(**_counts("tasks__", "", only, _monday(now)))


def columns_with_counts(project: Project, user: User) -> list[Any]:
    """The same for all columns of `project`, as a list: cheaper, as the statement is written already."""
    return _COLUMNS.to(user).objects(project=project.pk, monday=_monday(None))


def _columns_in_project(reader: User) -> QuerySet[Column, Any]:
    only = Q() if reader.is_our_staff else Q(tasks__is_internal=False)
    counts = _counts("tasks__", "", only, cast(dt.datetime, Slot("monday")))
    return Column.objects.filter(project=Slot("project")).annotate(**counts)


_COLUMNS = StatementsForReaders(_columns_in_project)


def progress_over(columns: Iterable[Any], project: Project, user: User) -> Progress:
    """The progress of `project` from all its columns, fetched by `with_counts`. No query."""
    return _progress(_added([vars(column) for column in columns]), sees_estimates(user, project))


def _monday(now: dt.datetime | None) -> dt.datetime:
    """Monday 00:00 of the week of `now` in the active time zone."""
    today = timezone.localdate(now)
    monday = today - dt.timedelta(days=today.weekday())
    return dt.datetime.combine(monday, dt.time(), timezone.get_current_timezone())


def _counts(tasks: str, column: str, only: Q, monday: dt.datetime) -> dict[str, Aggregate]:
    """Counts of the tasks among `only` by group; `tasks` and `column` lead from the counting row to them."""
    waits = Q((f"{tasks}waiting_since__isnull", False))
    to_do, in_progress, done = (only & Q((f"{column}kind", kind)) for kind in Column.Kind.values)
    groups = {
        "done": done,
        "in_progress": in_progress & ~waits,
        "to_do": to_do & ~waits,
        "waiting": (to_do | in_progress) & waits,
    }
    hours = f"{tasks}estimate_hours"
    return {
        **{name: Count(f"{tasks}pk", filter=group) for name, group in groups.items()},
        "done_this_week": Count(f"{tasks}pk", filter=done & Q((f"{tasks}done_at__gte", monday))),
        "hours_done": Sum(hours, filter=done, default=Decimal(0)),
        "hours_total": Sum(hours, filter=only, default=Decimal(0)),
    }


def _added(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    return {name: sum(row[name] for row in rows) for name in _FIGURES} if rows else None


def _progress(row: dict[str, Any] | None, shows_hours: bool) -> Progress:
    if row is None:
        return Progress()
    figures = {name: row[name] for name in _FIGURES}
    if not shows_hours or not figures["hours_total"]:
        figures["hours_done"] = figures["hours_total"] = None
    return Progress(**figures)


def _stated_health(project: Project) -> Health | None:
    """What needs no look at the plan: none for a project at rest, or what was set by hand."""
    if project.status != Project.Status.ACTIVE:
        return Health()
    if project.health_override:
        return Health(project.health_override, project.health_reason)
    return None


@dataclass(frozen=True, slots=True)
class _Pressing:
    """A milestone that is overdue or near, or the task of a project that is overdue longest."""

    is_milestone: bool
    project: int
    name: str
    due_on: dt.date
    count: int  # a milestone: 1 where work that leads to it is open; a task: how many are overdue


def _computed_health(
    projects: list[int], rows: Iterable[tuple[Any, ...]], today: dt.date
) -> dict[int, Health]:
    """From what presses in these projects, as `_pressing` fetches it."""
    pressing: dict[int, list[_Pressing]] = {pk: [] for pk in projects}
    for row in rows:
        thing = _Pressing(*row)
        pressing[thing.project].append(thing)
    return {pk: _health_by(things, today) for pk, things in pressing.items()}


def _pressing(milestones: MilestoneQuerySet, tasks: TaskQuerySet, reader: User) -> QuerySet[Any, Any]:
    """What is overdue or near among the milestones and tasks that `reader` sees, on the day in the slot `today`."""
    today, near = cast(dt.date, Slot("today")), cast(dt.date, Slot("near"))
    pressing = _pressing_milestones(milestones, reader, near)
    return pressing.union(_first_overdue_tasks(tasks, today), all=True)


def _pressing_in_projects(reader: User) -> QuerySet[Any, Any]:
    among = IsOneOf("project", Slot("projects"))
    return _pressing(
        Milestone.objects.visible_to(reader).filter(among),
        Task.objects.visible_to(reader).filter(among),
        reader,
    )


def _pressing_in_project(reader: User) -> QuerySet[Any, Any]:
    project = cast(Project, Slot("project"))
    return _pressing(
        Milestone.objects.in_project(project, reader), Task.objects.in_project(project, reader), reader
    )


_PRESSING = StatementsForReaders(_pressing_in_projects)
_PRESSING_IN = StatementsForReaders(_pressing_in_project)


def _health_by(things: list[_Pressing], today: dt.date) -> Health:
    things = sorted(things, key=lambda thing: thing.due_on)
    late = [thing for thing in things if thing.is_milestone and thing.due_on < today]
    if late:
        return Health(Project.Health.LATE, _was_due(late[0], len(late) - 1, today))
    for thing in things:
        if not thing.is_milestone:
            return Health(Project.Health.AT_RISK, _was_due(thing, thing.count - 1, today))
    for thing in things:
        if thing.count:
            return Health(Project.Health.AT_RISK, _is_near(thing, today))
    return Health(Project.Health.ON_TRACK)


def _pressing_milestones(
    milestones: MilestoneQuerySet, reader: User, near: dt.date
) -> QuerySet[Milestone, Any]:
    # Work on a milestone is in its project, into which the reader was let with the milestone. Two questions, because
    # each has its own index; asked as one with "or" it would be put to every task.
    open_work = Task.objects.in_project(cast(Project, OuterRef("project")), reader).still_open().order_by()
    named = open_work.filter(milestone=OuterRef("pk"))
    needed = open_work.filter(dependencies_out__to_milestone=OuterRef("pk"))
    return (
        milestones.ahead()
        .filter(due_on__lte=near)
        .order_by()
        .values_list(
            Value(True),
            "project_id",
            "name",
            "due_on",
            Case(When(Exists(named) | Exists(needed), then=1), default=0),
        )
    )


def _first_overdue_tasks(tasks: TaskQuerySet, today: dt.date) -> QuerySet[Task, Any]:
    return (
        tasks.overdue(today)
        .order_by("project_id", "due_on", "number")
        .distinct("project_id")
        .values_list(
            Value(False), "project_id", "title", "due_on", Window(Count("pk"), partition_by=F("project"))
        )
    )


def _day(date: dt.date, today: dt.date) -> str:
    """“24 May”, with the year where it is another one than today's."""
    return dateformat.format(date, "j E" if date.year == today.year else "j E Y")


def _was_due(thing: _Pressing, others: int, today: dt.date) -> str:
    what = {"name": thing.name, "date": _day(thing.due_on, today), "count": others}
    if not others:
        return _("“%(name)s” was due %(date)s") % what
    return (
        ngettext(
            "“%(name)s” was due %(date)s, and %(count)d more is late",
            "“%(name)s” was due %(date)s, and %(count)d more are late",
            others,
        )
        % what
    )


def _is_near(thing: _Pressing, today: dt.date) -> str:
    what = {"name": thing.name, "date": _day(thing.due_on, today)}
    if thing.due_on == today:
        return _("“%(name)s” is due today and work on it is still open") % what
    return _("“%(name)s” is due %(date)s and work on it is still open") % what
