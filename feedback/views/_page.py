"""The page of a conversation, after reading it and after every form on it that was not accepted."""

from __future__ import annotations

from typing import Any

from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.http import PersonRequest
from cxportal.lib.dates import people_time
from cxportal.lib.toasts import toast
from cxportal.lib.zones import zone
from feedback.access import find_conversation
from feedback.actions import TAKE_BACK_ANSWER
from feedback.conversation import Conversation
from feedback.drafts import take, writer_token
from feedback.facts import clock_facts
from feedback.forms.handling import AssignForm, AudienceForm, DueForm, ReasonForm
from feedback.forms.writing import CallForm, MessageForm, NoteForm, WritingForm
from feedback.models import Message, Thread
from feedback.views._doors import is_at_task, place_of, thread_page
from projects.models import Task
from projects.progress import health_of, progress_of


def show(request: PersonRequest, thread: Thread, **refused: BaseForm) -> HttpResponse:
    """The page of a conversation. `refused` are forms that were sent and not accepted, by name."""
    if thread.task is not None and is_at_task(request):
        return show_task(request, thread.task, **refused)
    talk = Conversation(request.user, thread=thread)
    kept_form, kept = take(request, thread_page(thread.uid))
    context = {
        "talk": talk,
        "thread": thread,
        "writer": writer_token(request.user),
        **_writing_forms(request, talk, thread, kept_form, kept),
        **_handling_forms(talk, thread),
        **{f"{name}_form": form for name, form in refused.items()},
        "open_form": next(iter(refused), kept_form),
    }
    if request.user.is_our_staff:
        context |= _for_staff(request, talk)
    return render(request, "feedback/thread.html", context, status=422 if refused else 200)


def show_task(request: PersonRequest, task: Task, **refused: BaseForm) -> HttpResponse:
    """The conversation of a task: for htmx the fragment that stands on the task's page, else a page."""
    page = reverse("task_conversation", args=[task.project.code, task.number])
    thread = find_conversation(request.user, task)
    talk = Conversation(request.user, thread=thread, task=task)
    kept_form, kept = take(request, page)
    context = {
        "talk": talk,
        "thread": thread,
        "task": task,
        "at_task": page,
        "writer": writer_token(request.user),
        **_writing_forms(request, talk, task, kept_form, kept),
        **{f"{name}_form": form for name, form in refused.items()},
        "open_form": next(iter(refused), kept_form),
    }
    template = "feedback/_task_conversation.html" if request.htmx else "feedback/task_conversation.html"
    return render(request, template, context, status=422 if refused else 200)


def sent(
    request: PersonRequest, form: WritingForm, message: Message, *, task: Task | None = None
) -> HttpResponse:
    """Says that it was sent and what happens next, and leads to the message on the page where it was written."""
    undo = reverse("message_take_back", args=[message.uid])
    text, seconds = _("Sent."), int(TAKE_BACK_ANSWER.total_seconds())
    if message.is_note:
        text = _("Noted. Only our staff reads it.")
    elif message.by_client:
        undo, clock = "", message.clock
        if clock is not None:
            text = _("Sent. You get an answer by %(time)s.") % {"time": people_time(clock.due_at).when}
    at_task = task is not None
    toast(
        request,
        text,
        undo_url=f"{undo}?place=task" if undo and at_task else undo,
        undo_seconds=seconds,
        undo_target="#conversation" if at_task and request.htmx else "",
        forget_draft=form.draft,
    )
    if task is not None and request.htmx:
        return show_task(request, task)
    page = thread_page(message.thread.uid)
    if task is not None:
        page = reverse("task_conversation", args=[task.project.code, task.number])
    return redirect(f"{page}#m-{message.uid}")


def back(request: PersonRequest, thread: Thread) -> HttpResponse:
    """To the page on which the form stood."""
    if thread.task is not None and is_at_task(request) and request.htmx:
        return show_task(request, thread.task)
    return redirect(place_of(request, thread))


def draft_key(request: PersonRequest, form: str, place: Thread | Task) -> str:
    """Under which name the browser keeps what is typed: another person in the same browser never meets it."""
    name = f"{place.project.code}-{place.number}" if isinstance(place, Task) else place.uid
    return f"{request.user.pk}:{form}:{name}"


def _writing_forms(
    request: PersonRequest, talk: Conversation, place: Thread | Task, kept_form: str, kept: dict[str, str]
) -> dict[str, Any]:
    def words(form: str) -> dict[str, str]:
        return kept if form == kept_form else {}

    forms: dict[str, Any] = {}
    if talk.may_write:
        forms["write_form"] = MessageForm(draft=draft_key(request, "write", place), initial=words("write"))
    if request.user.is_our_staff:
        forms["note_form"] = NoteForm(
            prefix="note", draft=draft_key(request, "note", place), initial=words("note")
        )
        forms["call_form"] = CallForm(
            prefix="call", draft=draft_key(request, "call", place), initial=words("call")
        )
    return forms


def _handling_forms(talk: Conversation, thread: Thread) -> dict[str, Any]:
    forms: dict[str, Any] = {}
    if talk.user.is_our_staff:
        forms["assign_form"] = AssignForm(prefix="assign", user=talk.user, thread=thread)
    if talk.user.is_our_staff and talk.running_clock:
        forms["no_reply_form"] = ReasonForm(prefix="no_reply")
        if talk.user.runs_projects:
            forms["due_form"] = DueForm.at(talk.running_clock.due_at)
    if talk.may_narrow:
        forms["audience_form"] = AudienceForm(prefix="audience", thread=thread)
    return forms


def _for_staff(request: PersonRequest, talk: Conversation) -> dict[str, Any]:
    """What staff see at the side."""
    asker = talk.thread.author if talk.thread else None
    context: dict[str, Any] = {
        "earlier": [clock_facts(clock, talk.now) for clock in talk.clocks if clock != talk.clock],
        "client_time": people_time(talk.now, zone=zone(talk.client.time_zone)).clock,
    }
    if asker is not None and not asker.is_our_staff:
        context |= {"asker": asker, "asker_time": people_time(talk.now, zone=asker.zone()).clock}
    if talk.project is not None:
        projects = [talk.project]
        context["progress"] = progress_of(projects, request.user)[talk.project.pk]
        context["health"] = health_of(projects, request.user, timezone.localdate())[talk.project.pk]
    return context
