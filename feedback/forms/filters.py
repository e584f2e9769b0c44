"""The filters of the list of questions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.fields import LineField
from feedback.models import Thread
from feedback.models.threads import ThreadQuerySet
from projects.models import Project

STATUSES = {"open": _("Open"), "closed": _("Closed"), "all": _("All")}


class ThreadFilter(forms.Form):
    """What is left empty, or cannot be understood, filters nothing."""

    status = forms.ChoiceField(label=_("Status"), choices=list(STATUSES.items()), required=False)
    project: Any = forms.ModelChoiceField(
        label=_("Project"), queryset=None, to_field_name="code", required=False, empty_label=_("All projects")
    )
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("All kinds")), *Thread.Kind.choices], required=False
    )
    mine = forms.BooleanField(label=_("Mine"), required=False)
    unassigned = forms.BooleanField(label=_("Nobody is on it"), required=False)
    late = forms.BooleanField(label=_("Late"), required=False)
    q = LineField(label=_("Search"), max_length=200, required=False)

    def __init__(self, *args: Any, user: User, project: Project | None = None, **kwargs: Any) -> None:
        """`project`: the list is of that one, and the choice falls away."""
        super().__init__(*args, **kwargs)
        self.user, self.one_project = user, project
        self.fields["project"].queryset = Project.objects.visible_to(user)  # type: ignore[attr-defined]
        if project is not None:
            del self.fields["project"]
        for name in ("project", "kind"):
            if name in self.fields:
                self.fields[name].widget.attrs["class"] = "form-select"
        for name in ("mine", "unassigned", "late"):
            self.fields[name].widget.attrs["class"] = "form-check-input"
        if not user.is_our_staff:
            del self.fields["unassigned"], self.fields["late"]

    @property
    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return self.cleaned_data

    @property
    def status_shown(self) -> str:
        return self.chosen.get("status") or "open"

    @property
    def statuses(self) -> list[tuple[str, Any]]:
        return list(STATUSES.items())

    @property
    def more_is_chosen(self) -> bool:
        """Whether one of the filters is set that stand behind the button."""
        return any(value for name, value in self.chosen.items() if name not in {"status", "q"})

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but open or closed is chosen: then an empty list says so."""
        return any(value for name, value in self.chosen.items() if name != "status")

    def apply(self, threads: ThreadQuerySet, now: dt.datetime) -> ThreadQuerySet:
        """`threads` as chosen, in the order of what needs an answer."""
        chosen = self.chosen
        match self.status_shown:
            case "open":
                threads = threads.open()
            case "closed":
                threads = threads.closed()
        if project := self.one_project or chosen.get("project"):
            threads = threads.filter(project=project)
        if chosen.get("kind"):
            threads = threads.filter(kind=chosen["kind"])
        if chosen.get("mine"):
            threads = threads.of(self.user)
        if chosen.get("unassigned"):
            threads = threads.unassigned()
        if chosen.get("late"):
            threads = threads.late(now)
        if chosen.get("q"):
            threads = threads.searched(chosen["q"], self.user)
        return threads.by_due_time()
