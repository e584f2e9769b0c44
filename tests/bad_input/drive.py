"""Sends one thing to one route and looks at what came of it; the database is put back afterwards."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from conftest import SignedIn
from cxportal.lib.text import storable
from tests.bad_input.monsters import MISSING, Monster
from tests.bad_input.page import Control, Page
from tests.bad_input.routes import FORMS
from tests.matrix import MATRIX
from tests.world import World

REFUSALS = {400, 403, 404, 405, 409, 413, 422, 429}
# What a session remembers (a toast, a kept draft) is no change of anybody's work.
SHOWN_OF_ERROR = 100  # characters at least: Django's messages repeat what was sent
NOT_WORK = {"django_session"}


@dataclass
class Answer:
    """What came back. `forms` are those the view bound to what was sent."""

    status: int
    html: str
    forms: list[forms.BaseForm]
    changed: bool
    location: str = ""
    error: str = ""

    @property
    def page(self) -> Page:
        return Page(self.html)

    @property
    def errors(self) -> dict[str, list[str]]:
        """By the name a field has in the page."""
        return {
            form.add_prefix(name) if name in form.fields else name: [str(error) for error in errors]
            for form in self.forms
            for name, errors in form.errors.items()
        }


@dataclass
class Target:
    """A route, with somebody who may use it and data that are accepted."""

    name: str
    url: str
    browser: Browser
    data: dict[str, Any]
    before: str
    files: set[Path] = field(default_factory=set)
    requests: int = 0

    def send(self, data: dict[str, Any] | None = None, *, htmx: bool = False, **more: Any) -> Answer:
        """Posts the valid data with these in place of some of them."""
        sent = {name: value for name, value in {**self.data, **(data or {})}.items() if value is not MISSING}
        for name, value in sent.items():
            several = value if isinstance(value, list) else [value]
            if any(isinstance(one, bytes) for one in several):
                sent[name] = several  # Django's client takes bytes by themselves for a list of numbers
            for one in several:
                if hasattr(one, "seek"):
                    one.seek(0)
        if htmx:
            more["headers"] = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{self.url}"}
        return self.request("post", data=sent, **more)

    def request(self, method: str, url: str = "", **more: Any) -> Answer:
        cache.clear()  # of attempts that were counted
        self.requests += 1
        browser = copy.copy(self.browser)
        browser.cookies = copy.deepcopy(self.browser.cookies)
        with transaction.atomic(), bound_forms() as bound:
            response = getattr(browser, method)(url or self.url, **more)
            broke = response.status_code >= 500
            changed = not broke and fingerprint() != self.before
            transaction.set_rollback(True)
        for path in stored_files() - self.files:
            path.unlink()
        posted = response.wsgi_request.__dict__.get("_post", MultiValueDict())
        return Answer(
            status=response.status_code,
            html="" if response.streaming else response.content.decode(),
            forms=[form for form in bound if form.data is posted],
            changed=changed,
            location=response.headers.get("Location", ""),
            error=error_of(response) if broke else "",
        )


def target_of(name: str, world: World, language: str = "en") -> Target:
    form = FORMS[name]
    own = form.own or (MATRIX[name].own if name in MATRIX else None)
    url = reverse(name, kwargs=own(world) if own else {})
    person = world.people.get(form.who)
    if person is not None:
        person.language = language
    data = form.data(world)
    if person is None:
        browser = Browser(raise_request_exception=False)
        browser.cookies["language"] = language
    else:
        person.save()
        browser = SignedIn(person)
        browser.raise_request_exception = False
    if name == "account_set_password":
        person.set_unusable_password()  # type: ignore[union-attr]
        person.save()  # type: ignore[union-attr]
        browser = SignedIn(person)  # type: ignore[arg-type]
        browser.raise_request_exception = False
    if (
        name == "account_reset_password_from_key"
    ):  # the link leads to the form and leaves its key in the session
        url = browser.get(url).headers["Location"]
    return Target(name, url, browser, data, fingerprint(), stored_files())


def fields_of(target: Target) -> tuple[Answer, dict[str, forms.Field | None]]:
    """The answer to the valid data, and every field of that route by the name it is sent under."""
    answer = target.send()
    found: dict[str, forms.Field | None] = dict.fromkeys(target.data)
    for form in answer.forms:
        found |= {form.add_prefix(name): one for name, one in form.fields.items()}
    return answer, found


def error_of(response: Any) -> str:
    """What a view raised that was answered with 500."""
    return repr(response.exc_info[1]) if response.exc_info else ""


@contextmanager
def bound_forms() -> Iterator[list[forms.BaseForm]]:
    """Collects every form that is validated inside."""
    seen: list[forms.BaseForm] = []
    original = forms.BaseForm.full_clean

    def full_clean(form: forms.BaseForm) -> None:
        seen.append(form)
        original(form)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms.BaseForm, "full_clean", full_clean)
        yield seen


def fingerprint() -> str:
    """One word for everything that is stored: all rows of all tables, and the files."""
    tables = sorted(set(connection.introspection.table_names()) - NOT_WORK)
    parts = " || ".join(
        f"(SELECT coalesce(md5(string_agg(x::text, '' ORDER BY x::text)), '') FROM \"{table}\" x)"  # noqa: S608
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5({parts})")
        (word,) = cursor.fetchone()
    return f"{word} {len(stored_files())}"


def stored_files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


# --- What must hold ------------------------------------------------------------------------------


def faults(target: Target, name: str, one: forms.Field | None, monster: Monster, answer: Answer) -> list[str]:
    """What is wrong with the answer to one monster in one field; nothing, mostly."""
    form = FORMS[target.name]
    wrong = []
    if answer.status >= 500:
        return [f"{answer.status} {answer.error}"]
    if "<script>alert(1)" in answer.html or "<img src=x" in answer.html:
        wrong.append("echoes markup")
    refused = answer.status in REFUSALS or bool(answer.errors)
    if refused and answer.changed:
        wrong.append(f"refused with {answer.status}, and yet something changed")
    if monster.refused is True and not refused:
        wrong.append(f"taken ({answer.status})")
    if not refused or not form.in_place or answer.status in {400, 404, 413, 429}:
        return wrong
    if answer.status == 409 and name in form.unkept:
        return wrong  # what tells two people's edits apart
    if answer.status != 422:
        return [*wrong, f"refused with {answer.status}, not 422: {answer.errors}"]
    return [*wrong, *_beside(answer, name), *_kept(target, form.unkept, name, monster, answer)]


def _beside(answer: Answer, name: str) -> list[str]:
    """Every message stands beside its field, which says that it is wrong; what has no place stands in the page."""
    page = answer.page
    wrong = []
    whole = " ".join(" ".join(page.texts.values()).split())
    if not answer.errors:
        wrong.append("422 without a word")
    for field_name, errors in answer.errors.items():
        shown = [one for one in page.named(field_name) if one.kind != "hidden"]
        place = page.said_beside(field_name) if shown else whole
        for error in errors:
            said = normalize("NFC", " ".join(error.split()))  # as Django shortens it for the page
            if said[:SHOWN_OF_ERROR] not in normalize("NFC", place):
                wrong.append(f"“{error[:60]}” does not stand beside {field_name} but: “{place[:80]}”")
        if shown and not any(one.invalid or _group_is_invalid(one) for one in shown):
            wrong.append(f"{field_name} is not marked as wrong (aria-invalid)")
    return wrong


def _group_is_invalid(control: Control) -> bool:
    return control.kind in {"radio", "checkbox"} and bool(control.described_by)


def _kept(target: Target, unkept: frozenset[str], name: str, monster: Monster, answer: Answer) -> list[str]:
    """What was typed stands in the form still: the wrong value and all the others."""
    page = answer.page
    wrong = []
    fields = {form.add_prefix(n): one for form in answer.forms for n, one in form.fields.items()}
    for field_name, one in fields.items():
        if isinstance(one, forms.FileField | forms.UUIDField) or isinstance(one.widget, forms.PasswordInput):
            continue
        value = monster.value if field_name == name else target.data.get(field_name, MISSING)
        if value is MISSING or isinstance(value, bytes) or field_name in unkept:
            continue
        values = [str(v) for v in (value if isinstance(value, list) else [value])]
        if field_name == name and not isinstance(one, forms.CharField | forms.IntegerField | forms.DateField):
            continue  # what is not among the choices cannot be shown as chosen
        if field_name == name and len(values) > 1:
            continue
        controls = page.named(field_name)
        if not controls:
            wrong.append(f"{field_name} is not in the page")
            continue
        there = [v for control in controls for v in control.values]
        if [_same(v) for v in values if v] != [_same(v) for v in there if v]:
            wrong.append(f"{field_name} does not hold {values[0][:40]!r} but {[v[:40] for v in there]}")
    return wrong


def _same(text: str) -> str:
    """As a browser would have it: line breaks alike, ends cut, and what is no text replaced."""
    return "\n".join(storable(text).replace("\x00", "\ufffd").split())
