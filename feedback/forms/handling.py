"""What staff decide about a conversation besides answering, and what its author may."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.fields import LineField
from feedback.models import Thread
from feedback.texts import REASON_MAX


class ReasonForm(forms.Form):
    """A decision that needs a word why."""

    reason = LineField(
        label=_("Why?"), max_length=REASON_MAX, error_messages={"required": _("Please say why.")}
    )


class DueForm(ReasonForm):
    """Another due time, in the zone of the one who sets it."""

    due_at = forms.DateTimeField(
        label=_("Answer due"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 300}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ("due_at", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Why? The client reads this.")

    @classmethod
    def at(cls, due_at: dt.datetime) -> DueForm:
        """The form as it begins: with the due time as it is."""
        return cls(initial={"due_at": timezone.localtime(due_at).replace(tzinfo=None)})


class AssignForm(forms.Form):
    """Who of us is on it; empty: nobody."""

    assignee: Any = forms.ModelChoiceField(
        label=_("Who is on it?"), queryset=None, required=False, empty_label=_("Nobody yet")
    )

    def __init__(self, *args: Any, user: User, thread: Thread, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = User.objects.visible_to(user).staff().active()  # type: ignore[attr-defined]
        self.fields["assignee"].initial = thread.assignee_id
        self.fields["assignee"].widget.attrs["class"] = "form-select"


class AudienceForm(forms.Form):
    """Fewer readers: an audience within the one it has."""

    audience = forms.ChoiceField(label=_("Who may read this from now on?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, thread: Thread, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].choices = [(one.value, one.label) for one in narrower(thread)]  # type: ignore[attr-defined]


def narrower(thread: Thread) -> list[Thread.Audience]:
    """The audiences within the present one; none for the conversation of a task."""
    order = [Thread.Audience.COMPANY, Thread.Audience.OWNERS, Thread.Audience.AUTHOR]
    return [] if thread.task_id else order[order.index(Thread.Audience(thread.audience)) + 1 :]
