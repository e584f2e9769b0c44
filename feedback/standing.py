"""Where a conversation stands: the one line a person reads first. "Answer due today 17:40", "Anna answered in 2 h".

Values, not words: `templates/feedback/_standing.html` says them in the reader's language.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from django.utils import timezone

from clients.models import User
from cxportal.lib.database import IsOneOf, Slot, Statement
from feedback.clock import share_used
from feedback.models import AnswerClock, Thread
from feedback.policy import Policy, PolicyError

State = Literal[
    "due",  # the client waits, and there is time
    "late",  # the client waits, and should have had an answer
    "answered",
    "by_phone",
    "no_reply",  # we said that no reply is needed
    "quiet",  # nothing was asked, or what was asked was taken back
]
STATES: tuple[State, ...] = get_args(State)
_ENDED: dict[str, State] = {
    AnswerClock.Ending.ANSWERED: "answered",
    AnswerClock.Ending.BY_PHONE: "by_phone",
    AnswerClock.Ending.NO_REPLY_NEEDED: "no_reply",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the answer to a conversation's latest question is.

    `due_at` is set while the client waits. `by`, `at` and `took` (elapsed time) say who ended the waiting and how
    fast; `was_late` whether that was after the due time. Who was told of a late one: `feedback.facts`.
    """

    state: State = "quiet"
    clock: AnswerClock | None = None
    due_at: dt.datetime | None = None
    by: User | None = None
    at: dt.datetime | None = None
    took: dt.timedelta | None = None
    was_late: bool = False

    @property
    def is_waiting(self) -> bool:
        return self.state in {"due", "late"}


def standings_of(threads: Iterable[Thread], now: dt.datetime | None = None) -> dict[int, Standing]:
    """The standing of each of `threads`, by id. They must come from an access door. One query."""
    now = now or timezone.now()
    clocks = _LATEST.objects(threads=[thread.pk for thread in threads])
    standings = {clock.thread_id: standing_of(clock, now) for clock in clocks}
    return {thread.pk: standings.get(thread.pk, Standing()) for thread in threads}


_LATEST = Statement(
    lambda: (
        AnswerClock.objects.filter(IsOneOf("thread", Slot("threads")))
        .latest_of_each_thread()
        .select_related("ended_by", "answer__author")
    )
)


def standing_of(clock: AnswerClock | None, now: dt.datetime) -> Standing:
    """The standing that the latest clock of a conversation gives it."""
    if clock is None:
        return Standing()
    if clock.is_running:
        state: State = "late" if clock.due_at < now else "due"
        return Standing(state, clock, due_at=clock.due_at)
    state = _ENDED.get(clock.ending, "quiet")
    by = clock.answer.author if clock.answer else clock.ended_by
    return Standing(
        state, clock, by=by, at=clock.ended_at, took=clock.answered_in, was_late=clock.is_late(now)
    )


def share_of(clock: AnswerClock, now: dt.datetime) -> float:
    """How much of the time to answer is used: 0 to 1, more than 1 when late; in the policy's own time."""
    try:
        return share_used(Policy.from_json(clock.policy), clock.started_at, clock.due_at, now)
    except PolicyError:
        return 1.0 if clock.due_at <= now else 0.0
