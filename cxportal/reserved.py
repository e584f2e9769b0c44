"""Addresses of pages that are being built, so that others can link to them. Each line goes when its page comes."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path


def reserved(request: HttpRequest, **kwargs: object) -> HttpResponse:
    raise Http404


_PROJECT = "projects/<slug:code>/"
_TASK = _PROJECT + "tasks/<int:number>/"

urlpatterns = [
    path("projects/", reserved, name="projects"),
    path(_PROJECT, reserved, name="board"),
    path(_PROJECT + "list/", reserved, name="task_list"),
    path(_PROJECT + "list.csv", reserved, name="task_list_csv"),
    path(_PROJECT + "plan/", reserved, name="plan"),
    path(_PROJECT + "import/", reserved, name="import_tasks"),
    path(_PROJECT + "tasks/new/", reserved, name="task_new"),
    path(_TASK, reserved, name="task"),
    path(_TASK + "edit/", reserved, name="task_edit"),
    path(_TASK + "move/", reserved, name="task_move"),
    path(_TASK + "history/", reserved, name="task_history"),
    path("files/<uuid:uid>/", reserved, name="attachment"),
]
