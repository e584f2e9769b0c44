"""The answer policy of a client company as the value that is frozen into a clock."""

from __future__ import annotations

import logging

from clients.models import AnswerPolicy, Client
from feedback.policy import Policy, PolicyError, Span, WorkingTime

logger = logging.getLogger(__name__)


def policy_of(row: AnswerPolicy) -> Policy:
    """The stored policy as a value. Raises PolicyError for one that cannot work, as one without working time."""
    if row.kind == AnswerPolicy.Kind.ELAPSED:
        return Policy(row.minutes)
    spans = tuple(
        Span.of(span.weekday, f"{span.starts_at:%H:%M}", _end(f"{span.ends_at:%H:%M}"))
        for span in row.spans.all()
    )
    working_time = WorkingTime(
        zone=row.time_zone,
        spans=spans,
        country=row.holidays_country.upper(),
        free_days=frozenset(free.day for free in row.free_days.all()),
    )
    return Policy(row.minutes, working_time)


def policy_for(client: Client) -> Policy:
    """What `client` is promised now; without a policy of its own 24 elapsed hours.

    A stored policy that cannot work never costs a client their message: it is logged, and 24 hours hold.
    """
    if client.answer_policy is None:
        return Policy()
    try:
        return policy_of(client.answer_policy)
    except PolicyError:
        logger.exception("The answer policy “%s” cannot work; 24 hours hold instead", client.answer_policy)
        return Policy()


def _end(text: str) -> str:
    """Midnight at the end of a span is the end of that day."""
    return "24:00" if text == "00:00" else text
