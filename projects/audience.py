"""Who will see what is written here: said on every form before anything is saved."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from clients.models import Membership, User
from projects.models import Project


def contacts_of(project: Project) -> QuerySet[User]:
    """The people of the client who see `project` now: `Project.objects.visible_to`, asked the other way around."""
    if project.status == Project.Status.DRAFT:
        return User.objects.none()
    memberships = Membership.objects.in_force().filter(
        Q(role=Membership.Role.OWNER) | Q(projects=project), client=project.client_id
    )
    return User.objects.filter(pk__in=memberships.values("user")).order_by("name", "pk")


def who_sees(project: Project, *, is_internal: bool = False) -> str:
    """Those people in words: "Olga Petrova, Petr Petrov (Petrov family) and our team". One query."""
    if is_internal:
        return _("only our team")
    if project.status == Project.Status.DRAFT:
        return _("only our team as long as the project is a draft, then %(client)s too") % {
            "client": project.client.name
        }
    names = [person.name for person in contacts_of(project)]
    if not names:
        return _("our team; nobody of %(client)s can see this project yet") % {"client": project.client.name}
    return _("%(names)s (%(client)s) and our team") % {
        "names": ", ".join(names),
        "client": project.client.name,
    }
