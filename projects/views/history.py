"""Everything that happened to a task."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from projects.access import get_task
from projects.history import history_of, told

PAGE = 50


@login_required
@require_safe
def task_history(request: PersonRequest, code: str, number: int) -> HttpResponse:
    task = get_task(request.user, code, number)
    page = Paginator(history_of(task, request.user), PAGE).get_page(request.GET.get("page"))
    context = {
        "task": task,
        "project": task.project,
        "page_obj": page,
        "history": told(page.object_list, task, request.user),
    }
    return render(request, "projects/history.html", context)
