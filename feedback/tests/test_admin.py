from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from clients.models import User
from feedback import ladder
from feedback.models import Thread
from feedback.tests.conftest import Ask, at

Browsers = Callable[[User], Any]


@pytest.fixture
def thread(ask: Ask) -> Thread:
    thread = ask()
    ladder.remind_due(at(18))
    return thread


@pytest.mark.parametrize("model", ["thread", "message", "answerclock"])
def test_lists_and_searches(model: str, thread: Thread, admin_user: User, browser_of: Browsers) -> None:
    page = browser_of(admin_user).get(reverse(f"admin:feedback_{model}_changelist"), {"q": "socket"})
    assert page.status_code == 200
    assert "Socket" in page.content.decode()


@pytest.mark.parametrize(("waits", "shown"), [("yes", True), ("no", False)])
def test_conversations_that_wait(
    waits: str, shown: bool, thread: Thread, admin_user: User, browser_of: Browsers
) -> None:
    page = browser_of(admin_user).get(reverse("admin:feedback_thread_changelist"), {"waits": waits})
    assert (thread.subject in page.content.decode().partition("result_list")[2]) is shown


@pytest.mark.parametrize(("state", "shown"), [("running", True), ("late", False), ("ended", False)])
def test_clocks_by_state(
    state: str, shown: bool, thread: Thread, admin_user: User, browser_of: Browsers
) -> None:
    page = browser_of(admin_user).get(reverse("admin:feedback_answerclock_changelist"), {"state": state})
    assert (thread.subject in page.content.decode().partition("result_list")[2]) is shown


def test_a_clock_shows_its_ledger(thread: Thread, admin_user: User, browser_of: Browsers) -> None:
    clock = thread.clocks.get()
    page = browser_of(admin_user).get(reverse("admin:feedback_answerclock_change", args=[clock.pk]))
    text = page.content.decode()
    assert "75 %" in text
    assert "reminded together with a later one" in text


def test_nothing_is_changed_there(thread: Thread, admin_user: User, browser_of: Browsers) -> None:
    browser, message = browser_of(admin_user), thread.messages.get()
    for model, row in (("thread", thread), ("message", message), ("answerclock", thread.clocks.get())):
        assert browser.get(reverse(f"admin:feedback_{model}_add")).status_code == 403
        change = reverse(f"admin:feedback_{model}_change", args=[row.pk])
        assert browser.post(change, {"body": "other"}).status_code == 403
        delete = reverse(f"admin:feedback_{model}_delete", args=[row.pk])
        assert browser.post(delete, {"post": "yes"}).status_code == 403
