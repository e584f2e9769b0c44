"""Several tickers at once, a ticker that was killed, and clocks that change: each board once. Real mail, real locks."""

from __future__ import annotations

import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from clients.models import Client, User
from cxportal.lib.slots import Schedule, last_slot
from cxportal.notifications.models import OutgoingMail
from cxportal.portal.due import run_due
from cxportal.portal.models import BoardSchedule, SentBoard
from cxportal.portal.weekly.schedules import queue_due_boards
from feedback.tests.concurrent import Work, uncommitted, wait_until_blocked
from projects.models import Project
from tests.factories import make_contact, make_task
from tests.smtp import SmtpServer
from tests.workers import start_run_due

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
PEOPLE = 15


@pytest.fixture
def due_now(client_company: Client, house: Project) -> dt.datetime:
    """So many people whose board is due, by a real slot of theirs, which is returned."""
    make_task(house, "Roof", kind="done")
    now = timezone.now()
    schedule = Schedule(now.weekday(), now.hour, "UTC")
    slot = last_slot(schedule, now)
    for _ in range(PEOPLE):
        make_contact(client_company, "owner")
    BoardSchedule.objects.update(
        weekday=schedule.weekday, hour=schedule.hour, time_zone="UTC", next_slot_at=slot
    )
    return slot


def keys() -> list[str]:
    return list(OutgoingMail.objects.filter(kind="weekly_board").values_list("dedupe_key", flat=True))


@pytest.mark.django_db(transaction=True)
def test_three_tickers_at_once_queue_each_board_once(due_now: dt.datetime) -> None:
    start = threading.Barrier(3)

    def tick() -> int:
        start.wait()
        return queue_due_boards()

    tickers = [Work(tick) for _ in range(3)]
    assert sum(ticker.result() for ticker in tickers) == PEOPLE
    assert len(keys()) == SentBoard.objects.count() == PEOPLE
    assert {s.next_slot_at for s in BoardSchedule.objects.all()} == {due_now + 7 * DAY}


@pytest.mark.django_db(transaction=True)
def test_a_second_ticker_passes_over_what_the_first_one_holds(due_now: dt.datetime) -> None:
    with uncommitted(lambda: queue_due_boards(limit=10)):
        assert Work(queue_due_boards).result() == PEOPLE - 10
    assert len(keys()) == PEOPLE


@pytest.mark.django_db(transaction=True)
def test_two_whole_processes_at_once_send_each_board_once(due_now: dt.datetime, smtp: SmtpServer) -> None:
    """As two beats, or cron beside the beat, would have it done."""
    processes = [start_run_due(smtp) for _ in range(2)]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output.decode()
    assert len(smtp.accepted) == len(set(smtp.message_ids())) == PEOPLE


@pytest.mark.django_db(transaction=True)
def test_a_ticker_killed_in_the_middle_of_its_sweep_leaves_nothing_half_done(
    due_now: dt.datetime, smtp: SmtpServer
) -> None:
    """It is stopped where it writes down a slot that another transaction has just written, and killed there."""
    last = BoardSchedule.objects.order_by("next_slot_at", "pk").last()
    assert last is not None

    def write_the_last_one() -> None:
        SentBoard.objects.create(
            user=last.user, slot_at=due_now, window_start=due_now - DAY, window_end=due_now, outcome="quiet"
        )

    with uncommitted(write_the_last_one):
        ticker = start_run_due(smtp)
        wait_until_blocked(Work(ticker.wait))
        ticker.kill()
        ticker.wait()
        assert (keys(), smtp.accepted) == ([], [])
        assert set(BoardSchedule.objects.values_list("next_slot_at", flat=True)) == {due_now}
    SentBoard.objects.all().delete()
    run_due()
    assert len(smtp.accepted) == len(set(smtp.message_ids())) == PEOPLE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "hour", "slot"),
    [
        # Clocks go from 02:00 to 03:00: the hour does not exist, the first that does is 03:00.
        ("Europe/Berlin", 2, dt.datetime(2027, 3, 28, 1, 0, tzinfo=dt.UTC)),
        # Clocks go back from 03:00 to 02:00: of the two, the first.
        ("Europe/Berlin", 2, dt.datetime(2027, 10, 31, 0, 0, tzinfo=dt.UTC)),
        # The day begins at 01:00.
        ("Africa/Cairo", 0, dt.datetime(2027, 4, 29, 22, 0, tzinfo=dt.UTC)),
    ],
)
def test_on_the_day_the_clocks_change_there_is_one_board(
    owner: User, house: Project, smtp: SmtpServer, time_machine, zone: str, hour: int, slot: dt.datetime
) -> None:
    """The ticker runs each half hour from a day before to a day after."""
    make_task(house, "Roof")
    weekday = slot.astimezone(ZoneInfo(zone)).weekday()
    week_before = last_slot(Schedule(weekday, hour, zone), slot - HOUR)
    BoardSchedule.objects.filter(user=owner).update(
        weekday=weekday,
        hour=hour,
        time_zone=zone,
        next_slot_at=slot,
        covered_until=week_before,
    )
    came: list[dt.datetime] = []
    for half_hours in range(-48, 49):
        now = slot + half_hours * HOUR / 2
        time_machine.move_to(now, tick=False)
        before = len(smtp.accepted)
        run_due(now)
        came += [now] * (len(smtp.accepted) - before)
    assert came == [slot]
    following = BoardSchedule.objects.get(user=owner).next_slot_at
    assert following is not None
    assert following.astimezone(ZoneInfo(zone)).hour == hour
