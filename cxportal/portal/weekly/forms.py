"""Forms of the weekly board."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.fields import LineField, TextField
from cxportal.lib.widgets import FormKeyField
from cxportal.portal.models import BoardSchedule
from projects.models import Project


class IntroductionForm(forms.Form):
    text = TextField(
        label=_("Your words on top"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Used once, in the next weekly boards of this project. Empty: none."),
    )
    language = forms.ChoiceField(label=_("Written in"), choices=settings.LANGUAGES)


class SendNowForm(forms.Form):
    form_key = FormKeyField()
    users = forms.ModelMultipleChoiceField(
        label=_("To"), queryset=User.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, recipients: list[BoardSchedule], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [schedule.user_id for schedule in recipients]
        self.fields["users"].queryset = User.objects.filter(pk__in=people)  # type: ignore[attr-defined]
        self.fields["users"].initial = people


class ScheduleForm(forms.ModelForm):
    hour = forms.TypedChoiceField(
        label=_("Hour"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )
    time_zone = LineField(label=_("Time zone"), max_length=64)
    projects = forms.ModelMultipleChoiceField(
        label=_("Projects"),
        queryset=Project.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("New projects are added by themselves."),
    )

    class Meta:
        model = BoardSchedule
        fields = ("is_on", "weekday", "hour", "time_zone", "projects", "skip_quiet_weeks")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = Project.objects.visible_to(user).current()
        self.fields["projects"].queryset = shown  # type: ignore[attr-defined]
        left_out = self.instance.left_out.values("pk") if self.instance.pk else []
        self.fields["projects"].initial = shown.exclude(pk__in=left_out)
        self.helper = FormHelper()
        self.helper.form_tag = False

    def left_out(self) -> list[Project]:
        """The shown projects that were not ticked."""
        ticked = self.cleaned_data["projects"].values("pk")
        return list(self.fields["projects"].queryset.exclude(pk__in=ticked))  # type: ignore[attr-defined]
