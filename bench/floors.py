"""What a page costs at the very least: the floors that budgets are multiples of. Never tuned.

*view*: a Django view with one indexed query and a small template, behind the middleware of a new Django project,
nobody signed in. *board*: a Django view without any middleware that fetches N rows of tasks in one query and renders
N bare cards with Django's template engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import override_settings
from django.urls import path

from projects.models import Project, Task

GROUPS = 4


def view(request: HttpRequest, code: str) -> HttpResponse:
    project = Project.objects.get(code=code)
    return HttpResponse(render_to_string("bench/view.html", {"project": project}))


def board(request: HttpRequest, code: str) -> HttpResponse:
    tasks = list(Task.objects.filter(project__code=code).select_related("project__manager").order_by("rank"))
    size = -(-len(tasks) // GROUPS)
    groups = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    return HttpResponse(render_to_string("bench/board.html", {"groups": groups}))


urlpatterns = [
    path("floor/view/<str:code>/", view),
    path("floor/board/<str:code>/", board),
]


class _Request(WSGIRequest):
    urlconf = "bench.floors"


class FloorHandler(WSGIHandler):
    """Django's own handler with other middleware than ours, for the floors' addresses."""

    request_class = _Request

    def __init__(self, middleware: Sequence[str]) -> None:
        with override_settings(MIDDLEWARE=list(middleware)):
            super().__init__()


# What `django-admin startproject` writes into the settings.
USUAL_MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
HANDLERS = {"view": FloorHandler(USUAL_MIDDLEWARE), "board": FloorHandler(())}
