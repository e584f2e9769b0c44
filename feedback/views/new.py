"""Asking something: a new conversation, from anywhere."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clients.http import PersonRequest
from feedback.access import may_ask
from feedback.actions import start_thread
from feedback.audience import contacts_by_audience, team_of
from feedback.drafts import signed_in_to_write, take, writer_token
from feedback.forms.writing import AskForm, place_of, refusals_on
from feedback.views._page import sent
from projects.access import get_project, get_task
from projects.models import Project


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_to_write("ask", at=lambda: reverse("thread_new"))
def new(request: PersonRequest) -> HttpResponse:
    """`?project=CODE` begins with that project, `?task=CODE-N` leads to the conversation of the task."""
    if not may_ask(request.user):
        raise PermissionDenied
    if request.method != "POST":
        return _begin(request)
    form = AskForm(request.POST, request.FILES, user=request.user, draft=_draft(request))
    if form.is_valid():
        with refusals_on(form):
            thread = start_thread(by=request.user, **form.question)
            return sent(request, form, thread.messages.select_related("clock", "thread").earliest("pk"))
    return _show(request, form)


def _begin(request: PersonRequest) -> HttpResponse:
    about = request.GET.get("about", "")
    if key := request.GET.get("task"):
        code, _dash, number = key.rpartition("-")
        if not number.isdecimal() or len(number) > 9:
            raise Http404
        task = get_task(request.user, code, int(number))
        return redirect("task_conversation", code=task.project.code, number=task.number)
    if project := request.GET.get("project"):
        about = place_of(get_project(request.user, project))
    _form, kept = take(request, request.path)
    initial: dict[str, Any] = dict(kept)
    if audience := request.GET.get("audience"):
        initial["audience"] = audience
    about = kept.get("about") or about
    return _show(request, AskForm(user=request.user, about=about, draft=_draft(request), initial=initial))


def _show(request: PersonRequest, form: AskForm) -> HttpResponse:
    place = form.place
    assert place is not None, "who may ask has something to ask about"
    project = place if isinstance(place, Project) else None
    client = place.client if isinstance(place, Project) else place
    contacts = contacts_by_audience(
        client=client, project=project, author=request.user, audiences=form.audiences
    )
    context = {
        "form": form,
        "writer": writer_token(request.user),
        "client": client,
        "project": project,
        "named_for": place_of(place),
        "audiences": [(one, contacts[one]) for one in form.audiences],
        "team": team_of(client=client, project=project),
    }
    only_readers = request.htmx and request.method != "POST"
    template = "feedback/_readers.html" if only_readers else "feedback/new.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _draft(request: PersonRequest) -> str:
    return f"{request.user.pk}:ask"
