from django.urls import path

from projects.api.views import ProjectsView, ProjectView, TaskMoveView, TasksView, TaskView

TASK = "projects/<slug:code>/tasks/<int:number>/"

urlpatterns = [
    path("projects/", ProjectsView.as_view(), name="api_projects"),
    path("projects/<slug:code>/", ProjectView.as_view(), name="api_project"),
    path("projects/<slug:code>/tasks/", TasksView.as_view(), name="api_tasks"),
    path(TASK, TaskView.as_view(), name="api_task"),
    path(TASK + "move/", TaskMoveView.as_view(), name="api_task_move"),
]
