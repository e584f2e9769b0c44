"""The page of a task, and what is done on it with one click: show, hide, wait, tick, log hours."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from cxportal.lib.errors import tell_refusal
from cxportal.lib.toasts import toast
from projects import actions
from projects.access import get_checklist_item, get_task, get_time_entry, require_plan
from projects.errors import ActionRefused
from projects.forms.parts import ChecklistForm, HoursForm, WaitingForm
from projects.models import ChecklistItem, Task, TimeEntry
from projects.views._task_parts import page_context, verb_on_task

PANEL = "task-panel"  # the element of the board into which a task opens


@login_required
@require_safe
def task(request: PersonRequest, code: str, number: int) -> HttpResponse:
    shown = get_task(request.user, code, number)
    in_panel = "panel" in request.GET or (request.htmx and request.htmx.target == PANEL)
    context = page_context(request, shown) | {"panel": in_panel}
    return render(request, "projects/_task_panel.html" if in_panel else "projects/task.html", context)


# --- Seen by whom, waiting for whom ---------------------------------------------------------------


@verb_on_task("task_head", right=require_plan)
def task_show(request: PersonRequest, task: Task) -> None:
    actions.reveal_task(task=task, by=request.user)
    toast(request, _("The client sees %(key)s now.") % {"key": task.key}, undo_url=_url("task_hide", task))


@verb_on_task("task_head", right=require_plan)
def task_hide(request: PersonRequest, task: Task) -> None:
    actions.hide_task(task=task, by=request.user)
    toast(request, _("%(key)s is internal now.") % {"key": task.key}, undo_url=_url("task_show", task))


@verb_on_task("task_head")
def task_wait(request: PersonRequest, task: Task) -> dict[str, Any] | None:
    form = WaitingForm(request.POST, auto_id="waiting_%s")
    if not form.is_valid():
        return {"waiting_form": form}
    actions.set_waiting(task=task, by=request.user, **form.cleaned_data)
    return None


@verb_on_task("task_head")
def task_go_on(request: PersonRequest, task: Task) -> None:
    actions.end_waiting(task=task, by=request.user)


# --- Checklist ------------------------------------------------------------------------------------


@verb_on_task("checklist")
def checklist_add(request: PersonRequest, task: Task) -> dict[str, Any] | None:
    form = ChecklistForm(request.POST, auto_id="checklist_%s")
    if not form.is_valid():
        return {"checklist_form": form}
    actions.add_checklist_item(task=task, by=request.user, **form.cleaned_data)
    return None


@verb_on_task("checklist", child=get_checklist_item)
def checklist_tick(request: PersonRequest, task: Task, item: ChecklistItem) -> None:
    actions.tick_checklist_item(item=item, by=request.user, is_done=request.POST.get("done") == "yes")


@verb_on_task("checklist", child=get_checklist_item)
def checklist_remove(request: PersonRequest, task: Task, item: ChecklistItem) -> None:
    actions.remove_checklist_item(item=item, by=request.user)


# --- Hours ----------------------------------------------------------------------------------------


@verb_on_task("hours")
def hours_add(request: PersonRequest, task: Task) -> dict[str, Any] | None:
    form = HoursForm(request.POST, auto_id="hours_%s")
    if not form.is_valid():
        return {"hours_form": form}
    try:
        actions.add_hours(task=task, by=request.user, **form.cleaned_data)
    except ActionRefused as refused:
        tell_refusal(form, refused)
        return {"hours_form": form}
    return None


@verb_on_task("hours", child=get_time_entry)
def hours_remove(request: PersonRequest, task: Task, entry: TimeEntry) -> None:
    actions.remove_hours(entry=entry, by=request.user)


def _url(name: str, task: Task) -> str:
    return reverse(name, args=[task.project.code, task.number])
