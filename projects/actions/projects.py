"""The life of a project: made, started, paused, finished, put into the archive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import User
from projects.actions._record import record_on_project
from projects.errors import ActionRefused
from projects.models import Column, Project

Status = Project.Status


@transaction.atomic
def create_project(
    *, project: Project, by: User | None, team: Iterable[User] = (), now: dt.datetime | None = None
) -> Project:
    """Saves a new project, which the caller has checked (`full_clean`), and gives it its three columns and team."""
    project.save(force_insert=True)
    Column.objects.bulk_create(
        Column(project=project, kind=kind, position=position)
        for position, kind in enumerate(Column.Kind.values)
    )
    project.team.set(team)
    record_on_project("project.created", project=project, by=by, now=now, is_internal=True)
    return project


def start_project(*, project: Project, by: User | None, now: dt.datetime | None = None) -> Project:
    """A draft begins and its client sees it; a paused or finished one goes on. Raises ActionRefused otherwise."""
    return _change(
        project, by, now, Status.ACTIVE, "project.started", {Status.DRAFT, Status.PAUSED, Status.FINISHED}
    )


def pause_project(*, project: Project, by: User | None, now: dt.datetime | None = None) -> Project:
    """Nothing happens for a while. Raises ActionRefused unless it is active."""
    return _change(project, by, now, Status.PAUSED, "project.paused", {Status.ACTIVE})


def finish_project(*, project: Project, by: User | None, now: dt.datetime | None = None) -> Project:
    """The work is done; board and plan stay as they are. Raises ActionRefused unless it was active or paused."""
    return _change(project, by, now, Status.FINISHED, "project.finished", {Status.ACTIVE, Status.PAUSED})


def archive_project(*, project: Project, by: User | None, now: dt.datetime | None = None) -> Project:
    """Puts it away: still to be read, no longer in the lists. Raises ActionRefused unless it is paused or finished.

    (A draft in the archive would show its client what they never saw.)
    """
    return _change(project, by, now, Status.ARCHIVED, "project.archived", {Status.PAUSED, Status.FINISHED})


def restore_project(*, project: Project, by: User | None, now: dt.datetime | None = None) -> Project:
    """Takes it out of the archive: finished if it was, else paused. Raises ActionRefused unless it is archived."""
    to = Status.FINISHED if project.finished_at else Status.PAUSED
    return _change(project, by, now, to, "project.restored", {Status.ARCHIVED})


@transaction.atomic
def _change(
    project: Project,
    by: User | None,
    now: dt.datetime | None,
    to: Project.Status,
    kind: str,
    allowed_from: set[Project.Status],
) -> Project:
    now = now or timezone.now()
    project = (
        Project.objects.select_for_update(no_key=True, of=("self",))
        .select_related("client", "manager")
        .get(pk=project.pk)
    )
    old = Status(project.status)
    if old not in allowed_from:
        raise ActionRefused(
            _("“%(project)s” has the status “%(status)s”: that cannot be done now.")
            % {"project": project.name, "status": old.label}
        )
    project.status = to
    if to == Status.FINISHED and project.finished_at is None:
        project.finished_at = now
    elif to == Status.ACTIVE:
        project.finished_at = None
    project.save(update_fields=["status", "finished_at"])
    record_on_project(kind, project=project, by=by, now=now, old=old.value)
    return project
