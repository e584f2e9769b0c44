"""Writing a task: the same form for a new one and for one that is there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from clients.models import Skill, User
from cxportal.lib.fields import LineField, TextField
from cxportal.lib.text import one_line
from cxportal.lib.widgets import FormKeyField
from projects.actions.dates import owes_reason
from projects.actions.tasks import DATES, EDITABLE, MANY, word
from projects.forms.fields import DayField
from projects.models import Project, Task

LABEL_LENGTH = 40


class TaskForm(forms.ModelForm):
    """`task` is an unsaved one of the project for a new task. Saves nothing: the actions do."""

    title = LineField(max_length=200, label=_("Title"))
    description = TextField(
        max_length=50_000,
        required=False,
        label=_("Description"),
        help_text=_("Markdown: **bold**, - list, [link](https://…)"),
    )
    starts_on = DayField(label=_("Start"))
    due_on = DayField(label=_("Due"))
    new_labels = LineField(
        max_length=200, required=False, label=_("New labels"), help_text=_("Separated by commas.")
    )

    class Meta:
        model = Task
        fields = [
            "title",
            "description",
            "starts_on",
            "due_on",
            "assignees",
            "placeholders",
            "phase",
            "milestone",
            "priority",
            "labels",
            "estimate_hours",
            "percent_done",
            "skills",
        ]
        widgets = dict.fromkeys(MANY, forms.CheckboxSelectMultiple)

    def __init__(self, data: Any = None, *, task: Task, **kwargs: Any) -> None:
        super().__init__(data, instance=task, **kwargs)
        self.project: Project = task.project
        self.of_project()
        self.fields["description"].widget.attrs |= {"rows": 8}
        self.fields["estimate_hours"].widget.attrs |= {"min": 0, "step": "0.25", "inputmode": "decimal"}
        if task.pk and task.is_done:
            del self.fields["percent_done"]  # a done task is done
        if "percent_done" in self.fields:
            self.fields["percent_done"].widget.attrs |= {"min": 0, "max": 100}
        if task.estimate_hours is not None:
            self.initial["estimate_hours"] = word("estimate_hours", task.estimate_hours)
        for name in ("placeholders", "labels", "skills"):
            if not self._queryset(name).exists():
                del self.fields[name]

    def of_project(self) -> None:
        """Offers only what belongs to the project, and the people who work on it or already on the task."""
        at_work = Q(pk__in=self.project.people().values("pk"))
        if self.instance.pk:
            at_work |= Q(assigned_tasks=self.instance)
        choices = {
            "assignees": User.objects.filter(at_work).distinct(),
            "placeholders": self.project.placeholders.all(),
            "labels": self.project.labels.all(),
            "phase": self.project.phases.all(),
            "milestone": self.project.milestones.all(),
            "skills": Skill.objects.all(),
        }
        for name, queryset in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = queryset
            if name in {"phase", "milestone"}:
                field.empty_label = str(_("none"))

    def _queryset(self, name: str) -> Any:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field.queryset

    def clean_new_labels(self) -> list[str]:
        names = [one_line(name) for name in self.cleaned_data["new_labels"].split(",")]
        if any(len(name) > LABEL_LENGTH for name in names):
            raise forms.ValidationError(
                _("A label has at most %(n)s characters."), params={"n": LABEL_LENGTH}
            )
        return list(dict.fromkeys(name for name in names if name))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        starts_on, due_on = cleaned.get("starts_on"), cleaned.get("due_on")
        if starts_on and due_on and due_on < starts_on:
            self.add_error("due_on", _("The task would be due before it starts."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """What was sent for the fields of a task, as the actions take it; without fields that are wrong."""
        return {
            name: list(value) if name in MANY else value
            for name, value in self.cleaned_data.items()
            if name in EDITABLE
        }


class NewTaskForm(TaskForm):
    form_key = FormKeyField()
    is_internal = forms.BooleanField(
        required=False, label=_("Internal"), help_text=_("The client does not see it until you show it.")
    )

    class Meta(TaskForm.Meta):
        exclude = ["percent_done"]  # noqa: DJ006  fields are listed; this takes one of them out


class EditTaskForm(TaskForm):
    """Knows at which version of the task the person began to write."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    date_reason = LineField(
        max_length=500,
        required=False,
        label=_("Why do the dates change?"),
        help_text=_("The client reads this."),
    )

    def __init__(self, data: Any = None, *, task: Task, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"version": task.version})
        self.read = model_to_dict(task, DATES)  # the instance itself is filled with what was sent
        super().__init__(data, task=task, **kwargs)

    @property
    def read_version(self) -> int:
        """The version of the task that the person began to write on; 0 where the form was tampered with."""
        sent = self.data.get("version", "")
        return int(sent) if sent.isdecimal() and len(sent) < 10 else 0

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        moved = any(
            self.read[name] and cleaned.get(name) != self.read[name] for name in DATES if name in cleaned
        )
        if moved and owes_reason(self.instance) and not cleaned.get("date_reason"):
            self.add_error("date_reason", _("The client sees this date. Write why it moves."))
        return cleaned
