"""Who reads a conversation, by name: what a form says before anything is posted.

The same rules as `Thread.objects.visible_to`, asked the other way round: there "which conversations does this
person read", here "which people read this conversation". A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from clients.models import Client, Membership, User
from feedback.models import Thread
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Readers:
    """The people of the client who read something, and of ours those who work on it. Our managers always do."""

    contacts: Sequence[User]
    team: Sequence[User]

    def __contains__(self, user: User) -> bool:
        return user in self.contacts or user in self.team


def readers_of(thread: Thread) -> Readers:
    """Who reads `thread` now, each group by name. Two queries."""
    hidden = thread.task is not None and thread.task.is_internal
    contacts = contacts_by_audience(
        client=thread.client,
        project=thread.project,
        author=thread.author,
        audiences=[Thread.Audience(thread.audience)],
    )[Thread.Audience(thread.audience)]
    return Readers(
        contacts=[] if hidden else contacts,
        team=team_of(client=thread.client, project=thread.project, assignee=thread.assignee),
    )


def contacts_by_audience(
    *, client: Client, project: Project | None, author: User | None, audiences: Iterable[Thread.Audience]
) -> dict[Thread.Audience, list[User]]:
    """The people of `client` who would read a conversation of `author` about `project`, by whom it is for.

    `project` None: about the company as a whole. Nobody, where the client cannot see the project. One query.
    """
    seen = Membership.objects.in_force().filter(client=client)
    if project is not None:
        seen = seen.filter(Q(role=Membership.Role.OWNER) | Q(projects=project))
        if project.status == Project.Status.DRAFT or project.client_id != client.pk:
            seen = seen.none()
    memberships = list(seen.select_related("user").order_by("user__name", "user_id").distinct())

    def reads(membership: Membership, audience: Thread.Audience) -> bool:
        return (
            audience == Thread.Audience.COMPANY
            or membership.user == author
            or (audience == Thread.Audience.OWNERS and membership.role == Membership.Role.OWNER)
        )

    return {
        audience: [membership.user for membership in memberships if reads(membership, audience)]
        for audience in audiences
    }


def team_of(*, client: Client, project: Project | None, assignee: User | None = None) -> list[User]:
    """Those of ours to be named as readers: the project's team and manager, or the company's, and the assignee."""
    if project is None:
        people = Q(pk=client.manager_id)
    else:
        people = Q(teams=project) | Q(pk=project.manager_id)
    if assignee is not None:
        people |= Q(pk=assignee.pk)
    return list(User.objects.active().filter(people).order_by("name", "pk").distinct())
