from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from feedback.quiet import quiet_until

BERLIN = ZoneInfo("Europe/Berlin")
TEN, SEVEN, NOON = dt.time(22), dt.time(7), dt.time(12)


def berlin(day: int, hour: int, minute: int = 0, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (berlin(24, 21, 59), None),
        (berlin(24, 22), berlin(25, 7)),
        (berlin(25, 3), berlin(25, 7)),
        (berlin(25, 6, 59), berlin(25, 7)),
        (berlin(25, 7), None),
    ],
)
def test_hours_over_midnight_end_in_the_morning(now: dt.datetime, end: dt.datetime | None) -> None:
    assert quiet_until(TEN, SEVEN, BERLIN, now) == end


def test_hours_within_a_day() -> None:
    assert quiet_until(SEVEN, NOON, BERLIN, berlin(24, 8)) == berlin(24, 12)
    assert quiet_until(SEVEN, NOON, BERLIN, berlin(24, 13)) is None


def test_no_hours_or_empty_ones_are_none() -> None:
    assert quiet_until(None, None, BERLIN, berlin(24, 3)) is None
    assert quiet_until(SEVEN, SEVEN, BERLIN, berlin(24, 7)) is None


def test_an_end_that_the_clock_change_leaves_out_is_the_first_instant_after_it() -> None:
    # 29 March: 02:00 to 03:00 do not exist in Berlin.
    end = quiet_until(TEN, dt.time(2, 30), BERLIN, berlin(29, 1, month=3))
    assert end == dt.datetime(2026, 3, 29, 1, 0, tzinfo=dt.UTC)
