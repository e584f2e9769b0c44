"""Times as people say them, in English and Russian."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from cxportal.lib.dates import humanize_duration, people_date, people_time, time_left

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 14, 40, tzinfo=BERLIN)  # a Friday
TEXTS = [
    (timedelta(hours=3), "today 17:40, in 3 hours", "сегодня 17:40, через 3 часа"),
    (timedelta(hours=2, minutes=50), "today 17:30, in 3 hours", "сегодня 17:30, через 3 часа"),
    (timedelta(minutes=40), "today 15:20, in 40 minutes", "сегодня 15:20, через 40 минут"),
    (timedelta(minutes=1), "today 14:41, in 1 minute", "сегодня 14:41, через 1 минуту"),
    (timedelta(seconds=20), "today 14:40, now", "сегодня 14:40, сейчас"),
    (timedelta(seconds=-20), "today 14:39, just now", "сегодня 14:39, только что"),
    (timedelta(minutes=-2), "today 14:38, 2 minutes ago", "сегодня 14:38, 2 минуты назад"),
    (timedelta(hours=-5), "today 09:40, 5 hours ago", "сегодня 09:40, 5 часов назад"),
    (timedelta(hours=-21), "yesterday 17:40", "вчера 17:40"),
    (timedelta(hours=21), "tomorrow 11:40, in 21 hours", "завтра 11:40, через 21 час"),
    (timedelta(days=3), "Mon 23 Nov 14:40, in 3 days", "пн 23 ноября 14:40, через 3 дня"),
    (timedelta(days=-3), "Tue 17 Nov 14:40", "вт 17 ноября 14:40"),
    (timedelta(days=8), "Sat 28 Nov 14:40", "сб 28 ноября 14:40"),
    (timedelta(days=60), "Tue 19 Jan 2027 14:40", "вт 19 января 2027 14:40"),
]


@pytest.mark.parametrize(("by", "english", "russian"), TEXTS)
def test_a_moment_is_said_as_people_say_it(by: timedelta, english: str, russian: str) -> None:
    moment = people_time(NOW + by, NOW, BERLIN)
    with translation.override("en"):
        assert str(moment) == english
    with translation.override("ru"):
        assert str(moment) == russian


def test_a_moment_is_said_in_the_readers_zone() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    with translation.override("en"), timezone.override("Europe/Moscow"):
        assert people_time(late, NOW).when == "tomorrow 02:30"
    assert people_time(late, NOW, BERLIN).iso == "2026-11-21T00:30:00+01:00"


def test_the_hover_text_is_exact() -> None:
    moment = people_time(NOW, NOW, BERLIN)
    with translation.override("en"):
        assert moment.exact == "Friday 20 November 2026, 14:40 (Europe/Berlin)"
    with translation.override("ru"):
        assert moment.exact == "Пятница, 20 ноября 2026 г., 14:40 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("left", "english", "russian"),
    [
        (timedelta(minutes=40), "in 40 min", "через 40 мин"),
        (timedelta(hours=3), "in 3 h", "через 3 ч"),
        (timedelta(hours=2, minutes=10), "in 2 h 10 min", "через 2 ч 10 мин"),
        (timedelta(seconds=30), "in less than a minute", "меньше чем через минуту"),
        (timedelta(0), "late by less than a minute", "опоздание меньше минуты"),
        (timedelta(minutes=-20), "late by 20 min", "опоздание 20 мин"),
        (timedelta(days=-3), "late by 3 days", "опоздание 3 дня"),
    ],
)
def test_what_is_left_until_a_due_time(left: timedelta, english: str, russian: str) -> None:
    with translation.override("en"):
        assert time_left(NOW + left, NOW) == english
    with translation.override("ru"):
        assert time_left(NOW + left, NOW) == russian


@pytest.mark.parametrize(
    ("duration", "english", "russian"),
    [
        (timedelta(seconds=59), "less than a minute", "меньше минуты"),
        (timedelta(minutes=1), "1 min", "1 мин"),
        (timedelta(hours=2, minutes=10, seconds=59), "2 h 10 min", "2 ч 10 мин"),
        (timedelta(hours=3), "3 h", "3 ч"),
        (timedelta(hours=24), "24 h", "24 ч"),
        (timedelta(hours=25), "1 day 1 h", "1 день 1 ч"),
        (timedelta(days=2, minutes=30), "2 days", "2 дня"),
        (timedelta(days=5, hours=4), "5 days 4 h", "5 дней 4 ч"),
        (timedelta(days=21, hours=4), "21 days", "21 день"),
        (timedelta(minutes=-5), "5 min", "5 мин"),
    ],
)
def test_a_duration_has_its_two_largest_units(duration: timedelta, english: str, russian: str) -> None:
    with translation.override("en"):
        assert humanize_duration(duration) == english
    with translation.override("ru"):
        assert humanize_duration(duration) == russian


@pytest.mark.parametrize(
    ("day", "english", "russian"),
    [
        (date(2026, 11, 20), "today", "сегодня"),
        (date(2026, 11, 19), "yesterday", "вчера"),
        (date(2026, 11, 21), "tomorrow", "завтра"),
        (date(2026, 11, 27), "Fri 27 Nov", "пт 27 ноября"),
        (date(2027, 1, 8), "Fri 8 Jan 2027", "пт 8 января 2027"),
    ],
)
def test_a_day_is_said_as_people_say_it(day: date, english: str, russian: str) -> None:
    with translation.override("en"):
        assert people_date(day, date(2026, 11, 20)) == english
    with translation.override("ru"):
        assert people_date(day, date(2026, 11, 20)) == russian


@given(st.timedeltas(timedelta(days=-4000), timedelta(days=4000)), st.sampled_from(["en", "ru"]))
def test_every_moment_has_its_texts(by: timedelta, language: str) -> None:
    with translation.override(language):
        moment = people_time(NOW + by, NOW, BERLIN)
        for text in (
            moment.text,
            moment.exact,
            moment.relative,
            time_left(NOW + by, NOW),
            humanize_duration(by),
        ):
            assert text.strip() == text != ""
            assert "%" not in text


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        people_time(datetime.combine(date(2026, 1, 1), time()), NOW)
