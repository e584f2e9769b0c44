"""Home."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clients.http import PersonRequest


@require_safe
@login_required
def home(request: PersonRequest) -> HttpResponse:
    return render(request, "portal/home.html")
