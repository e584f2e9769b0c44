"""The portal's routes, and a page that shows every part of the design at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import path
from django.utils import timezone

from clients.models import User
from cxportal import urls
from cxportal.lib.toasts import toast

handler404 = urls.handler404

# What was posted to the page of parts.
posted: list[str] = []
SOURCE = Path(__file__).with_name("parts.html")


def parts(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        posted.append(request.POST["answer"])
    toast(request, "Moved to “Done”.", undo_url="/parts/")
    toast(request, "The file could not be read.", level=messages.ERROR)
    now = timezone.now()
    context = {
        "accepted": request.method == "POST",
        "people": User.objects.all()[:8],
        "soon": now + dt.timedelta(hours=3),
        "past": now - dt.timedelta(days=9),
        "answered_in": dt.timedelta(hours=2, minutes=10),
        "text": "**Bold**, a [link](https://example.com) and\n\n> a quotation\n\n- one\n- two\n\n`code`",
    }
    return HttpResponse(Template(SOURCE.read_text()).render(RequestContext(request, context)))


urlpatterns = [path("parts/", parts, name="parts"), *urls.urlpatterns]
