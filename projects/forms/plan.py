"""What managers write into a plan."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cxportal.lib.fields import LineField
from cxportal.lib.widgets import FormKeyField
from projects.actions.dates import owes_reason
from projects.forms.fields import DayField
from projects.models import Dependency, Milestone, Phase, Project, Task

MOST_OFFERED = 500


class PhaseForm(forms.Form):
    name = LineField(max_length=150, label=_("Name of the phase"))


class MilestoneForm(forms.Form):
    """`milestone` is None for a new one."""

    name = LineField(max_length=200, label=_("Name"))
    form_key = FormKeyField()
    due_on = DayField(label=_("Date"))
    reason = LineField(
        max_length=500,
        required=False,
        label=_("Why does the date change?"),
        help_text=_("The client reads this."),
    )
    phase = forms.ModelChoiceField(
        Phase.objects.none(), required=False, label=_("Phase"), empty_label=_("none")
    )
    is_internal = forms.BooleanField(
        required=False, label=_("Internal"), help_text=_("The client does not see it.")
    )

    def __init__(self, data: Any = None, *, project: Project, milestone: Milestone | None = None) -> None:
        initial = {}
        if milestone is not None:
            initial = {name: getattr(milestone, name) for name in ("name", "due_on", "phase", "is_internal")}
        super().__init__(data, initial=initial)
        self.milestone = milestone
        phase = self.fields["phase"]
        assert isinstance(phase, forms.ModelChoiceField)
        phase.queryset = project.phases.all()
        del self.fields["reason" if milestone is None else "form_key"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.milestone and "due_on" in cleaned:
            old = self.milestone.due_on
            if old and cleaned["due_on"] != old and owes_reason(self.milestone) and not cleaned.get("reason"):
                self.add_error("reason", _("The client sees this date. Write why it moves."))
        return cleaned


class NodeField(LineField):
    """A task or milestone of `project`, by the key of the task (HOUSE-12, or just 12) or the milestone's name."""

    project: Project

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found = self._task(text.split(" ")[0]) or self.project.milestones.filter(name=text).first()
        if found is None:
            raise ValidationError(_("There is no such task or milestone in this project."))
        return found

    def _task(self, key: str) -> Task | None:
        number = key.upper().removeprefix(f"{self.project.code}-")
        if not (number.isascii() and number.isdecimal() and len(number) < 10):
            return None
        return self.project.tasks.filter(number=int(number)).first()


class DependencyForm(forms.Form):
    after = NodeField(max_length=250, label=_("This"))
    before = NodeField(max_length=250, label=_("waits for this"))
    kind = forms.ChoiceField(choices=Dependency.Kind.choices, label=_("How"))
    lag_days = forms.IntegerField(
        required=False, min_value=-500, max_value=500, label=_("Working days between")
    )

    def __init__(self, data: Any = None, *, project: Project) -> None:
        super().__init__(data)
        for name in ("before", "after"):
            field = self.fields[name]
            assert isinstance(field, NodeField)
            field.project = project
            field.widget.attrs |= {"list": "nodes", "autocomplete": "off"}

    def clean_lag_days(self) -> int:
        return self.cleaned_data["lag_days"] or 0


def offered_nodes(project: Project) -> list[str]:
    """What can be typed into a NodeField, for the browser to offer."""
    tasks = project.tasks.still_open().order_by("number").values_list("number", "title")[:MOST_OFFERED]
    milestones = project.milestones.order_by("due_on").values_list("name", flat=True)[:MOST_OFFERED]
    return [f"{project.code}-{number} {title}" for number, title in tasks] + list(milestones)
