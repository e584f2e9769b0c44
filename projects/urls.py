from django.urls import URLPattern, URLResolver, path

from projects.views.board import board, task_move
from projects.views.projects import projects
from projects.views.task_list import task_list, task_list_csv

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/", projects, name="projects"),
    path("projects/<slug:code>/", board, name="board"),
    path("projects/<slug:code>/list/", task_list, name="task_list"),
    path("projects/<slug:code>/list.csv", task_list_csv, name="task_list_csv"),
    path("projects/<slug:code>/tasks/<int:number>/move/", task_move, name="task_move"),
]
