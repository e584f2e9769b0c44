"""What an action says when it may not do what it was asked."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ActionRefused(Exception):
    """An action that would break a rule. Nothing was changed; `message` tells the person why, in their language."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class FileNotKept(ActionRefused):
    """There is no room for a file, or no way to where files are kept. Nothing of it is left."""

    field = "files"

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "“%(name)s” could not be kept: there is no room for files now. Try again later, or send it without."
            )
            % {"name": name}
        )
