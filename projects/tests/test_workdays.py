from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.workdays import first_working_day, last_working_day, working_days_between

days = st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1))


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2021-02-01", 10, "2021-02-12"),  # two whole weeks
        ("2021-03-29", 20, "2021-04-23"),
        ("2021-02-05", 1, "2021-02-05"),  # a Friday
        ("2021-02-05", 2, "2021-02-08"),  # over the weekend
        ("2021-02-06", 1, "2021-02-08"),  # a Saturday means Monday
    ],
)
def test_the_last_day_of_work(start: str, length: int, end: str) -> None:
    assert last_working_day(dt.date.fromisoformat(start), length) == dt.date.fromisoformat(end)


@given(days, st.integers(1, 5000))
def test_length_and_last_day_say_the_same(start: dt.date, length: int) -> None:
    end = last_working_day(start, length)
    assert end.weekday() < 5
    assert working_days_between(first_working_day(start), end) == length


@given(days, st.integers(0, 40))
def test_working_days_are_those_from_monday_to_friday(start: dt.date, length: int) -> None:
    end = start + dt.timedelta(days=length)
    one_by_one = sum((start + dt.timedelta(days=day)).weekday() < 5 for day in range(length + 1))
    assert working_days_between(start, end) == one_by_one


def test_no_days_and_days_backwards() -> None:
    with pytest.raises(ValueError, match="at least a day"):
        last_working_day(dt.date(2021, 2, 1), 0)
    assert working_days_between(dt.date(2021, 2, 2), dt.date(2021, 2, 1)) == 0
