"""What a person may choose for themselves."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.fields import LineField


@cache
def zone_names() -> tuple[str, ...]:
    """The zones people live in: Continent/City, and UTC. Left out are old aliases such as "Cuba" or "EST5EDT"."""
    continents = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
                  "Indian", "Pacific")  # fmt: skip
    cities = (z for z in zoneinfo.available_timezones() if z.split("/")[0] in continents and "/" in z)
    return ("UTC", *sorted(cities))


class PreferencesForm(forms.ModelForm):
    name = LineField(max_length=150, label=_("Name"), help_text=_("So others see you."))
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Dates and times are shown to you in this zone.")
    )

    class Meta:
        model = User
        fields = ("name", "language", "time_zone")
        labels = {"language": _("Language")}
        help_texts = {"language": _("Of the portal and of the mails it sends you.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.instance.time_zone
        names = zone_names() if current in zone_names() else (current, *zone_names())
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in names]  # type: ignore[attr-defined]
        # Each language by its own name: whoever cannot read this page finds the way out.
        self.fields["language"].choices = [  # type: ignore[attr-defined]
            (code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES
        ]
        self.fields["name"].widget.attrs["autocomplete"] = "name"
