"""Choosing a file to import."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from projects.importing import MAX_BYTES


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"), allow_empty_file=True, widget=forms.FileInput(attrs={"accept": ".csv,text/csv"})
    )

    def content(self) -> tuple[str, bytes]:
        """The file's name and what is in it, cut just behind the size that is refused anyway."""
        file: UploadedFile = self.cleaned_data["file"]
        data: Any = file.read(MAX_BYTES + 1)
        return file.name or "file.csv", bytes(data)
