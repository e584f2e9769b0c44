"""Forms under whatever hypothesis thinks of: no error but a told one, and nothing kept that could not be shown.

The forms are validated as the views do it, against a real database, and what they let through is saved by their
actions. Many more examples with HYPOTHESIS_PROFILE=long.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.actions import change_preferences
from clients.forms.preferences import PreferencesForm
from cxportal.lib.errors import ActionRefused, tell_refusal
from cxportal.lib.markdown import render, to_text
from cxportal.lib.text import one_line, storable
from cxportal.portal.weekly.actions import write_introduction
from cxportal.portal.weekly.forms import IntroductionForm
from feedback.actions import post_message, start_thread
from feedback.forms.filters import ThreadFilter
from feedback.forms.writing import AskForm, MessageForm, place_of
from feedback.models import Thread
from projects import actions
from projects.forms.filters import TaskFilter
from projects.forms.parts import ChecklistForm, HoursForm, WaitingForm
from projects.forms.plan import DependencyForm, MilestoneForm, PhaseForm
from projects.forms.task import NewTaskForm
from projects.models import Task
from tests.bad_input.monsters import LONG
from tests.world import World

pytestmark = pytest.mark.django_db

# The world is made once for all examples; each example is rolled back.
EXAMPLES = settings().max_examples if LONG else 50
careful = settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

MARKS = ["> ", "- ", "1. ", "**", "[", "](", "`", "~~", "|", "\n", "a"]
# Every character there is, halves of surrogate pairs included, and often what is awkward.
texts = st.one_of(
    st.text(alphabet=st.characters(), max_size=400),
    st.text(
        alphabet="\x00\x01\n\r\t \u00a0\u200b\u200f\u202e\u2066\ufeff\ud800\udfffaé<>&\"'`*_[]()|#-",
        max_size=400,
    ),
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(["> ", "- ", "1. ", "**", "[", "](", "`", "~~", "|", "\n", "a"]), max_size=300
        ),
    ),
    st.integers(0, 60_000).map("x".__mul__),
)
numbers = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.floats().map(str),
    st.sampled_from(["1e999999", "9" * 5000, "٣", "1_0", "0x1", " 5 "]),
)
days = st.one_of(
    st.dates().map(str), st.datetimes().map(str), st.sampled_from(["0000-01-01", "2026-02-31", "9999-12-31"])
)
ids = st.one_of(st.integers().map(str), st.uuids().map(str), texts)
anything = st.one_of(texts, numbers, days, ids)
BY_KIND = {"text": texts, "number": numbers, "day": days, "id": ids}


def sent(fields: dict[str, str]) -> Any:
    """Data of a form in which each of the fields, all of them or some, holds something that may be of its kind."""
    values = {name: st.lists(st.one_of(BY_KIND[kind], anything), max_size=2) for name, kind in fields.items()}
    return st.fixed_dictionaries({}, optional=values)


def query(data: dict[str, list[str]]) -> QueryDict:
    found = QueryDict(mutable=True)
    for name, values in data.items():
        found.setlist(name, values)
    return found


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def try_form(form: Any, act: Callable[[dict[str, Any]], Any]) -> None:
    """Validates; what is let through is text that can be kept, and its action says no in words or does it."""
    if form.is_valid():
        for value in form.cleaned_data.values():
            if isinstance(value, str):
                assert storable(value) == value
        with undone():
            try:
                act(form.cleaned_data)
            except ActionRefused as refused:
                tell_refusal(form, refused)
    for errors in form.errors.values():
        assert all(str(error) for error in errors)
    str(form)  # shown again, with what was typed


@careful
@given(data=sent({"title": "text", "description": "text", "starts_on": "day", "due_on": "day", "assignees": "id",
                  "phase": "id", "milestone": "id", "priority": "number", "new_labels": "text",
                  "estimate_hours": "number", "is_internal": "text", "form_key": "id"}))  # fmt: skip
def test_a_new_task(world: World, data: dict[str, list[str]]) -> None:
    data.setdefault("title", ["Tiles"])
    data.setdefault("priority", ["2"])
    form = NewTaskForm(query(data), task=Task(project=world.house))
    try_form(form, lambda clean: actions.add_task(
        project=world.house, by=world.people["manager"], form_key=clean["form_key"], **form.values()))  # fmt: skip


@careful
@given(data=sent({"name": "text", "due_on": "day", "phase": "id", "is_internal": "text", "form_key": "id"}))
def test_a_milestone(world: World, data: dict[str, list[str]]) -> None:
    form = MilestoneForm(query(data), project=world.house)
    by = world.people["manager"]
    try_form(form, lambda clean: actions.add_milestone(project=world.house, by=by, **clean))


@careful
@given(data=sent({"after": "text", "before": "id", "kind": "text", "lag_days": "number"}))
def test_a_dependency(world: World, data: dict[str, list[str]]) -> None:
    data.setdefault("kind", ["FS"])
    data.setdefault("after", [str(world.task.number)])
    form = DependencyForm(query(data), project=world.house)
    by = world.people["manager"]
    try_form(form, lambda clean: actions.add_dependency(project=world.house, by=by, **clean))


@careful
@given(data=sent({"day": "day", "minutes": "number", "note": "text", "form_key": "id"}))
def test_hours(world: World, data: dict[str, list[str]]) -> None:
    form = HoursForm(query(data))
    by = world.people["specialist"]
    try_form(form, lambda clean: actions.add_hours(task=world.task, by=by, **clean))


@careful
@given(text=texts)
def test_the_forms_of_one_line(world: World, text: str) -> None:
    by = world.people["manager"]
    item, waiting = ChecklistForm(query({"text": [text]})), WaitingForm(query({"waiting_for": [text]}))
    try_form(item, lambda clean: actions.add_checklist_item(task=world.task, by=by, **clean))
    try_form(waiting, lambda clean: actions.set_waiting(task=world.task, by=by, **clean))
    for form in (item, waiting):
        assert all(one_line(value) == value for value in form.cleaned_data.values() if isinstance(value, str))
    try_form(
        PhaseForm(query({"name": [text]})),
        lambda clean: actions.add_phase(project=world.house, by=by, **clean),
    )


@careful
@given(body=texts, key=st.one_of(st.just(""), st.uuids().map(str), texts))
def test_a_message(world: World, body: str, key: str) -> None:
    form = MessageForm(query({"body": [body], "form_key": [key]}))
    by = world.people["owner"]
    try_form(form, lambda clean: post_message(thread=world.thread, by=by, **form.words))


@careful
@given(
    data=sent(
        {
            "subject": "text",
            "body": "text",
            "about": "id",
            "kind": "text",
            "audience": "text",
            "urgency": "text",
        }
    )
)
def test_a_question(world: World, data: dict[str, list[str]]) -> None:
    about = place_of(world.house)
    usual = {"about": [about], "named_for": [about], "kind": ["question"], "audience": ["company"]}
    form = AskForm(query(usual | data | {"form_key": [str(uuid.uuid4())]}), user=world.people["owner"])
    try_form(form, lambda clean: start_thread(by=world.people["owner"], **form.question))


@careful
@given(data=sent({"name": "text", "language": "text", "time_zone": "text"}))
def test_preferences(world: World, data: dict[str, list[str]]) -> None:
    person = world.people["member"]
    form = PreferencesForm(query({"language": ["en"], "time_zone": ["UTC"]} | data), instance=person)
    try_form(form, lambda clean: change_preferences(user=person, **clean))
    person.refresh_from_db()


@careful
@given(text=texts)
def test_words_on_top_of_the_weekly_board(world: World, text: str) -> None:
    form = IntroductionForm(query({"text": [text], "language": ["en"]}))
    by = world.people["manager"]
    try_form(form, lambda clean: write_introduction(project=world.house, by=by, **clean))


@careful
@given(data=sent({"q": "text", "person": "id", "label": "id", "milestone": "id", "waiting": "text", "overdue": "text",
                  "status": "text", "project": "text", "kind": "text", "mine": "text", "late": "text"}))  # fmt: skip
def test_filters(world: World, data: dict[str, list[str]]) -> None:
    by = world.people["manager"]
    assert list(TaskFilter(query(data), world.house, by).tasks(dt.date(2026, 11, 24))) is not None
    threads = Thread.objects.visible_to(by)
    assert list(ThreadFilter(query(data), user=by).apply(threads, timezone.now())) is not None


@given(text=texts)
def test_any_markdown_is_shown(text: str) -> None:
    assert "<script" not in render(text)
    assert storable(to_text(text)) == to_text(text)
