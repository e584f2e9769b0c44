"""Making a personal token for the API."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

from clients.models import ApiToken
from clients.tokens import LIFETIMES, SCOPE_HINTS
from cxportal.lib.fields import LineField
from cxportal.lib.widgets import FormKeyField


class TokenForm(forms.Form):
    name = LineField(
        label=pgettext_lazy("of a token", "Name"),
        max_length=80,
        help_text=_("What it is for, so that you know which one to revoke."),
    )
    scope = forms.ChoiceField(
        label=pgettext_lazy("of a token", "May"), widget=forms.RadioSelect, initial=ApiToken.Scope.READ
    )
    days = forms.TypedChoiceField(label=_("Ends after"), coerce=int, initial=90)
    form_key = FormKeyField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = [(one.value, f"{one.label}. {SCOPE_HINTS[one]}") for one in ApiToken.Scope]
        self.fields["scope"].choices = [(value, words[:1].upper() + words[1:]) for value, words in scopes]  # type: ignore[attr-defined]
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (days, ngettext_lazy("%(days)d day", "%(days)d days", days) % {"days": days})
            for days in LIFETIMES
        ]
