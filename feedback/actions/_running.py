"""How a clock's row starts, moves, ends and runs again. Whoever calls these holds the conversation's lock."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable

from clients.models import User
from cxportal.lib.database import Slot, Statement
from feedback import clock as arithmetic
from feedback.models import AnswerClock, Message, Thread
from feedback.policies import policy_for
from feedback.policy import Policy, PolicyError
from feedback.rungs import next_reminder_at

logger = logging.getLogger(__name__)
Ending = AnswerClock.Ending


def running_clock(thread: Thread) -> AnswerClock | None:
    """The conversation's running clock, locked: the second lock of an action."""
    return next(iter(_RUNNING.objects(thread=thread.pk)), None)


_RUNNING = Statement(
    lambda: (
        AnswerClock.objects.running()
        .filter(thread=Slot("thread"))
        .order_by("pk")
        .select_for_update(no_key=True)
    )
)


def start(thread: Thread, message: Message, *, now: dt.datetime, policy: Policy | None = None) -> AnswerClock:
    """A clock that runs from `message`, under the client's policy as it is now, or the one given."""
    clock = new_clock(thread, message, now=now, policy=policy)
    clock.save()
    return clock


def new_clock(
    thread: Thread, message: Message, *, now: dt.datetime, policy: Policy | None = None
) -> AnswerClock:
    """What `start` saves. Where neither row is in the database yet its values hold all the same."""
    policy = policy or policy_for(thread.client)
    try:
        due_at = arithmetic.due_at(policy, message.received_at)
    except PolicyError:
        logger.exception("An answer to %s would never be due; 24 hours hold instead", thread.client)
        policy = Policy()
        due_at = arithmetic.due_at(policy, message.received_at)
    clock = AnswerClock(
        thread=thread,
        message=message,
        policy=policy.to_json(),
        started_at=message.received_at,
        due_at=due_at,
        first_due_at=due_at,
    )
    clock.note_lateness(now)
    clock.next_rung_at = next_reminder_at(clock, now=now, zone_name=manager_zone(thread, clock))
    return clock


def begin_at(clock: AnswerClock, message: Message, *, thread: Thread, now: dt.datetime) -> None:
    """`message` is now the oldest unanswered one. A due time that a manager moved stays where the client read it."""
    clock.note_lateness(now)
    moved = clock.is_moved
    clock.message = message
    clock.started_at = message.received_at
    clock.first_due_at = arithmetic.due_at(Policy.from_json(clock.policy), clock.started_at)
    if not moved:
        clock.due_at = clock.first_due_at
    clock.note_lateness(now)
    clock.next_rung_at = next_reminder_at(clock, now=now, zone_name=manager_zone(thread, clock))
    clock.save()


def end(
    clock: AnswerClock,
    ending: AnswerClock.Ending,
    *,
    at: dt.datetime,
    by: User | None,
    answer: Message | None = None,
    reason: str = "",
) -> None:
    """The clock stops at `at`; late if that is after the due time."""
    clock.note_lateness(at)
    clock.ended_at = at
    clock.ending = ending
    clock.ended_by = by
    clock.answer = answer
    clock.end_reason = reason
    clock.next_rung_at = None
    clock.save()


def answer(clock: AnswerClock, message: Message, *, thread: Thread, now: dt.datetime) -> None:
    """`message` of ours answers the words it covers; what it does not goes on waiting."""
    if message.via != Message.Via.EMAIL:  # written when it was stored: it covers everything
        end_with(clock, message)
        return
    waiting = oldest_first(clock.messages.public())
    covered = [words for words in waiting if covers(message, words)]
    left = [words for words in waiting if not covers(message, words)]
    if not covered:
        return
    if covered[0] != waiting[0]:  # the oldest words came late and still wait
        end_apart(covered, message, clock=clock)
        return
    end_with(clock, message)
    if left:
        take_in(left, thread=thread, now=now)


def covers(message: Message, words: Message) -> bool:
    """Whether `words` of the client were stored before `message` of ours was written.

    What is written in the portal is written when it is stored. A mail may have been written before.
    """
    written_later = message.via != Message.Via.EMAIL or words.stored_at <= message.received_at
    return words.pk < message.pk and written_later


def end_with(clock: AnswerClock, message: Message) -> None:
    """`message` of ours is the answer the clock waited for."""
    ending = Ending.BY_PHONE if message.via == Message.Via.PHONE else Ending.ANSWERED
    end(clock, ending, at=message.received_at, by=message.author, answer=message)


def end_apart(covered: list[Message], message: Message, *, clock: AnswerClock) -> None:
    """These words of `clock`, oldest first, were answered by `message` while others of it go on waiting: they get
    a clock of their own, and that one ends."""
    due_at = arithmetic.due_at(Policy.from_json(clock.policy), covered[0].received_at)
    apart = AnswerClock(
        thread_id=clock.thread_id,
        message=covered[0],
        policy=clock.policy,
        started_at=covered[0].received_at,
        due_at=due_at,
        first_due_at=due_at,
    )
    end_with(apart, message)
    move_to(covered, apart)


def take_in(words: list[Message], *, thread: Thread, now: dt.datetime) -> None:
    """These words, oldest first, wait: in the clock that runs, or in a new one."""
    clock = running_clock(thread)
    if clock is None:
        clock = start(thread, words[0], now=now)
    elif words[0].received_at < clock.started_at:
        begin_at(clock, words[0], thread=thread, now=now)
    move_to(words, clock)


def run_again(clock: AnswerClock, *, thread: Thread, now: dt.datetime) -> AnswerClock:
    """The answer is gone: the same clock runs again, at the due time it had, perhaps late at once.

    Where another clock has started since, the one that started earlier goes on for both. Returns that one.
    """
    other = running_clock(thread)
    if other is not None:
        first, second = sorted((clock, other), key=lambda one: (one.started_at, one.pk))
        move_to(second.messages.all(), first)
        end(second, Ending.JOINED, at=now, by=None)
        clock = first
    clock.ended_at = None
    clock.ending = ""
    clock.ended_by = None
    clock.answer = None
    clock.end_reason = ""
    clock.note_lateness(now)
    clock.next_rung_at = next_reminder_at(clock, now=now, zone_name=manager_zone(thread, clock))
    clock.save()
    return clock


def oldest_first(messages: Iterable[Message]) -> list[Message]:
    """In the order in which they were received."""
    return sorted(messages, key=lambda message: (message.received_at, message.pk))


def move_to(messages: Iterable[Message], clock: AnswerClock) -> None:
    """These words are counted by `clock` from now on."""
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(clock=clock)


def manager_zone(thread: Thread, clock: AnswerClock) -> str:
    """The zone in which a late clock reminds each morning; costs a query only for a clock that is past 100 %."""
    if clock.rung < arithmetic.Rung.DUE:
        return "UTC"
    manager = thread.project.manager if thread.project is not None else thread.client.manager
    return manager.time_zone
