"""The plan of a project: to be read by all who see it, as a page and as a table."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from cxportal.lib.csvsafe import csv_response
from projects.access import get_project
from projects.exporting import plan_rows
from projects.forms.plan import PhaseForm
from projects.frame import frame
from projects.models import Project
from projects.plan_page import moved_dates, plan_of, slips

CHANGES = 60


@login_required
@require_safe
def plan(request: PersonRequest, code: str) -> HttpResponse:
    return show_plan(request, get_project(request.user, code))


@login_required
@require_safe
def plan_csv(request: PersonRequest, code: str) -> HttpResponseBase:
    """The plan in the form that can be imported again."""
    project = get_project(request.user, code)
    return csv_response(f"{project.code.lower()}-plan.csv", plan_rows(project, request.user))


def show_plan(request: PersonRequest, project: Project, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The page; `forms` are those that were not in order, by their names in the template."""
    whole = request.GET.get("phase", "")
    page = Paginator(moved_dates(project, request.user), CHANGES).get_page(request.GET.get("page"))
    context = {
        **frame(project, request.user, "plan"),
        "may_edit_plan": request.user.runs_projects and project.is_open,
        "plan": plan_of(
            project,
            request.user,
            timezone.localdate(),
            int(whole) if whole.isdecimal() and len(whole) < 10 else None,
        ),
        "page_obj": page,
        "slips": slips(page.object_list),
        "phase_form": PhaseForm(auto_id="phase_%s"),
        **forms,
    }
    return render(request, "projects/plan.html", context, status=status)
