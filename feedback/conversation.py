"""A conversation as one person reads it: its messages in order, where it stands, who else reads, what may be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import cached_property

from clients.access import may_write_to
from clients.models import Client, User
from feedback.actions import TAKE_BACK_ANSWER, TAKE_BACK_QUESTION
from feedback.audience import Readers, readers_of, team_of
from feedback.facts import ClockFacts, clock_facts
from feedback.forms.handling import narrower
from feedback.models import AnswerClock, DueChange, Message, Thread
from feedback.standing import Standing, standing_of
from projects.models import Project, Task


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as it stands on the page. `take_back_until`: so long the reader may take it back."""

    message: Message
    is_own: bool
    is_gone: bool  # taken back or deleted: only our managers may still read the words
    take_back_until: dt.datetime | None = None
    may_delete: bool = False
    answered_in: dt.timedelta | None = None
    was_late: bool = False

    @property
    def side(self) -> str:
        """ "note", "client" or "ours"."""
        if self.message.is_note:
            return "note"
        return "client" if self.message.by_client else "ours"


class Conversation:
    """What a page of a conversation shows `user`. `thread` None: of a task in which nobody wrote yet.

    Everything is fetched when it is first asked for, in a number of queries that does not grow with the messages.
    """

    def __init__(
        self, user: User, *, thread: Thread | None, task: Task | None = None, now: dt.datetime | None = None
    ) -> None:
        place = thread or task
        assert place is not None, "a conversation is of something"
        self.user, self.thread = user, thread
        self.task = task or (thread.task if thread else None)
        self.project: Project | None = thread.project if thread else place.project
        self.client: Client = thread.client if thread else place.project.client  # type: ignore[union-attr]
        self.now = now or timezone.now()

    @cached_property
    def entries(self) -> list[Entry]:
        if self.thread is None:
            return []
        messages = (
            Message.objects.visible_to(self.user)
            .filter(thread=self.thread)
            .select_related("author")
            .prefetch_related("files")
        )
        return [self._entry(message) for message in messages]

    @cached_property
    def clocks(self) -> list[AnswerClock]:
        """The latest first."""
        if self.thread is None:
            return []
        clocks = AnswerClock.objects.visible_to(self.user).filter(thread=self.thread)
        return list(clocks.with_ledger())

    @cached_property
    def clock(self) -> AnswerClock | None:
        """The running one, else the one that started last."""
        running = next((clock for clock in self.clocks if clock.is_running), None)
        return running or next(iter(self.clocks), None)

    @property
    def running_clock(self) -> AnswerClock | None:
        return self.clock if self.clock and self.clock.is_running else None

    @cached_property
    def standing(self) -> Standing:
        return standing_of(self.clock, self.now)

    @cached_property
    def facts(self) -> ClockFacts | None:
        """The clock that `standing` speaks of, explained."""
        return clock_facts(self.clock, self.now) if self.clock else None

    @property
    def due_changes(self) -> Sequence[DueChange]:
        """The due times that were moved while the client waits, with the reason they read."""
        return list(self.running_clock.due_changes.all()) if self.running_clock else []

    @cached_property
    def readers(self) -> Readers:
        if self.thread is not None:
            return readers_of(self.thread)
        assert self.task is not None
        return readers_of(Thread(client=self.client, project=self.project, task=self.task))

    @cached_property
    def team(self) -> list[User]:
        """Who reads a note, besides our managers."""
        assignee = self.thread.assignee if self.thread else None
        return team_of(client=self.client, project=self.project, assignee=assignee)

    @cached_property
    def may_write(self) -> bool:
        return may_write_to(self.user, self.client)

    @property
    def may_answer(self) -> bool:
        """Whether words of `user` reach someone: of staff they must have a reader at the client."""
        return self.may_write and (not self.user.is_our_staff or bool(self.readers.contacts))

    @property
    def may_narrow(self) -> bool:
        own = self.thread is not None and self.thread.author_id == self.user.pk
        return own and not self.user.is_our_staff and self.may_write and bool(narrower(self.thread))  # type: ignore[arg-type]

    @property
    def may_close(self) -> bool:
        own = self.thread is not None and self.thread.author_id == self.user.pk
        return self.may_write and (self.user.is_our_staff or own)

    @cached_property
    def is_followed(self) -> bool:
        return self.thread is not None and self.thread.followers.filter(pk=self.user.pk).exists()

    def _entry(self, message: Message) -> Entry:
        is_own = message.author_id == self.user.pk
        clock = next((one for one in self.clocks if one.answer_id == message.pk), None)
        return Entry(
            message,
            is_own=is_own,
            is_gone=message.withdrawn_at is not None,
            take_back_until=self._take_back_until(message) if is_own else None,
            may_delete=self._may_delete(message, is_own),
            answered_in=clock.answered_in if clock else None,
            was_late=clock is not None and clock.is_late(self.now),
        )

    def _take_back_until(self, message: Message) -> dt.datetime | None:
        until = message.stored_at + (TAKE_BACK_QUESTION if message.by_client else TAKE_BACK_ANSWER)
        if message.withdrawn_at is not None or self.now >= until or not self.may_write:
            return None
        running = self.running_clock
        unanswered = running is not None and message.clock_id == running.pk
        return until if unanswered or not message.by_client else None

    def _may_delete(self, message: Message, is_own: bool) -> bool:
        ours = self.user.is_our_staff and not message.by_client and message.withdrawn_at is None
        return ours and (is_own or self.user.runs_projects)
