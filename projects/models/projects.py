"""Projects and the columns of their boards."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Membership, User


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> ProjectQuerySet:
        """The projects `user` may see.

        Managers and admins: all. Specialists: those whose team they belong to. Client owners: all of their
        company but drafts; members and viewers: those opened to them. A company that was switched off shows
        its people nothing.
        """
        if user.runs_projects:
            return self
        # Subqueries, not joins: no row comes twice, so nothing has to be made distinct wherever this is built upon.
        if user.is_our_staff:
            teams = Project.team.through.objects.filter(user=user)
            return self.filter(models.Q(manager=user) | models.Q(pk__in=teams.values("project")))
        of_project = models.OuterRef("client")
        owned = Membership.objects.owners().filter(user=user, client=of_project)
        opened = Membership.projects.through.objects.filter(
            project=models.OuterRef("pk"), membership__user=user, membership__client=of_project
        )
        return self.filter(models.Exists(owned) | models.Exists(opened), client__is_active=True).exclude(
            status=Project.Status.DRAFT
        )

    def active(self) -> ProjectQuerySet:
        return self.filter(status=Project.Status.ACTIVE)

    def current(self) -> ProjectQuerySet:
        """Those people still look at: not put away in the archive."""
        return self.exclude(status=Project.Status.ARCHIVED)


class Project(models.Model):
    """What we do for a client, with a board, a plan and a team."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")
        ARCHIVED = "archived", _("Archived")

    class Health(models.TextChoices):
        ON_TRACK = "on_track", _("On track")
        AT_RISK = "at_risk", _("At risk")
        LATE = "late", _("Late")

    client = models.ForeignKey(Client, models.PROTECT, related_name="projects", verbose_name=_("client"))
    code = models.CharField(
        _("code"),
        max_length=12,
        unique=True,
        validators=[
            RegexValidator(r"^[A-Z][A-Z0-9]{1,11}$", _("2 to 12 capital letters and digits, a letter first."))
        ],
        help_text=_("Stands before the number of each task: HOUSE-12."),
    )
    name = models.CharField(_("name"), max_length=150)
    description = models.TextField(_("description"), blank=True, max_length=20_000)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="managed_projects",
        verbose_name=_("manager"),
        limit_choices_to={"staff_role__in": ["manager", "admin"]},
    )
    team = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="teams",
        verbose_name=_("team"),
        limit_choices_to={"staff_role__in": ["specialist", "manager", "admin"]},
    )
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.DRAFT)
    starts_on = models.DateField(_("start"), null=True, blank=True)
    due_on = models.DateField(_("promised finish"), null=True, blank=True)
    health_override = models.CharField(
        _("health set by hand"), max_length=16, choices=Health, blank=True, default=""
    )
    health_reason = models.CharField(
        _("reason, as the client reads it"), max_length=300, blank=True, default=""
    )
    publishes_estimates = models.BooleanField(_("client sees estimates"), default=False)
    last_task_number = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    objects: ClassVar[ProjectQuerySet] = ProjectQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.health_override and not self.health_reason:
            raise ValidationError({"health_reason": _("Health set by hand needs a reason the client reads.")})
        if self.starts_on and self.due_on and self.due_on < self.starts_on:
            raise ValidationError({"due_on": _("The finish lies before the start.")})

    def get_absolute_url(self) -> str:
        return reverse("board", args=[self.code])

    def people(self) -> models.QuerySet[User]:
        """Those of ours who work on it and may be given tasks: the team and the manager, while they may sign in."""
        return User.objects.active().filter(
            models.Q(pk=self.manager_id) | models.Q(pk__in=self.team.values("pk"))
        )

    @property
    def is_open(self) -> bool:
        """Work goes on or may go on: tasks can be added and moved."""
        return self.status not in {self.Status.FINISHED, self.Status.ARCHIVED}


class Column(models.Model):
    """A column of a project's board. Its kind says what progress counts."""

    class Kind(models.TextChoices):
        TO_DO = "todo", _("To do")
        IN_PROGRESS = "doing", _("In progress")
        DONE = "done", _("Done")

    project = models.ForeignKey(Project, models.CASCADE, related_name="columns", verbose_name=_("project"))
    name = models.CharField(
        _("name"), max_length=80, blank=True, help_text=_("Empty: named by what it counts as.")
    )
    kind = models.CharField(_("counts as"), max_length=8, choices=Kind)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("column")
        verbose_name_plural = _("columns")
        ordering = ["project", "position", "pk"]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language while nobody gave it another one."""
        return self.name or self.get_kind_display()


class Label(models.Model):
    """A word that groups tasks of one project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="labels", verbose_name=_("project"))
    name = models.CharField(_("name"), max_length=40)

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="label_once")]

    def __str__(self) -> str:
        return self.name
