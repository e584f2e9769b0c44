"""A conversation: read it, and write in it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from clients.access import require_staff
from clients.http import PersonRequest
from feedback.access import get_thread, require_write
from feedback.actions import post_message, record_call, write_note
from feedback.forms.writing import CallForm, MessageForm, NoteForm, refusals_on
from feedback.models import Thread
from feedback.views._doors import verb_on_thread
from feedback.views._page import draft_key, sent, show


@require_safe
@login_required
def thread(request: PersonRequest, uid: Any) -> HttpResponse:
    found = get_thread(request.user, uid)
    return show(request, found) if found.uid == uid else redirect(found)


@verb_on_thread("write")
def write(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_write(request.user, thread)
    form = MessageForm(request.POST, request.FILES, draft=draft_key(request, "write", thread))
    if form.is_valid():
        with refusals_on(form):
            return sent(request, form, post_message(thread=thread, by=request.user, **form.words))
    return show(request, thread, write=form)


@verb_on_thread("note")
def note(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_staff(request.user)
    form = NoteForm(request.POST, request.FILES, prefix="note", draft=draft_key(request, "note", thread))
    if form.is_valid():
        with refusals_on(form):
            return sent(request, form, write_note(thread=thread, by=request.user, **form.words))
    return show(request, thread, note=form)


@verb_on_thread("call")
def call(request: PersonRequest, thread: Thread) -> HttpResponse:
    require_staff(request.user)
    form = CallForm(request.POST, prefix="call", draft=draft_key(request, "call", thread))
    if form.is_valid():
        with refusals_on(form):
            return sent(request, form, record_call(thread=thread, by=request.user, **form.words))
    return show(request, thread, call=form)
