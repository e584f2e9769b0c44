"""Bad input to every form of the portal: told beside the field, what was typed is kept, nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bad_input.drive import faults, fields_of, target_of
from tests.bad_input.monsters import MISSING, for_field
from tests.bad_input.routes import FORMS, ONLY_SHOWN
from tests.matrix import MATRIX
from tests.test_access_matrix import routes
from tests.world import World

pytestmark = pytest.mark.django_db


def test_every_route_that_takes_a_post_is_driven() -> None:
    taking = {
        name
        for path, name in routes()
        if not path.startswith("admin/") and (name not in MATRIX or "post" in MATRIX[name].methods)
    }
    assert taking - ONLY_SHOWN == set(FORMS), "add it to FORMS in tests/bad_input/routes.py, or take it out"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hundreds of attempts to sign in: what is tried here is not how slow it is to guess."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.mark.parametrize("name", sorted(FORMS))
def test_bad_input_is_told_beside_the_field_and_changes_nothing(name: str, world: World) -> None:
    target = target_of(name, world)
    valid, fields = fields_of(target)
    assert valid.status < 400, f"valid data: {valid.status} {valid.errors} {valid.error}"
    assert not valid.errors
    wrong = []
    for field, one in fields.items():
        for monster in for_field(one):
            answer = target.send({field: monster.value})
            wrong += [
                f"{field}: {monster.name}: {fault}" for fault in faults(target, field, one, monster, answer)
            ]
    assert not wrong, f"{target.url}\n" + "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(FORMS))
def test_bad_input_is_told_to_htmx_too_and_in_the_language_of_the_reader(name: str, world: World) -> None:
    target = target_of(name, world, "ru")
    _valid, fields = fields_of(target)
    wrong = []
    for field, one in fields.items():
        for monster in [m for m in for_field(one) if m.refused and m.value is not MISSING][:2]:
            answer = target.send({field: monster.value}, htmx=True)
            wrong += [
                f"{field}: {monster.name}: {fault}" for fault in faults(target, field, one, monster, answer)
            ]
            wrong += [
                f"{field}: {monster.name}: “{error}” is not Russian"
                for errors in answer.errors.values()
                for error in errors
                if not set(error.lower()) & set("абвгдежзийклмнопрстуфхцчшщъыьэюя")
            ]
    assert not wrong, f"{target.url}\n" + "\n".join(wrong)
