"""The main job from end to end: a real plan, a question with a due time, an answer, and the board by email.

Everything is real: PostgreSQL, the pages in Chromium, an SMTP server that takes the mails, and the mail opened in
the browser.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from clients.models import User
from cxportal.portal.due import run_due
from projects.actions import import_tasks
from projects.demo import HOUSE
from projects.models import Project, Task
from tests.browser.conftest import PortalServer
from tests.factories import PASSWORD
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in_by_the_door(page: Page, user: User) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_from_login_to_the_board_in_the_mailbox(
    visit: Callable[..., Any],
    live_server: PortalServer,
    settings: Any,
    smtp: SmtpServer,
    owner: User,
    manager: User,
    house: Project,
    tmp_path: Path,
) -> None:
    settings.BASE_URL = live_server.url
    for user in (owner, manager):
        user.set_password(PASSWORD)
        user.save()
    import_tasks(project=house, by=manager, name="house.csv", data=HOUSE.read_bytes())
    roof = Task.objects.get(project=house, title="Roof")
    client, ours = visit(viewport={"width": 375, "height": 740}), visit()

    # The client finds the plan on the board.
    sign_in_by_the_door(client.page, owner)
    client.page.goto(f"/projects/{house.code}/")
    expect(client.page.get_by_role("link", name="Roof").first).to_be_visible()

    # They ask, and know by when they hear from us.
    client.page.goto("/")
    client.page.get_by_role("link", name="Ask us something").click()
    client.page.get_by_label("In a few words").fill("Can we move the socket?")
    client.page.get_by_label("Your question, in your own words").fill("It is behind the fridge.")
    client.page.get_by_role("button", name="Send").click()
    expect(client.page.locator("#standing")).to_contain_text("Answer due")

    # The mail about it reaches the manager, who has nobody to hand it to.
    run_due()
    [(to, news)] = smtp.accepted
    assert to == manager.email
    assert "It is behind the fridge." in part(news, "plain")

    # Half of the time is over: the manager is reminded, once however often the sweep runs.
    twelve_hours_on = timezone.now() + dt.timedelta(hours=12, minutes=1)
    run_due(twelve_hours_on)
    run_due(twelve_hours_on)
    assert smtp.recipients() == [manager.email] * 2

    # It is on top of the manager's list; they answer.
    sign_in_by_the_door(ours.page, manager)
    ours.page.goto("/")
    ours.page.get_by_role("link", name="Can we move the socket?").first.click()
    ours.page.get_by_label("Your answer").fill("Yes, 30 cm to the left.")
    ours.page.get_by_role("button", name="Send answer").click()
    expect(ours.page.locator("#standing")).to_contain_text("answered in")

    # The client sees it, and in how long it came.
    client.page.goto("/")
    client.page.get_by_role("link", name="Can we move the socket?").first.click()
    expect(client.page.get_by_text("Yes, 30 cm to the left.")).to_be_visible()
    expect(client.page.locator("#standing")).to_contain_text("answered in")

    # On Friday the board comes by mail, once, whoever asks twice.
    friday = owner.board_schedule.next_slot_at
    assert friday is not None
    for _ in range(2):
        call_command("run_due", at=friday.isoformat())
    to_owner = [mail for to, mail in smtp.accepted if to == owner.email]
    assert len(to_owner) == 2
    [board] = [mail for mail in to_owner if mail["List-Unsubscribe"]]
    [answer] = [mail for mail in to_owner if mail is not board]
    assert "Yes, 30 cm to the left." in part(answer, "plain")
    assert board["Subject"].startswith(house.name)
    assert board["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert len(set(smtp.message_ids())) == len(smtp.accepted)

    # Opened in the browser, it shows the board, and each link leads straight to its task.
    opened = tmp_path / "board.html"
    opened.write_text(part(board, "html"), encoding="utf-8")
    client.page.goto(opened.as_uri())
    expect(client.page.get_by_text("Can we move the socket?")).to_be_visible()
    link = client.page.locator(f'a[href$="/tasks/{roof.number}/"]')
    coming = client.page.get_by_role("link").filter(has_text="Foundation")
    (link if link.count() else coming).first.click()
    expect(client.page.get_by_role("heading", level=1)).to_be_visible()
    assert client.page.url.startswith(live_server.url)
