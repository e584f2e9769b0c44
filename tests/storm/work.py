"""What becomes due in a storm: weekly boards and reminders, as many as wanted, and which mails they must become."""

from __future__ import annotations

import datetime as dt
import itertools

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from clients.models import Client, Membership, StaffProfile, User
from cxportal.lib.slots import Schedule, last_slot
from cxportal.portal.models import BoardSchedule
from feedback.clock import Policy
from feedback.models import AnswerClock, Message, Thread
from projects.models import Project
from tests.factories import make_project, make_task

PEOPLE_OF_A_COMPANY = 25
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
_numbers = itertools.count(1)


def people(count: int, **fields: object) -> list[User]:
    """Many at once, who cannot sign in with a password."""
    password = make_password(None)
    numbers = [next(_numbers) for _ in range(count)]
    return User.objects.bulk_create(
        User(name=f"Person {n}", email=f"storm{n}@example.com", password=password, **fields) for n in numbers
    )


def companies(contacts: int) -> list[tuple[Project, list[User]]]:
    """Projects in which something happened this week, with the owners of their companies."""
    made = []
    while contacts > 0:
        (manager,) = people(1, staff_role="manager")
        number = next(_numbers)
        client = Client.objects.create(name=f"Company {number}", manager=manager)
        project = make_project(client, code=f"S{number}X", name=f"House {number}")
        make_task(project, "Foundation", kind="done", done_at=timezone.now() - HOUR)
        make_task(project, "Walls", kind="doing")
        make_task(project, "Roof")
        owners = people(min(PEOPLE_OF_A_COMPANY, contacts))
        Membership.objects.bulk_create(Membership(client=client, user=user, role="owner") for user in owners)
        contacts -= len(owners)
        made.append((project, owners))
    return made


def boards_due(number: int) -> set[str]:
    """So many people whose weekly board is due by its real slot. Returns the keys of their mails."""
    now = timezone.now()
    # The slot of this weekday's last full hour: the next one is days away.
    schedule = Schedule(now.weekday(), now.hour, "UTC")
    slot = last_slot(schedule, now)
    keys = set()
    for _project, owners in companies(number):
        BoardSchedule.objects.bulk_create(schedule_of(user, schedule, slot) for user in owners)
        keys |= {board_key(user, slot) for user in owners}
    return keys


def schedule_of(user: User, schedule: Schedule, slot: dt.datetime) -> BoardSchedule:
    """Not saved. Up to the slot before `slot`, the person was told everything."""
    return BoardSchedule(
        user=user,
        weekday=schedule.weekday,
        hour=schedule.hour,
        time_zone=schedule.zone,
        next_slot_at=slot,
        covered_until=slot - 7 * DAY,
    )


def board_key(user: User, slot: dt.datetime) -> str:
    return f"weekly_board:{user.pk}:{slot.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def reminders_due(number: int) -> set[str]:
    """So many running clocks of which half the time is used, each with somebody to remind. Returns the keys."""
    started = timezone.now() - 13 * HOUR
    ours = people(20, staff_role="specialist")
    StaffProfile.objects.bulk_create(StaffProfile(user=user) for user in ours)
    ((project, owners),) = companies(1)
    project.team.set(ours)
    threads = Thread.objects.bulk_create(
        Thread(
            client=project.client,
            project=project,
            subject=f"Question {n}",
            author=owners[0],
            assignee=ours[n % 20],
        )
        for n in range(number)
    )
    messages = Message.objects.bulk_create(
        Message(
            thread=thread,
            author=owners[0],
            by_client=True,
            body="Where?",
            received_at=started,
            stored_at=started,
        )
        for thread in threads
    )
    clocks = AnswerClock.objects.bulk_create(
        AnswerClock(
            thread=message.thread,
            message=message,
            policy=Policy().to_json(),
            started_at=started,
            due_at=started + 24 * HOUR,
            first_due_at=started + 24 * HOUR,
            next_rung_at=started + 12 * HOUR,
        )
        for message in messages
    )
    return {f"reminder:{clock.pk}:50:{clock.thread.assignee_id}" for clock in clocks}


def mails_due(number: int) -> set[str]:
    """Two thirds weekly boards, one third reminders."""
    return reminders_due(number // 3) | boards_due(number - number // 3)
