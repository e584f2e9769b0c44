"""Due times that an administrator moves, of several clocks at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client as Browser
from django.utils import timezone

from clients.models import User
from conftest import SignedIn
from cxportal.notifications.models import AuditEntry, Event
from feedback import actions
from feedback.models import DueChange, Thread
from feedback.tests.conftest import HOUR, Ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin_user: User) -> Browser:
    return SignedIn(admin_user)


@pytest.fixture
def threads(ask: Ask) -> list[Thread]:
    return [ask(subject=subject, now=timezone.now()) for subject in ("Socket", "Doors")]


def in_hours(hours: float) -> str:
    return f"{timezone.now() + dt.timedelta(hours=hours):%Y-%m-%dT%H:%M}"


def move(browser: Browser, threads: list[Thread], **data: str) -> str:
    ids = [thread.clocks.get().pk for thread in threads]
    chosen = browser.post(
        "/admin/feedback/answerclock/", {"action": "move_selected", "_selected_action": ids}
    )
    form = {"due_at": in_hours(48), "reason": "The tiler is ill"} | data
    return browser.post(chosen["Location"], form, follow=True).content.decode()


def test_several_clocks_move_with_one_reason(
    browser: Browser, admin_user: User, owner: User, threads: list[Thread]
) -> None:
    assert "2 due times moved." in move(browser, threads)
    for thread in threads:
        clock = thread.clocks.get()
        assert clock.due_at > timezone.now() + 40 * HOUR
        change = clock.due_changes.get()
        assert (change.actor, change.reason) == (admin_user, "The tiler is ill")
        assert "The tiler is ill" in SignedIn(owner).get(thread.get_absolute_url()).content.decode()
    assert Event.objects.filter(kind="clock.moved").count() == 2
    entries = AuditEntry.objects.filter(what="clock.moved")
    assert {entry.thing for entry in entries} == {"Petrov Family: Socket", "Petrov Family: Doors"}


def test_without_a_reason_or_with_a_time_that_is_over_nothing_moves(
    browser: Browser, threads: list[Thread]
) -> None:
    assert "Please say why." in move(browser, threads, reason="")
    assert "The new time must lie ahead" in move(browser, threads, due_at=in_hours(-2))
    assert not DueChange.objects.exists()
    assert not AuditEntry.objects.exists()


def test_one_that_was_answered_meanwhile_keeps_no_other(
    browser: Browser, manager: User, threads: list[Thread]
) -> None:
    actions.post_message(thread=threads[0], by=manager, body="Yes")
    page = move(browser, threads)
    assert "1 due time moved." in page
    assert "Nothing waits for an answer here any more." in page
    assert DueChange.objects.get().clock.thread == threads[1]


def test_clocks_that_are_open_and_late_are_found(browser: Browser, threads: list[Thread]) -> None:
    clock = threads[0].clocks.get()
    clock.due_at = timezone.now() - HOUR
    clock.save()
    page = browser.get("/admin/feedback/answerclock/?state=late_now")
    assert list(page.context["cl"].result_list) == [clock]
    assert (
        f"/admin/feedback/answerclock/{clock.pk}/move/"
        in browser.get(f"/admin/feedback/answerclock/{clock.pk}/change/").content.decode()
    )


def test_only_administrators_move_there(threads: list[Thread], manager: User, owner: User) -> None:
    path = f"/admin/feedback/answerclock/{threads[0].clocks.get().pk}/move/"
    for person in (manager, owner):
        assert SignedIn(person).get(path).status_code in {302, 403}
        form = {"due_at": in_hours(48), "reason": "x"}
        assert SignedIn(person).post(path, form).status_code in {302, 403}
    assert not DueChange.objects.exists()


def test_no_clock_is_not_found(browser: Browser) -> None:
    for ids in ("99999", "x", "1,2,3", "9" * 40):
        assert browser.get(f"/admin/feedback/answerclock/{ids}/move/").status_code == 404
