"""The answer clock's arithmetic, by example."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as midnight
from zoneinfo import ZoneInfo

import pytest

from cxportal.lib.zones import UnknownZone
from feedback import clock
from feedback.clock import Rung
from feedback.policy import Policy, PolicyError, Span, WorkingTime

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = tuple(Span.of(day, *times) for day in range(5) for times in [("09:00", "13:00"), ("14:00", "18:00")])
EIGHT_HOURS = Policy(480, WorkingTime("Europe/Berlin", OFFICE, "DE", "BY", frozenset({date(2026, 12, 24)})))
NIGHT = tuple(Span.of(day, "22:00", "24:00") for day in range(5)) + tuple(
    Span.of(day, "00:00", "06:00") for day in range(1, 6)
)
ROUND_THE_CLOCK = tuple(Span(day, 0, 1440) for day in range(7))
DAY = Policy()


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("started", "due"),
    [
        (berlin(2026, 3, 28, 12), berlin(2026, 3, 29, 13)),  # clocks go forward in between
        (berlin(2026, 10, 24, 12), berlin(2026, 10, 25, 11)),  # clocks go back
        (berlin(2026, 12, 24, 23, 59), berlin(2026, 12, 25, 23, 59)),
    ],
)
def test_24_elapsed_hours_stay_24_hours(started: datetime, due: datetime) -> None:
    assert clock.due_at(DAY, started) == due
    assert clock.elapsed(started, due) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("started", "due"),
    [
        (berlin(2026, 11, 16, 9), berlin(2026, 11, 16, 18)),  # a Monday: ends with the day, not next morning
        (berlin(2026, 11, 16, 9, 0, 1), berlin(2026, 11, 17, 9, 0, 1)),
        (berlin(2026, 11, 16, 13, 30), berlin(2026, 11, 17, 13)),  # asked at lunch
        (berlin(2026, 11, 20, 16), berlin(2026, 11, 23, 16)),  # over a weekend
        (berlin(2026, 11, 22, 3), berlin(2026, 11, 23, 18)),  # on a Sunday night
        (berlin(2026, 12, 23, 16), berlin(2026, 12, 28, 16)),  # own day, two holidays, weekend
        (berlin(2026, 1, 5, 17), berlin(2026, 1, 7, 17)),  # Epiphany, of Bavaria
    ],
)
def test_working_time_is_due(started: datetime, due: datetime) -> None:
    assert clock.due_at(EIGHT_HOURS, started) == due


def test_overnight_work_is_two_spans() -> None:
    policy = Policy(480, WorkingTime("Europe/Berlin", NIGHT))
    assert clock.due_at(policy, berlin(2026, 11, 16, 22)) == berlin(2026, 11, 17, 6)
    assert clock.due_at(policy, berlin(2026, 11, 20, 23)) == berlin(
        2026, 11, 23, 23
    )  # Friday night to Monday


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 1), 24)]
)
def test_a_whole_day_of_work_has_as_many_hours_as_it_has(day: date, hours: int) -> None:
    policy = Policy(60, WorkingTime("Europe/Berlin", ROUND_THE_CLOCK))
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    end = start + timedelta(days=1)
    assert clock.time_between(policy, start, end) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "span", "minutes"),
    [
        (date(2026, 3, 29), ("01:00", "04:00"), 120),
        (date(2026, 3, 29), ("02:00", "03:00"), 0),
        (date(2026, 3, 29), ("02:30", "04:00"), 60),
        (date(2026, 10, 25), ("01:00", "04:00"), 240),
        (date(2026, 10, 25), ("02:00", "03:00"), 120),
        (date(2026, 10, 25), ("01:00", "02:30"), 90),  # ends at the first 02:30
        (date(2026, 10, 25), ("02:30", "04:00"), 150),  # begins at the first 02:30
    ],
)
def test_a_span_over_a_clock_change_counts_its_real_minutes(
    day: date, span: tuple[str, str], minutes: int
) -> None:
    policy = Policy(60, WorkingTime("Europe/Berlin", (Span.of(6, *span),)))
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    assert clock.working_minutes_between(policy, start, start + timedelta(days=1)) == minutes


def test_a_span_that_a_clock_change_leaves_out_is_worked_a_week_later() -> None:
    policy = Policy(30, WorkingTime("Europe/Berlin", (Span.of(6, "02:00", "03:00"),)))
    assert clock.due_at(policy, berlin(2026, 3, 28, 12)) == berlin(2026, 4, 5, 2, 30)


def test_answered_in_is_real_time_whatever_the_zones() -> None:
    asked = berlin(2026, 10, 25, 1)
    assert clock.elapsed(asked, berlin(2026, 10, 25, 4)) == timedelta(hours=4)
    assert (
        clock.working_minutes_between(EIGHT_HOURS, berlin(2026, 11, 20, 17), berlin(2026, 11, 23, 10)) == 120
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda naive: clock.due_at(DAY, naive),
        lambda naive: clock.elapsed(naive, berlin(2026, 1, 1)),
        lambda naive: clock.time_between(DAY, berlin(2026, 1, 1), naive),
        lambda naive: clock.share_used(DAY, berlin(2026, 1, 1), berlin(2026, 1, 2), naive),
        lambda naive: clock.rung_due(DAY, berlin(2026, 1, 1), berlin(2026, 1, 2), naive),
        lambda naive: clock.next_working_day_at_nine(DAY, "UTC", naive),
    ],
)
def test_a_time_without_a_zone_is_refused(call: Callable[[datetime], object]) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        call(datetime.combine(date(2026, 1, 1), midnight()))


# --- The ladder ---------------------------------------------------------------------------------


def test_rungs_stand_at_their_share_of_elapsed_time() -> None:
    start = berlin(2026, 11, 16, 9)
    due = clock.due_at(DAY, start)
    found = [clock.rung_at(DAY, start, due, rung) - start for rung in Rung]
    assert found == [
        timedelta(hours=12),
        timedelta(hours=18),
        timedelta(hours=21, minutes=36),
        timedelta(hours=24),
    ]


def test_rungs_stand_at_their_share_of_working_time() -> None:
    start = berlin(2026, 11, 20, 16)  # a Friday; 2 of 8 hours are left of it
    due = clock.due_at(EIGHT_HOURS, start)
    assert [clock.rung_at(EIGHT_HOURS, start, due, rung) for rung in Rung] == [
        berlin(2026, 11, 23, 11),
        berlin(2026, 11, 23, 13),
        berlin(2026, 11, 23, 15, 12),
        berlin(2026, 11, 23, 16),
    ]


def test_a_due_time_moved_by_hand_moves_the_rungs_in_the_policys_own_time() -> None:
    start, moved = berlin(2026, 11, 20, 16), berlin(2026, 11, 24, 18)  # 2 + 8 + 8 working hours
    assert clock.rung_at(EIGHT_HOURS, start, moved, Rung.HALF) == berlin(2026, 11, 23, 17)
    assert clock.rung_at(EIGHT_HOURS, start, moved, Rung.DUE) == moved


def test_a_due_time_moved_to_a_sunday_is_that_sunday() -> None:
    start, sunday = berlin(2026, 11, 20, 16), berlin(2026, 11, 22, 12)
    assert clock.rung_at(EIGHT_HOURS, start, sunday, Rung.HALF) == berlin(2026, 11, 20, 17)
    assert clock.rung_at(EIGHT_HOURS, start, sunday, Rung.DUE) == sunday
    assert clock.share_used(EIGHT_HOURS, start, sunday, berlin(2026, 11, 21, 12)) < 1
    assert clock.share_used(EIGHT_HOURS, start, sunday, sunday) == 1


def test_without_working_time_before_a_moved_due_time_elapsed_time_is_divided() -> None:
    saturday, sunday = berlin(2026, 11, 21, 12), berlin(2026, 11, 22, 12)
    assert clock.rung_at(EIGHT_HOURS, saturday, sunday, Rung.HALF) == berlin(2026, 11, 22, 0)
    assert clock.share_used(EIGHT_HOURS, saturday, sunday, berlin(2026, 11, 22, 0)) == 0.5


def test_a_due_time_moved_before_the_start_is_late_at_once() -> None:
    start, before = berlin(2026, 11, 16, 12), berlin(2026, 11, 16, 11)
    assert clock.rung_due(DAY, start, before, start) is Rung.DUE
    assert clock.share_used(DAY, start, before, start) == 1
    assert clock.next_rung_at(DAY, start, before) == before


@pytest.mark.parametrize(
    ("hours", "rung"),
    [
        (0, None),
        (11, None),
        (12, 50),
        (17, 50),
        (18, 75),
        (21.5, 75),
        (21.6, 90),
        (23, 90),
        (24, 100),
        (999, 100),
    ],
)
def test_of_several_rungs_due_the_highest_is_reminded_of(hours: float, rung: int | None) -> None:
    start = berlin(2026, 11, 16, 9)
    assert clock.rung_due(DAY, start, clock.due_at(DAY, start), start + timedelta(hours=hours)) == rung


def test_a_rung_that_was_done_is_not_due_again() -> None:
    start = berlin(2026, 11, 16, 9)
    due = clock.due_at(DAY, start)
    at_19_hours = start + timedelta(hours=19)
    assert clock.rung_due(DAY, start, due, at_19_hours, done=Rung.HALF) is Rung.THREE_QUARTERS
    assert clock.rung_due(DAY, start, due, at_19_hours, done=Rung.THREE_QUARTERS) is None
    assert clock.rung_due(DAY, start, due, due, done=Rung.DUE) is None


def test_the_next_rung_is_kept_with_the_clock() -> None:
    start = berlin(2026, 11, 16, 9)
    due = clock.due_at(DAY, start)
    assert clock.next_rung_at(DAY, start, due) == start + timedelta(hours=12)
    assert clock.next_rung_at(DAY, start, due, done=Rung.THREE_QUARTERS) == start + timedelta(hours=21.6)
    assert clock.next_rung_at(DAY, start, due, done=Rung.NINE_TENTHS) == due
    assert clock.next_rung_at(DAY, start, due, done=Rung.DUE) is None


@pytest.mark.parametrize(
    ("calendar", "zone", "after", "next_one"),
    [
        (DAY, "Europe/Berlin", berlin(2026, 11, 20, 8, 59), berlin(2026, 11, 20, 9)),
        (
            DAY,
            "Europe/Berlin",
            berlin(2026, 11, 20, 9),
            berlin(2026, 11, 23, 9),
        ),  # strictly after, over a weekend
        (EIGHT_HOURS, "Europe/Berlin", berlin(2026, 12, 23, 18), berlin(2026, 12, 28, 9)),
        (EIGHT_HOURS.working_time, "Europe/Berlin", berlin(2026, 1, 5, 18), berlin(2026, 1, 7, 9)),
        (DAY, "Asia/Kathmandu", berlin(2026, 11, 23, 4, 15), datetime(2026, 11, 24, 3, 15, tzinfo=UTC)),
        (DAY, "Pacific/Apia", datetime(2011, 12, 29, 20, tzinfo=UTC), datetime(2012, 1, 1, 19, tzinfo=UTC)),
    ],
)
def test_a_late_clock_reminds_each_working_day_at_nine(
    calendar: Policy | WorkingTime, zone: str, after: datetime, next_one: datetime
) -> None:
    assert clock.next_working_day_at_nine(calendar, zone, after) == next_one


def test_an_unknown_zone_of_the_manager_is_refused() -> None:
    with pytest.raises(UnknownZone):
        clock.next_working_day_at_nine(DAY, "Nowhere", berlin(2026, 1, 1))


# --- The end of time ----------------------------------------------------------------------------


def always_free() -> WorkingTime:
    days = frozenset(date(2020, 1, 1) + timedelta(days=n) for n in range(20 * 366))
    return WorkingTime("Europe/Berlin", OFFICE, free_days=days)


@pytest.mark.parametrize(
    "call",
    [
        lambda: clock.due_at(Policy(1, always_free()), berlin(2026, 1, 1)),
        lambda: clock.next_working_day_at_nine(always_free(), "Europe/Berlin", berlin(2026, 1, 1)),
        lambda: clock.due_at(Policy(6000, WorkingTime("UTC", (Span(0, 0, 1),))), berlin(2026, 1, 1)),
        lambda: clock.due_at(EIGHT_HOURS, datetime(9999, 12, 31, 23, tzinfo=UTC)),
        lambda: clock.due_at(DAY, datetime(9999, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_what_is_never_due_ends_with_a_clear_error(call: Callable[[], object]) -> None:
    began = time.perf_counter()
    with pytest.raises(PolicyError) as refused:
        call()
    assert refused.value.code == "unreachable"
    assert time.perf_counter() - began < 1


def test_years_without_known_holidays_are_counted_without_them() -> None:
    assert clock.due_at(EIGHT_HOURS, berlin(2150, 12, 25, 9)) == berlin(2150, 12, 25, 18)


def test_2000_working_hours_are_found_in_milliseconds() -> None:
    policy = Policy(2000 * 60, EIGHT_HOURS.working_time)
    start = berlin(2026, 3, 1)
    clock.due_at(policy, start)  # reads the holidays of these years
    took = []
    for _ in range(5):
        began = time.perf_counter()
        clock.due_at(policy, start)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.1
