"""What holds of the answer clock for every policy and every moment, clock changes included."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from feedback import clock
from feedback.clock import Rung
from feedback.policy import Policy, Span, WorkingTime
from feedback.tests.strategies import ZONES, instants, started_policies, working_times

TICK = timedelta(microseconds=1)
Started = tuple[Policy, datetime]

a_while = st.timedeltas(timedelta(0), timedelta(days=20))
shares = st.floats(0, 1)


def is_working(policy: Policy, instant: datetime) -> bool:
    """Is the microsecond that ends at `instant` working time?"""
    return clock.time_between(policy, instant - TICK, instant) == TICK


@given(started_policies())
def test_the_time_to_answer_lies_between_start_and_due(started: Started) -> None:
    policy, start = started
    due = clock.due_at(policy, start)
    assert clock.time_between(policy, start, due) == policy.time
    assert clock.working_minutes_between(policy, start, due) == policy.minutes


@given(started_policies())
def test_due_is_the_first_such_instant_and_working_time(started: Started) -> None:
    policy, start = started
    due = clock.due_at(policy, start)
    assert is_working(policy, due)
    assert clock.time_between(policy, start, due - TICK) == policy.time - TICK


@given(started_policies(), a_while)
def test_who_asks_later_is_never_answered_earlier(started: Started, later: timedelta) -> None:
    policy, start = started
    assert clock.due_at(policy, start) <= clock.due_at(policy, start + later)


@given(started_policies(), a_while)
def test_time_that_is_no_working_time_moves_nothing(started: Started, later: timedelta) -> None:
    policy, start = started
    if clock.time_between(policy, start, start + later) == timedelta(0):
        assert clock.due_at(policy, start) == clock.due_at(policy, start + later)


@given(started_policies(), st.floats(0, 2))
def test_a_due_time_can_be_reached_in_two_steps(started: Started, times: float) -> None:
    policy, start = started
    more = 1 + int(policy.minutes * times)
    first = clock.due_at(policy, start)
    second = clock.due_at(Policy(more, policy.working_time), first)
    assert second == clock.due_at(Policy(policy.minutes + more, policy.working_time), start)


@given(started_policies(), a_while, a_while)
def test_time_adds_up(started: Started, one: timedelta, two: timedelta) -> None:
    policy, a = started
    b, c = a + one, a + one + two
    whole = clock.time_between(policy, a, c)
    assert clock.time_between(policy, a, b) + clock.time_between(policy, b, c) == whole
    assert clock.time_between(policy, c, a) == -whole
    assert timedelta(0) <= whole <= clock.elapsed(a, c)


@given(started_policies(), shares, shares)
def test_a_higher_share_is_never_used_earlier(started: Started, one: float, two: float) -> None:
    policy, start = started
    due = clock.due_at(policy, start)
    first, second = sorted((one, two))
    at_first, at_second = (clock.at_share(policy, start, due, share) for share in (first, second))
    assert start <= at_first <= at_second <= due


@given(started_policies(), a_while, shares)
def test_share_used_is_the_inverse_of_at_share(started: Started, moved: timedelta, share: float) -> None:
    policy, start = started
    due = clock.due_at(policy, start) + moved  # moved by hand, also out of working time
    instant = clock.at_share(policy, start, due, share)
    total = clock.time_between(policy, start, due)
    assert abs(clock.share_used(policy, start, due, instant) - share) <= TICK / total


@given(started_policies(), a_while)
def test_share_one_is_the_due_time(started: Started, moved: timedelta) -> None:
    policy, start = started
    due = clock.due_at(policy, start) + moved
    assert clock.at_share(policy, start, due, 1) == due
    assert clock.share_used(policy, start, due, due) == 1
    assert clock.share_used(policy, start, due, due - TICK) < 1
    assert clock.at_share(policy, start, due, 0) == start
    assert clock.share_used(policy, start, due, start) == 0


@given(started_policies(), a_while, a_while)
def test_the_share_used_never_falls(started: Started, one: timedelta, two: timedelta) -> None:
    policy, start = started
    due = clock.due_at(policy, start)
    shares_used = [clock.share_used(policy, start, due, start + after) for after in sorted((one, two))]
    assert shares_used == sorted(shares_used)


@given(started_policies())
def test_a_clock_seen_only_when_a_rung_is_due_reminds_of_each_rung_once(started: Started) -> None:
    policy, start = started
    due = clock.due_at(policy, start)
    reminded: list[Rung] = []
    done = 0
    while (at := clock.next_rung_at(policy, start, due, done=done)) is not None:
        assert start < at <= due
        rung = clock.rung_due(policy, start, due, at, done=done)
        assert rung is not None
        reminded.append(rung)
        done = rung
    assert reminded == sorted(set(reminded))
    assert reminded[-1] is Rung.DUE


@given(started_policies(), st.lists(a_while, min_size=1, max_size=6), a_while)
def test_whatever_the_standstills_no_rung_comes_twice_or_below_another(
    started: Started, steps: list[timedelta], moved: timedelta
) -> None:
    policy, start = started
    due, now, done = clock.due_at(policy, start) + moved, start, 0
    for step in steps:
        now += step
        rung = clock.rung_due(policy, start, due, now, done=done)
        if rung is not None:
            assert rung > done
            done = rung
        assert clock.rung_due(policy, start, due, now, done=done) is None
        following = clock.next_rung_at(policy, start, due, done=done)
        assert following is None or following > now
    assert (done == Rung.DUE) == (now >= due)


@given(working_times(), st.sampled_from(ZONES), instants())
def test_repeats_come_at_nine_on_working_days_without_leaving_one_out(
    working: WorkingTime, zone: str, after: datetime
) -> None:
    tz = ZoneInfo(zone)
    instant = clock.next_working_day_at_nine(working, zone, after)
    shown = instant.astimezone(tz)
    assert instant > after
    assert working.is_working_day(shown.date())
    assert (shown.hour, shown.minute) == (9, 0)
    day = after.astimezone(tz).date() + timedelta(days=1)
    while day < shown.date():
        left_out = (zone, day) == ("Pacific/Apia", date(2011, 12, 30))
        assert left_out or not working.is_working_day(day)
        day += timedelta(days=1)


# Spans whose ends no clock change makes ambiguous, so that looking at the wall clock each minute is an oracle.
plain_hours = st.sampled_from([0, 5, 6, 9, 12, 13, 18, 21, 24])
plain_zones = st.sampled_from([zone for zone in ZONES if zone != "America/St_Johns"])  # has two midnights


@given(st.data(), plain_zones)
def test_working_time_is_what_the_wall_clock_shows_minute_by_minute(data: st.DataObject, zone: str) -> None:
    spans = []
    for weekday in data.draw(st.sets(st.integers(0, 6), min_size=1)):
        a, b = sorted(data.draw(st.sets(plain_hours, min_size=2, max_size=2)))
        spans.append(Span(weekday, a * 60, b * 60))
    policy = Policy(60, WorkingTime(zone, tuple(spans)))
    start = data.draw(instants(zone)).replace(second=0, microsecond=0)
    tz = ZoneInfo(zone)
    counted = 0
    for minute in range(2 * 1440):
        wall = (start + timedelta(minutes=minute)).astimezone(tz)
        of_day = wall.hour * 60 + wall.minute
        counted += any(s.weekday == wall.weekday() and s.start <= of_day < s.end for s in spans)
    assert clock.working_minutes_between(policy, start, start + timedelta(days=2)) == counted
