"""Policies and instants for hypothesis, with a taste for the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from feedback.policy import Policy, Span, WorkingTime


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


# Moments at which the clocks of a zone changed, in UTC.
CHANGES = {
    "Europe/Berlin": [utc(2026, 3, 29, 1), utc(2026, 10, 25, 1)],
    "America/New_York": [utc(2026, 3, 8, 7), utc(2026, 11, 1, 6)],
    "Australia/Lord_Howe": [utc(2026, 4, 4, 15), utc(2026, 10, 3, 15, 30)],  # by half an hour
    "Asia/Kathmandu": [utc(1985, 12, 31, 18, 30)],  # by a quarter, once
    "Europe/Moscow": [utc(2011, 3, 26, 23), utc(2014, 10, 25, 22)],
    "America/Sao_Paulo": [utc(2018, 11, 4, 3), utc(2019, 2, 17, 2)],  # at midnight
    "Africa/Casablanca": [utc(2026, 2, 15, 2), utc(2026, 3, 22, 2)],  # around Ramadan
    "Pacific/Apia": [utc(2011, 9, 24, 14), utc(2011, 12, 30, 10)],  # left out 30 December
    "America/St_Johns": [
        utc(2010, 3, 14, 3, 31),
        utc(2010, 11, 7, 2, 31),
    ],  # one minute past midnight
}
ZONES = sorted(CHANGES)

weekdays = st.integers(0, 6)
minutes_of_day = st.one_of(
    st.integers(0, 1440), st.sampled_from([0, 60, 120, 150, 180, 540, 1080, 1380, 1440])
)


@st.composite
def instants(draw: st.DrawFn, zone: str | None = None) -> datetime:
    """An instant in UTC, mostly within days of a clock change of `zone`."""
    changes = CHANGES[zone] if zone else [change for some in CHANGES.values() for change in some]
    if draw(st.integers(0, 4)):
        near = draw(st.timedeltas(timedelta(days=-9), timedelta(days=9)))
        return draw(st.sampled_from(changes)) + near
    return utc(1990, 1, 1) + draw(st.timedeltas(timedelta(0), timedelta(days=120 * 365)))


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    """One to several days with one to three spans each, also such as touch each other."""
    found: list[Span] = []
    for weekday in draw(st.sets(weekdays, min_size=1)):
        count = draw(st.integers(1, 3))
        cuts = sorted(draw(st.sets(minutes_of_day, min_size=2 * count, max_size=2 * count)))
        found += [Span(weekday, a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
        if draw(st.booleans()):
            found += [Span(weekday, a, b) for a, b in zip(cuts[1::2], cuts[2::2], strict=False)]
    return tuple(found)


@st.composite
def working_times(draw: st.DrawFn) -> WorkingTime:
    zone = draw(st.sampled_from(ZONES))
    country, subdivision = draw(
        st.sampled_from([("", ""), ("DE", ""), ("DE", "BY"), ("RU", ""), ("US", "CA")])
    )
    first = draw(instants(zone)).date()
    free = draw(st.sets(st.integers(-5, 5), max_size=4))
    return WorkingTime(
        zone=zone,
        spans=draw(spans()),
        country=country,
        subdivision=subdivision,
        free_days=frozenset(first + timedelta(days=n) for n in free),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Elapsed and working time; so few minutes that the due time is always within ten years."""
    if draw(st.integers(0, 3)) == 0:
        return Policy(draw(st.integers(1, 20_000)))
    working = draw(working_times())
    week = sum(span.end - span.start for span in working.spans)
    return Policy(draw(st.integers(1, max(1, min(week * 20, 20_000)))), working)


@st.composite
def started_policies(draw: st.DrawFn) -> tuple[Policy, datetime]:
    """A policy and the start of a clock, near the changes of the policy's own zone."""
    policy = draw(policies())
    return policy, draw(instants(policy.working_time.zone if policy.working_time else None))
