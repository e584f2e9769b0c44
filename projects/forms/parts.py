"""The small forms on the page of a task."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from cxportal.lib.fields import FilesField, LineField
from cxportal.lib.widgets import FormKeyField
from projects.forms.fields import DayField, HoursField


class ChecklistForm(forms.Form):
    text = LineField(max_length=300, label=_("New item"))
    form_key = FormKeyField()


class WaitingForm(forms.Form):
    waiting_for = LineField(
        max_length=300, label=_("What does the client have to do?"), help_text=_("The client reads this.")
    )


class HoursForm(forms.Form):
    day = DayField(label=_("Day"), required=True)
    minutes = HoursField(label=_("Hours"))
    note = LineField(max_length=300, required=False, label=_("Note"))
    form_key = FormKeyField()


MOST_FILES = 20  # in one form


class FilesForm(forms.Form):
    files = FilesField(most=MOST_FILES, label=_("Add files"))  # type: ignore[assignment]  # of the class, not of the form
    is_shown = forms.BooleanField(required=False, label=_("Show them to the client at once"))
    form_key = FormKeyField()
