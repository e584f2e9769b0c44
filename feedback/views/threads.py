"""The list of questions: everywhere, and of one project."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from feedback.access import may_ask
from feedback.forms.filters import ThreadFilter
from feedback.models import Thread
from feedback.standing import standings_of
from projects.access import get_project
from projects.frame import frame
from projects.models import Project

PER_PAGE = 50


@require_safe
@login_required
def threads(request: PersonRequest) -> HttpResponse:
    return _list(request)


@require_safe
@login_required
def project_threads(request: PersonRequest, code: str) -> HttpResponse:
    return _list(request, get_project(request.user, code))


def _list(request: PersonRequest, project: Project | None = None) -> HttpResponse:
    now = timezone.now()
    chosen = ThreadFilter(request.GET, user=request.user, project=project)
    rows = chosen.apply(
        Thread.objects.visible_to(request.user).with_words_for(request.user), now
    ).select_related("client", "project", "task__project", "author", "assignee")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    standings = standings_of(page.object_list, now)
    context: dict[str, Any] = {
        "filter": chosen,
        "page_obj": page,
        "lines": [(thread, standings[thread.pk]) for thread in page.object_list],
        "may_ask": may_ask(request.user),
    }
    if request.htmx:
        return render(request, "feedback/_threads.html", context)
    if project is None:
        return render(request, "feedback/threads.html", context)
    context |= frame(project, request.user, "project_threads")
    return render(request, "feedback/project_threads.html", context)
