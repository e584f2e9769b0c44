"""What several readers are told of a project is found once for them, and tells none of them of anything else."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import User
from cxportal.lib.sharing import sharing
from cxportal.portal.models import BoardSchedule
from cxportal.portal.weekly.content import Board, gather
from cxportal.portal.weekly.links import stop_token
from cxportal.portal.weekly.mails import render_board
from cxportal.portal.weekly.schedules import queue_due_boards
from feedback.actions import start_thread
from projects.models import Project
from tests.factories import make_client, make_contact, make_project, make_task

pytestmark = pytest.mark.django_db


def board_of(user: User) -> Board:
    now = timezone.now()
    start = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(days=7)
    return gather(
        user,
        Project.objects.all(),
        start=start,
        end=start + dt.timedelta(days=8),
        now=now,
        zone=dt.UTC,
    )


def test_the_second_reader_of_the_same_projects_costs_a_few_queries() -> None:
    project = make_project(make_client())
    make_task(project)
    first, second = (make_contact(project.client, projects=[project]) for _ in range(2))
    board_of(first)  # writes the statements
    with sharing():
        with CaptureQueriesContext(connection) as whole:
            board = board_of(first)
        with CaptureQueriesContext(connection) as shared:
            assert board_of(second).sections == board.sections
    assert (len(whole), len(shared)) == (10, 3)


def test_a_reader_is_told_of_no_project_only_another_one_sees() -> None:
    client = make_client()
    both = [make_project(client, code=code) for code in ("ONE", "TWO")]
    for project in both:
        make_task(project)
    sees_both, sees_one = make_contact(client, projects=both), make_contact(client, projects=both[:1])
    with sharing():
        assert {section.code for section in board_of(sees_both).sections} == {"ONE", "TWO"}
        assert {section.code for section in board_of(sees_one).sections} == {"ONE"}


def test_a_question_for_the_authors_eyes_is_told_to_the_author_alone() -> None:
    project = make_project(make_client())
    author, colleague = (make_contact(project.client, projects=[project]) for _ in range(2))
    start_thread(
        by=author,
        client=project.client,
        project=project,
        subject="Between us",
        body="Is the bill right?",
        audience="author",
    )
    with sharing():
        assert [line.subject for line in board_of(author).sections[0].questions] == ["Between us"]
        assert board_of(colleague).sections[0].questions == ()


def test_a_manager_and_a_contact_share_nothing(manager: User) -> None:
    project = make_project(make_client())
    make_task(project, is_internal=True)
    contact = make_contact(project.client, projects=[project])
    with sharing():
        assert board_of(manager).sections[0].to_do.total == 1
        assert board_of(contact).sections[0].to_do.total == 0


def test_each_mail_of_a_shared_board_is_stopped_by_its_own_reader_alone() -> None:
    project = make_project(make_client())
    readers = [make_contact(project.client, projects=[project]) for _ in range(2)]
    with sharing():
        mails = [
            render_board(reader, board_of(reader), zone="UTC", next_at=None, is_extra=False)
            for reader in readers
        ]
    for reader, mail, other in zip(readers, mails, reversed(readers), strict=True):
        for part in (mail.text, mail.html, mail.headers["List-Unsubscribe"]):
            assert stop_token(reader) in part
            assert stop_token(other) not in part


@pytest.mark.parametrize(("skips", "gathered"), [(False, False), (True, True)])
def test_only_who_skips_quiet_weeks_has_the_board_gathered_to_queue_it(skips: bool, gathered: bool) -> None:
    project = make_project(make_client())
    make_task(project)
    make_contact(project.client, projects=[project])
    now = timezone.now()
    slot = now.replace(minute=0, second=0, microsecond=0)
    BoardSchedule.objects.update(
        time_zone="UTC",
        weekday=slot.weekday(),
        hour=slot.hour,
        next_slot_at=slot,
        skip_quiet_weeks=skips,
    )
    with CaptureQueriesContext(connection) as queries:
        queue_due_boards(now)
    assert any('FROM "projects_task"' in query["sql"] for query in queries) is gathered
