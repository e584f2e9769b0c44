"""Answer clocks: when a client is owed an answer, who was reminded, and how it ended."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User
from feedback.models.threads import Message, Thread


class AnswerClockQuerySet(models.QuerySet["AnswerClock"]):
    def visible_to(self, user: User) -> AnswerClockQuerySet:
        return self.filter(thread__in=Thread.objects.visible_to(user))

    def running(self) -> AnswerClockQuerySet:
        return self.filter(ended_at=None)

    def by_due_time(self) -> AnswerClockQuerySet:
        return self.order_by("due_at", "pk")

    def latest_of_each_thread(self) -> AnswerClockQuerySet:
        """One clock per conversation: the running one, else the one that started last."""
        return self.order_by("thread_id", models.F("ended_at").desc(nulls_first=True), "-pk").distinct(
            "thread_id"
        )

    def late(self, now: dt.datetime) -> AnswerClockQuerySet:
        return self.running().filter(due_at__lt=now)

    def with_rung_due(self, now: dt.datetime) -> AnswerClockQuerySet:
        """Running, and the next rung of the reminder ladder has come."""
        return self.running().filter(next_rung_at__lte=now)

    def with_ledger(self) -> AnswerClockQuerySet:
        """With all that `feedback.facts.clock_facts` reads, in a constant number of queries."""
        return self.select_related("message__author", "answer__author", "ended_by").prefetch_related(
            models.Prefetch("reminders", Reminder.objects.select_related("user", "mail")),
            models.Prefetch("due_changes", DueChange.objects.select_related("actor")),
        )


class AnswerClock(models.Model):
    """Runs from the oldest unanswered message of a client to the first public answer of a human of ours.

    `policy` is the client's answer policy as it was when the clock started (`feedback.clock.Policy`).
    """

    class Ending(models.TextChoices):
        ANSWERED = "answered", _("answered")
        BY_PHONE = "by_phone", _("answered by phone")
        NO_REPLY_NEEDED = "no_reply", _("no reply needed")
        WITHDRAWN = "withdrawn", _("taken back by the author")
        JOINED = "joined", _("went on in an earlier clock")

    thread = models.ForeignKey(Thread, models.CASCADE, related_name="clocks", verbose_name=_("conversation"))
    message = models.ForeignKey(
        Message, models.PROTECT, related_name="started_clocks", verbose_name=_("started by")
    )
    policy = models.JSONField(_("answer policy"))
    started_at = models.DateTimeField(_("started"))
    due_at = models.DateTimeField(_("answer due"))
    first_due_at = models.DateTimeField(_("answer due at first"))
    late_since = models.DateTimeField(_("late since"), null=True, blank=True)
    rung = models.PositiveSmallIntegerField(_("last rung, %"), default=0)
    next_rung_at = models.DateTimeField(_("next reminder"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ending = models.CharField(_("how it ended"), max_length=16, choices=Ending, blank=True, default="")
    answer = models.ForeignKey(
        Message,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="ended_clocks",
        verbose_name=_("answered by"),
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ended by"),
    )
    end_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects: ClassVar[AnswerClockQuerySet] = AnswerClockQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("answer clock")
        verbose_name_plural = _("answer clocks")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["thread"], condition=models.Q(ended_at=None), name="one_running_clock_per_thread"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ending="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ending="")),
                name="clock_ends_somehow",
            ),
        ]
        indexes = [
            models.Index(fields=["next_rung_at"], name="clock_rung_due", condition=models.Q(ended_at=None)),
            models.Index(fields=["due_at"], name="clock_running_due", condition=models.Q(ended_at=None)),
            models.Index(fields=["thread", "-started_at"], name="clock_of_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.thread_id}: {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    def is_late(self, now: dt.datetime) -> bool:
        """Late now, or was when it ended; a due time moved afterwards erases nothing."""
        return self.late_since is not None or (self.ended_at or now) > self.due_at

    def note_lateness(self, at: dt.datetime) -> None:
        """Remembers that the due time passed without an answer, once it has. Not saved; never forgotten again."""
        if self.late_since is None and at > self.due_at:
            self.late_since = self.due_at

    @property
    def is_moved(self) -> bool:
        """A manager gave it another due time than the policy."""
        return self.due_at != self.first_due_at

    @property
    def answered_in(self) -> dt.timedelta | None:
        """Elapsed time from the client's message to our answer; None while there is none."""
        if self.ended_at is None or self.ending not in {self.Ending.ANSWERED, self.Ending.BY_PHONE}:
            return None
        return self.ended_at - self.started_at


class Reminder(models.Model):
    """A line of a clock's ledger: one rung for one person, sent or not sent and why."""

    class Outcome(models.TextChoices):
        QUEUED = "queued", _("reminded")
        SUPPRESSED = "suppressed", _("not reminded")

    clock = models.ForeignKey(AnswerClock, models.CASCADE, related_name="reminders", verbose_name=_("clock"))
    # "50", "75", "90", "100", then "100+2026-11-23" for each working day after; "0": before the first of them.
    rung = models.CharField(_("rung"), max_length=20)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="reminders", verbose_name=_("to")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome)
    # Words of `feedback.reasons`, which says them in the reader's language.
    reason = models.CharField(_("why"), max_length=300, blank=True)
    mail = models.ForeignKey(
        "notifications.OutgoingMail",
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("mail"),
    )

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "rung", "user"], name="reminder_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.rung} → {self.user}"


class DueChange(models.Model):
    """A due time a manager moved, with the reason the client reads."""

    clock = models.ForeignKey(
        AnswerClock, models.CASCADE, related_name="due_changes", verbose_name=_("clock")
    )
    old = models.DateTimeField(_("from"))
    new = models.DateTimeField(_("to"))
    reason = models.CharField(_("reason, as the client reads it"), max_length=300)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("moved due time")
        verbose_name_plural = _("moved due times")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.reason
