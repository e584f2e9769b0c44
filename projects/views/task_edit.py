"""Writing a task: a new one, and one that somebody else may be writing at the same time."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clients.http import PersonRequest
from cxportal.lib.errors import tell_refusal
from cxportal.lib.toasts import toast
from projects import actions
from projects.access import get_project, get_task, require_work_on
from projects.audience import who_sees
from projects.errors import ActionRefused, StaleEdit
from projects.forms.task import EditTaskForm, NewTaskForm, TaskForm
from projects.models import Project, Task
from projects.stale import Stale, merged


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def task_new(request: PersonRequest, code: str) -> HttpResponse:
    project = get_project(request.user, code)
    require_work_on(request.user, project)
    form = NewTaskForm(request.POST if request.method == "POST" else None, task=Task(project=project))
    if request.method == "POST" and form.is_valid():
        try:
            values = _values(form)
            given = {name: form.cleaned_data[name] for name in ("is_internal", "form_key")}
            task = actions.add_task(project=project, by=request.user, **given, **values)
        except ActionRefused as refused:
            tell_refusal(form, refused)
        else:
            toast(request, _("%(key)s is on the board.") % {"key": task.key})
            return redirect(task)
    return _page(request, project, form, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def task_edit(request: PersonRequest, code: str, number: int) -> HttpResponse:
    task = get_task(request.user, code, number)
    require_work_on(request.user, task.project)
    form = EditTaskForm(request.POST if request.method == "POST" else None, task=task)
    if request.method == "POST":
        if form.read_version != task.version:
            return _told(request, merged(form, task.project.code, request.user))
        if form.is_valid():
            try:
                actions.edit_task(
                    task=task,
                    by=request.user,
                    version=form.cleaned_data["version"],
                    changes=_values(form),
                    date_reason=form.cleaned_data["date_reason"],
                )
            except StaleEdit:
                return _told(request, merged(form, task.project.code, request.user))
            except ActionRefused as refused:
                tell_refusal(form, refused)
            else:
                toast(request, _("Saved."))
                return redirect(task)
    return _page(request, task.project, form, status=422 if form.errors else 200, task=task)


def _values(form: TaskForm) -> dict[str, Any]:
    """The fields of the task; labels that were typed are made first."""
    values = form.values()
    if names := form.cleaned_data["new_labels"]:
        made = actions.ensure_labels(project=form.project, names=names)
        values["labels"] = [*values.get("labels", []), *made]
    return values


def _told(request: PersonRequest, stale: Stale) -> HttpResponse:
    """Who changed what meanwhile, and both texts; nothing was saved."""
    return _page(request, stale.task.project, stale.form, status=409, task=stale.task, stale=stale)


def _page(
    request: PersonRequest,
    project: Project,
    form: TaskForm,
    *,
    status: int,
    task: Task | None = None,
    **more: Any,
) -> HttpResponse:
    context = {
        "project": project,
        "task": task,
        "form": form,
        "audience": who_sees(project, is_internal=task.is_internal if task else False),
        **more,
    }
    return render(request, "projects/task_form.html", context, status=status)
