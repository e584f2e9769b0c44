"""What makes a policy, what is refused, and its way into a clock's JSON and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given

from feedback.policy import Policy, PolicyError, Span, WorkingTime
from feedback.tests.strategies import policies

MONDAY = (Span.of(0, "09:00", "17:00"),)


def test_the_default_is_24_elapsed_hours() -> None:
    assert Policy() == Policy(minutes=1440, working_time=None)


@given(policies())
def test_json_gives_the_same_policy_back(policy: Policy) -> None:
    stored = json.loads(json.dumps(policy.to_json()))
    assert Policy.from_json(stored) == policy
    assert Policy.from_json(stored).to_json() == stored


def test_json_is_readable() -> None:
    working = WorkingTime(
        "Europe/Berlin", (Span.of(4, "18:00", "24:00"),), "DE", "BY", frozenset({date(2026, 12, 24)})
    )
    assert Policy(480, working).to_json() == {
        "kind": "working",
        "minutes": 480,
        "zone": "Europe/Berlin",
        "spans": [[4, "18:00", "24:00"]],
        "country": "DE",
        "subdivision": "BY",
        "free_days": ["2026-12-24"],
    }


@pytest.mark.parametrize("minutes", [0, -1, 366 * 1440 + 1, True, 1.5, "60", None])
def test_a_time_to_answer_that_is_none_is_refused(minutes: Any) -> None:
    with pytest.raises(PolicyError) as refused:
        Policy(minutes)
    assert refused.value.code == "minutes"


def test_a_policy_without_any_working_time_is_refused() -> None:
    with pytest.raises(PolicyError) as refused:
        WorkingTime("Europe/Berlin", ())
    assert refused.value.code == "no_working_time"


@pytest.mark.parametrize(
    ("weekday", "start", "end"),
    [
        (7, "09:00", "17:00"),
        (-1, "09:00", "17:00"),
        (0, "17:00", "09:00"),
        (0, "09:00", "09:00"),
        (0, "00:00", "24:01"),
        (0, "9", "17:00"),
        (0, "09:60", "17:00"),
        (0, "٠٩:٠٠", "17:00"),
    ],
)
def test_a_span_that_is_no_part_of_a_day_is_refused(weekday: int, start: str, end: str) -> None:
    with pytest.raises(PolicyError) as refused:
        Span.of(weekday, start, end)
    assert refused.value.code == "span"


def test_overlapping_spans_of_a_day_are_refused() -> None:
    with pytest.raises(PolicyError) as refused:
        WorkingTime("Europe/Berlin", (Span.of(0, "12:00", "18:00"), Span.of(0, "09:00", "12:01")))
    assert refused.value.code == "overlap"


def test_spans_may_touch_and_stand_in_any_order() -> None:
    one, two, sunday = (
        Span.of(0, "09:00", "12:00"),
        Span.of(0, "12:00", "18:00"),
        Span.of(6, "09:00", "12:00"),
    )
    assert WorkingTime("Europe/Berlin", (sunday, two, one)).spans == (one, two, sunday)


@pytest.mark.parametrize(
    "name", ["", "Berlin", "America", "../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(PolicyError) as refused:
        WorkingTime(name, MONDAY)
    assert refused.value.code == "unknown_zone"


@pytest.mark.parametrize(
    ("country", "subdivision", "code"),
    [
        ("XX", "", "unknown_country"),
        ("de", "", "unknown_country"),
        ("HolidayBase", "", "unknown_country"),
        ("", "BY", "unknown_country"),
        ("DE", "ZZ", "unknown_subdivision"),
    ],
)
def test_an_unknown_country_or_subdivision_is_refused(country: str, subdivision: str, code: str) -> None:
    with pytest.raises(PolicyError) as refused:
        WorkingTime("Europe/Berlin", MONDAY, country, subdivision)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        None,
        "elapsed",
        {"kind": "elapsed"},
        {"kind": "lunar", "minutes": 1},
        {"kind": "working", "minutes": 60},
        {"kind": "working", "minutes": 60, "zone": "Europe/Berlin", "spans": 5},
        {"kind": "working", "minutes": 60, "zone": "Europe/Berlin", "spans": [[0, "09:00"]]},
        {"kind": "working", "minutes": 60, "zone": "Europe/Berlin", "spans": [[0, 9, 17]]},
        {"kind": "working", "minutes": 60, "zone": 5, "spans": [[0, "09:00", "17:00"]]},
        {
            "kind": "working",
            "minutes": 60,
            "zone": "UTC",
            "spans": [[0, "09:00", "17:00"]],
            "free_days": ["soon"],
        },
        {
            "kind": "working",
            "minutes": 60,
            "zone": "UTC",
            "spans": [[0, "09:00", "17:00"]],
            "country": ["DE"],
        },
    ],
)
def test_json_that_is_no_policy_is_refused(data: Any) -> None:
    with pytest.raises(PolicyError):
        Policy.from_json(data)


def test_holidays_of_a_subdivision_and_own_days_are_free() -> None:
    spans = tuple(Span.of(day, "09:00", "17:00") for day in range(7))
    germany = WorkingTime("Europe/Berlin", spans, "DE")
    bavaria = WorkingTime("Europe/Berlin", spans, "DE", "BY", frozenset({date(2026, 1, 5)}))
    epiphany = date(2026, 1, 6)
    assert not germany.is_free(epiphany)
    assert bavaria.is_free(epiphany)
    assert bavaria.is_free(date(2026, 1, 5))
    assert not bavaria.is_working_day(date(2026, 1, 5))
    assert bavaria.is_working_day(date(2026, 1, 7))


def test_years_beyond_what_is_known_have_no_holidays() -> None:
    working = WorkingTime("Europe/Berlin", tuple(Span(day, 0, 1440) for day in range(7)), "DE")
    for year in (1, 1800, 2101, 2500, 9999):
        assert working.is_working_day(date(year, 1, 1))


def test_a_day_that_the_zone_left_out_has_no_working_time() -> None:
    working = WorkingTime("Pacific/Apia", tuple(Span(day, 0, 1440) for day in range(7)))
    found = list(
        working.stretches(datetime(2011, 12, 29, 10, tzinfo=UTC), datetime(2011, 12, 31, 10, tzinfo=UTC))
    )
    assert found == [
        (
            datetime(2011, 12, 29, 10, tzinfo=UTC),
            datetime(2011, 12, 30, 10, tzinfo=UTC),
        ),  # Thursday 29 December
        (
            datetime(2011, 12, 30, 10, tzinfo=UTC),
            datetime(2011, 12, 31, 10, tzinfo=UTC),
        ),  # Saturday 31 December
    ]
