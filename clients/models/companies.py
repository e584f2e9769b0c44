"""Client companies, who of them may see what, and how fast they are promised an answer."""

from __future__ import annotations

from typing import ClassVar

import holidays
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models.people import User, validate_time_zone

LONGEST_MINUTES = 366 * 24 * 60


class AnswerPolicy(models.Model):
    """Within what time a client is answered. Copied into each answer clock when the clock starts."""

    class Kind(models.TextChoices):
        ELAPSED = "elapsed", _("elapsed hours, day and night")
        WORKING = "working", _("working hours")

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("counted in"), max_length=16, choices=Kind, default=Kind.ELAPSED)
    minutes = models.PositiveIntegerField(
        _("answer within, minutes"), default=24 * 60, help_text=_("1440 minutes are 24 hours.")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    holidays_country = models.CharField(
        _("public holidays of"),
        max_length=8,
        blank=True,
        help_text=_("Country code such as DE, RU or US; empty: none."),
    )

    class Meta:
        verbose_name = _("answer policy")
        verbose_name_plural = _("answer policies")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(minutes__gte=1),
                name="answer_policy_minutes_positive",
                violation_error_message=_("An answer needs at least one minute."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.holidays_country = self.holidays_country.upper()
        if self.holidays_country and self.holidays_country not in holidays.list_supported_countries():
            raise ValidationError({"holidays_country": _("No public holidays are known of this country.")})
        if self.minutes is not None and self.minutes > LONGEST_MINUTES:
            raise ValidationError({"minutes": _("An answer within a year at most.")})


class WorkingSpan(models.Model):
    """One stretch of working time of a policy; overnight work is two spans."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    policy = models.ForeignKey(AnswerPolicy, models.CASCADE, related_name="spans", verbose_name=_("policy"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    starts_at = models.TimeField(_("from"))
    ends_at = models.TimeField(_("until"), help_text=_("00:00 means midnight at the end of the day."))

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["weekday", "starts_at"]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts_at:%H:%M}–{self.ends_at:%H:%M}"

    def clean(self) -> None:
        super().clean()
        midnight = self.ends_at is not None and (self.ends_at.hour, self.ends_at.minute) == (0, 0)
        if self.starts_at and self.ends_at and not midnight and self.ends_at <= self.starts_at:
            raise ValidationError(
                {"ends_at": _("The end lies before the beginning: overnight is two spans.")}
            )


class FreeDay(models.Model):
    """A day off of a policy that no public calendar knows."""

    policy = models.ForeignKey(
        AnswerPolicy, models.CASCADE, related_name="free_days", verbose_name=_("policy")
    )
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("free day")
        verbose_name_plural = _("free days")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["policy", "day"], name="free_day_once")]

    def __str__(self) -> str:
        return self.name or str(self.day)


class ClientQuerySet(models.QuerySet["Client"]):
    def visible_to(self, user: User) -> ClientQuerySet:
        """Managers and admins see all companies, specialists those of their projects, contacts their own."""
        if user.runs_projects:
            return self
        if user.is_our_staff:
            return self.filter(projects__in=user.seen_projects()).distinct()
        return self.filter(memberships__user=user, is_active=True).distinct()

    def active(self) -> ClientQuerySet:
        return self.filter(is_active=True)


class Client(models.Model):
    """A client company."""

    name = models.CharField(_("name"), max_length=150, unique=True)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="managed_clients",
        verbose_name=_("responsible manager"),
        limit_choices_to={"staff_role__in": ["manager", "admin"]},
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    answer_policy = models.ForeignKey(
        AnswerPolicy,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="clients",
        verbose_name=_("answer policy"),
        help_text=_("Empty: an answer within 24 hours."),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switched off: its people see nothing of the company.")
    )
    is_demo = models.BooleanField(_("demonstration"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: ClassVar[ClientQuerySet] = ClientQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user: User) -> MembershipQuerySet:
        return self.filter(client__in=Client.objects.visible_to(user))

    def in_force(self) -> MembershipQuerySet:
        """Of people who may sign in and companies that are active."""
        return self.filter(user__is_active=True, client__is_active=True)

    def owners(self) -> MembershipQuerySet:
        return self.filter(role=Membership.Role.OWNER)


class Membership(models.Model):
    """A person's role in a client company. Owners see all its projects, the others those opened to them."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MEMBER = "member", _("Member")
        VIEWER = "viewer", _("Viewer")

    client = models.ForeignKey(Client, models.CASCADE, related_name="memberships", verbose_name=_("client"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.MEMBER)
    projects = models.ManyToManyField(
        "projects.Project",
        blank=True,
        related_name="opened_to",
        verbose_name=_("open projects"),
        help_text=_("Owners see all projects of the company; members and viewers these."),
    )

    objects: ClassVar[MembershipQuerySet] = MembershipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["client", "user"]
        constraints = [models.UniqueConstraint(fields=["client", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.client} ({self.get_role_display()})"

    def clean(self) -> None:
        super().clean()
        if self.user_id and self.user.is_our_staff:
            raise ValidationError({"user": _("Our staff cannot also be a contact of a client.")})
