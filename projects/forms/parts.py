"""The small forms on the page of a task."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from projects.forms.fields import DayField, HoursField, LineField


class ChecklistForm(forms.Form):
    text = LineField(max_length=300, label=_("New item"))


class WaitingForm(forms.Form):
    waiting_for = LineField(
        max_length=300, label=_("What does the client have to do?"), help_text=_("The client reads this.")
    )


class HoursForm(forms.Form):
    day = DayField(label=_("Day"), required=True)
    minutes = HoursField(label=_("Hours"))
    note = LineField(max_length=300, required=False, label=_("Note"))


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several; what is in them is looked at by the action."""

    MOST = 20
    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = list(data or [])
        if not files:
            raise forms.ValidationError(_("Choose a file first."))
        if len(files) > self.MOST:
            raise forms.ValidationError(_("At most %(n)s files at once."), params={"n": self.MOST})
        return files


class FilesForm(forms.Form):
    files = FilesField(label=_("Add files"))  # type: ignore[assignment]  # of the class, not of the form
    is_shown = forms.BooleanField(required=False, label=_("Show them to the client at once"))
