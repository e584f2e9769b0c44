"""What the head of every page of one project shows: name, health, progress, tabs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from clients.models import User
from projects.models import Project
from projects.progress import Progress, health_in, progress_of


def frame(project: Project, user: User, tab: str, progress: Progress | None = None) -> dict[str, Any]:
    """Context for templates that extend projects/project.html; `tab` is the name of the route it stands for.

    Two queries, one where `progress` is known already. `user` was let into the project by its getter.
    """
    return {
        "project": project,
        "tab": tab,
        "progress": progress or progress_of([project], user)[project.pk],
        "health": health_in(project, user, timezone.localdate()),
        "may_work": user.is_our_staff and project.is_open,
        "may_plan": user.runs_projects,
    }
