"""Files of a task: handed out to those who may open them, added, shown, hidden, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST, require_safe

from clients.http import PersonRequest
from cxportal.lib.downloads import file_response
from cxportal.lib.storing import NotKept
from projects import actions
from projects.access import get_attachment, get_task, require_work_on
from projects.forms.parts import FilesForm
from projects.models import Attachment, Task
from projects.views._task_parts import answer, verb_on_task


@login_required
@require_safe
def attachment(request: PersonRequest, uid: str) -> HttpResponseBase:
    found = get_attachment(request.user, uid)
    return file_response(found.file, name=found.name, content_type=found.content_type)


@verb_on_task("files")
def file_add(request: PersonRequest, task: Task) -> dict[str, Any] | None:
    form = FilesForm(request.POST, request.FILES, auto_id="files_%s")
    if not form.is_valid():
        return {"files_form": form}
    for file in form.cleaned_data["files"]:
        try:
            actions.attach_file(
                task=task,
                by=request.user,
                file=file,
                is_internal=not form.cleaned_data["is_shown"],
                form_key=form.cleaned_data["form_key"],
            )
        except NotKept as error:
            form.add_error("files", str(error))
            break
    return {"files_form": form} if form.errors else None


def file_show(request: PersonRequest, uid: str) -> HttpResponse:
    return _change(request, uid, actions.show_file)


def file_hide(request: PersonRequest, uid: str) -> HttpResponse:
    return _change(request, uid, actions.hide_file)


def file_delete(request: PersonRequest, uid: str) -> HttpResponse:
    return _change(request, uid, actions.delete_file)


@login_required
@require_POST
def _change(request: PersonRequest, uid: str, action: Callable[..., Attachment | None]) -> HttpResponse:
    found = get_attachment(request.user, uid)
    task = get_task(request.user, found.task.project.code, found.task.number)
    require_work_on(request.user, task.project)

    def do() -> None:
        action(attachment=found, by=request.user)

    return answer(request, task, "files", do)
