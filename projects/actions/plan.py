"""What managers do with the plan: phases, milestones, and what waits for what."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.once import own_key
from projects.actions._record import record_on_project, require_open, require_own
from projects.actions.board import lock_project
from projects.actions.dates import change_date, require_reason
from projects.errors import ActionRefused, CycleRefused
from projects.graph import cycle_with
from projects.models import Dependency, Label, Milestone, Phase, Project, Task
from projects.models.plan import Node

Thing = Task | Milestone


# --- Phases ---------------------------------------------------------------------------------------


@transaction.atomic
def add_phase(*, project: Project, by: User, name: str, now: dt.datetime | None = None) -> Phase:
    """Adds a phase after the others. Raises ActionRefused for a name that is taken, ProjectClosed."""
    project = lock_project(project)
    _require_free_name(project, name)
    last = project.phases.aggregate(last=Max("position"))["last"]
    phase = Phase.objects.create(project=project, name=name, position=0 if last is None else last + 1)
    record_on_project("phase.added", project=project, by=by, now=now, is_internal=True, name=name)
    return phase


@transaction.atomic
def rename_phase(*, phase: Phase, by: User, name: str, now: dt.datetime | None = None) -> Phase:
    """Raises ActionRefused for a name that is taken, ProjectClosed."""
    project = lock_project(phase.project)
    phase = project.phases.get(pk=phase.pk)
    if phase.name == name:
        return phase
    _require_free_name(project, name, but=phase)
    old, phase.name = phase.name, name
    phase.save(update_fields=["name"])
    record_on_project("phase.renamed", project=project, by=by, now=now, is_internal=True, old=old, new=name)
    return phase


def _require_free_name(project: Project, name: str, but: Phase | None = None) -> None:
    namesakes = project.phases.filter(name=name)
    if (namesakes.exclude(pk=but.pk) if but else namesakes).exists():
        raise ActionRefused(_("There is a phase of that name already."))


@transaction.atomic
def ensure_labels(*, project: Project, names: Collection[str]) -> list[Label]:
    """The labels of these names, whatever their case; those that are missing are made. Raises ProjectClosed."""
    project = lock_project(project)
    known = {label.name.casefold(): label for label in project.labels.all()}
    for name in names:
        if name.casefold() not in known:
            known[name.casefold()] = Label.objects.create(project=project, name=name)
    return [known[key] for key in dict.fromkeys(name.casefold() for name in names)]


# --- Milestones -----------------------------------------------------------------------------------


@transaction.atomic
def add_milestone(
    *,
    project: Project,
    by: User,
    name: str,
    due_on: dt.date | None = None,
    phase: Phase | None = None,
    is_internal: bool = False,
    form_key: uuid.UUID | None = None,
    now: dt.datetime | None = None,
) -> Milestone:
    """The same form sent twice (`form_key`) gives the milestone of the first time.

    Raises NotOfThisProject for a phase of another one, ProjectClosed.
    """
    project = lock_project(project)
    key = own_key(form_key, by.pk, f"milestone {project.pk}", name)
    if key and (first := Milestone.objects.filter(form_key=key).first()):
        return first
    require_own(project, phase)
    last = project.milestones.aggregate(last=Max("position"))["last"]
    milestone = Milestone.objects.create(
        project=project,
        name=name,
        due_on=due_on,
        phase=phase,
        is_internal=is_internal,
        position=0 if last is None else last + 1,
        form_key=key,
    )
    _record("milestone.added", milestone, by, now, due_on=_iso(due_on))
    return milestone


@transaction.atomic
def edit_milestone(
    *,
    milestone: Milestone,
    by: User,
    name: str,
    phase: Phase | None,
    is_internal: bool,
    due_on: dt.date | None,
    reason: str = "",
    now: dt.datetime | None = None,
) -> Milestone:
    """Renames, regroups, shows or hides, and moves a milestone, each with its own event where it changes.

    Raises as `move_milestone`, and NotOfThisProject for a phase of another one.
    """
    milestone = _lock_milestone(milestone)
    require_own(milestone.project, phase)
    # Hidden first: what is hidden together with a move must not tell the new date. Shown last, for the same.
    if is_internal and not milestone.is_internal:
        milestone.is_internal = True
        _record("milestone.hidden", milestone, by, now)
    _move(milestone, by, due_on, reason, now)
    if name != milestone.name:
        old, milestone.name = milestone.name, name
        _record("milestone.renamed", milestone, by, now, old=old)
    milestone.phase = phase
    if milestone.is_internal and not is_internal:
        milestone.is_internal = False
        _record("milestone.shown", milestone, by, now)
    milestone.save(update_fields=["name", "phase", "is_internal"])
    return milestone


@transaction.atomic
def move_milestone(
    *,
    milestone: Milestone,
    by: User,
    due_on: dt.date | None,
    reason: str = "",
    now: dt.datetime | None = None,
) -> Milestone:
    """Moves its day, or sets or takes it. To where it is already: nothing changes.

    Raises ReasonMissing without `reason` (read by the client) unless it had no day or the project is a draft;
    ActionRefused when it was reached; ProjectClosed.
    """
    milestone = _lock_milestone(milestone)
    _move(milestone, by, due_on, reason, now)
    return milestone


def _move(
    milestone: Milestone, by: User, due_on: dt.date | None, reason: str, now: dt.datetime | None
) -> None:
    old = milestone.due_on
    if old == due_on:
        return
    if milestone.reached_on is not None:
        raise ActionRefused(_("This milestone was reached. Take that back before you move it."))
    require_reason(milestone, [(old, due_on)], reason)
    milestone.due_on = due_on
    milestone.save(update_fields=["due_on"])
    now = now or timezone.now()
    change_date(milestone, "due_on", old, due_on, reason=reason, by=by, now=now)
    _record("milestone.moved", milestone, by, now, old=_iso(old), new=_iso(due_on), reason=reason.strip())


@transaction.atomic
def reach_milestone(
    *, milestone: Milestone, by: User, on: dt.date, now: dt.datetime | None = None
) -> Milestone:
    """It was reached on that day, a date in the zone of `by`, not in the future. Already reached: nothing changes.

    Raises ActionRefused for a day that has not come, ProjectClosed.
    """
    if on > timezone.localdate(now, by.zone()):
        raise ActionRefused(_("That day has not come yet."))
    milestone = _lock_milestone(milestone)
    if milestone.reached_on is None:
        milestone.reached_on = on
        milestone.save(update_fields=["reached_on"])
        _record("milestone.reached", milestone, by, now, on=on.isoformat())
    return milestone


@transaction.atomic
def unreach_milestone(*, milestone: Milestone, by: User, now: dt.datetime | None = None) -> Milestone:
    """It was not reached after all. Raises ProjectClosed."""
    milestone = _lock_milestone(milestone)
    if milestone.reached_on is not None:
        on, milestone.reached_on = milestone.reached_on, None
        milestone.save(update_fields=["reached_on"])
        _record("milestone.not_reached", milestone, by, now, on=on.isoformat())
    return milestone


# --- What waits for what --------------------------------------------------------------------------


@transaction.atomic
def add_dependency(
    *,
    project: Project,
    by: User,
    before: Thing,
    after: Thing,
    kind: str = Dependency.Kind.FINISH_TO_START,
    lag_days: int = 0,
    now: dt.datetime | None = None,
) -> Dependency:
    """`after` waits for `before`, both of `project`; `lag_days` are working days, negative for overlap.

    Raises CycleRefused when that closes a circle, ActionRefused when it is known already,
    NotOfThisProject, ProjectClosed.
    """
    project = lock_project(project)  # two managers at once cannot close a circle from both sides
    require_own(project, before, after)
    edges = Dependency.objects.filter(project=project).edges()
    new = (node_of(before), node_of(after))
    if new in edges:
        raise ActionRefused(_("The plan says so already."))
    if cycle := cycle_with(edges, *new):
        raise CycleRefused(_names(project, cycle))
    dependency = Dependency.objects.create(
        project=project,
        **{f"from_{_field(before)}": before, f"to_{_field(after)}": after},
        kind=kind,
        lag_days=lag_days,
    )
    _record_dependency("dependency.added", dependency, by, now)
    return dependency


@transaction.atomic
def remove_dependency(*, dependency: Dependency, by: User, now: dt.datetime | None = None) -> None:
    """The one no longer waits for the other. Raises ProjectClosed."""
    lock_project(dependency.project)
    _record_dependency("dependency.removed", dependency, by, now)
    dependency.delete()


def node_of(thing: Thing) -> Node:
    """A task or milestone as a node of `projects.graph`."""
    return (_field(thing), thing.pk)


def _names(project: Project, nodes: list[Node]) -> list[str]:
    tasks = project.tasks.in_bulk([pk for kind, pk in nodes if kind == "task"])
    milestones = project.milestones.in_bulk([pk for kind, pk in nodes if kind == "milestone"])
    return [tasks[pk].title if kind == "task" else milestones[pk].name for kind, pk in nodes]


def _field(thing: Thing) -> str:
    return "task" if isinstance(thing, Task) else "milestone"


def _record_dependency(kind: str, dependency: Dependency, by: User, now: dt.datetime | None) -> None:
    ends = [end for end in (dependency.before, dependency.after) if isinstance(end, Task | Milestone)]
    record_on_project(
        kind,
        project=dependency.project,
        by=by,
        now=now,
        is_internal=any(end.is_internal for end in ends),
        before=str(dependency.before),
        after=str(dependency.after),
        how=dependency.kind,
    )


def _record(kind: str, milestone: Milestone, by: User, now: dt.datetime | None, **data: str | None) -> None:
    record_on_project(
        kind,
        project=milestone.project,
        by=by,
        now=now,
        is_internal=milestone.is_internal,
        milestone=milestone.pk,
        name=milestone.name,
        **data,
    )


def _lock_milestone(milestone: Milestone) -> Milestone:
    locked = (
        Milestone.objects.select_for_update(no_key=True, of=("self",))
        .select_related("project__client", "project__manager")
        .get(pk=milestone.pk)
    )
    require_open(locked.project)
    return locked


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
