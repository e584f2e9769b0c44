"""What a board or a list is narrowed to: one GET form for both, and for the export."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.fields import LineField
from projects.models import Label, Milestone, Placeholder, Project, Task
from projects.models.tasks import TaskQuerySet
from projects.people import known_people

_LISTS = {"person": _("Anyone"), "label": _("Any label"), "milestone": _("Any milestone")}


class _Select(forms.Select):
    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-select"})


class _Check(forms.CheckboxInput):
    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-check-input"})


class TaskFilter(forms.Form):
    """Narrows the tasks that `user` sees in `project`, which they were let into.

    People and labels to choose from are those on tasks the reader sees, milestones those they see: nobody learns
    of others here, and a foreign value is refused like one that was never there. The choices are fetched, in one
    query, when one of them is chosen or `is_open`; a board that nobody narrows does without.
    """

    q = LineField(label=_("Search"), required=False, max_length=100)
    person = forms.ChoiceField(label=_("Who"), required=False, widget=_Select)
    label = forms.ChoiceField(label=_("Label"), required=False, widget=_Select)
    milestone = forms.ChoiceField(label=_("Milestone"), required=False, widget=_Select)
    waiting = forms.BooleanField(label=_("Waiting for the client"), required=False, widget=_Check)
    overdue = forms.BooleanField(label=_("Overdue"), required=False, widget=_Check)

    def __init__(self, data: Mapping[str, Any], project: Project, user: User) -> None:
        super().__init__(data, auto_id="filter-%s")
        self.project, self.user = project, user
        self.seen = Task.objects.in_project(project, user)
        # Whether the fields besides the search are shown.
        self.is_open = any(data.get(name) for name in (*_LISTS, "waiting", "overdue", "filter"))
        self.choices = self._choices() if self.is_open else {name: [] for name in _LISTS}
        for name, anything in _LISTS.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.error_messages["invalid_choice"] = _("That is not on this board.")
            field.choices = [("", anything), *self.choices[name]]
        if not user.is_our_staff:
            self.fields["waiting"].label = _("Waiting for you")

    def _choices(self) -> dict[str, list[tuple[str, str]]]:
        tasks = self.seen.order_by().values("pk")
        text: CharField[Any, Any] = CharField()
        people = known_people(self.project, self.user).filter(assigned_tasks__in=tasks)
        placeholders = Placeholder.objects.filter(tasks__in=tasks)
        labels = Label.objects.filter(tasks__in=tasks)
        milestones = Milestone.objects.in_project(self.project, self.user)
        by_name = Cast("name", text)
        by_date = Coalesce(Cast("due_on", text), Value("~"), output_field=text)
        rows = (
            people.order_by()
            .values_list(Value("person"), Value("u"), "pk", "name", by_name)
            .union(
                placeholders.order_by().values_list(Value("person"), Value("p"), "pk", "name", by_name),
                labels.order_by().values_list(Value("label"), Value(""), "pk", "name", by_name),
                milestones.order_by().values_list(Value("milestone"), Value(""), "pk", "name", by_date),
            )
        )
        choices: dict[str, list[tuple[str, str]]] = {name: [] for name in _LISTS}
        for field, prefix, pk, name, _order in sorted(rows, key=lambda row: (row[4], row[3])):
            choices[field].append((f"{prefix}{pk}", name))
        return choices

    @property
    def is_active(self) -> bool:
        """Whether anything is narrowed at all."""
        return bool(self.is_valid() and any(self.cleaned_data.values()))

    @property
    def selects(self) -> list[forms.BoundField]:
        """Those of the lists that have something to choose from."""
        return [self[name] for name in _LISTS if self.choices[name] or self[name].errors]

    @property
    def checks(self) -> list[forms.BoundField]:
        return [self["waiting"], self["overdue"]]

    def tasks(self, today: dt.date) -> TaskQuerySet:
        """The tasks that are left. A value that was refused leaves none out; the form says what is wrong with it.

        `today` is a date in the reader's zone.
        """
        self.is_valid()
        chosen = self.cleaned_data
        tasks = self.seen
        if text := chosen.get("q"):
            tasks = tasks.filter(_mentions(text, self.project))
        if person := chosen.get("person"):
            field = "assignees" if person.startswith("u") else "placeholders"
            tasks = tasks.filter(**{field: int(person[1:])})
        if label := chosen.get("label"):
            tasks = tasks.filter(labels=int(label))
        if milestone := chosen.get("milestone"):
            tasks = tasks.filter(milestone=int(milestone))
        if chosen.get("waiting"):
            tasks = tasks.waiting_on_client()
        if chosen.get("overdue"):
            tasks = tasks.overdue(today)
        return tasks


def _mentions(text: str, project: Project) -> Q:
    """Title or description contain `text`, or it is the task's number or key."""
    found = Q(title__icontains=text) | Q(description__icontains=text)
    number = text.upper().removeprefix(f"{project.code}-").removeprefix("#")
    if number.isdecimal() and len(number) < 10:
        found |= Q(number=int(number))
    return found
