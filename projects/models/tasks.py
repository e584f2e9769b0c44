"""Tasks and what hangs on them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Skill, User
from projects.models.plan import Milestone, Phase, Placeholder
from projects.models.projects import Column, Label, Project


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user: User) -> TaskQuerySet:
        """Tasks of the projects `user` sees; internal ones are for our staff alone."""
        seen = self.filter(project__in=Project.objects.visible_to(user))
        return seen if user.is_our_staff else seen.shown_to_clients()

    def in_project(self, project: Project, user: User) -> TaskQuerySet:
        """What `user`, who was let into `project` by its getter, sees of its tasks: the door for pages of one project.

        The same as `visible_to` without asking for each row what the getter has answered for all of them.
        """
        seen = self.filter(project=project)
        return seen if user.is_our_staff else seen.shown_to_clients()

    def shown_to_clients(self) -> TaskQuerySet:
        return self.filter(is_internal=False)

    def to_do(self) -> TaskQuerySet:
        return self.filter(column__kind=Column.Kind.TO_DO)

    def in_progress(self) -> TaskQuerySet:
        return self.filter(column__kind=Column.Kind.IN_PROGRESS)

    def done(self) -> TaskQuerySet:
        return self.filter(column__kind=Column.Kind.DONE)

    def still_open(self) -> TaskQuerySet:
        return self.exclude(column__kind=Column.Kind.DONE)

    def waiting_on_client(self) -> TaskQuerySet:
        """Open tasks that cannot go on before the client has done something."""
        return self.still_open().filter(waiting_since__isnull=False)

    def overdue(self, today: dt.date) -> TaskQuerySet:
        return self.still_open().filter(due_on__lt=today)

    def on_board(self) -> TaskQuerySet:
        """In the order of the cards."""
        return self.order_by("rank", "pk")


class Task(models.Model):
    """A piece of work of a project; a card of its board."""

    class Priority(models.IntegerChoices):
        LOW = 1, _("Low")
        NORMAL = 2, _("Normal")
        HIGH = 3, _("High")
        URGENT = 4, _("Urgent")

    project = models.ForeignKey(Project, models.CASCADE, related_name="tasks", verbose_name=_("project"))
    number = models.PositiveIntegerField(_("number"), editable=False)
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True, max_length=50_000)
    column = models.ForeignKey(Column, models.PROTECT, related_name="tasks", verbose_name=_("column"))
    rank = models.BigIntegerField(default=0, editable=False)
    phase = models.ForeignKey(
        Phase, models.SET_NULL, null=True, blank=True, related_name="tasks", verbose_name=_("phase")
    )
    milestone = models.ForeignKey(
        Milestone, models.SET_NULL, null=True, blank=True, related_name="tasks", verbose_name=_("milestone")
    )
    assignees = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="assigned_tasks", verbose_name=_("assignees")
    )
    placeholders = models.ManyToManyField(
        Placeholder, blank=True, related_name="tasks", verbose_name=_("people without an account")
    )
    skills = models.ManyToManyField(Skill, blank=True, related_name="tasks", verbose_name=_("needed skills"))
    labels = models.ManyToManyField(Label, blank=True, related_name="tasks", verbose_name=_("labels"))
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL)
    estimate_hours = models.DecimalField(
        _("estimate, hours"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    working_days = models.PositiveSmallIntegerField(
        _("length, working days"), null=True, blank=True, validators=[MaxValueValidator(5000)]
    )
    percent_done = models.PositiveSmallIntegerField(
        _("done, %"), default=0, validators=[MaxValueValidator(100)]
    )
    starts_on = models.DateField(_("start"), null=True, blank=True)
    due_on = models.DateField(_("due"), null=True, blank=True)
    is_internal = models.BooleanField(_("internal"), default=False)
    waiting_since = models.DateTimeField(_("waiting on the client since"), null=True, blank=True)
    waiting_for = models.CharField(_("what we wait for"), max_length=300, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True, editable=False)
    reopened_at = models.DateTimeField(_("reopened"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    form_key = models.UUIDField(null=True, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    objects: ClassVar[TaskQuerySet] = TaskQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["project", "number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="task_number_once"),
            models.CheckConstraint(
                condition=models.Q(percent_done__lte=100), name="task_percent_at_most_100"
            ),
        ]
        indexes = [
            models.Index(fields=["column", "rank", "id"], name="task_in_column"),
            # In the very orders in which a board shows its columns (projects/board.py): it reads no more than it shows.
            models.Index(
                "column",
                models.F("done_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="task_done_latest",
            ),
            models.Index(
                fields=["project", "waiting_since", "id"],
                name="task_waits_longest",
                condition=models.Q(waiting_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        """The task as people call it: `HOUSE-12`. Costs a query unless `project` was fetched along."""
        return f"{self.project.code}-{self.number}"

    @property
    def is_done(self) -> bool:
        return self.column.kind == Column.Kind.DONE

    @property
    def is_waiting(self) -> bool:
        return self.waiting_since is not None and not self.is_done

    def is_overdue(self, today: dt.date) -> bool:
        return self.due_on is not None and self.due_on < today and not self.is_done

    def get_absolute_url(self) -> str:
        return reverse("task", args=[self.project.code, self.number])


class ChecklistItem(models.Model):
    task = models.ForeignKey(Task, models.CASCADE, related_name="checklist", verbose_name=_("task"))
    text = models.CharField(_("text"), max_length=300)
    is_done = models.BooleanField(_("done"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("checklist item")
        verbose_name_plural = _("checklist")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> AttachmentQuerySet:
        """Files of the tasks `user` sees; internal files are for our staff alone."""
        seen = self.filter(task__in=Task.objects.visible_to(user))
        return seen if user.is_our_staff else seen.filter(is_internal=False)


class Attachment(models.Model):
    """A file on a task. What staff add is internal until they show it."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="attachments", verbose_name=_("task"))
    file = models.FileField(_("file"), upload_to="tasks/%Y/%m/", max_length=255)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(max_length=100, default="application/octet-stream")
    size = models.PositiveBigIntegerField(_("size"), default=0)
    is_internal = models.BooleanField(_("internal"), default=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    objects: ClassVar[AttachmentQuerySet] = AttachmentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["uploaded_at", "pk"]

    def __str__(self) -> str:
        return self.name


class TimeEntryQuerySet(models.QuerySet["TimeEntry"]):
    def visible_to(self, user: User) -> TimeEntryQuerySet:
        """Hours on the tasks one of our people sees; nobody else sees any."""
        return self.filter(task__in=Task.objects.visible_to(user)) if user.is_our_staff else self.none()


class TimeEntry(models.Model):
    """Hours one of our people worked on a task. Internal, always."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="time_entries", verbose_name=_("task"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="time_entries", verbose_name=_("person")
    )
    day = models.DateField(_("day"))
    minutes = models.PositiveIntegerField(
        _("minutes"), validators=[MinValueValidator(1), MaxValueValidator(24 * 60)]
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    form_key = models.UUIDField(null=True, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[TimeEntryQuerySet] = TimeEntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("hours worked")
        verbose_name_plural = _("hours worked")
        ordering = ["-day", "-pk"]

    def __str__(self) -> str:
        return f"{self.user}: {self.clock}"

    @property
    def clock(self) -> str:
        """The length as hours and minutes, "1:30"."""
        return clock(self.minutes)


def clock(minutes: int) -> str:
    """Minutes as hours and minutes, "1:30"."""
    return f"{minutes // 60}:{minutes % 60:02}"
