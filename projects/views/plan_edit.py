"""What managers change in a plan: phases, milestones, dependencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clients.http import PersonRequest
from cxportal.lib.errors import tell_refusal
from cxportal.lib.toasts import toast
from projects import actions
from projects.access import get_dependency, get_milestone, get_phase, get_project, require_plan
from projects.audience import who_sees
from projects.errors import ActionRefused
from projects.forms.plan import DependencyForm, MilestoneForm, PhaseForm, offered_nodes
from projects.frame import frame
from projects.models import Dependency, Milestone, Project
from projects.views.plan import show_plan

PAGE = 100


# --- Phases ---------------------------------------------------------------------------------------


@login_required
@require_POST
def phase_add(request: PersonRequest, code: str) -> HttpResponse:
    project = _plannable(request, code)
    form = PhaseForm(request.POST, auto_id="phase_%s")
    if form.is_valid():
        try:
            actions.add_phase(project=project, by=request.user, name=form.cleaned_data["name"])
        except ActionRefused as refused:
            form.add_error("name", str(refused))
        else:
            return redirect("plan", project.code)
    return show_plan(request, project, status=422, phase_form=form)


@login_required
@require_POST
def phase_rename(request: PersonRequest, code: str, pk: int) -> HttpResponse:
    phase = get_phase(request.user, code, pk)
    project = phase.project
    require_plan(request.user, project)
    form = PhaseForm(request.POST, auto_id=f"phase{pk}_%s")
    if form.is_valid():
        try:
            actions.rename_phase(phase=phase, by=request.user, name=form.cleaned_data["name"])
        except ActionRefused as refused:
            form.add_error("name", str(refused))
        else:
            return redirect("plan", project.code)
    return show_plan(request, project, status=422, renamed=phase.pk, rename_form=form)


# --- Milestones -----------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def milestone_new(request: PersonRequest, code: str) -> HttpResponse:
    project = _plannable(request, code)
    form = MilestoneForm(request.POST if request.method == "POST" else None, project=project)

    def save() -> None:
        actions.add_milestone(project=project, by=request.user, **form.cleaned_data)

    return _milestone_page(request, project, form, save)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def milestone_edit(request: PersonRequest, code: str, pk: int) -> HttpResponse:
    milestone = get_milestone(request.user, code, pk)
    project = milestone.project
    require_plan(request.user, project)
    form = MilestoneForm(
        request.POST if request.method == "POST" else None, project=project, milestone=milestone
    )

    def save() -> None:
        actions.edit_milestone(milestone=milestone, by=request.user, **form.cleaned_data)

    return _milestone_page(request, project, form, save, milestone)


def _milestone_page(
    request: PersonRequest,
    project: Project,
    form: MilestoneForm,
    save: Callable[[], None],
    milestone: Milestone | None = None,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            save()
        except ActionRefused as refused:
            tell_refusal(form, refused)
        else:
            return redirect("plan", project.code)
    context = {"project": project, "milestone": milestone, "form": form, "audience": who_sees(project)}
    return render(request, "projects/milestone_form.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def milestone_reach(request: PersonRequest, code: str, pk: int) -> HttpResponse:
    """Reached today."""
    return _mark(request, code, pk, _("Reached: %(name)s."), "milestone_unreach", _reach)


@login_required
@require_POST
def milestone_unreach(request: PersonRequest, code: str, pk: int) -> HttpResponse:
    return _mark(request, code, pk, _("Not reached: %(name)s."), "milestone_reach", actions.unreach_milestone)


def _reach(*, milestone: Milestone, by: Any) -> Milestone:
    return actions.reach_milestone(milestone=milestone, by=by, on=timezone.localdate())


def _mark(
    request: PersonRequest, code: str, pk: int, said: str, undo: str, action: Callable[..., Milestone]
) -> HttpResponse:
    milestone = get_milestone(request.user, code, pk)
    project = milestone.project
    require_plan(request.user, project)
    try:
        action(milestone=milestone, by=request.user)
    except ActionRefused as refused:
        toast(request, refused.message, level=messages.ERROR)
    else:
        toast(request, said % {"name": milestone.name}, undo_url=reverse(undo, args=[project.code, pk]))
    return redirect("plan", project.code)


# --- What waits for what --------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def dependencies(request: PersonRequest, code: str) -> HttpResponse:
    project = _plannable(request, code)
    form = DependencyForm(request.POST if request.method == "POST" else None, project=project)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_dependency(project=project, by=request.user, **form.cleaned_data)
        except ActionRefused as refused:
            tell_refusal(form, refused)
        else:
            return redirect("dependencies", project.code)
    rows = (
        Dependency.objects.visible_to(request.user)
        .filter(project=project)
        .select_related("from_task__project", "from_milestone", "to_task__project", "to_milestone")
        .order_by("-pk")
    )
    context = {
        **frame(project, request.user, "plan"),
        "form": form,
        "nodes": offered_nodes(project),
        "page_obj": Paginator(rows, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "projects/dependencies.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def dependency_remove(request: PersonRequest, code: str, pk: int) -> HttpResponse:
    dependency = get_dependency(request.user, code, pk)
    require_plan(request.user, dependency.project)
    try:
        actions.remove_dependency(dependency=dependency, by=request.user)
    except ActionRefused as refused:
        toast(request, refused.message, level=messages.ERROR)
    return redirect("dependencies", dependency.project.code)


def _plannable(request: PersonRequest, code: str) -> Project:
    project = get_project(request.user, code)
    require_plan(request.user, project)
    return project
