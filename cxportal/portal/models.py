"""The weekly status board: who gets it when, what the manager says on top, and what went out."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User, WorkingSpan
from clients.models.people import validate_time_zone
from cxportal.lib.slots import Schedule
from projects.models import Project


class BoardScheduleQuerySet(models.QuerySet["BoardSchedule"]):
    def visible_to(self, user: User) -> BoardScheduleQuerySet:
        """One's own."""
        return self.filter(user=user)

    def due(self, now: dt.datetime) -> BoardScheduleQuerySet:
        return self.filter(is_on=True, next_slot_at__lte=now)


class BoardSchedule(models.Model):
    """When one contact gets the weekly board. Made with the first membership, advanced only from itself."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="board_schedule", verbose_name=_("person")
    )
    is_on = models.BooleanField(_("send me the weekly board"), default=True)
    weekday = models.PositiveSmallIntegerField(
        _("weekday"), choices=WorkingSpan.Weekday, default=WorkingSpan.Weekday.FRIDAY
    )
    hour = models.PositiveSmallIntegerField(_("hour"), default=16, validators=[MaxValueValidator(23)])
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    skip_quiet_weeks = models.BooleanField(
        _("skip weeks in which nothing happened"),
        default=False,
        help_text=_("Never while something is late or waits for you."),
    )
    left_out = models.ManyToManyField(
        Project, blank=True, related_name="+", verbose_name=_("projects left out")
    )
    next_slot_at = models.DateTimeField(_("next one"), null=True)
    # The end of the last window that was told; a slot that joins the next one does not move it.
    covered_until = models.DateTimeField(_("told until"), null=True)

    objects: ClassVar[BoardScheduleQuerySet] = BoardScheduleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("weekly board")
        verbose_name_plural = _("weekly boards")
        indexes = [
            models.Index(fields=["next_slot_at"], name="board_slot_due", condition=models.Q(is_on=True))
        ]

    def __str__(self) -> str:
        return str(self.user)

    def slots(self) -> Schedule:
        """Weekday, hour and zone in the words of the arithmetic of slots."""
        return Schedule(self.weekday, self.hour, self.time_zone)


class BoardIntroduction(models.Model):
    """The manager's own words on top of one project's section, for one week; used once."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="introductions", verbose_name=_("project")
    )
    text = models.TextField(_("introduction"), max_length=2000)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    # The Monday of the week whose slots it is for, as each recipient's own zone counts weeks.
    week_of = models.DateField(_("for the week of"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("introduction")
        verbose_name_plural = _("introductions")
        constraints = [models.UniqueConstraint(fields=["project", "week_of"], name="introduction_once")]

    def __str__(self) -> str:
        return self.text[:60]


class SentBoardQuerySet(models.QuerySet["SentBoard"]):
    def visible_to(self, user: User) -> SentBoardQuerySet:
        """Contacts see their own boards, staff those that had a project they see."""
        if user.is_our_staff:
            return self.filter(projects__in=Project.objects.visible_to(user)).distinct()
        return self.filter(user=user)


class SentBoard(models.Model):
    """A weekly board of one recipient and slot: queued as a mail, or skipped and why."""

    class Outcome(models.TextChoices):
        QUEUED = "queued", _("sent")
        QUIET = "quiet", _("skipped: a quiet week")
        JOINED = "joined", _("joined the next one")
        NOBODY = "nobody", _("nothing to see for this person")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sent_boards")
    slot_at = models.DateTimeField(_("slot"))
    window_start = models.DateTimeField(_("from"))
    window_end = models.DateTimeField(_("until"))
    is_extra = models.BooleanField(_("sent by hand"), default=False)
    # The same form sent twice carries the same key: the second queues nothing.
    form_key = models.UUIDField(null=True, editable=False)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.QUEUED)
    projects = models.ManyToManyField(Project, blank=True, related_name="sent_boards")
    mail = models.ForeignKey("notifications.OutgoingMail", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[SentBoardQuerySet] = SentBoardQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("sent weekly board")
        verbose_name_plural = _("sent weekly boards")
        ordering = ["-slot_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "slot_at"], condition=models.Q(is_extra=False), name="board_once_per_slot"
            ),
            models.UniqueConstraint(fields=["user", "form_key"], name="board_once_per_form"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.slot_at:%Y-%m-%d %H:%M}"
