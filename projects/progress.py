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
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Sum, Window
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import User
from projects.models import Column, Dependency, Milestone, Project, Task

NEAR = dt.timedelta(days=7)  # how far ahead a milestone with open work puts a project at risk

_DONE = Q(column__kind=Column.Kind.DONE)
_WAITING = ~_DONE & Q(waiting_since__isnull=False)
_GROUPS = {
    "done": _DONE,
    "in_progress": Q(column__kind=Column.Kind.IN_PROGRESS, waiting_since=None),
    "to_do": Q(column__kind=Column.Kind.TO_DO, waiting_since=None),
    "waiting": _WAITING,
}


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
    seen = Task.objects.visible_to(user).filter(project__in=[project.pk for project in projects])
    rows = {row["project"]: row for row in _counted(seen.values("project"), now)}
    return {
        project.pk: _progress(rows.get(project.pk), sees_estimates(user, project)) for project in projects
    }


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
    for row in _counted(named.values(of=F("milestone")), now):
        totals[row["of"]].append(row)
    for row in _counted(needed.values(of=F("dependencies_out__to_milestone")), now):
        totals[row["of"]].append(row)
    shows_hours = sees_estimates(user, project)
    return {pk: _progress(_added(rows), shows_hours) for pk, rows in totals.items()}


def health_of(projects: Iterable[Project], user: User, today: dt.date) -> dict[int, Health]:
    """The health of each of `projects` as `user` may see it, by the project's id. At most two queries.

    `today` is a date in the reader's zone. Reasons are in the active language.
    """
    projects = list(projects)
    to_compute = [
        project.pk
        for project in projects
        if project.status == Project.Status.ACTIVE and not project.health_override
    ]
    computed = _computed_health(to_compute, user, today) if to_compute else {}
    return {project.pk: _stated_health(project) or computed[project.pk] for project in projects}


def next_milestones(projects: Iterable[Project], user: User) -> dict[int, Milestone]:
    """The earliest milestone not yet reached, by the project's id; nothing for a project without one. One query."""
    ahead = (
        Milestone.objects.visible_to(user)
        .ahead()
        .filter(project__in=[project.pk for project in projects], due_on__isnull=False)
        .order_by("project_id", "due_on", "position", "pk")
        .distinct("project_id")
    )
    return {milestone.project_id: milestone for milestone in ahead}


def sees_estimates(user: User, project: Project) -> bool:
    """Whether `user` may see hours of `project`: our staff always, clients where it publishes them."""
    return user.is_our_staff or project.publishes_estimates


def _counted(tasks: Any, now: dt.datetime | None) -> Any:
    """`tasks`, already grouped by `values()`, counted by group."""
    today = timezone.localdate(now)
    monday = dt.datetime.combine(
        today - dt.timedelta(days=today.weekday()), dt.time(), timezone.get_current_timezone()
    )
    counts = {name: Count("pk", filter=condition) for name, condition in _GROUPS.items()}
    return tasks.order_by().annotate(
        **counts,
        done_this_week=Count("pk", filter=_DONE & Q(done_at__gte=monday)),
        hours_done=Sum("estimate_hours", filter=_DONE, default=Decimal(0)),
        hours_total=Sum("estimate_hours", default=Decimal(0)),
    )


_FIGURES = (*_GROUPS, "done_this_week", "hours_done", "hours_total")


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


def _computed_health(projects: list[int], user: User, today: dt.date) -> dict[int, Health]:
    late: dict[int, list[Milestone]] = {}
    near: dict[int, Any] = {}
    for milestone in _pressing_milestones(projects, user, today):
        if milestone.due_on < today:
            late.setdefault(milestone.project_id, []).append(milestone)
        elif milestone.has_open_work:
            near.setdefault(milestone.project_id, milestone)
    overdue = {task.project_id: task for task in _first_overdue_tasks(projects, user, today)}

    def health(pk: int) -> Health:
        if pk in late:
            return Health(
                Project.Health.LATE, _was_due(late[pk][0].name, late[pk][0].due_on, len(late[pk]) - 1, today)
            )
        if pk in overdue:
            task = overdue[pk]
            return Health(Project.Health.AT_RISK, _was_due(task.title, task.due_on, task.how_many - 1, today))
        if pk in near:
            return Health(Project.Health.AT_RISK, _is_near(near[pk], today))
        return Health(Project.Health.ON_TRACK)

    return {pk: health(pk) for pk in projects}


def _pressing_milestones(projects: list[int], user: User, today: dt.date) -> Any:
    """Milestones not reached that are overdue or near, the earliest first, with whether work is open."""
    open_work = (
        Task.objects.still_open()
        .filter(project__in=projects)
        .filter(
            Q(milestone=OuterRef("pk"))
            | Exists(
                Dependency.objects.filter(from_task=OuterRef("pk"), to_milestone=OuterRef(OuterRef("pk")))
            )
        )
    )
    if not user.is_our_staff:
        open_work = open_work.shown_to_clients()
    return (
        Milestone.objects.visible_to(user)
        .ahead()
        .filter(project__in=projects, due_on__lte=today + NEAR)
        .annotate(has_open_work=Exists(open_work))
        .order_by("due_on", "position", "pk")
    )


def _first_overdue_tasks(projects: list[int], user: User, today: dt.date) -> Any:
    """The task that is overdue longest, one per project, with `how_many` are overdue there."""
    return (
        Task.objects.visible_to(user)
        .overdue(today)
        .filter(project__in=projects)
        .annotate(how_many=Window(Count("pk"), partition_by=F("project")))
        .order_by("project_id", "due_on", "number")
        .distinct("project_id")
    )


def _day(date: dt.date, today: dt.date) -> str:
    """“24 May”, with the year where it is another one than today's."""
    return dateformat.format(date, "j E" if date.year == today.year else "j E Y")


def _was_due(name: str, due_on: dt.date | None, others: int, today: dt.date) -> str:
    assert due_on is not None  # only what has a date is overdue
    what = {"name": name, "date": _day(due_on, today), "count": others}
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


def _is_near(milestone: Milestone, today: dt.date) -> str:
    assert milestone.due_on is not None
    if milestone.due_on == today:
        return _("“%(name)s” is due today and work on it is still open") % {"name": milestone.name}
    return _("“%(name)s” is due %(date)s and work on it is still open") % {
        "name": milestone.name,
        "date": _day(milestone.due_on, today),
    }
