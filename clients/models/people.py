"""People: everyone who signs in, and what is known of our own staff."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cxportal.lib.names import initials


def validate_time_zone(name: str) -> None:
    """Raises ValidationError unless `name` is a zone of the IANA database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(name)s” is not a known time zone."), params={"name": name})


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> UserQuerySet:
        """The people `user` may know of.

        Managers and admins know everyone, specialists their colleagues and the people of the clients whose
        projects they work on. A contact knows the people of their own companies, and of ours the team of the
        projects they see and the manager responsible for their company.
        """
        if user.runs_projects:
            return self
        if user.is_our_staff:
            return self.filter(
                ~models.Q(staff_role=User.StaffRole.NONE)
                | models.Q(memberships__client__projects__team=user)
                | models.Q(memberships__client__projects__manager=user)
                | models.Q(pk=user.pk)
            ).distinct()
        mine = models.Q(memberships__user=user)
        from_us = models.Q(
            pk__in=User.objects.filter(
                models.Q(teams__in=user.seen_projects())
                | models.Q(managed_projects__in=user.seen_projects())
                | models.Q(managed_clients__memberships__user=user)
            ).values("pk")
        )
        companies = models.Q(memberships__client__memberships__user=user)
        return self.filter(mine | companies | from_us | models.Q(pk=user.pk)).distinct()

    def active(self) -> UserQuerySet:
        return self.filter(is_active=True)

    def staff(self) -> UserQuerySet:
        """Our own people, whatever their role."""
        return self.exclude(staff_role=User.StaffRole.NONE)

    def managers(self) -> UserQuerySet:
        return self.filter(staff_role=User.StaffRole.MANAGER)

    def admins(self) -> UserQuerySet:
        return self.filter(staff_role=User.StaffRole.ADMIN)

    def at_work(self, day: dt.date) -> UserQuerySet:
        """Active staff with no absence on `day` (a date in the zone of whoever asks)."""
        return self.active().exclude(absences__starts_on__lte=day, absences__ends_on__gte=day)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who may sign in with `email`; without a password only by resetting it."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, staff_role=User.StaffRole.ADMIN, **fields)


class User(AbstractBaseUser):
    """Someone who signs in: one of our staff (`staff_role`), or a contact with memberships in client companies."""

    class StaffRole(models.TextChoices):
        NONE = "", _("not our staff")
        SPECIALIST = "specialist", _("Specialist")
        MANAGER = "manager", _("Manager")
        ADMIN = "admin", _("Administrator")

    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=150)
    staff_role = models.CharField(
        _("role in our company"), max_length=16, choices=StaffRole, default=StaffRole.NONE, blank=True
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    is_active = models.BooleanField(
        _("may sign in"), default=True, help_text=_("Switch off instead of deleting: the history stays.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()
        if self.is_our_staff and self.pk and self.memberships.exists():
            raise ValidationError(
                {"staff_role": _("A contact of a client cannot also be our staff: end the membership first.")}
            )

    @property
    def is_our_staff(self) -> bool:
        return self.staff_role != self.StaffRole.NONE

    @property
    def runs_projects(self) -> bool:
        """Managers and admins: they see all projects and may plan, agree and invite."""
        return self.staff_role in {self.StaffRole.MANAGER, self.StaffRole.ADMIN}

    @property
    def is_admin(self) -> bool:
        return self.staff_role == self.StaffRole.ADMIN

    def seen_projects(self) -> models.QuerySet[Any]:
        """The projects this person may see; `Project.objects.visible_to` in the words of this app."""
        return self._meta.apps.get_model("projects", "Project").objects.visible_to(self)

    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email

    @property
    def initials(self) -> str:
        return initials(self.name or self.email)

    # What Django's own admin asks. Rights follow from the role alone, there are no groups.
    @property
    def is_staff(self) -> bool:
        return self.is_admin

    @property
    def is_superuser(self) -> bool:
        return self.is_admin

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_admin

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return self.is_active and self.is_admin

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_admin


class Skill(models.Model):
    """Something staff can do and tasks need: "Bricklayer", "Python"."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StaffProfile(models.Model):
    """What is known of one of our own people beyond signing in."""

    user = models.OneToOneField(User, models.CASCADE, related_name="staff_profile", verbose_name=_("person"))
    job_title = models.CharField(_("job title"), max_length=120, blank=True)
    backup = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="backs_up",
        verbose_name=_("backup"),
        help_text=_("Answers the clients when this person is away or late."),
    )
    quiet_from = models.TimeField(_("quiet hours from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet hours until"), null=True, blank=True)
    skills = models.ManyToManyField(Skill, blank=True, related_name="staff", verbose_name=_("skills"))

    class Meta:
        verbose_name = _("staff profile")
        verbose_name_plural = _("staff profiles")

    def __str__(self) -> str:
        return str(self.user)

    def clean(self) -> None:
        super().clean()
        if self.user_id and not self.user.is_our_staff:
            raise ValidationError({"user": _("Only our own staff have a staff profile.")})
        if self.backup_id and (self.backup_id == self.user_id or not self.backup.is_our_staff):  # type: ignore[union-attr]
            raise ValidationError({"backup": _("The backup is another person of our staff.")})
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValidationError({"quiet_until": _("Quiet hours need both a beginning and an end.")})


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def on(self, day: dt.date) -> AbsenceQuerySet:
        return self.filter(starts_on__lte=day, ends_on__gte=day)

    def not_passed_on(self) -> AbsenceQuerySet:
        """Of which nobody who stands in was told yet."""
        return self.exclude(passed_on_from=models.F("starts_on"))


class Absence(models.Model):
    """Whole days one of our people is away, first and last day included."""

    user = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("person"))
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    # The first day as it was when whoever stands in was told; another one since: they are told once more.
    passed_on_from = models.DateField(null=True, editable=False)

    objects: ClassVar[Any] = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="absence_ends_after_start",
                violation_error_message=_("The last day lies before the first."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.starts_on} – {self.ends_on}"
