"""One verb on a task, from a small form on its page: do it, then show that part of the page again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clients.http import PersonRequest
from clients.models import User
from cxportal.lib.toasts import toast
from projects.access import get_task, require_work_on
from projects.errors import ActionRefused
from projects.forms.parts import ChecklistForm, FilesForm, HoursForm, WaitingForm
from projects.models import Project, Task
from projects.task_page import task_context

# What a verb gives back: None when it was done, else the form that was not in order, by its name in the template.
Verb = Callable[..., dict[str, Any] | None]
Right = Callable[[User, Project], None]
Child = Callable[..., Any]


def verb_on_task(
    part: str, *, right: Right = require_work_on, child: Child | None = None
) -> Callable[[Verb], Callable[..., HttpResponse]]:
    """Decorator: a POST view of `code` and `number`, from a function of the request and the task.

    With `child`, the getter of something that hangs on the task, also of its `pk`; the function gets the thing too.
    Afterwards the page's own script gets `part` of the page, everyone else is sent back to it.
    """

    def decorate(verb: Verb) -> Callable[..., HttpResponse]:
        @login_required
        @require_POST
        @wraps(verb)
        def view(request: PersonRequest, code: str, number: int, **kwargs: Any) -> HttpResponse:
            task = get_task(request.user, code, number)
            things = [child(request.user, task, **kwargs)] if child else []
            right(request.user, task.project)
            return answer(request, task, part, lambda: verb(request, task, *things))

        return view

    return decorate


def answer(
    request: PersonRequest, task: Task, part: str, do: Callable[[], dict[str, Any] | None]
) -> HttpResponse:
    """Does it and shows `part` of the task's page; what was refused or not in order says so and keeps its words."""
    status, forms = 200, None
    try:
        forms = do()
    except ActionRefused as refused:
        status = 409
        toast(request, refused.message, level=messages.ERROR)
    if forms:
        status = 422
    if not request.htmx and not forms:
        return redirect(f"{task.get_absolute_url()}#{part.replace('_', '-')}")
    task = get_task(request.user, task.project.code, task.number)
    template = f"projects/_{part}_answer.html" if request.htmx else "projects/task.html"
    return render(request, template, page_context(request, task) | (forms or {}), status=status)


def page_context(request: PersonRequest, task: Task) -> dict[str, Any]:
    """The page's context with its small forms, empty."""
    return task_context(task, request.user) | {
        "checklist_form": ChecklistForm(auto_id="checklist_%s"),
        "waiting_form": WaitingForm(auto_id="waiting_%s", initial={"waiting_for": task.waiting_for}),
        "hours_form": HoursForm(auto_id="hours_%s", initial={"day": timezone.localdate()}),
        "files_form": FilesForm(auto_id="files_%s"),
    }
