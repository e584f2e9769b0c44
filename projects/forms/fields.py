"""Fields that several forms of this app share."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cxportal.lib.fields import LineField
from projects.workdays import FIRST_DAY, LAST_DAY

_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])")
_HOURS = re.compile(r"([0-9]{1,2}(?:[.,][0-9]{1,2})?)")


class DayField(forms.DateField):
    """A date without a time zone, from the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(widget=widget, **kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"min": FIRST_DAY.isoformat(), "max": LAST_DAY.isoformat()}

    def clean(self, value: Any) -> dt.date | None:
        day = super().clean(value)
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError(_("This year cannot be meant."))
        return day


class HoursField(LineField):
    """A length of work, written as 1:30, 1.5 or 1,5; cleaned to whole minutes (1 to 1440)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=10, **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "placeholder": "1:30", "autocomplete": "off"}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if clock := _CLOCK.fullmatch(text):
            minutes = 60 * int(clock[1]) + int(clock[2])
        elif hours := _HOURS.fullmatch(text):
            minutes = round(60 * float(hours[1].replace(",", ".")))
        else:
            raise ValidationError(_("Write hours as 1:30 or 1.5."))
        if not 1 <= minutes <= 24 * 60:
            raise ValidationError(_("Between a minute and 24 hours."))
        return minutes
