"""The board of a project: look, narrow, scroll on, add a card, move one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clients.http import PersonRequest
from cxportal.lib.toasts import toast
from projects.access import get_project, get_task, require_work_on
from projects.actions import add_task, move_task
from projects.board import PAGE, board_of, more_of
from projects.errors import ActionRefused
from projects.forms.board import MoveForm, QuickTaskForm
from projects.forms.filters import TaskFilter
from projects.frame import frame
from projects.models import Project


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def board(request: PersonRequest, code: str) -> HttpResponse:
    project = get_project(request.user, code)
    if request.method == "POST":
        return _add(request, project)
    if request.htmx and request.htmx.target == "filter-fields":
        return render(request, "projects/_filter_fields.html", {"filter": task_filter(request, project)})
    if request.htmx and "column" in request.GET:
        return _more(request, project)
    return _answer(request, project)


@login_required
@require_POST
def task_move(request: PersonRequest, code: str, number: int) -> HttpResponse:
    """Moves a card. A board gets its fresh groups; a page without scripts goes back to where it came from."""
    task = get_task(request.user, code, number)
    require_work_on(request.user, task.project)
    form = MoveForm(request.POST, project=task.project)
    status = 200
    try:
        if form.is_valid():
            place = {name: form.cleaned_data[name] for name in ("column", "after", "ends_waiting")}
            move_task(task=task, by=request.user, **place)
        else:
            status = 422
            toast(request, " ".join(str(error) for error in _errors(form)), level=messages.ERROR)
    except ActionRefused as refused:
        status = 409
        toast(request, refused.message, level=messages.ERROR)
    if request.htmx:
        return _answer(request, task.project, status=status)
    after = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(after, allowed_hosts={request.get_host()}):
        after = task.get_absolute_url()
    return redirect(after)


def _add(request: PersonRequest, project: Project) -> HttpResponse:
    require_work_on(request.user, project)
    form = QuickTaskForm(request.POST)
    if not form.is_valid():
        return _answer(request, project, status=422, quick=form)
    try:
        task = add_task(project=project, by=request.user, **form.cleaned_data)
    except ActionRefused as refused:
        toast(request, refused.message, level=messages.ERROR)
        return _answer(request, project, status=409)
    toast(request, _("%(key)s is on the board.") % {"key": task.key})
    return _answer(request, project) if request.htmx else redirect(project)


def _more(request: PersonRequest, project: Project) -> HttpResponse:
    """The next cards of one group, for who scrolls on."""
    start = request.GET.get("start", "")
    if not start.isdecimal() or len(start) > 6:
        raise Http404
    chosen = task_filter(request, project)
    today = timezone.localdate()
    tasks = chosen.tasks(today)
    group = more_of(project, request.user, tasks, today, request.GET["column"], int(start))
    if group is None:
        raise Http404
    return render(
        request,
        "projects/_cards.html",
        {"group": group, "project": project, "filter_query": filter_query(request)},
    )


def _answer(
    request: PersonRequest, project: Project, *, status: int = 200, quick: QuickTaskForm | None = None
) -> HttpResponse:
    """The page, or for the page's own script only what changes on it."""
    chosen = task_filter(request, project)
    today = timezone.localdate()
    shown = _shown(request.GET) if request.htmx else {}
    seen = board_of(project, request.user, chosen.tasks(today), today, narrowed=chosen.is_active, shown=shown)
    context: dict[str, Any] = {
        **frame(project, request.user, "board", seen.progress),
        "board": seen,
        "filter": chosen,
        "filter_query": filter_query(request),
        "quick": quick or QuickTaskForm(),
        "page_size": PAGE,
    }
    fragment = request.htmx and request.htmx.target == "board"
    template = "projects/_board_answer.html" if fragment else "projects/board.html"
    return render(request, template, context, status=status)


def task_filter(request: PersonRequest, project: Project) -> TaskFilter:
    return TaskFilter(request.GET, project, request.user)


def filter_query(request: PersonRequest, *others: str) -> str:
    """The filter of the address as a query, with the parameters named `others`: "?q=roof", or ""."""
    query = QueryDict(mutable=True)
    for name in (*TaskFilter.base_fields, *others):
        if value := request.GET.get(name):
            query[name] = value
    return f"?{query.urlencode()}" if query else ""


def _shown(query: QueryDict) -> dict[str, int]:
    """How many cards of which group are on the page, from "12:100,waiting:50"; nonsense counts as nothing."""
    pairs = (part.partition(":")[::2] for part in query.get("shown", "").split(",")[:100])
    return {key: int(number) for key, number in pairs if number.isdecimal() and len(number) < 7}


def _errors(form: MoveForm) -> list[Any]:
    return [error for errors in form.errors.values() for error in errors]
