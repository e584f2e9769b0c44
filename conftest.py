"""The personae every test may ask for, and their world: one agency, two client companies.

`house` is a project of `client`; `other_project` belongs to `other_client`, which no persona but `stranger` knows of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import translation
from hypothesis import settings

from clients.models import Client, User
from projects.models import Project
from tests.factories import make_client, make_contact, make_project, make_user
from tests.smtp import smtp, smtp_server
from tests.world import world

__all__ = ["smtp", "smtp_server", "world"]

# How long one example takes says nothing on a machine that several people share.
settings.register_profile("portal", deadline=None)
settings.register_profile("long", deadline=None, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "portal"))


@pytest.fixture(autouse=True)
def settings_of_tests(settings: Any, tmp_path: Path) -> None:
    """Static files straight from their folders, private media and mails in a folder of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MAIL_DIR = tmp_path / "mail"
    settings.WHITENOISE_AUTOREFRESH = True
    # All tests ask from one address within a minute or two. The limits have tests of their own.
    settings.API_RATES = {"person": "100000/min", "address": "100000/min"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A page of a person who reads Russian leaves the language behind, as in any server: not to the next test."""
    with translation.override("en"):
        yield


@pytest.fixture
def manager(db: None) -> User:
    return make_user("Maria Manager", email="manager@example.com", staff_role="manager")


@pytest.fixture
def admin_user(db: None) -> User:
    return make_user("Ada Admin", email="admin@example.com", staff_role="admin")


@pytest.fixture
def specialist(db: None) -> User:
    """On the team of `house`."""
    return make_user("Sam Specialist", email="specialist@example.com", staff_role="specialist")


@pytest.fixture
def client_company(manager: User) -> Client:
    return make_client("Petrov Family", manager=manager)


@pytest.fixture
def house(client_company: Client, specialist: User) -> Project:
    return make_project(client_company, code="HOUSE", name="House in Petrovka", team=[specialist])


@pytest.fixture
def owner(client_company: Client) -> User:
    return make_contact(client_company, "owner", name="Olga Owner", email="owner@example.com")


@pytest.fixture
def member(client_company: Client, house: Project) -> User:
    """`house` is open to them."""
    return make_contact(
        client_company, "member", projects=[house], name="Misha Member", email="member@example.com"
    )


@pytest.fixture
def viewer(client_company: Client, house: Project) -> User:
    """`house` is open to them, for reading."""
    return make_contact(
        client_company, "viewer", projects=[house], name="Vera Viewer", email="viewer@example.com"
    )


@pytest.fixture
def other_client(db: None) -> Client:
    return make_client("Nord Logistics", manager=make_user(staff_role="manager"))


@pytest.fixture
def other_project(other_client: Client) -> Project:
    return make_project(other_client, code="NORD", name="Nord warehouse")


@pytest.fixture
def stranger(other_client: Client, other_project: Project) -> User:
    """Owner of another company."""
    return make_contact(other_client, "owner", name="Stan Stranger", email="stranger@example.com")


@pytest.fixture
def outsider(other_project: Project) -> User:
    """A specialist of ours who is not on the team of `house`."""
    user = make_user("Otto Outsider", email="outsider@example.com", staff_role="specialist")
    other_project.team.add(user)
    return user


@pytest.fixture
def browser_of() -> type[SignedIn]:
    """`browser_of(user)` is Django's test client with that person signed in."""
    return SignedIn


class SignedIn(Browser):
    def __init__(self, user: User) -> None:
        super().__init__()
        self.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
