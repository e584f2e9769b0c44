from django.urls import URLPattern, URLResolver, path

from projects.views.board import board, task_move

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<slug:code>/", board, name="board"),
    path("projects/<slug:code>/tasks/<int:number>/move/", task_move, name="task_move"),
]
