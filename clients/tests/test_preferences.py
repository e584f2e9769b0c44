from __future__ import annotations

import pytest
from django.test import Client as Browser

from clients.models import User

pytestmark = pytest.mark.django_db
GOOD = {"name": "Olga Petrova", "language": "ru", "time_zone": "Europe/Moscow"}


def test_preferences_are_saved_and_said_in_the_new_language(browser_of, owner: User) -> None:
    response = browser_of(owner).post("/preferences/", GOOD, follow=True)
    owner.refresh_from_db()
    assert (owner.name, owner.language, owner.time_zone) == ("Olga Petrova", "ru", "Europe/Moscow")
    assert "Настройки сохранены." in response.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"language": "tlh"}, {"time_zone": "Mars/Base"}, {"time_zone": ""}]
)
def test_wrong_input_is_told_at_the_field_and_changes_nothing(browser_of, owner: User, wrong: dict) -> None:
    response = browser_of(owner).post("/preferences/", {**GOOD, **wrong})
    (field,) = wrong
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()
    assert f"id_{field}_error" in str(response.context["form"][field].aria_describedby)
    unchanged = User.objects.get(pk=owner.pk)
    assert (unchanged.name, unchanged.language, unchanged.time_zone) == ("Olga Owner", "en", "UTC")


def test_nothing_but_preferences_can_be_changed_there(browser_of, owner: User) -> None:
    extra = {"staff_role": "admin", "email": "evil@example.com", "is_active": "", "is_superuser": "1"}
    browser_of(owner).post("/preferences/", {**GOOD, **extra})
    owner.refresh_from_db()
    assert (owner.staff_role, owner.email, owner.is_active) == ("", "owner@example.com", True)


def test_a_zone_that_is_no_longer_offered_is_kept(browser_of, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="US/Eastern")
    browser_of(owner).post("/preferences/", {**GOOD, "time_zone": "US/Eastern"})
    owner.refresh_from_db()
    assert owner.time_zone == "US/Eastern"


def test_the_language_of_a_visitor_is_kept_in_a_cookie() -> None:
    browser = Browser()
    assert "Sign in" in browser.get("/accounts/login/").content.decode()
    browser.post("/preferences/language/", {"language": "ru"})
    assert "Войти" in browser.get("/accounts/login/").content.decode()


def test_the_language_of_a_person_is_theirs_everywhere(browser_of, owner: User) -> None:
    browser_of(owner).post("/preferences/language/", {"language": "ru"})
    owner.refresh_from_db()
    assert owner.language == "ru"
    assert "Настройки" in browser_of(owner).get("/preferences/").content.decode()


@pytest.mark.parametrize("language", ["", "tlh", "../ru", "ru'"])
def test_an_unknown_language_changes_nothing(browser_of, owner: User, language: str) -> None:
    assert browser_of(owner).post("/preferences/language/", {"language": language}).status_code == 302
    owner.refresh_from_db()
    assert owner.language == "en"


def test_the_theme_is_in_the_page_as_it_arrives() -> None:
    browser = Browser()
    assert "data-bs-theme" not in browser.get("/accounts/login/").content.decode()
    browser.post("/preferences/theme/", {"theme": "dark"})
    assert '<html lang="en" data-bs-theme="dark">' in browser.get("/accounts/login/").content.decode()
    browser.post("/preferences/theme/", {"theme": ""})
    assert "data-bs-theme" not in browser.get("/accounts/login/").content.decode()


def test_a_forged_theme_is_not_repeated() -> None:
    browser = Browser()
    browser.cookies["theme"] = '"><script>'
    assert "data-bs-theme" not in browser.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("choice", ["theme", "language"])
@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1"]
)
def test_choosing_how_pages_look_never_leads_away(choice: str, target: str) -> None:
    response = Browser().post(f"/preferences/{choice}/", {choice: "ru", "next": target})
    assert response["Location"] == "/"


def test_choosing_how_pages_look_leads_back() -> None:
    response = Browser().post("/preferences/theme/", {"theme": "dark", "next": "/accounts/login/?next=/a"})
    assert response["Location"] == "/accounts/login/?next=/a"
