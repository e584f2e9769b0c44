"""Bad input to every form of the portal: told beside the field, what was typed is kept, nothing changes."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.bad_input.drive import faults, fields_of, target_of
from tests.bad_input.monsters import MISSING, Monster, for_field
from tests.bad_input.routes import FORMS, ONLY_SHOWN
from tests.matrix import MATRIX
from tests.test_access_matrix import routes
from tests.world import World

pytestmark = pytest.mark.django_db


# The API is driven by its own description: tests/test_api_schema.py. The administration: tests/test_bad_input_admin.py.
ELSEWHERE = ("admin/", "api/v1/")


def test_every_route_that_takes_a_post_is_driven() -> None:
    taking = {
        name
        for path, name in routes()
        if not path.startswith(ELSEWHERE) and (name not in MATRIX or "post" in MATRIX[name].methods)
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
    plain = [field for field, one in fields.items() if type(one) is forms.CharField]
    assert not plain, "take LineField or TextField of cxportal.lib.fields for these"
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


@pytest.mark.parametrize("name", ["file_add", "thread_write", "thread_new", "task_conversation_note"])
def test_a_file_that_is_too_large_is_told_beside_the_field(name: str, world: World, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = 1000
    target = target_of(name, world)
    field = next(field for field in target.data if field.endswith("files"))
    large = [SimpleUploadedFile("small.txt", b"x"), SimpleUploadedFile("large.txt", b"x" * 1001)]
    _valid, fields = fields_of(target)
    answer = target.send({field: large})
    assert not faults(target, field, fields[field], Monster("too large", large, True), answer)
    assert "“large.txt” is too large" in answer.html
