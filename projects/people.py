"""Who of our people is known on a project."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from clients.models import User
from clients.models.people import UserQuerySet
from clients.readers import StatementsForReaders
from cxportal.lib.database import IsOneOf, Slot
from projects.models import Project


def known_people(project: Project, user: User) -> UserQuerySet:
    """Those of our staff whom `user`, who was let into `project`, may know of there.

    Staff know all their colleagues. A contact knows the project's team, its manager and the one responsible for
    their company: of `User.objects.visible_to`, what concerns this project, at a price that hundreds of cards can
    pay. `project` was fetched with its client.
    """
    return _known(user, project.pk, managers_of(project))


def managers_of(project: Project) -> list[int]:
    """The ids of who manages the project, and of who is responsible for its client."""
    return [project.manager_id, project.client.manager_id]


def _known(user: User, project: Any, managers: Iterable[int] | Slot) -> UserQuerySet:
    staff: UserQuerySet = User.objects.staff()
    if user.is_our_staff:
        return staff
    team = Project.team.through.objects.filter(project=project).values("user")
    return staff.filter(IsOneOf("pk", managers) | Q(pk__in=team))


def _known_ids(reader: User) -> QuerySet[Any, Any]:
    return _known(reader, Slot("project"), Slot("managers")).order_by().values("pk")


# The ids of `known_people`.
KNOWN = StatementsForReaders(_known_ids)
