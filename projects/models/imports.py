"""Plans brought in from a file."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User
from projects.models.projects import Project


class TaskImportQuerySet(models.QuerySet["TaskImport"]):
    def visible_to(self, user: User) -> TaskImportQuerySet:
        """A preview belongs to the manager who uploaded the file; nobody else can look at it or confirm it."""
        if not user.runs_projects:
            return self.none()
        return self.filter(by=user, project__in=Project.objects.visible_to(user))

    def applied(self) -> TaskImportQuerySet:
        return self.filter(applied_at__isnull=False)


class TaskImport(models.Model):
    """A file of tasks: uploaded and shown, then confirmed at most once.

    The content is kept between the preview and the confirmation, so that exactly what was shown is made.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="imports", verbose_name=_("project"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    name = models.CharField(_("file name"), max_length=200)
    digest = models.CharField(max_length=64)
    content = models.BinaryField(default=b"")
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    applied_at = models.DateTimeField(_("imported"), null=True)
    task_count = models.PositiveIntegerField(_("tasks"), default=0)
    milestone_count = models.PositiveIntegerField(_("milestones"), default=0)

    objects: ClassVar[TaskImportQuerySet] = TaskImportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("import of tasks")
        verbose_name_plural = _("imports of tasks")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "digest"],
                condition=models.Q(applied_at__isnull=False),
                name="file_imported_once",
            )
        ]

    def __str__(self) -> str:
        return self.name
