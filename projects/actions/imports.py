"""Bringing a plan in from a file: uploaded, looked at, confirmed once. All of it or nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Skill, User
from projects.actions._record import record_on_project, require_open
from projects.actions.board import GAP, lock_project
from projects.errors import ActionRefused
from projects.importing import CannotRead, Plan, Row, read_plan
from projects.models import (
    Column,
    Dependency,
    Milestone,
    Phase,
    Placeholder,
    Project,
    Task,
    TaskImport,
)

KEPT_UNCONFIRMED = dt.timedelta(days=1)


class CannotImport(ActionRefused):
    """The file cannot become tasks of this project. `preview` tells line by line where it could be read."""

    def __init__(self, message: str, preview: Preview | None = None) -> None:
        super().__init__(message)
        self.preview = preview


@dataclass
class Preview:
    """What an import would make of a plan in a project."""

    plan: Plan
    people: dict[str, User] = field(default_factory=dict)  # by the name or address the file uses
    placeholders: list[str] = field(default_factory=list)
    new_phases: list[str] = field(default_factory=list)
    known: dict[int, str] = field(default_factory=dict)  # line number: the key of a task of the same title

    @property
    def tasks(self) -> list[Row]:
        return [row for row in self.plan.rows if not row.is_milestone]

    @property
    def milestones(self) -> list[Row]:
        return [row for row in self.plan.rows if row.is_milestone]


def preview_import(*, project: Project, data: bytes) -> Preview:
    """What would be made of the file, and what is wrong with it. Changes nothing.

    Raises CannotImport for a file that is no plan at all, or that was imported into this project before.
    """
    done = TaskImport.objects.applied().filter(project=project, digest=_digest(data)).first()
    if done and done.applied_at:
        raise CannotImport(_already(done))
    try:
        plan = read_plan(data)
    except CannotRead as error:
        raise CannotImport(str(error)) from error
    preview = Preview(plan)
    _find_people(preview, project)
    phases = set(project.phases.values_list("name", flat=True))
    preview.new_phases = [
        name for name in dict.fromkeys(row.phase for row in plan.rows) if name and name not in phases
    ]
    _find_known(preview, project)
    return preview


@transaction.atomic
def upload_import(*, project: Project, by: User, name: str, data: bytes) -> TaskImport:
    """Keeps a sound file for the manager who uploaded it, until they confirm or a day has passed.

    The same file again is the upload that waits already.
    Raises CannotImport, with the preview where there is one, for a file with problems, ProjectClosed.
    """
    require_open(project)
    preview = preview_import(project=project, data=data)
    if not preview.plan.is_sound:
        raise CannotImport(_("Nothing was imported: the file has problems."), preview)
    stale = TaskImport.objects.filter(applied_at=None, created_at__lt=timezone.now() - KEPT_UNCONFIRMED)
    stale.delete()
    lock_project(project)
    waiting = TaskImport.objects.filter(project=project, by=by, digest=_digest(data), applied_at=None).first()
    return waiting or TaskImport.objects.create(
        project=project, by=by, name=name[-200:], digest=_digest(data), content=data
    )


@transaction.atomic
def confirm_import(*, task_import: TaskImport, by: User, now: dt.datetime | None = None) -> TaskImport:
    """Makes what the file holds, once: confirmed again it gives the first result and makes nothing.

    Raises CannotImport when the same file came into the project by another way meanwhile, ProjectClosed.
    """
    now = now or timezone.now()
    project = lock_project(task_import.project)
    task_import = TaskImport.objects.select_for_update(no_key=True).get(pk=task_import.pk)
    if task_import.applied_at is not None:
        return task_import
    preview = preview_import(project=project, data=bytes(task_import.content))
    if not preview.plan.is_sound:
        raise CannotImport(_("Nothing was imported: the file has problems."), preview)
    _make(project, preview, by, now)
    task_import.content = b""
    task_import.applied_at = now
    task_import.task_count = len(preview.tasks)
    task_import.milestone_count = len(preview.milestones)
    task_import.save()
    record_on_project(
        "project.imported",
        project=project,
        by=by,
        now=now,
        is_internal=True,
        file=task_import.name,
        tasks=task_import.task_count,
        milestones=task_import.milestone_count,
    )
    return task_import


def import_tasks(
    *, project: Project, by: User, name: str, data: bytes, now: dt.datetime | None = None
) -> TaskImport:
    """Upload and confirmation in one step, for the command line and the demonstration. Raises CannotImport."""
    with transaction.atomic():
        uploaded = upload_import(project=project, by=by, name=name, data=data)
        return confirm_import(task_import=uploaded, by=by, now=now)


def _already(done: TaskImport) -> str:
    return _("This very file was imported into the project on %(day)s by %(who)s. Nothing was changed.") % {
        "day": timezone.localtime(done.applied_at).date().isoformat(),
        "who": done.by or "?",
    }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _find_people(preview: Preview, project: Project) -> None:
    """Whom the file means: someone of the team by address or full name; anyone else becomes a placeholder."""
    by_word: dict[str, list[User]] = {}
    for person in project.people():
        for word in {person.name.casefold(), person.email.casefold()}:
            by_word.setdefault(word, []).append(person)
    placeholders: dict[str, None] = {}
    for line in preview.plan.lines:
        for name in line.row.assignees if line.row else ():
            meant = by_word.get(name.casefold(), [])
            if len(meant) > 1:
                line.problems.append(
                    _("Two people of the team are called “%(name)s”: write the email address.")
                    % {"name": name}
                )
            elif meant:
                preview.people[name] = meant[0]
            elif "@" in name:
                line.problems.append(
                    _("Nobody of the project's team has the address “%(address)s”.") % {"address": name}
                )
            else:
                placeholders[name] = None
    preview.placeholders = list(placeholders)


def _find_known(preview: Preview, project: Project) -> None:
    """Lines whose title a task or milestone of the project has already: not wrong, but worth a look."""
    tasks = dict(project.tasks.values_list("title", "number"))
    milestones = set(project.milestones.values_list("name", flat=True))
    for line in preview.plan.lines:
        if line.row is None:
            continue
        if line.row.is_milestone and line.row.title in milestones:
            preview.known[line.number] = line.row.title
        elif not line.row.is_milestone and line.row.title in tasks:
            preview.known[line.number] = f"{project.code}-{tasks[line.row.title]}"


# --- Making it, in a constant number of queries ---------------------------------------------------


def _make(project: Project, preview: Preview, by: User, now: dt.datetime) -> None:
    rows = preview.plan.rows
    phases = _make_phases(project, preview.new_phases)
    milestones = _make_milestones(project, preview.milestones, phases, now)
    tasks = _make_tasks(project, preview.tasks, phases, by, now)
    _assign(project, preview, tasks)
    made: dict[str, Task | Milestone] = {**tasks, **milestones}
    Dependency.objects.bulk_create(
        Dependency(
            project=project,
            **{_end("from", made[before]): made[before], _end("to", made[row.id]): made[row.id]},
        )
        for row in rows
        for before in row.predecessors
    )


def _end(side: str, thing: Task | Milestone) -> str:
    return f"{side}_{'task' if isinstance(thing, Task) else 'milestone'}"


def _make_phases(project: Project, names: Iterable[str]) -> dict[str, Phase]:
    last = project.phases.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    Phase.objects.bulk_create(
        Phase(project=project, name=name, position=first + index) for index, name in enumerate(names)
    )
    return {phase.name: phase for phase in project.phases.all()}


def _make_milestones(
    project: Project, rows: list[Row], phases: dict[str, Phase], now: dt.datetime
) -> dict[str, Milestone]:
    last = project.milestones.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    today = timezone.localdate(now)
    milestones = {
        row.id: Milestone(
            project=project,
            name=row.title,
            phase=phases.get(row.phase),
            due_on=row.start,
            reached_on=min(row.start or today, today) if row.percent == 100 else None,
            position=first + index,
        )
        for index, row in enumerate(rows)
    }
    Milestone.objects.bulk_create(milestones.values())
    return milestones


def _make_tasks(
    project: Project, rows: list[Row], phases: dict[str, Phase], by: User, now: dt.datetime
) -> dict[str, Task]:
    columns = {kind: project.columns.filter(kind=kind).first() for kind in Column.Kind.values}
    ranks = Counter(
        {
            pk: last
            for pk, last in project.columns.annotate(last=Max("tasks__rank")).values_list("pk", "last")
            if last is not None
        }
    )
    tasks = {}
    for number, row in enumerate(rows, start=project.last_task_number + 1):
        column = columns[_kind(row)]
        if column is None:
            raise CannotImport(_("The board of this project has no column for some of the tasks."))
        ranks[column.pk] += GAP
        tasks[row.id] = Task(
            project=project,
            number=number,
            title=row.title,
            description=row.notes,
            column=column,
            rank=ranks[column.pk],
            phase=phases.get(row.phase),
            starts_on=row.start,
            due_on=row.due,
            working_days=row.working_days,
            percent_done=row.percent,
            done_at=_done_at(row, now) if row.percent == 100 else None,
            created_by=by,
            created_at=now,
            updated_at=now,
        )
    Task.objects.bulk_create(tasks.values())
    project.last_task_number += len(tasks)
    project.save(update_fields=["last_task_number"])
    return tasks


def _kind(row: Row) -> str:
    if row.percent == 100:
        return Column.Kind.DONE
    return Column.Kind.IN_PROGRESS if row.percent else Column.Kind.TO_DO


def _done_at(row: Row, now: dt.datetime) -> dt.datetime:
    """What was done before the import was done by its due day at the latest: noon, so that no zone moves the day."""
    if row.due is None:
        return now
    return min(now, dt.datetime.combine(row.due, dt.time(12), dt.UTC))


def _assign(project: Project, preview: Preview, tasks: dict[str, Task]) -> None:
    rows = preview.tasks
    Placeholder.objects.bulk_create(
        (Placeholder(project=project, name=name) for name in preview.placeholders), ignore_conflicts=True
    )
    placeholders = {person.name: person for person in project.placeholders.all()}
    skills = _skills({name for row in rows for name in row.skills})
    assigned, planned, needed = (
        getattr(Task, name).through for name in ("assignees", "placeholders", "skills")
    )
    assigned.objects.bulk_create(
        assigned(task=tasks[row.id], user=person)
        for row in rows
        for person in {preview.people[name] for name in row.assignees if name in preview.people}
    )
    planned.objects.bulk_create(
        planned(task=tasks[row.id], placeholder=placeholders[name])
        for row in rows
        for name in row.assignees
        if name not in preview.people
    )
    needed.objects.bulk_create(
        needed(task=tasks[row.id], skill=skill)
        for row in rows
        for skill in {skills[name.casefold()] for name in row.skills}
    )


def _skills(names: set[str]) -> dict[str, Skill]:
    """The skills of these names, by name without case; new ones are made."""
    known = {skill.name.casefold(): skill for skill in Skill.objects.all()}
    new = {name.casefold(): name for name in sorted(names) if name.casefold() not in known}
    Skill.objects.bulk_create((Skill(name=name) for name in new.values()), ignore_conflicts=True)
    if new:
        known = {skill.name.casefold(): skill for skill in Skill.objects.all()}
    return known
