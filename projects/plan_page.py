"""What the plan page shows to one reader: phases with what is in them, milestones, and every moved date."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import QuerySet
from django.urls import reverse

from clients.models import User
from projects.models import Column, DateChange, Dependency, Milestone, Phase, Project, Task
from projects.models.plan import Node

SHOWN = 50  # things of a phase that one sees first
SHOWN_IN_ALL = 200  # fewer of each where there are many phases, but never fewer than LEAST
LEAST = 10
MOST = 1000  # of a phase of which one asks for all
FAR = dt.date.max


@dataclass(slots=True)
class Item:
    """A task or milestone of the plan, as the reader may see it."""

    node: Node
    name: str
    state: str  # "todo", "doing", "done" or "waiting"; a milestone that was reached is "done"
    starts_on: dt.date | None
    due_on: dt.date | None
    is_late: bool
    is_internal: bool
    key: str = ""
    url: str = ""
    reached_on: dt.date | None = None
    percent: int = 0
    waits_for: list[str] = field(default_factory=list)

    @property
    def is_milestone(self) -> bool:
        return self.node[0] == "milestone"

    @property
    def pk(self) -> int:
        return self.node[1]

    @property
    def is_done(self) -> bool:
        return self.state == "done"


@dataclass(slots=True)
class Group:
    """A phase, or what is in none (`phase` is None)."""

    phase: Phase | None
    items: list[Item] = field(default_factory=list)
    total: int = 0
    done: int = 0
    left: int = 0  # not among `items`, to keep the page short


@dataclass(frozen=True, slots=True)
class Plan:
    groups: list[Group]
    milestones: list[Item]


def plan_of(project: Project, user: User, today: dt.date, whole: int | None = None) -> Plan:
    """The plan as `user` may see it, in four queries. `today` is a date in the reader's zone.

    `whole` is the id of a phase of which everything is shown, not only the first things.
    """
    phases = list(Phase.objects.visible_to(user).filter(project=project))
    items: dict[Node, tuple[int | None, Item]] = {}
    for row in _tasks(project, user):
        items["task", row["pk"]] = (row["phase_id"], _task_item(project, row, today))
    for milestone in Milestone.objects.visible_to(user).filter(project=project):
        items["milestone", milestone.pk] = (milestone.phase_id, _milestone_item(milestone, today))
    _add_dependencies(project, user, {node: item for node, (_phase, item) in items.items()})
    by_phase: dict[int | None, list[Item]] = defaultdict(list)
    for phase_id, item in items.values():
        by_phase[phase_id].append(item)
    shown = max(LEAST, min(SHOWN, SHOWN_IN_ALL // max(1, len(phases))))
    groups = [_group(phase, by_phase[phase.pk], MOST if phase.pk == whole else shown) for phase in phases]
    if by_phase[None]:
        groups.append(_group(None, by_phase[None], MOST if whole == 0 else shown))
    milestones = [item for _phase, item in items.values() if item.is_milestone]
    return Plan(groups, sorted(milestones, key=lambda item: (item.due_on or FAR, item.pk)))


def _tasks(project: Project, user: User) -> Iterable[dict]:
    fields = (
        "pk", "number", "title", "phase_id", "starts_on", "due_on", "is_internal", "waiting_since", "percent_done",
        "column__kind",
    )  # fmt: skip
    return Task.objects.visible_to(user).filter(project=project).values(*fields)


def _task_item(project: Project, row: dict, today: dt.date) -> Item:
    state = row["column__kind"]
    is_done = state == Column.Kind.DONE
    return Item(
        node=("task", row["pk"]),
        name=row["title"],
        state="waiting" if row["waiting_since"] and not is_done else state,
        starts_on=row["starts_on"],
        due_on=row["due_on"],
        is_late=bool(row["due_on"] and row["due_on"] < today and not is_done),
        is_internal=row["is_internal"],
        key=f"{project.code}-{row['number']}",
        url=reverse("task", args=[project.code, row["number"]]),
        percent=row["percent_done"],
    )


def _milestone_item(milestone: Milestone, today: dt.date) -> Item:
    is_reached = milestone.reached_on is not None
    return Item(
        node=("milestone", milestone.pk),
        name=milestone.name,
        state="done" if is_reached else "todo",
        starts_on=None,
        due_on=milestone.due_on,
        is_late=bool(milestone.due_on and milestone.due_on < today and not is_reached),
        is_internal=milestone.is_internal,
        reached_on=milestone.reached_on,
    )


def _add_dependencies(project: Project, user: User, items: dict[Node, Item]) -> None:
    for before, after in Dependency.objects.visible_to(user).filter(project=project).edges():
        if before in items and after in items:
            items[after].waits_for.append(items[before].name)


def _group(phase: Phase | None, items: list[Item], most: int) -> Group:
    """In the order in which things are to be done; what has no date comes last."""
    items.sort(
        key=lambda item: (
            item.starts_on or item.due_on or FAR,
            item.due_on or FAR,
            item.is_milestone,
            item.pk,
        )
    )
    tasks = [item for item in items if not item.is_milestone]
    shown = items[:most]
    return Group(
        phase=phase,
        items=shown,
        total=len(tasks),
        done=sum(item.is_done for item in tasks),
        left=len(items) - len(shown),
    )


# --- Moved dates ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slip:
    """Dates that were moved together, by one person for one reason."""

    at: dt.datetime
    actor: User | None
    reason: str
    milestones: list[DateChange]
    tasks: list[DateChange]

    @property
    def is_internal(self) -> bool:
        return all(
            change.is_internal or _is_of_internal(change) for change in [*self.milestones, *self.tasks]
        )


def moved_dates(project: Project, user: User) -> QuerySet[DateChange]:
    """Every date that was moved, of what `user` sees, the latest first. First dates are no moves."""
    return (
        DateChange.objects.visible_to(user)
        .filter(project=project, old__isnull=False)
        .select_related("task", "milestone", "actor")
        .order_by("-at", "actor", "reason", "-pk")
    )


def slips(changes: Iterable[DateChange]) -> list[Slip]:
    """The changes of `moved_dates`, those together that one person made on one day for the same reason.

    Each by its new date. Where a task moved as a whole, its due date tells it.
    """
    found = []
    for _key, together in groupby(changes, key=_why):
        moved = sorted(together, key=lambda change: (change.new or FAR, change.pk))
        whole = {change.task_id for change in moved if change.field == DateChange.Field.DUE}
        tasks = [
            change
            for change in moved
            if change.task_id and (change.field == DateChange.Field.DUE or change.task_id not in whole)
        ]
        latest = max(moved, key=lambda change: change.at)
        milestones = [change for change in moved if change.milestone_id]
        found.append(Slip(latest.at, latest.actor, latest.reason, milestones, tasks))
    return found


def _why(change: DateChange) -> tuple:
    return (change.actor_id, change.at.date(), change.reason or change.at)


def _is_of_internal(change: DateChange) -> bool:
    thing = change.task or change.milestone
    return thing is not None and thing.is_internal
