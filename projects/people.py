"""Who of our people is known on a project."""

from __future__ import annotations

from django.db.models import Q

from clients.models import User
from clients.models.people import UserQuerySet
from projects.models import Project


def known_people(project: Project, user: User) -> UserQuerySet:
    """Those of our staff whom `user`, who was let into `project`, may know of there.

    Staff know all their colleagues. A contact knows the project's team, its manager and the one responsible for
    their company: of `User.objects.visible_to`, what concerns this project, at a price that hundreds of cards can
    pay. `project` was fetched with its client.
    """
    staff: UserQuerySet = User.objects.staff()
    if user.is_our_staff:
        return staff
    team = Project.team.through.objects.filter(project=project).values("user")
    return staff.filter(Q(pk__in=[project.manager_id, project.client.manager_id]) | Q(pk__in=team))
