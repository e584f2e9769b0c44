"""Within what time a client is answered: a value that is copied into each answer clock when it starts.

Plain values, no database. `feedback/clock.py` does the arithmetic. A faulty policy cannot be made: every
constructor raises PolicyError, whose `code` says what is wrong (the caller translates it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal
from zoneinfo import ZoneInfo

import holidays

from cxportal.lib.zones import MINUTES_PER_DAY, UnknownZone, first_instant, zone

DEFAULT_MINUTES = 24 * 60
MAX_MINUTES = 366 * MINUTES_PER_DAY

Code = Literal[
    "minutes",  # not between 1 and MAX_MINUTES
    "no_working_time",  # nothing in the week is working time
    "span",  # a span that is no part of a day
    "overlap",  # two spans of one weekday overlap
    "unknown_zone",
    "unknown_country",
    "unknown_subdivision",
    "malformed",  # not the JSON that to_json makes
    "unreachable",  # the answer would not be due within ten years
]


class PolicyError(ValueError):
    """What is wrong with a policy: `code` for the reader's language, the message in English for the log."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of working time on one weekday (0 = Monday), in minutes since midnight on the wall clock.

    `end` is not part of it and may be 1440 (24:00). Work over midnight is two spans.
    """

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        for value in (self.weekday, self.start, self.end):
            if not isinstance(value, int) or isinstance(value, bool):
                raise PolicyError("span", f"{value!r} is not a whole number.")
        if not 0 <= self.weekday <= 6:
            raise PolicyError("span", f"{self.weekday} is no weekday: Monday is 0, Sunday 6.")
        if not 0 <= self.start < self.end <= MINUTES_PER_DAY:
            raise PolicyError("span", "A span begins before it ends, between 00:00 and 24:00.")

    @classmethod
    def of(cls, weekday: int, start: str, end: str) -> Span:
        """`Span.of(0, "09:00", "13:00")`. Raises PolicyError for a time that is none."""
        return cls(weekday, _minute(start), _minute(end))


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A week of working time in a zone, less holidays.

    `country` is an ISO 3166 code of the `holidays` package ("" for none), `subdivision` one of its own
    ("BY" of "DE"). Holidays are whole days of the zone. Beyond the years that package knows (up to 2100)
    there are none; a day that a country moves works as the installed version of the package knows it.
    """

    zone: str
    spans: tuple[Span, ...]
    country: str = ""
    subdivision: str = ""
    free_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", tuple(sorted(self.spans)))
        object.__setattr__(self, "free_days", frozenset(self.free_days))
        if not self.spans:
            raise PolicyError("no_working_time", "There is no working time in the week.")
        for one, two in pairwise(self.spans):
            if one.weekday == two.weekday and two.start < one.end:
                raise PolicyError("overlap", "Two spans of one day overlap.")
        try:
            zone(self.zone)
        except UnknownZone as error:
            raise PolicyError("unknown_zone", str(error)) from error
        _check_country(self.country, self.subdivision)

    @property
    def tz(self) -> ZoneInfo:
        return zone(self.zone)

    def is_free(self, day: date) -> bool:
        """Is this day of the zone a holiday or an own free day?"""
        return day in self.free_days or (
            self.country != "" and day in _holidays(self.country, self.subdivision, day.year)
        )

    def is_working_day(self, day: date) -> bool:
        """Is there any working time on this day of the zone?"""
        return any(span.weekday == day.weekday() for span in self.spans) and not self.is_free(day)

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working time between two instants, in order, as pairs of instants (UTC), each longer than nothing.

        What a clock change takes out of a span or puts into it is not or is counted: these are real times.
        """
        tz = self.tz
        day, last = start.astimezone(tz).date(), end.astimezone(tz).date() + timedelta(days=1)
        week: list[list[Span]] = [[span for span in self.spans if span.weekday == n] for n in range(7)]
        # One day beyond the last: where clocks go back over midnight, its first minutes come twice.
        while day <= last:
            spans = week[day.weekday()]
            if spans and not self.is_free(day):
                for span in spans:
                    begin = max(start, first_instant(tz, day, span.start))
                    finish = min(end, first_instant(tz, day, span.end))
                    if begin < finish:
                        yield begin, finish
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """A client is answered within `minutes`: of elapsed time, or of working time where that is given."""

    minutes: int = DEFAULT_MINUTES
    working_time: WorkingTime | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.minutes, int) or isinstance(self.minutes, bool):
            raise PolicyError("minutes", f"{self.minutes!r} is not a whole number of minutes.")
        if not 1 <= self.minutes <= MAX_MINUTES:
            raise PolicyError("minutes", f"The time to answer is between 1 and {MAX_MINUTES} minutes.")

    @property
    def time(self) -> timedelta:
        """The time to answer, in the policy's own time."""
        return timedelta(minutes=self.minutes)

    def to_json(self) -> dict[str, Any]:
        """Values that JSON can hold; `Policy.from_json` makes an equal policy of them."""
        if self.working_time is None:
            return {"kind": "elapsed", "minutes": self.minutes}
        working = self.working_time
        return {
            "kind": "working",
            "minutes": self.minutes,
            "zone": working.zone,
            "spans": [[span.weekday, _clock(span.start), _clock(span.end)] for span in working.spans],
            "country": working.country,
            "subdivision": working.subdivision,
            "free_days": [day.isoformat() for day in sorted(working.free_days)],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Policy:
        """The policy of which `to_json` made `data`. Raises PolicyError for anything else."""
        try:
            kind, minutes = data["kind"], data["minutes"]
            if kind == "elapsed":
                return cls(minutes)
            if kind != "working":
                raise PolicyError("malformed", f"{kind!r} is no kind of policy.")
            working = WorkingTime(
                zone=data["zone"],
                spans=tuple(Span.of(weekday, start, end) for weekday, start, end in data["spans"]),
                country=data.get("country", ""),
                subdivision=data.get("subdivision", ""),
                free_days=frozenset(date.fromisoformat(day) for day in data.get("free_days", ())),
            )
        except PolicyError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PolicyError("malformed", f"This is no policy: {error!r}") from error
        return cls(minutes, working)


def _minute(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", text)
    if match is None:
        raise PolicyError("span", f"{text!r} is no time of day.")
    return int(match[1]) * 60 + int(match[2])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@lru_cache(maxsize=512)
def _check_country(country: str, subdivision: str) -> None:
    if country == "" and subdivision == "":
        return
    if not isinstance(country, str) or re.fullmatch("[A-Z]{2}", country) is None:
        raise PolicyError("unknown_country", f"No holidays are known of {country!r}.")
    try:
        holidays.country_holidays(country)
    except (NotImplementedError, AttributeError) as error:
        raise PolicyError("unknown_country", f"No holidays are known of {country!r}.") from error
    try:
        holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as error:
        raise PolicyError(
            "unknown_subdivision", f"{country} has no subdivision {subdivision!r} with holidays."
        ) from error


@lru_cache(maxsize=512)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
