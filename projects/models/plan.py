"""The plan: phases, milestones, what depends on what, and every change of a date."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import User
from projects.models.projects import Project


class PhaseQuerySet(models.QuerySet["Phase"]):
    def visible_to(self, user: User) -> PhaseQuerySet:
        """Phases of the projects `user` sees; contacts get those in which there is something they may see."""
        seen = self.filter(project__in=Project.objects.visible_to(user))
        if user.is_our_staff:
            return seen
        with_milestones = Milestone.objects.shown_to_clients().values("phase")
        return seen.filter(models.Q(tasks__is_internal=False) | models.Q(pk__in=with_milestones)).distinct()


class Phase(models.Model):
    """A named group of tasks."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="phases", verbose_name=_("project"))
    name = models.CharField(_("name"), max_length=150)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects: ClassVar[PhaseQuerySet] = PhaseQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ["project", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="phase_once")]

    def __str__(self) -> str:
        return self.name


class MilestoneQuerySet(models.QuerySet["Milestone"]):
    def visible_to(self, user: User) -> MilestoneQuerySet:
        """Milestones of the projects `user` sees; internal ones are for our staff alone."""
        seen = self.filter(project__in=Project.objects.visible_to(user))
        return seen if user.is_our_staff else seen.shown_to_clients()

    def in_project(self, project: Project, user: User) -> MilestoneQuerySet:
        """What `user`, who was let into `project` by its getter, sees of its milestones."""
        seen = self.filter(project=project)
        return seen if user.is_our_staff else seen.shown_to_clients()

    def shown_to_clients(self) -> MilestoneQuerySet:
        return self.filter(is_internal=False)

    def ahead(self) -> MilestoneQuerySet:
        """Not reached yet."""
        return self.filter(reached_on=None)

    def overdue(self, today: dt.date) -> MilestoneQuerySet:
        return self.ahead().filter(due_on__lt=today)


class Milestone(models.Model):
    """A point in the plan, zero long; a node of dependencies like a task."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="milestones", verbose_name=_("project"))
    phase = models.ForeignKey(
        Phase,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="milestones",
        verbose_name=_("phase"),
    )
    name = models.CharField(_("name"), max_length=200)
    due_on = models.DateField(_("date"), null=True, blank=True)
    reached_on = models.DateField(_("reached on"), null=True, blank=True)
    is_internal = models.BooleanField(_("internal"), default=False)
    position = models.PositiveIntegerField(_("position"), default=0)
    form_key = models.UUIDField(null=True, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: ClassVar[MilestoneQuerySet] = MilestoneQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ["due_on", "position", "pk"]

    def __str__(self) -> str:
        return self.name


class Placeholder(models.Model):
    """Someone named in a plan who has no account: from an import, or not hired yet."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="placeholders", verbose_name=_("project")
    )
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=150)

    class Meta:
        verbose_name = _("person without an account")
        verbose_name_plural = _("people without an account")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="placeholder_once")]

    def __str__(self) -> str:
        return self.name


# A task or milestone as a node of `projects.graph`: "task" or "milestone", and its id.
Node = tuple[str, int]


class DependencyQuerySet(models.QuerySet["Dependency"]):
    def edges(self) -> list[tuple[Node, Node]]:
        """What waits for what, as edges of `projects.graph`: (before, after), the oldest first. One query."""
        ends = ("from_task_id", "from_milestone_id", "to_task_id", "to_milestone_id")
        return [
            (
                ("task", from_task) if from_task else ("milestone", from_milestone),
                ("task", to_task) if to_task else ("milestone", to_milestone),
            )
            for from_task, from_milestone, to_task, to_milestone in self.order_by("pk").values_list(*ends)
        ]

    def visible_to(self, user: User) -> DependencyQuerySet:
        """Those of the projects `user` sees; contacts get those of which they may see both ends."""
        seen = self.filter(project__in=Project.objects.visible_to(user))
        if user.is_our_staff:
            return seen
        return seen.exclude(
            models.Q(from_task__is_internal=True)
            | models.Q(to_task__is_internal=True)
            | models.Q(from_milestone__is_internal=True)
            | models.Q(to_milestone__is_internal=True)
        )


class Dependency(models.Model):
    """One task or milestone of a project that waits for another one of the same project."""

    class Kind(models.TextChoices):
        FINISH_TO_START = "FS", _("finish to start")
        START_TO_START = "SS", _("start to start")
        FINISH_TO_FINISH = "FF", _("finish to finish")
        START_TO_FINISH = "SF", _("start to finish")

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="dependencies", verbose_name=_("project")
    )
    from_task = models.ForeignKey(
        "projects.Task", models.CASCADE, null=True, blank=True, related_name="dependencies_out"
    )
    from_milestone = models.ForeignKey(
        Milestone, models.CASCADE, null=True, blank=True, related_name="dependencies_out"
    )
    to_task = models.ForeignKey(
        "projects.Task", models.CASCADE, null=True, blank=True, related_name="dependencies_in"
    )
    to_milestone = models.ForeignKey(
        Milestone, models.CASCADE, null=True, blank=True, related_name="dependencies_in"
    )
    kind = models.CharField(_("kind"), max_length=2, choices=Kind, default=Kind.FINISH_TO_START)
    lag_days = models.SmallIntegerField(_("lag, working days"), default=0)

    objects: ClassVar[DependencyQuerySet] = DependencyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("dependency")
        verbose_name_plural = _("dependencies")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(from_task=None) ^ models.Q(from_milestone=None),
                name="dependency_from_one",
            ),
            models.CheckConstraint(
                condition=models.Q(to_task=None) ^ models.Q(to_milestone=None), name="dependency_to_one"
            ),
            models.UniqueConstraint(
                fields=["from_task", "from_milestone", "to_task", "to_milestone"],
                name="dependency_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"

    @property
    def before(self) -> models.Model | None:
        """What has to come first."""
        return self.from_task or self.from_milestone

    @property
    def after(self) -> models.Model | None:
        """What waits for it."""
        return self.to_task or self.to_milestone


class DateChangeQuerySet(models.QuerySet["DateChange"]):
    def visible_to(self, user: User) -> DateChangeQuerySet:
        """Changes of the tasks and milestones `user` sees, in the projects they see.

        A change made while the client could not see the thing stays internal when it is shown later.
        """
        seen = self.filter(project__in=Project.objects.visible_to(user))
        if user.is_our_staff:
            return seen
        return seen.filter(
            models.Q(task__is_internal=False) | models.Q(milestone__is_internal=False), is_internal=False
        )


class DateChange(models.Model):
    """A date of the plan that was moved, why, and by whom. Never changed, never deleted."""

    class Field(models.TextChoices):
        START = "starts_on", _("start")
        DUE = "due_on", _("date")

    project = models.ForeignKey(Project, models.CASCADE, related_name="date_changes")
    task = models.ForeignKey("projects.Task", models.CASCADE, null=True, related_name="date_changes")
    milestone = models.ForeignKey(Milestone, models.CASCADE, null=True, related_name="date_changes")
    field = models.CharField(max_length=16, choices=Field)
    old = models.DateField(null=True)
    new = models.DateField(null=True)
    reason = models.CharField(_("reason, as the client reads it"), max_length=500, blank=True)
    is_internal = models.BooleanField(_("internal"), default=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[DateChangeQuerySet] = DateChangeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("change of a date")
        verbose_name_plural = _("changes of dates")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["project", "-at"])]

    def __str__(self) -> str:
        return f"{self.task or self.milestone}: {self.old} → {self.new}"
