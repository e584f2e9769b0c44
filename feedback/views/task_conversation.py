"""The conversation of a task: a fragment of the task's page, and a page of its own without scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from clients.access import may_write_to, require_staff
from clients.http import PersonRequest
from feedback.actions import note_on_task, post_on_task
from feedback.drafts import signed_in_to_write
from feedback.forms.writing import MessageForm, NoteForm, refusals_on
from feedback.views._page import draft_key, sent, show_task
from projects.access import get_task
from projects.models import Task

Verb = Callable[[PersonRequest, Task], HttpResponse]


def _page(code: str, number: int) -> str:
    return reverse("task_conversation", args=[code, number])


def _verb_on_task(form: str) -> Callable[[Verb], Callable[..., HttpResponse]]:
    def decorate(view: Verb) -> Callable[..., HttpResponse]:
        @require_http_methods(["GET", "HEAD", "POST"])
        @signed_in_to_write(form, at=_page)
        @wraps(view)
        def wrapper(request: PersonRequest, code: str, number: int) -> HttpResponse:
            task = get_task(request.user, code, number)
            return view(request, task) if request.method == "POST" else redirect(_page(code, number))

        return wrapper

    return decorate


@require_safe
@login_required
def task_conversation(request: PersonRequest, code: str, number: int) -> HttpResponse:
    return show_task(request, get_task(request.user, code, number))


@_verb_on_task("write")
def write(request: PersonRequest, task: Task) -> HttpResponse:
    if not may_write_to(request.user, task.project.client):
        raise PermissionDenied
    form = MessageForm(request.POST, request.FILES, draft=draft_key(request, "write", task))
    if form.is_valid():
        with refusals_on(form):
            return sent(request, form, post_on_task(task=task, by=request.user, **form.words), task=task)
    return show_task(request, task, write=form)


@_verb_on_task("note")
def note(request: PersonRequest, task: Task) -> HttpResponse:
    require_staff(request.user)
    form = NoteForm(request.POST, request.FILES, prefix="note", draft=draft_key(request, "note", task))
    if form.is_valid():
        with refusals_on(form):
            return sent(request, form, note_on_task(task=task, by=request.user, **form.words), task=task)
    return show_task(request, task, note=form)
