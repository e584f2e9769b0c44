"""The pages: what a person sees and gets, the story of mails, handing over. Administrators only."""

from __future__ import annotations

from itertools import groupby
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clients.handing_over import WrongTarget
from clients.models import User
from cxportal.lib.admin import ReasonForm, page
from cxportal.notifications.models import Event
from cxportal.portal.administration.access import access_of
from cxportal.portal.administration.mail_story import story_of_event, story_of_person, story_of_thread
from cxportal.portal.handing_over import KINDS, hand_over, what_hangs_on
from feedback.models import Thread


def person_access(request: HttpRequest, pk: int) -> HttpResponse:
    """What the person may see and why, and what they get."""
    person = _person(pk)
    access = access_of(person, timezone.now(), count_sessions="sessions" in request.GET)
    title = _("What %(name)s sees") % {"name": person.name}
    return page(request, "admin/person/access.html", title=title, person=person, access=access, tab="access")


def person_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """Every mail the person got or did not get, with what became of it and why; `q` searches conversations."""
    person = _person(pk)
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    lines = story_of_person(person, words=words)
    title = _("Mail of %(name)s") % {"name": person.name}
    return page(
        request, "admin/person/mail.html", title=title, person=person, lines=lines, words=words, tab="mail"
    )


def thread_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """What was mailed about a conversation: to whom, and to whom not."""
    thread = _one(Thread.objects.select_related("client", "project", "task", "author", "assignee"), pk)
    story = story_of_thread(thread)
    title = _("Mail about “%(subject)s”") % {"subject": thread.subject}
    return page(request, "admin/person/story.html", title=title, story=story, thread=thread)


def event_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """What was mailed because of one event."""
    event = _one(Event.objects.select_related("thread__client", "thread__project", "actor"), pk)
    title = _("Mail because of %(kind)s") % {"kind": event.kind}
    story = story_of_event(event)
    return page(
        request, "admin/person/story.html", title=title, story=story, thread=event.thread, event=event
    )


class TargetForm(forms.Form):
    """Who takes it over: any of our people who may sign in. Who of them cannot take what is said row by row."""

    to: Any = forms.ModelChoiceField(label=_("To whom?"), queryset=None)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = User.objects.staff().active().exclude(pk=person.pk)  # type: ignore[attr-defined]


def person_hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """First to whom, then what would go over and what not, then it goes over."""
    person = _person(pk)
    target = TargetForm(request.POST or request.GET or None, person=person)
    to = target.cleaned_data["to"] if target.is_bound and target.is_valid() else None
    reason = ReasonForm(request.POST or None)
    if request.method == "POST" and to is not None and reason.is_valid():
        return _hand_over(request, person, to, reason.cleaned_data["reason"])
    items = what_hangs_on(person, to or person)
    groups = [(KINDS[kind], list(found)) for kind, found in groupby(items, key=lambda item: item.kind)]
    return page(
        request,
        "admin/person/hand_over.html",
        title=_("Hand over the work of %(name)s") % {"name": person.name},
        person=person,
        target=target,
        to=to,
        reason=reason,
        groups=groups,
        count=sum(not item.why_not for item in items),
        tab="hand_over",
    )


def _hand_over(request: HttpRequest, person: User, to: User, reason: str) -> HttpResponse:
    try:
        result = hand_over(old=person, new=to, by=cast(User, request.user), reason=reason)
    except WrongTarget as refused:
        messages.error(request, f"{to}: {refused}")
    else:
        done = len(result.done)
        words = ngettext(
            "%(count)d thing went over to %(name)s.", "%(count)d things went over to %(name)s.", done
        )
        messages.success(request, words % {"count": done, "name": to.name})
        left = len(result.left)
        if left:
            words = ngettext("%(count)d stays: see why.", "%(count)d stay: see why.", left)
            messages.warning(request, words % {"count": left})
    return redirect(f"{reverse('admin:person_hand_over', args=[person.pk])}?to={to.pk}")


def _person(pk: int) -> User:
    return cast(User, _one(User.objects.all(), pk))


def _one(rows: Any, pk: int) -> Any:
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
