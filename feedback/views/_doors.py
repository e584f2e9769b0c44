"""What the views of this app share: signing in, fetching through the door, and where to go afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clients.http import PersonRequest
from feedback.access import get_message, get_thread
from feedback.drafts import signed_in_to_write
from feedback.models import Message, Thread

Verb = Callable[[PersonRequest, Thread], HttpResponse]
MessageVerb = Callable[[PersonRequest, Message], HttpResponse]
Door = Callable[..., HttpResponse]


def thread_page(uid: Any) -> str:
    return reverse("thread", args=[uid])


def verb_on_thread(form: str) -> Callable[[Verb], Door]:
    """Decorator of a view that does one thing to a conversation: a POST does it, a GET leads to the page.

    So whoever comes back here after signing in again lands where they were, with their words in `form`.
    """

    def decorate(view: Verb) -> Door:
        @require_http_methods(["GET", "HEAD", "POST"])
        @signed_in_to_write(form, at=thread_page)
        @wraps(view)
        def wrapper(request: PersonRequest, uid: Any) -> HttpResponse:
            thread = get_thread(request.user, uid)
            return view(request, thread) if request.method == "POST" else redirect(thread)

        return wrapper

    return decorate


def verb_on_message(view: MessageVerb) -> Door:
    """The same for a view that does one thing to a message."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @login_required
    @wraps(view)
    def wrapper(request: PersonRequest, uid: Any) -> HttpResponse:
        message = get_message(request.user, uid)
        return view(request, message) if request.method == "POST" else redirect(message.thread)

    return wrapper


def is_at_task(request: HttpRequest) -> bool:
    """Whether the form stood in the conversation of a task, as that says of itself."""
    return "task" in (request.POST.get("place"), request.GET.get("place"))


def place_of(request: HttpRequest, thread: Thread) -> str:
    """The page on which the form stood: the task's conversation, or the thread's own page."""
    task = thread.task
    if is_at_task(request) and task is not None:
        return reverse("task_conversation", args=[task.project.code, task.number])
    return thread_page(thread.uid)
