"""Why an action on a project was refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from cxportal.lib.errors import ActionRefused

if TYPE_CHECKING:
    from projects.models import Task

__all__ = ["ActionRefused", "CycleRefused", "NotOfThisProject", "ProjectClosed", "ReasonMissing", "StaleEdit"]


class ProjectClosed(ActionRefused):
    """The project is finished or archived: its board and plan stay as they are."""

    def __init__(self) -> None:
        super().__init__(
            _("This project is finished. Nothing in it can be changed until it is opened again.")
        )


class NotOfThisProject(ActionRefused):
    """A column, a task or anything else that belongs to another project."""

    def __init__(self) -> None:
        super().__init__(_("This belongs to another project."))


class StaleEdit(ActionRefused):
    """Somebody saved the task after `version` was read. `current` is the task as it is now."""

    def __init__(self, current: Task) -> None:
        super().__init__(_("Somebody changed this task while you were writing."))
        self.current = current


class ReasonMissing(ActionRefused):
    """A date the client sees was moved without a word why."""

    def __init__(self) -> None:
        super().__init__(_("The client sees this date. Write why it moves."), field="reason")


class CycleRefused(ActionRefused):
    """A dependency that would make things wait for themselves. `names` go around: the last waits for the first."""

    def __init__(self, names: Sequence[str | Promise]) -> None:
        self.names = [str(name) for name in names]
        around = " → ".join([*self.names, self.names[0]])
        super().__init__(format_lazy("{} {}", _("These would wait for each other in a circle:"), around))
