"""Wall times when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxportal.lib.zones import UnknownZone, as_utc, first_instant, zone

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca",
         "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu", "Europe/Moscow", "UTC"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "day", "minute", "instant"),
    [
        ("Europe/Berlin", date(2026, 7, 1), 9 * 60, datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 7, 1), 24 * 60, datetime(2026, 7, 1, 22, tzinfo=UTC)),
        (
            "Europe/Berlin",
            date(2026, 3, 29),
            2 * 60 + 30,
            datetime(2026, 3, 29, 1, tzinfo=UTC),
        ),  # does not exist
        (
            "Europe/Berlin",
            date(2026, 10, 25),
            2 * 60 + 30,
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),  # twice: the first
        ("Australia/Lord_Howe", date(2026, 10, 4), 2 * 60 + 15, datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        (
            "America/Sao_Paulo",
            date(2018, 11, 4),
            0,
            datetime(2018, 11, 4, 3, tzinfo=UTC),
        ),  # a day without a midnight
        (
            "America/St_Johns",
            date(2010, 11, 7),
            0,
            datetime(2010, 11, 7, 2, 30, tzinfo=UTC),
        ),  # two midnights: the first
        (
            "Pacific/Apia",
            date(2011, 12, 30),
            9 * 60,
            datetime(2011, 12, 30, 10, tzinfo=UTC),
        ),  # a day left out
        ("Pacific/Apia", date(2011, 12, 30), 24 * 60, datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
def test_a_wall_time_is_the_first_instant_that_shows_it_or_later(
    name: str, day: date, minute: int, instant: datetime
) -> None:
    assert first_instant(zone(name), day, minute) == instant


@given(
    st.sampled_from(ZONES),
    st.dates(date(1975, 1, 1), date(2050, 1, 1)),
    st.integers(0, 1440),
    st.integers(0, 2880),
)
def test_a_later_wall_time_is_never_an_earlier_instant(name: str, day: date, minute: int, later: int) -> None:
    tz = ZoneInfo(name)
    days, rest = divmod(minute + later, 1440)
    assert first_instant(tz, day, minute) <= first_instant(tz, day + timedelta(days=days), rest)


@given(st.sampled_from(ZONES), st.dates(date(1975, 1, 1), date(2050, 1, 1)), st.integers(0, 1439))
def test_the_wall_clock_shows_the_time_or_has_just_jumped_over_it(name: str, day: date, minute: int) -> None:
    tz = ZoneInfo(name)
    wanted = datetime.combine(day, time()) + timedelta(minutes=minute)
    instant = first_instant(tz, day, minute)
    shown = instant.astimezone(tz).replace(tzinfo=None)
    a_second_before = (instant - timedelta(seconds=1)).astimezone(tz).replace(tzinfo=None)
    assert shown == wanted or a_second_before < wanted < shown


@pytest.mark.parametrize("name", ["", "Berlin", "America", "../etc/passwd", "a\0b", None, 5])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone(name)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        as_utc(datetime.combine(date(2026, 1, 1), time()))
