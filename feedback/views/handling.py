"""What is decided about a conversation besides answering: who is on it, until when, who reads it, open or closed."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from clients.access import require_manager, require_staff
from clients.http import PersonRequest
from cxportal.lib.dates import people_time
from cxportal.lib.errors import ActionRefused
from cxportal.lib.toasts import toast
from feedback.access import get_running_clock, require_write
from feedback.actions import (
    assign as assign_thread,
)
from feedback.actions import (
    close_thread,
    move_due,
    narrow_audience,
    no_reply_needed,
    reopen_thread,
    unfollow,
)
from feedback.actions import (
    follow as follow_thread,
)
from feedback.forms.handling import AssignForm, AudienceForm, DueForm, ReasonForm
from feedback.forms.writing import refusals_on
from feedback.models import Thread
from feedback.views._doors import verb_on_thread
from feedback.views._page import back, show


@verb_on_thread("assign")
def assign(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_staff(request.user)
    form = AssignForm(request.POST, prefix="assign", user=request.user, thread=thread)
    if form.is_valid():
        with refusals_on(form):
            assignee = form.cleaned_data["assignee"]
            assign_thread(thread=thread, by=request.user, assignee=assignee)
            toast(
                request, _("%(name)s is on it.") % {"name": assignee} if assignee else _("Nobody is on it.")
            )
            return back(request, thread)
    return show(request, thread, assign=form)


@verb_on_thread("no_reply")
def no_reply(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_staff(request.user)
    form = ReasonForm(request.POST, prefix="no_reply")
    if form.is_valid():
        with refusals_on(form):
            no_reply_needed(thread=thread, by=request.user, reason=form.cleaned_data["reason"])
            toast(request, _("No reply is needed: nothing waits here now."))
            return back(request, thread)
    return show(request, thread, no_reply=form)


@verb_on_thread("due")
def due(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_manager(request.user)
    form = DueForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            clock = get_running_clock(request.user, thread)
            move_due(clock=clock, by=request.user, **form.cleaned_data)
            when = people_time(form.cleaned_data["due_at"]).when
            toast(request, _("The answer is due %(time)s now. The client reads why.") % {"time": when})
            return back(request, thread)
    return show(request, thread, due=form)


@verb_on_thread("")
def close(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_write(request.user, thread)
    try:
        close_thread(thread=thread, by=request.user)
        toast(request, _("Closed."), undo_url=_verb("thread_reopen", thread))
    except ActionRefused as refusal:
        toast(request, refusal.message, level=messages.ERROR)
    return back(request, thread)


@verb_on_thread("")
def reopen(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_write(request.user, thread)
    reopen_thread(thread=thread, by=request.user)
    toast(request, _("Open again."))
    return back(request, thread)


@verb_on_thread("audience")
def audience(request: PersonRequest, thread: Thread) -> HttpResponse:
    if request.user.is_our_staff or thread.author_id != request.user.pk:
        raise PermissionDenied
    form = AudienceForm(request.POST, prefix="audience", thread=thread)
    if form.is_valid():
        with refusals_on(form):
            narrow_audience(thread=thread, by=request.user, audience=form.cleaned_data["audience"])
            toast(request, _("Fewer people read this now."))
            return back(request, thread)
    return show(request, thread, audience=form)


@verb_on_thread("")
def follow(request: PersonRequest, thread: Thread) -> HttpResponse:
    if request.POST.get("follow") == "no":
        unfollow(thread=thread, by=request.user)
        toast(request, _("You get no more mails of this."), undo_url=_verb("thread_follow", thread))
    else:
        follow_thread(thread=thread, by=request.user)
        toast(request, _("You get each answer by mail."))
    return back(request, thread)


def _verb(name: str, thread: Thread) -> str:
    return reverse(name, args=[thread.uid])
