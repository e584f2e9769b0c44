from __future__ import annotations

from clients.models import Client, User
from projects.models import Project, Task
from tests.factories import make_contact, make_project, make_task


def test_an_owner_sees_all_projects_of_the_company_but_drafts(owner: User, house: Project) -> None:
    make_project(house.client, code="DRAFT1", status="draft")
    assert list(Project.objects.visible_to(owner)) == [house]


def test_a_member_sees_no_project_until_one_is_opened(house: Project) -> None:
    newcomer = make_contact(house.client, "member")
    assert not Project.objects.visible_to(newcomer).exists()


def test_a_company_that_is_switched_off_shows_its_people_nothing(owner: User, house: Project) -> None:
    Client.objects.update(is_active=False)
    assert not Project.objects.visible_to(owner).exists()
    assert not Client.objects.visible_to(owner).exists()


def test_internal_tasks_are_for_staff_alone(owner: User, specialist: User, house: Project) -> None:
    shown, hidden = make_task(house), make_task(house, is_internal=True)
    assert list(Task.objects.visible_to(owner)) == [shown]
    assert list(Task.objects.visible_to(specialist)) == [shown, hidden]


def test_people_of_another_company_are_unknown(
    owner: User, stranger: User, manager: User, specialist: User, house: Project
) -> None:
    known = set(User.objects.visible_to(owner))
    assert {owner, manager, specialist} <= known
    assert stranger not in known


def test_a_membership_opened_in_another_company_opens_nothing(stranger: User, house: Project) -> None:
    stranger.memberships.get().projects.add(house)
    assert house not in Project.objects.visible_to(stranger)
