"""Bringing a plan in from a file: choose it, look at what would be made, confirm."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clients.http import PersonRequest
from cxportal.lib.toasts import toast
from projects import actions
from projects.access import get_import, get_project, require_plan
from projects.actions import CannotImport, Preview
from projects.audience import who_sees
from projects.errors import ActionRefused
from projects.forms.importing import ImportForm
from projects.importing import COLUMNS, MAX_LINES
from projects.models import Project

LINES_SHOWN = 200


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_tasks(request: PersonRequest, code: str) -> HttpResponse:
    """The file is looked at and kept, or refused with all that is wrong; nothing is made yet."""
    project = get_project(request.user, code)
    require_plan(request.user, project)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    preview = None
    if request.method == "POST" and form.is_valid():
        name, data = form.content()
        try:
            uploaded = actions.upload_import(project=project, by=request.user, name=name, data=data)
        except ActionRefused as refused:
            form.add_error("file", str(refused))
            preview = refused.preview if isinstance(refused, CannotImport) else None
        else:
            return redirect("import_confirm", project.code, uploaded.uid)
    context = {"form": form, "columns": COLUMNS, "most": MAX_LINES, **_shown(project, preview)}
    return render(request, "projects/import.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_confirm(request: PersonRequest, code: str, uid: UUID) -> HttpResponse:
    """What would be made, line by line; a POST makes it, once."""
    uploaded = get_import(request.user, code, uid)
    project = uploaded.project
    if request.method == "POST":
        try:
            uploaded = actions.confirm_import(task_import=uploaded, by=request.user)
        except ActionRefused as refused:
            toast(request, refused.message, level=messages.ERROR)
            return redirect("import_tasks", project.code)
        count = uploaded.task_count
        told = ngettext("The plan is imported: %(n)s task.", "The plan is imported: %(n)s tasks.", count)
        toast(request, told % {"n": count})
        return redirect("plan", project.code)
    if uploaded.applied_at is not None:
        return redirect("plan", project.code)
    try:
        preview = actions.preview_import(project=project, data=bytes(uploaded.content))
    except CannotImport as refused:
        toast(request, refused.message, level=messages.ERROR)
        return redirect("import_tasks", project.code)
    context = {"uploaded": uploaded, "audience": who_sees(project), **_shown(project, preview)}
    return render(request, "projects/import_preview.html", context)


def _shown(project: Project, preview: Preview | None) -> dict[str, Any]:
    """The lines a page can hold: those with problems where there are any, else all."""
    if preview is None:
        return {"project": project}
    lines = preview.plan.lines_with_problems or preview.plan.lines
    return {
        "project": project,
        "preview": preview,
        "lines": [(line, preview.known.get(line.number, "")) for line in lines[:LINES_SHOWN]],
        "more_lines": max(0, len(lines) - LINES_SHOWN),
    }
