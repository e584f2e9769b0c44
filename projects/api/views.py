"""Projects and tasks: list, read, move."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cxportal.lib.api.paging import as_page, page_of, paged
from cxportal.lib.api.problems import Invalid
from cxportal.lib.api.views import ApiView, answer, valid, valid_query
from projects.access import get_project, get_task, require_work_on
from projects.actions import move_task
from projects.api.presenting import project_detail, project_lines, task_detail, task_lines
from projects.api.serializers import (
    MoveIn,
    ProjectDetailOut,
    ProjectOut,
    ProjectQuery,
    TaskDetailOut,
    TaskOut,
    TaskQuery,
)
from projects.forms.board import MoveForm
from projects.forms.filters import TaskFilter
from projects.models import Project
from projects.task_list import in_group, listed
from projects.views.projects import in_order

ProjectPageOut = paged(ProjectOut)
TaskPageOut = paged(TaskOut)
TAG = ["Projects and tasks"]


class ProjectsView(ApiView):
    @extend_schema(
        operation_id="list_projects",
        tags=TAG,
        summary="The projects you may see",
        parameters=[ProjectQuery],
        responses=ProjectPageOut,
    )
    def get(self, request: Request) -> Response:
        asked = valid_query(ProjectQuery, request)
        projects = Project.objects.visible_to(request.user)
        status = asked.get("status")
        projects = projects.filter(status=status) if status else projects.current()
        page = page_of(in_order(projects).select_related("client"), asked)
        lines = project_lines(page.object_list, request.user)
        return answer(ProjectPageOut, as_page(request, page, lines))


class ProjectView(ApiView):
    @extend_schema(
        operation_id="read_project",
        tags=TAG,
        summary="A project with the columns of its board",
        responses=ProjectDetailOut,
    )
    def get(self, request: Request, code: str) -> Response:
        project = get_project(request.user, code)
        return answer(ProjectDetailOut, project_detail(project, request.user))


class TasksView(ApiView):
    @extend_schema(
        operation_id="list_tasks",
        tags=TAG,
        summary="The tasks of a project that you may see",
        parameters=[TaskQuery],
        responses=TaskPageOut,
    )
    def get(self, request: Request, code: str) -> Response:
        project = get_project(request.user, code)
        asked = valid_query(TaskQuery, request)
        chosen = TaskFilter(asked, project, request.user)
        if not chosen.is_valid():
            raise Invalid(chosen.errors)
        tasks = chosen.tasks(timezone.localdate())
        if column := asked.get("column"):
            group = in_group(tasks, project, column)
            if group is None:
                raise Invalid({"column": [_("This board has no such column.")]})
            tasks = group
        page = page_of(listed(tasks, project, request.user, asked.get("sort", "")), asked)
        lines = task_lines(page.object_list, project, request.user)
        return answer(TaskPageOut, as_page(request, page, lines))


class TaskView(ApiView):
    @extend_schema(operation_id="read_task", tags=TAG, summary="A task", responses=TaskDetailOut)
    def get(self, request: Request, code: str, number: int) -> Response:
        task = get_task(request.user, code, number)
        return answer(TaskDetailOut, task_detail(task, request.user))


class TaskMoveView(ApiView):
    @extend_schema(
        operation_id="move_task",
        tags=TAG,
        summary="Move a task on the board",
        description=(
            "For our staff. The same move twice changes nothing the second time. 409 in a project that is "
            "finished or archived."
        ),
        request=MoveIn,
        responses=TaskDetailOut,
    )
    def post(self, request: Request, code: str, number: int) -> Response:
        task = get_task(request.user, code, number)
        require_work_on(request.user, task.project)
        sent = valid(MoveIn, request.data)
        after = sent.pop("after")
        place = {**sent, "place": sent["place"] if after is None else str(after)}
        form = MoveForm(place, project=task.project)
        if not form.is_valid():
            raise Invalid(_under_our_names(form.errors, after))
        where = {name: form.cleaned_data[name] for name in ("column", "after", "ends_waiting")}
        move_task(task=task, by=request.user, **where)
        moved = get_task(request.user, code, number)
        return answer(TaskDetailOut, task_detail(moved, request.user))


def _under_our_names(errors: Any, after: int | None) -> dict[str, Any]:
    """The page's form has one field where the API has two."""
    return {
        "after" if name == "place" and after is not None else name: words for name, words in errors.items()
    }
