"""Moving a card and adding one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cxportal.lib.fields import LineField
from cxportal.lib.widgets import FormKeyField
from projects.models import Column, Project, Task

TOP, END = "top", "end"


class MoveForm(forms.Form):
    """Where a card goes: a column of `project`, and there "top", "end" or behind the task of a number.

    `cleaned_data["after"]` is the task to stand behind, or None for the top.
    """

    column = forms.ModelChoiceField(Column.objects.none(), label=_("Column"), empty_label=None)
    place = LineField(required=False, max_length=10)
    ends_waiting = forms.BooleanField(required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        field = self.fields["column"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = project.columns.all()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        column, place = cleaned.get("column"), cleaned.get("place") or END
        cleaned["after"] = None
        if column is None or place == TOP:
            return cleaned
        if place == END:
            cleaned["after"] = column.tasks.on_board().last()
        elif place.isdecimal():
            cleaned["after"] = self.project.tasks.filter(number=int(place)).first()
        if cleaned["after"] is None and place != END:
            self.add_error("place", _("This card is not on the board any more."))
        return cleaned


class QuickTaskForm(forms.ModelForm):
    """A title is enough for a new task."""

    title = LineField(max_length=200, label=_("Title"))
    form_key = FormKeyField()

    class Meta:
        model = Task
        fields = ["title", "is_internal"]
