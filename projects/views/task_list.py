"""The tasks of a project as a table, and the same as a file."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from cxportal.lib.csvsafe import csv_response
from projects.access import get_project
from projects.board import PAGE
from projects.forms.filters import TaskFilter
from projects.frame import frame
from projects.models import Project
from projects.models.tasks import TaskQuerySet
from projects.task_list import SORTS, in_group, lines, listed, table
from projects.views.board import filter_query, task_filter


@login_required
@require_safe
def task_list(request: PersonRequest, code: str) -> HttpResponse:
    project = get_project(request.user, code)
    chosen = task_filter(request, project)
    if request.htmx and request.htmx.target == "filter-fields":
        return render(request, "projects/_filter_fields.html", {"filter": chosen})
    sort = _sort(request)
    tasks = listed(_tasks(request, project, chosen), project, request.user, sort)
    page = Paginator(tasks, PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        **frame(project, request.user, "task_list"),
        "page_obj": page,
        "lines": lines(page.object_list, project, timezone.localdate()),
        "filter": chosen,
        "filter_query": filter_query(request),
        "sort": sort,
        "sorts": _sort_choices(sort),
        "column": request.GET.get("column", ""),
        "csv_query": filter_query(request, "column", "sort"),
    }
    fragment = request.htmx and request.htmx.target == "tasks"
    return render(request, "projects/_task_table.html" if fragment else "projects/task_list.html", context)


@login_required
@require_safe
def task_list_csv(request: PersonRequest, code: str) -> StreamingHttpResponse:
    project = get_project(request.user, code)
    tasks = _tasks(request, project, task_filter(request, project))
    day = timezone.localdate().isoformat()
    return csv_response(f"{project.code}-{day}.csv", table(tasks, project, request.user, _sort(request)))


def _tasks(request: PersonRequest, project: Project, chosen: TaskFilter) -> TaskQuerySet:
    """What the filter leaves, of one group of the board where the address names one."""
    tasks = chosen.tasks(timezone.localdate())
    if key := request.GET.get("column", ""):
        group = in_group(tasks, project, key)
        if group is None:
            raise Http404
        return group
    return tasks


def _sort_choices(sort: str) -> list[tuple[str, str]]:
    """What a phone offers, where the headings of the table are not shown."""
    names = {
        "": _("As on the board"),
        "number": _("By number"),
        "title": _("By title"),
        "due": _("By date"),
        "milestone": _("By milestone"),
    }
    return list((names if sort in names else {**names, sort: _("The other way round")}).items())


def _sort(request: PersonRequest) -> str:
    sort = request.GET.get("sort", "")
    return sort if sort in SORTS else ""
