"""What an action says when it may not do what it was asked."""

from __future__ import annotations

from django import forms
from django.utils.functional import Promise


class ActionRefused(Exception):
    """An action that would break a rule. Nothing was changed; `message` tells the person why, in their language.

    `field` is the argument it is about, where it is about one.
    """

    def __init__(self, message: str | Promise, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


def tell_refusal(form: forms.BaseForm, refused: ActionRefused) -> None:
    """Puts what an action refused beside the field it is about, else on top of the form."""
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))
