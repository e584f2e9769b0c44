from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from clients.models import AnswerPolicy, Client, Membership, User
from projects.models import Project

CHANGELISTS = ["user", "client", "membership", "answerpolicy", "absence", "skill"]


@pytest.mark.parametrize("name", CHANGELISTS)
def test_every_list_opens_and_searches(name, admin_user, owner, browser_of) -> None:
    browser = browser_of(admin_user)
    assert browser.get(reverse(f"admin:clients_{name}_changelist")).status_code == 200
    assert browser.get(reverse(f"admin:clients_{name}_add")).status_code == 200


def test_only_admins_enter(manager, specialist, owner, browser_of) -> None:
    for user in (manager, specialist, owner):
        assert browser_of(user).get("/admin/").status_code in {302, 403}


def test_an_admin_adds_a_person_without_a_password(admin_user, browser_of) -> None:
    browser_of(admin_user).post(
        reverse("admin:clients_user_add"),
        {
            "name": "Anna Weber",
            "email": "Anna@Example.com",
            "staff_role": "specialist",
            "language": "en",
            "time_zone": "Europe/Berlin",
            "usable_password": "false",
        },
    )
    anna = User.objects.get(email="anna@example.com")
    assert not anna.has_usable_password()
    assert anna.staff_profile


def test_people_are_found_by_company(admin_user, owner, stranger, browser_of) -> None:
    page = (
        browser_of(admin_user).get(reverse("admin:clients_user_changelist"), {"q": "Petrov"}).content.decode()
    )
    assert "owner@example.com" in page
    assert "stranger@example.com" not in page


def test_a_membership_opens_only_projects_of_its_company(
    admin_user: User, member: User, house: Project, other_project: Project, browser_of
) -> None:
    membership = member.memberships.get()
    url = reverse("admin:clients_membership_change", args=[membership.pk])
    form = {"client": membership.client_id, "user": member.pk, "role": "member"}
    browser_of(admin_user).post(url, {**form, "projects": [other_project.pk]})
    assert list(membership.projects.all()) == [house]
    browser_of(admin_user).post(url, {**form, "projects": []})
    assert not membership.projects.exists()


def test_switching_a_company_off_is_one_action(admin_user, client_company, browser_of) -> None:
    browser_of(admin_user).post(
        reverse("admin:clients_client_changelist"),
        {"action": "switch_off", "_selected_action": [client_company.pk]},
    )
    client_company.refresh_from_db()
    assert not client_company.is_active


def test_a_working_policy_without_working_time_is_refused(admin_user, browser_of) -> None:
    form = {
        "name": "Office hours",
        "kind": "working",
        "minutes": "480",
        "time_zone": "Europe/Berlin",
        "spans-TOTAL_FORMS": "0",
        "spans-INITIAL_FORMS": "0",
        "free_days-TOTAL_FORMS": "0",
        "free_days-INITIAL_FORMS": "0",
    }
    url = reverse("admin:clients_answerpolicy_add")
    page = browser_of(admin_user).post(url, form)
    assert "add at least one span" in page.content.decode()
    assert not AnswerPolicy.objects.exists()
    span = {"spans-0-weekday": "0", "spans-0-starts_at": "09:00", "spans-0-ends_at": "17:00"}
    browser_of(admin_user).post(url, {**form, **span, "spans-TOTAL_FORMS": "1"})
    assert AnswerPolicy.objects.get().spans.count() == 1


def test_staff_made_a_contact_in_the_admin_gets_a_message_and_no_error(
    admin_user, specialist, client_company, browser_of
) -> None:
    page = browser_of(admin_user).post(
        reverse("admin:clients_membership_add"),
        {"client": client_company.pk, "user": specialist.pk, "role": "member"},
    )
    assert page.status_code == 200
    assert "cannot also be a contact" in page.content.decode()
    assert not Membership.objects.exists()


def test_changes_are_logged(admin_user: User, client_company: Client, browser_of) -> None:
    browser_of(admin_user).post(
        reverse("admin:clients_skill_add"),
        {"name": "Bricklayer"},
    )
    assert LogEntry.objects.get().user == admin_user


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spans-1-starts_at": "11:00", "spans-1-ends_at": "14:00"}, "overlap"),
        ({"spans-0-ends_at": "00:00"}, "overlap"),
        ({"holidays_country": "XX"}, "No public holidays are known"),
        ({"minutes": "9999999"}, "within a year"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(changes, message, admin_user, browser_of) -> None:
    form = {
        "name": "Office hours",
        "kind": "working",
        "minutes": "480",
        "time_zone": "Europe/Berlin",
        "holidays_country": "de",
        "spans-TOTAL_FORMS": "2",
        "spans-INITIAL_FORMS": "0",
        "spans-0-weekday": "0",
        "spans-0-starts_at": "09:00",
        "spans-0-ends_at": "12:00",
        "spans-1-weekday": "0",
        "spans-1-starts_at": "13:00",
        "spans-1-ends_at": "00:00",
        "free_days-TOTAL_FORMS": "0",
        "free_days-INITIAL_FORMS": "0",
    }
    url = reverse("admin:clients_answerpolicy_add")
    page = browser_of(admin_user).post(url, {**form, **changes})
    assert message in page.content.decode()
    assert not AnswerPolicy.objects.exists()
    browser_of(admin_user).post(url, form)
    assert AnswerPolicy.objects.get().holidays_country == "DE"
