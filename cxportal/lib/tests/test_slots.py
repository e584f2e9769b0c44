"""The weekly board's slots, windows and what becomes of missed ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxportal.lib import slots
from cxportal.lib.slots import Join, Schedule, Send, Window

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = Schedule(weekday=4, hour=16, zone="Europe/Berlin")
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca",
         "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu", "Europe/Moscow", "UTC"]  # fmt: skip


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type, misc]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


# Weeks in which the clocks of some of these zones change.
CHANGES = [utc(2026, 3, 8), utc(2026, 3, 29), utc(2026, 4, 4), utc(2026, 10, 3),
           utc(2026, 10, 25), utc(2026, 11, 1), utc(2018, 11, 4), utc(2019, 2, 17),
           utc(2026, 2, 15), utc(2026, 3, 22), utc(2011, 12, 30), utc(2010, 11, 7),
           utc(2011, 3, 26), utc(2014, 10, 25)]  # fmt: skip

schedules = st.builds(Schedule, st.integers(0, 6), st.integers(0, 23), st.sampled_from(ZONES))
instants = st.one_of(
    st.integers(0, 50 * 366 * 86400).map(lambda seconds: utc(2000, 1, 1) + timedelta(seconds=seconds)),
    st.builds(
        lambda near, by: near + by,
        st.sampled_from(CHANGES),
        st.timedeltas(timedelta(days=-10), timedelta(days=10)),
    ),
)


# --- Slots --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "after", "slot"),
    [
        (FRIDAY, berlin(2026, 11, 18, 12), berlin(2026, 11, 20, 16)),
        (FRIDAY, berlin(2026, 11, 20, 15, 59), berlin(2026, 11, 20, 16)),
        (FRIDAY, berlin(2026, 11, 20, 16), berlin(2026, 11, 27, 16)),  # strictly after
        (FRIDAY, berlin(2026, 10, 23, 16), berlin(2026, 10, 30, 16)),  # 169 hours: clocks go back
        (FRIDAY, berlin(2026, 3, 27, 16), berlin(2026, 4, 3, 16)),  # 167 hours: clocks go forward
        (
            Schedule(6, 2, "Europe/Berlin"),
            utc(2026, 3, 28),
            utc(2026, 3, 29, 1),
        ),  # 02:00 does not exist: 03:00
        (Schedule(6, 2, "Europe/Berlin"), utc(2026, 10, 24), utc(2026, 10, 25, 0)),  # twice: the first
        (Schedule(6, 2, "Europe/Berlin"), utc(2026, 10, 25, 0), utc(2026, 11, 1, 1)),  # the second is none
        (Schedule(6, 2, "Australia/Lord_Howe"), utc(2026, 10, 3), utc(2026, 10, 3, 15, 30)),  # 02:30
        (Schedule(6, 0, "America/Sao_Paulo"), utc(2018, 11, 3), utc(2018, 11, 4, 3)),  # 01:00
        (Schedule(6, 0, "America/St_Johns"), utc(2010, 11, 6), utc(2010, 11, 7, 2, 30)),  # two midnights
        (Schedule(4, 16, "Pacific/Apia"), utc(2011, 12, 25), utc(2011, 12, 30, 10)),  # no Friday that week
        (Schedule(4, 16, "Pacific/Apia"), utc(2011, 12, 30, 10), utc(2012, 1, 6, 2)),
        (Schedule(0, 9, "Asia/Kathmandu"), utc(2026, 11, 20), utc(2026, 11, 23, 3, 15)),
    ],
)
def test_the_next_slot(schedule: Schedule, after: datetime, slot: datetime) -> None:
    assert slots.next_slot(schedule, after) == slot
    assert slots.last_slot(schedule, slot) == slot


def test_the_slot_of_a_day() -> None:
    assert slots.slot_on(FRIDAY, date(2026, 11, 20)) == berlin(2026, 11, 20, 16)
    assert slots.slot_on(FRIDAY, date(2026, 11, 21)) is None


@given(schedules, instants)
def test_slots_follow_each_other_without_a_gap(schedule: Schedule, after: datetime) -> None:
    slot = slots.next_slot(schedule, after)
    assert slot > after
    assert slots.next_slot(schedule, slot - TICK) == slot
    assert slots.last_slot(schedule, slot) == slot
    assert slots.last_slot(schedule, slot - TICK) <= after
    assert slots.next_slot(schedule, slots.last_slot(schedule, after)) == slot
    assert abs(slots.next_slot(schedule, slot) - slot - timedelta(days=7)) <= timedelta(days=1)


@given(schedules, instants)
def test_the_wall_clock_shows_weekday_and_hour_or_has_just_jumped_over_them(
    schedule: Schedule, after: datetime
) -> None:
    tz = ZoneInfo(schedule.zone)
    slot = slots.next_slot(schedule, after)
    shown = slot.astimezone(tz)
    if (shown.weekday(), shown.hour, shown.minute) != (schedule.weekday, schedule.hour, 0):
        assert (slot - TICK).astimezone(tz).utcoffset() != shown.utcoffset()
        assert slots.slot_on(schedule, shown.date()) in {slot, None}


@pytest.mark.parametrize(
    "parts", [(7, 16, "UTC"), (-1, 16, "UTC"), (4, 24, "UTC"), (4, -1, "UTC"), (4, 16, "Mars")]
)
def test_what_is_no_schedule_is_refused(parts: tuple[int, int, str]) -> None:
    with pytest.raises(ValueError, match="no"):
        Schedule(*parts)


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        slots.next_slot(FRIDAY, datetime.combine(date(2026, 11, 20), time()))


# --- First slots --------------------------------------------------------------------------------


def test_the_first_slot_lies_strictly_in_the_future() -> None:
    assert slots.first_slot(FRIDAY, berlin(2026, 11, 20, 16)) == berlin(2026, 11, 27, 16)
    assert slots.first_slot(FRIDAY, berlin(2026, 11, 20, 15)) == berlin(2026, 11, 20, 16)


@pytest.mark.parametrize(
    ("changed_to", "last_mail_at", "slot"),
    [
        (
            Schedule(4, 18, "Europe/Berlin"),
            berlin(2026, 11, 20, 16),
            berlin(2026, 11, 27, 18),
        ),  # no second today
        (
            Schedule(6, 15, "Europe/Berlin"),
            berlin(2026, 11, 20, 16),
            berlin(2026, 11, 29, 15),
        ),  # 47 hours later
        (
            Schedule(6, 16, "Europe/Berlin"),
            berlin(2026, 11, 20, 16),
            berlin(2026, 11, 22, 16),
        ),  # 48 hours later
        (Schedule(4, 18, "Europe/Berlin"), berlin(2026, 11, 13, 16), berlin(2026, 11, 20, 18)),
        (Schedule(4, 16, "America/New_York"), berlin(2026, 11, 20, 16), berlin(2026, 11, 27, 22)),
    ],
)
def test_a_changed_schedule_brings_no_second_board(
    changed_to: Schedule, last_mail_at: datetime, slot: datetime
) -> None:
    assert slots.first_slot(changed_to, berlin(2026, 11, 20, 16, 5), last_mail_at) == slot


# --- Missed slots -------------------------------------------------------------------------------

DUE = berlin(2026, 11, 20, 16)
NEXT = berlin(2026, 11, 27, 16)


@pytest.mark.parametrize(
    ("now", "decision"),
    [
        (DUE, Send(DUE, NEXT)),
        (DUE + MINUTE, Send(DUE, NEXT)),
        (berlin(2026, 11, 25, 16), Send(DUE, NEXT)),  # 48 hours before the next: late, but sent
        (berlin(2026, 11, 25, 16, 1), Join(NEXT)),  # less than 48 hours
        (berlin(2026, 11, 27, 15, 59), Join(NEXT)),
        (NEXT, Send(NEXT, berlin(2026, 12, 4, 16))),  # the next has come: one mail for both
        (
            berlin(2026, 12, 14, 9),
            Send(berlin(2026, 12, 11, 16), berlin(2026, 12, 18, 16)),
        ),  # three weeks later
        (berlin(2026, 12, 17, 9), Join(berlin(2026, 12, 18, 16))),
    ],
)
def test_a_missed_slot_is_sent_or_joins_the_next(now: datetime, decision: Send | Join) -> None:
    assert slots.decide(FRIDAY, DUE, now) == decision


def test_a_slot_that_has_not_come_is_not_decided_about() -> None:
    with pytest.raises(ValueError, match="not due"):
        slots.decide(FRIDAY, DUE, DUE - TICK)


def test_a_zone_whose_rules_were_changed_brings_no_second_board() -> None:
    kept_an_hour_early, kept_an_hour_late = DUE - timedelta(hours=1), DUE + timedelta(hours=1)
    assert slots.decide(FRIDAY, kept_an_hour_early, kept_an_hour_early) == Join(DUE)
    assert slots.decide(FRIDAY, kept_an_hour_late, kept_an_hour_late) == Send(kept_an_hour_late, NEXT)


# --- Windows ------------------------------------------------------------------------------------


def test_the_first_mail_tells_of_seven_days() -> None:
    assert slots.window(None, DUE) == Window(DUE - timedelta(days=7), DUE)


def test_a_first_slot_that_joins_the_next_brings_its_seven_days_along() -> None:
    recipient = Recipient(FRIDAY, DUE - timedelta(days=1))
    recipient.tick(NEXT - timedelta(hours=47))
    recipient.tick(NEXT)
    assert [mail.window for mail in recipient.mails] == [Window(DUE - timedelta(days=7), NEXT)]


def test_a_window_reaches_from_the_last_mail_to_this_one() -> None:
    found = slots.window(DUE, NEXT)
    assert DUE in found
    assert NEXT - TICK in found
    assert NEXT not in found
    assert DUE - TICK not in found


def test_a_slot_that_was_told_is_not_told_again() -> None:
    with pytest.raises(ValueError, match="told already"):
        slots.window(DUE, DUE)


# --- A ticker with standstills ------------------------------------------------------------------


@dataclass
class Mail:
    slot: datetime
    window: Window
    sent_at: datetime


@dataclass
class Recipient:
    """What the portal keeps of one recipient, run the way the head of the module says."""

    schedule: Schedule
    joined_at: datetime
    covered_until: datetime | None = None
    mails: list[Mail] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.next_slot = slots.first_slot(self.schedule, self.joined_at)

    def change(self, schedule: Schedule, now: datetime) -> None:
        self.schedule = schedule
        self.next_slot = slots.first_slot(schedule, now, self.mails[-1].sent_at if self.mails else None)
        assert self.next_slot > now

    def tick(self, now: datetime) -> None:
        if self.next_slot > now:
            return
        match slots.decide(self.schedule, self.next_slot, now):
            case Send(slot, following):
                self.mails.append(Mail(slot, slots.window(self.covered_until, slot), now))
                self.covered_until, self.next_slot = slot, following
            case Join(following):
                self.covered_until = slots.window(self.covered_until, self.next_slot).start
                self.next_slot = following
        assert self.next_slot > now


# Minutes until the next tick: usually one tick in minutes or hours, sometimes a standstill of weeks.
pauses = st.one_of(st.integers(1, 600), st.integers(600, 8 * 1440), st.integers(5 * 1440, 40 * 1440))
steps = st.lists(st.tuples(pauses, st.one_of(st.none(), st.none(), schedules)), max_size=40)


@given(schedules, instants, steps)
def test_whatever_the_standstills_and_changes_nothing_is_lost_or_told_twice(
    schedule: Schedule, start: datetime, steps: list[tuple[int, Schedule | None]]
) -> None:
    recipient, now = Recipient(schedule, start), start
    for pause, changed in steps:
        now += pause * MINUTE
        recipient.tick(now)
        recipient.tick(now)  # two tickers
        if changed is not None:
            recipient.change(changed, now)
    mails = recipient.mails
    for mail, following in pairwise(mails):
        assert mail.window.end == following.window.start  # no instant in none, none in two
        assert mail.slot < following.slot
        assert following.sent_at - mail.sent_at >= timedelta(hours=48)
    for mail in mails:
        assert start < mail.slot <= mail.sent_at
        assert mail.window.end == mail.slot
    if mails:
        assert mails[0].window.start <= mails[0].slot - timedelta(days=7)
        assert recipient.covered_until == mails[-1].window.end


@given(schedules, instants)
def test_a_ticker_that_never_stands_still_sends_every_slot_on_time(
    schedule: Schedule, start: datetime
) -> None:
    recipient = Recipient(schedule, start)
    expected, slot = [], slots.next_slot(schedule, start)
    for _ in range(5):
        expected.append(slot)
        recipient.tick(slot - MINUTE)
        recipient.tick(slot + MINUTE)
        slot = slots.next_slot(schedule, slot)
    assert [mail.slot for mail in recipient.mails] == expected


@given(schedules, instants, st.integers(1, 20 * 7 * 1440))
def test_after_a_standstill_of_weeks_there_is_one_mail_about_all_of_it(
    schedule: Schedule, start: datetime, minutes: int
) -> None:
    recipient = Recipient(schedule, start)
    first = recipient.next_slot
    recipient.tick(first)
    again = recipient.next_slot + minutes * MINUTE
    for minute in range(0, 48 * 60, 10):
        recipient.tick(again + minute * MINUTE)
    assert len(recipient.mails) == 2
    assert recipient.mails[1].window.start == first
    assert recipient.mails[1].window.end >= slots.last_slot(schedule, again)
