"""Who is named as a reader is who can read, and nobody else."""

from __future__ import annotations

import itertools

import pytest

from clients.models import Client, User
from feedback.audience import readers_of
from feedback.models import Thread
from projects.models import Project
from tests.factories import make_contact, make_task

CASES = list(
    itertools.product(
        list(Thread.Audience),
        ["house", "hidden project", "draft", "internal task", "company"],
        ["owner", "member", "manager"],
    )
)


@pytest.mark.parametrize(("audience", "place", "author"), CASES)
def test_readers_named_are_readers(
    audience: Thread.Audience,
    place: str,
    author: str,
    owner: User,
    member: User,
    viewer: User,
    specialist: User,
    manager: User,
    stranger: User,
    house: Project,
    client_company: Client,
) -> None:
    newcomer = make_contact(client_company, "member")
    make_contact(client_company, "owner", is_active=False)
    thread = Thread(client=client_company, subject="?", audience=audience)
    thread.author = {"owner": owner, "member": member, "manager": manager}[author]
    if place != "company":
        thread.project = house
    if place == "draft":
        house.status = Project.Status.DRAFT
        house.save()
    if place == "hidden project":
        member.memberships.get().projects.clear()
    if place == "internal task":
        thread.task = make_task(house, is_internal=True)
    thread.save()
    contacts = [owner, member, viewer, newcomer, stranger]
    can_read = {user for user in contacts if Thread.objects.visible_to(user).filter(pk=thread.pk).exists()}
    readers = readers_of(thread)
    assert set(readers.contacts) == can_read
    assert all(Thread.objects.visible_to(user).filter(pk=thread.pk).exists() for user in readers.team)


def test_a_company_that_was_switched_off_has_no_readers(owner: User, house: Project) -> None:
    thread = Thread(client=house.client, project=house, author=owner)
    house.client.is_active = False
    house.client.save()
    assert readers_of(thread).contacts == []
