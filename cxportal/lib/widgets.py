"""Form fields that look and work alike everywhere."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms


class PasswordInput(forms.PasswordInput):
    """With a button that shows what is typed, where there is JavaScript; so nobody has to type it twice."""

    template_name = "widgets/password.html"


class FormKeyField(forms.UUIDField):
    """A hidden key, new with each blank form: sent twice, a form is accepted once.

    The action it goes to keeps the key with what it made, under a unique constraint, and answers the second time
    with what the first one made.
    """

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid.uuid4, label="")

    def clean(self, value: Any) -> uuid.UUID | None:
        """None for what is no key: nobody can mend a hidden field, and such a form is as good as one without."""
        try:
            return super().clean(value)
        except forms.ValidationError:
            return None
