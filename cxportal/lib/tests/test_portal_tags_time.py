"""The template filters for times and texts."""

from __future__ import annotations

import datetime as dt

import time_machine
from django.template import Context, Template
from django.utils import timezone, translation

NOW = dt.datetime(2026, 11, 20, 13, 40, tzinfo=dt.UTC)


def shown(template: str, value: object) -> str:
    with time_machine.travel(NOW, tick=False), timezone.override("Europe/Berlin"), translation.override("en"):
        return Template(template).render(Context({"value": value}))


def test_a_moment_is_shown_as_people_say_it_with_the_exact_one_on_hover() -> None:
    assert shown("{{ value|people_time }}", NOW + dt.timedelta(hours=3)) == (
        '<time datetime="2026-11-20T17:40:00+01:00" title="Friday 20 November 2026, 17:40 (Europe/Berlin)">'
        "today 17:40, in 3 hours</time>"
    )


def test_a_due_time_is_shown_as_what_is_left() -> None:
    assert shown("{{ value|time_left }}", NOW - dt.timedelta(minutes=20)).endswith(">late by 20 min</time>")


def test_a_day_is_shown_as_people_say_it() -> None:
    assert (
        shown("{{ value|people_date }}", dt.date(2026, 11, 21))
        == '<time datetime="2026-11-21">tomorrow</time>'
    )


def test_a_duration_is_shown_in_words() -> None:
    assert shown("{{ value|duration }}", dt.timedelta(minutes=130)) == "2 h 10 min"


def test_nothing_is_shown_of_nothing() -> None:
    for name in ("people_time", "people_date", "time_left", "duration"):
        assert shown("{{ value|" + name + " }}", None) == ""


def test_markdown_is_shown_as_prose() -> None:
    assert shown("{{ value|markdown }}", "**a** <b>") == (
        '<div class="cx-prose"><p><strong>a</strong> &lt;b&gt;</p>\n</div>'
    )
