"""Why an action on a conversation was refused."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cxportal.lib.errors import ActionRefused

__all__ = [
    "ActionRefused",
    "AlreadyAnswered",
    "AudienceRefused",
    "ClockRuns",
    "DueTimeRefused",
    "MoveRefused",
    "NotSeenByClient",
    "NothingToAnswer",
    "TextRefused",
    "TooLateToTakeBack",
    "WrongAssignee",
]


class TextRefused(ActionRefused):
    """A text that cannot be kept as it is; `field` is the argument it came in."""

    def __init__(self, message: str | Promise, *, field: str) -> None:
        super().__init__(message, field=field)


class ClockRuns(ActionRefused):
    """The client still waits for an answer."""

    def __init__(self) -> None:
        super().__init__(
            _("The client still waits for an answer. Answer first, or say why no reply is needed.")
        )


class NothingToAnswer(ActionRefused):
    """No clock runs: there is nothing to excuse or to move."""

    def __init__(self) -> None:
        super().__init__(_("Nothing waits for an answer here any more."))


class NotSeenByClient(ActionRefused):
    """Public words where no client person would read them."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The client cannot see this conversation now, so this would answer nobody. Write a note instead."
            )
        )


class AlreadyAnswered(ActionRefused):
    """A message that was dealt with stays: the answer would hang in the air."""

    def __init__(self) -> None:
        super().__init__(_("This has been dealt with already and stays as it is."))


class TooLateToTakeBack(ActionRefused):
    """The time in which the author may take words back is over."""

    def __init__(self) -> None:
        super().__init__(_("It is too late to take this back."))


class WrongAssignee(ActionRefused):
    """Not one of our staff who may sign in."""

    def __init__(self) -> None:
        super().__init__(_("Only our own active staff can take on a conversation."))


class DueTimeRefused(ActionRefused):
    """A due time that is not ahead, or too far ahead."""

    def __init__(self) -> None:
        super().__init__(_("The new time must lie ahead, within a year."), field="due_at")


class MoveRefused(ActionRefused):
    """Messages cannot go there: they would be read by others, or by nobody."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)


class AudienceRefused(ActionRefused):
    """Who reads a conversation can only be narrowed, and not where it belongs to a task."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
