"""Writing: a message, a note, a call that was held, a new question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client, Membership, User
from cxportal.lib.errors import ActionRefused, tell_refusal
from cxportal.lib.fields import FilesField, LineField, TextField
from cxportal.lib.widgets import FormKeyField
from feedback.models import Thread
from feedback.texts import BODY_MAX, SUBJECT_MAX
from projects.models import Project

MAX_FILES = 10


@contextmanager
def refusals_on(form: forms.Form) -> Iterator[None]:
    """What an action refuses stands as an error on the form, next to the field it is about if it names one."""
    try:
        yield
    except ActionRefused as refusal:
        tell_refusal(form, refusal)


class WritingForm(forms.Form):
    """Words and files. `form_key` tells the same form sent twice from two forms."""

    takes_files = True

    body = TextField(
        label=_("Message"),
        max_length=BODY_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Please write something.")},
    )
    form_key = FormKeyField()

    def __init__(self, *args: Any, draft: str = "", **kwargs: Any) -> None:
        """`draft` names the place in which the browser keeps what was typed."""
        super().__init__(*args, **kwargs)
        # Not declared above: forms have an attribute of that name.
        if self.takes_files:
            self.fields["files"] = FilesField(most=MAX_FILES, required=False, label=_("Files"))
        self.draft = draft
        self.fields["body"].widget.attrs["data-draft"] = draft

    @property
    def words(self) -> dict[str, Any]:
        """The arguments that every action of writing takes."""
        names = ("body", "files", "form_key")
        return {name: self.cleaned_data[name] for name in names if name in self.fields}


class MessageForm(WritingForm):
    """Public words in a conversation."""


class NoteForm(WritingForm):
    """An internal note. It has its own form and its own address, so that it can never come out as an answer."""


class CallForm(WritingForm):
    """What was said in a call."""

    takes_files = False


class AskForm(WritingForm):
    """A new conversation, from anywhere."""

    about = forms.ChoiceField(label=_("About"))
    kind = forms.ChoiceField(
        label=_("What is it?"), choices=Thread.Kind.choices, initial=Thread.Kind.QUESTION
    )
    subject = LineField(
        label=_("In a few words"),
        max_length=SUBJECT_MAX,
        error_messages={"required": _("Please say in a few words what it is about.")},
    )
    urgency = forms.BooleanField(
        label=pgettext_lazy("question", "Urgent"),
        required=False,
        help_text=_("We are told at once, also in the evening."),
    )
    audience = forms.ChoiceField(label=_("Who will see this?"), widget=forms.RadioSelect)
    # For which `about` the page said who will see it.
    named_for = LineField(required=False, widget=forms.HiddenInput)

    field_order = ("about", "kind", "subject", "body", "files", "urgency", "audience")

    def __init__(self, *args: Any, user: User, about: str = "", **kwargs: Any) -> None:
        """`about` is the place to begin with, as `place_of` names it."""
        super().__init__(*args, **kwargs)
        self.user = user
        self.places = _places(user)
        self.fields["about"].choices = _choices(self.places)  # type: ignore[attr-defined]
        chosen = self.data.get(self.add_prefix("about"), "") or about
        self.place = self.places.get(chosen) or next(iter(self.places.values()), None)
        self.fields["about"].initial = chosen
        self.fields["body"].widget.attrs["rows"] = 6
        self.fields["subject"].widget.attrs["data-draft"] = f"{self.draft}:subject"
        audiences = [Thread.Audience.COMPANY, Thread.Audience.OWNERS]
        if not user.is_our_staff:
            audiences.append(Thread.Audience.AUTHOR)
        self.fields["audience"].choices = [(one.value, one.label) for one in audiences]  # type: ignore[attr-defined]
        self.fields["audience"].initial = Thread.Audience.COMPANY

    @property
    def audiences(self) -> list[Thread.Audience]:
        return [Thread.Audience(value) for value, _label in self.fields["audience"].choices]  # type: ignore[attr-defined]

    @property
    def chosen_audience(self) -> str:
        return str(self["audience"].value() or Thread.Audience.COMPANY)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("about") and data.get("named_for") != data["about"]:
            self.add_error(
                "audience", _("Here is who will see it, now that it is about this. Please send it again.")
            )
        return data

    @property
    def question(self) -> dict[str, Any]:
        """The arguments of `start_thread`."""
        place, data = self.places[self.cleaned_data["about"]], self.cleaned_data
        client = place.client if isinstance(place, Project) else place
        return {
            **self.words,
            "client": client,
            "project": place if isinstance(place, Project) else None,
            "subject": data["subject"],
            "kind": data["kind"],
            "urgency": Thread.Urgency.URGENT if data["urgency"] else Thread.Urgency.NORMAL,
            "audience": data["audience"],
        }


def place_of(place: Project | Client) -> str:
    """How a form names what a conversation is about."""
    return place.code if isinstance(place, Project) else f"client-{place.pk}"


def _places(user: User) -> dict[str, Project | Client]:
    """What `user` may ask about, projects first: only where they may also write. Two queries."""
    projects = Project.objects.visible_to(user).current().select_related("client").order_by("name", "pk")
    clients = Client.objects.visible_to(user).active().order_by("name", "pk")
    if not user.is_our_staff:
        writers = Membership.objects.in_force().filter(
            user=user, role__in=[Membership.Role.OWNER, Membership.Role.MEMBER]
        )
        projects = projects.filter(client__in=writers.values("client"))
        clients = clients.filter(pk__in=writers.values("client"))
    else:
        projects = projects.exclude(status=Project.Status.DRAFT).filter(client__is_active=True)
    return {place_of(place): place for place in (*projects, *clients)}


def _choices(places: dict[str, Project | Client]) -> list[tuple[str, Any]]:
    projects = [(key, place.name) for key, place in places.items() if isinstance(place, Project)]
    clients = [(key, place.name) for key, place in places.items() if isinstance(place, Client)]
    groups: list[tuple[Any, Any]] = [(_("A project"), projects), (_("The company as a whole"), clients)]
    return [group for group in groups if group[1]]
