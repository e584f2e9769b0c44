"""Events (what happened) and outgoing mail (what leaves because of it)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from clients.models import User  # for the reader's eyes only: nothing is imported upwards at run time


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, user: User) -> EventQuerySet:
        """Events of the projects `user` sees.

        Contacts see nothing internal, and the events of a conversation only through the conversation itself,
        whose author may have narrowed who reads it.
        """
        if user.runs_projects:
            return self
        seen = self.filter(project__in=user.seen_projects())
        if user.is_our_staff:
            return seen
        return seen.filter(is_internal=False, thread=None).exclude(task__is_internal=True)


class Event(models.Model):
    """Something that happened. Written in the transaction of the change itself, never changed afterwards."""

    kind = models.CharField(_("kind"), max_length=40)
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    client = models.ForeignKey("clients.Client", models.CASCADE, null=True, related_name="events")
    project = models.ForeignKey("projects.Project", models.CASCADE, null=True, related_name="events")
    task = models.ForeignKey("projects.Task", models.CASCADE, null=True, related_name="events")
    thread = models.ForeignKey("feedback.Thread", models.CASCADE, null=True, related_name="events")
    is_internal = models.BooleanField(_("internal"), default=False)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects: ClassVar[EventQuerySet] = EventQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["task", "-at"], name="event_of_task"),
            models.Index(fields=["project", "-at"], name="event_of_project"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def due(self, now: dt.datetime | Now) -> OutgoingMailQuerySet:
        """Waiting to be sent, and their time has come. `now` is aware, or the database's `Now()`."""
        return self.filter(state__in=OutgoingMail.WAITING, due_at__lte=now)

    def unsent(self) -> OutgoingMailQuerySet:
        """Waiting or under way, now or later."""
        return self.filter(state__in=[*OutgoingMail.WAITING, *OutgoingMail.UNDER_WAY])

    def oldest_unsent_at(self, now: dt.datetime) -> dt.datetime | None:
        """When the oldest mail that should have left by `now`, and has not, was to be sent. None: there is none."""
        # Two queries, because each has its own partial index: nothing reads the millions that were sent.
        oldest = [
            self.filter(state__in=states, first_due_at__lte=now).aggregate(at=models.Min("first_due_at"))[
                "at"
            ]
            for states in (OutgoingMail.WAITING, OutgoingMail.UNDER_WAY)
        ]
        return min((at for at in oldest if at is not None), default=None)


class OutgoingMail(models.Model):
    """One mail to one recipient. docs/reliability.md describes its way, state by state."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        CLAIMED = "claimed", _("taken by a worker")
        HANDING_OVER = "handing_over", _("being handed over")
        UNCERTAIN = "uncertain", _("uncertain, will be sent again")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        SUPPRESSED = "suppressed", _("not sent")

    WAITING = (State.QUEUED, State.UNCERTAIN)
    UNDER_WAY = (State.CLAIMED, State.HANDING_OVER)

    kind = models.CharField(_("kind"), max_length=40)
    dedupe_key = models.CharField(_("key"), max_length=200, unique=True)
    message_id = models.CharField(_("Message-ID"), max_length=255, unique=True)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="outgoing_mails",
        verbose_name=_("recipient"),
    )
    to = models.EmailField(_("to"))
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    data = models.JSONField(_("made from"), default=dict, blank=True)
    is_secret = models.BooleanField(
        _("carries a secret"), default=False, help_text=_("If so, its text is never stored or shown.")
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    due_at = models.DateTimeField(_("to be sent at"), default=timezone.now)
    first_due_at = models.DateTimeField(_("to be sent at first"), default=timezone.now)
    give_up_at = models.DateTimeField(
        _("not tried after"), null=True, blank=True, help_text=_("Empty: two days after the first try.")
    )
    lease_until = models.DateTimeField(_("taken until"), null=True, blank=True)
    token = models.UUIDField(_("taken with"), null=True, blank=True)
    attempt_count = models.PositiveIntegerField(_("attempts"), default=0)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    text = models.TextField(_("plain text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    headers = models.JSONField(_("headers"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects: ClassVar[OutgoingMailQuerySet] = OutgoingMailQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="mail_due",
                condition=models.Q(state__in=["queued", "uncertain"]),
            ),
            models.Index(
                fields=["lease_until"],
                name="mail_leased",
                condition=models.Q(state__in=["claimed", "handing_over"]),
            ),
            models.Index(fields=["recipient", "-created_at"], name="mail_of_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.to}"


class MailAttempt(models.Model):
    """One try to hand a mail to the SMTP server, and what came of it."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("accepted")
        TEMPORARY = "temporary", _("refused for now")
        PERMANENT = "permanent", _("refused for good")
        BROKEN = "broken", _("could not be written")
        UNCERTAIN = "uncertain", _("unknown: the connection or the worker was lost")
        SUPPRESSED = "suppressed", _("not sent")

    mail = models.ForeignKey(OutgoingMail, models.CASCADE, related_name="attempts", verbose_name=_("mail"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome)
    detail = models.CharField(_("answer of the server"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.outcome}"


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: User) -> AuditEntryQuerySet:
        """Administrators see all, nobody else anything."""
        return self if user.is_admin else self.none()


class AuditEntry(models.Model):
    """What an administrator did. Written by `cxportal.notifications.audit`; a trigger keeps it as it was written.

    Names stand in it as text, and the keys hold nobody back: who is deleted stays in the record all the same.
    """

    what = models.CharField(_("what"), max_length=40)
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("who"),
    )
    actor_name = models.CharField(_("who"), max_length=300, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("person"),
    )
    person_name = models.CharField(_("on whom"), max_length=300, blank=True)
    thing = models.CharField(_("on what"), max_length=300, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    address = models.GenericIPAddressField(_("from the address"), null=True, blank=True)
    data: models.JSONField[Any, Any] = models.JSONField(_("details"), default=dict, blank=True)

    objects: ClassVar[AuditEntryQuerySet] = AuditEntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at"], name="audit_by_time")]

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When a part of the background work last showed it was alive."""

    name = models.CharField(_("part"), max_length=80, primary_key=True)
    at = models.DateTimeField(_("when"))
    data: models.JSONField[Any, Any] = models.JSONField(_("said"), default=dict, blank=True)

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
