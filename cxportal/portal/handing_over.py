"""All open work of one of our people to another in one step: what it would be, and doing it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.handing_over import (
    WrongTarget,
    hand_over_backup,
    hand_over_company,
    open_backups,
    open_companies,
    require_manager,
    require_may_take_over,
    require_other,
)
from clients.models import User
from cxportal.notifications.audit import write_down
from cxportal.notifications.events import record
from feedback.actions.handing_over import hand_over_thread, open_threads
from projects.actions.handing_over import hand_over_project, hand_over_task, open_projects, open_tasks
from projects.errors import ActionRefused
from projects.models import Project

PASSES = 3  # what was given to the one who leaves while the first pass ran is taken along

KINDS: dict[str, str | Promise] = {
    "company": _("Client companies"),
    "project": _("Projects"),
    "task": _("Tasks"),
    "thread": _("Conversations"),
    "backup": _("Stands in for"),
}


@dataclass(frozen=True)
class Item:
    """One thing that hangs on the person; `why_not` says why the other cannot take it over, "" if they can."""

    kind: str
    pk: int
    name: str
    why_not: str
    do: Callable[..., bool]

    @property
    def key(self) -> tuple[str, int]:
        return self.kind, self.pk


@dataclass(frozen=True)
class HandedOver:
    done: list[Item]
    left: list[Item]


def what_hangs_on(old: User, new: User) -> list[Item]:
    """Everything open that hangs on `old`, and whether `new` can take it. A constant number of queries.

    Tasks and conversations of a project that goes over along with them count as of a project of `new`.
    """
    projects = list(open_projects(old))
    theirs = set(Project.objects.filter(team=new).values_list("pk", flat=True))
    theirs |= set(Project.objects.filter(manager=new).values_list("pk", flat=True))
    if new.runs_projects:
        theirs |= {project.pk for project in projects}
    return list(_items(old, new, projects, theirs))


def _items(old: User, new: User, projects: list[Project], theirs: set[int]) -> Iterator[Item]:
    manages = _refusal(require_manager, new)
    takes = _refusal(require_may_take_over, new)
    for client in open_companies(old):
        yield Item("company", client.pk, client.name, manages, partial(hand_over_company, client=client))
    for project in projects:
        name = f"{project.code} {project.name}"
        yield Item("project", project.pk, name, manages, partial(hand_over_project, project=project))
    elsewhere = str(_("does not work on this project"))
    for task in open_tasks(old):
        why_not = takes or ("" if task.project_id in theirs else elsewhere)
        yield Item("task", task.pk, f"{task.key} {task.title}", why_not, partial(hand_over_task, task=task))
    for thread in open_threads(old):
        is_near = thread.project_id is None or new.runs_projects or thread.project_id in theirs
        why_not = takes or ("" if is_near else elsewhere)
        name = f"{thread.client.name}: {thread.subject}"
        yield Item("thread", thread.pk, name, why_not, partial(hand_over_thread, thread=thread))
    for profile in open_backups(old):
        why_not = _refusal(require_other, profile, new)
        name = str(profile.user)
        yield Item("backup", profile.pk, name, why_not, partial(hand_over_backup, profile=profile))


def _refusal(require: Callable[..., None], *arguments: Any) -> str:
    try:
        require(*arguments)
    except WrongTarget as refused:
        return str(refused)
    return ""


@transaction.atomic
def hand_over(
    *, old: User, new: User, by: User, reason: str = "", now: dt.datetime | None = None
) -> HandedOver:
    """Gives everything open of `old` to `new` that they can take; all of it or, on an error, nothing.

    One at a time for each person: who is handed over from, or to, meanwhile waits. What somebody else took over
    in between stays theirs. Raises WrongTarget when `new` can take nothing at all: locked out, a contact, the same.
    """
    if old.pk == new.pk:
        raise WrongTarget(_("Choose somebody else."))
    people = User.objects.select_for_update(no_key=True).order_by("pk").in_bulk([old.pk, new.pk])
    old, new = people[old.pk], people[new.pk]
    require_may_take_over(new)
    done: dict[tuple[str, int], Item] = {}
    items: list[Item] = []
    for _pass in range(PASSES):
        items = what_hangs_on(old, new)
        todo = [item for item in items if not item.why_not and item.key not in done]
        if not todo:
            break
        for item in todo:
            if _try(item, old, new, by, now):
                done[item.key] = item
    counts: dict[str, Any] = {kind: sum(item.kind == kind for item in done.values()) for kind in KINDS}
    record("person.handed_over", actor=by, is_internal=True, person=old.pk, to=new.pk, counts=counts)
    write_down("person.handed_over", by=by, person=old, thing=f"→ {new}", reason=reason, to=new.pk, **counts)
    return HandedOver(list(done.values()), what_hangs_on(old, new))


def _try(item: Item, old: User, new: User, by: User, now: dt.datetime | None) -> bool:
    more = {} if item.kind in {"company", "backup"} else {"now": now}
    try:
        return item.do(old=old, new=new, by=by, **more)
    except ActionRefused:  # a project closed meanwhile, a person taken off a team: it stays where it was
        return False
