"""What an action says when it may not do what it was asked."""

from __future__ import annotations

from django.utils.functional import Promise


class ActionRefused(Exception):
    """An action that would break a rule. Nothing was changed; `message` tells the person why, in their language."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
