from django.urls import URLPattern, URLResolver, path

from projects.views import files, importing, plan, plan_edit, task_edit
from projects.views import task as task_views
from projects.views.board import board, task_move
from projects.views.history import task_history
from projects.views.projects import projects
from projects.views.task_list import task_list, task_list_csv

PROJECT = "projects/<slug:code>/"
TASK = PROJECT + "tasks/<int:number>/"
DEPENDENCIES = PROJECT + "plan/dependencies/"
MILESTONE = PROJECT + "plan/milestones/<int:pk>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/", projects, name="projects"),
    path(PROJECT, board, name="board"),
    path(PROJECT + "list/", task_list, name="task_list"),
    path(PROJECT + "list.csv", task_list_csv, name="task_list_csv"),
    path(TASK + "move/", task_move, name="task_move"),
    path(PROJECT + "tasks/new/", task_edit.task_new, name="task_new"),
    path(TASK, task_views.task, name="task"),
    path(TASK + "edit/", task_edit.task_edit, name="task_edit"),
    path(TASK + "history/", task_history, name="task_history"),
    path(TASK + "show/", task_views.task_show, name="task_show"),
    path(TASK + "hide/", task_views.task_hide, name="task_hide"),
    path(TASK + "wait/", task_views.task_wait, name="task_wait"),
    path(TASK + "go-on/", task_views.task_go_on, name="task_go_on"),
    path(TASK + "checklist/", task_views.checklist_add, name="checklist_add"),
    path(TASK + "checklist/<int:pk>/", task_views.checklist_tick, name="checklist_tick"),
    path(TASK + "checklist/<int:pk>/remove/", task_views.checklist_remove, name="checklist_remove"),
    path(TASK + "hours/", task_views.hours_add, name="hours_add"),
    path(TASK + "hours/<int:pk>/remove/", task_views.hours_remove, name="hours_remove"),
    path(TASK + "files/", files.file_add, name="file_add"),
    path("files/<uuid:uid>/", files.attachment, name="attachment"),
    path("files/<uuid:uid>/show/", files.file_show, name="file_show"),
    path("files/<uuid:uid>/hide/", files.file_hide, name="file_hide"),
    path("files/<uuid:uid>/delete/", files.file_delete, name="file_delete"),
    path(PROJECT + "plan/", plan.plan, name="plan"),
    path(PROJECT + "plan.csv", plan.plan_csv, name="plan_csv"),
    path(PROJECT + "plan/phases/", plan_edit.phase_add, name="phase_add"),
    path(PROJECT + "plan/phases/<int:pk>/", plan_edit.phase_rename, name="phase_rename"),
    path(PROJECT + "plan/milestones/new/", plan_edit.milestone_new, name="milestone_new"),
    path(MILESTONE, plan_edit.milestone_edit, name="milestone_edit"),
    path(MILESTONE + "reach/", plan_edit.milestone_reach, name="milestone_reach"),
    path(MILESTONE + "unreach/", plan_edit.milestone_unreach, name="milestone_unreach"),
    path(DEPENDENCIES, plan_edit.dependencies, name="dependencies"),
    path(DEPENDENCIES + "<int:pk>/remove/", plan_edit.dependency_remove, name="dependency_remove"),
    path(PROJECT + "import/", importing.import_tasks, name="import_tasks"),
    path(PROJECT + "import/<uuid:uid>/", importing.import_confirm, name="import_confirm"),
]
