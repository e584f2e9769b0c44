"""Form fields for what people type: the one place where text from outside becomes text that is kept.

Every form of the portal uses these instead of `forms.CharField`; `tests/test_bad_input.py` fails for one that does
not. What cannot be stored or shown becomes U+FFFD or falls away (`cxportal/lib/text.py`), and text of which nothing
visible is left counts as empty.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from cxportal.lib.text import one_line, storable
from cxportal.lib.uploads import check_upload


class LineField(forms.CharField):
    """Words in one line: no control, bidirectional or invisible characters, single spaces."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class TextField(forms.CharField):
    """Words in several lines, whose ends are the same from every browser."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        text = storable(super().to_python(value) or "")
        return text.replace("\r\n", "\n").replace("\r", "\n") if one_line(text) else ""


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several, at most `most`, each looked at before the first is kept: what it is, and its name."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(widget=FilesInput(), **kwargs)
        self.most = most

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files: list[UploadedFile] = list(data or [])
        if self.required and not files:
            raise forms.ValidationError(_("Choose a file first."), code="required")
        if len(files) > self.most:
            raise forms.ValidationError(_("At most %(n)s files at once."), params={"n": self.most})
        for file in files:
            checked = check_upload(file)
            file.name, file.content_type = checked.name, checked.content_type
        return files
