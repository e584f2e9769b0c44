"""Home: for people of a client how their projects are, for our staff what to answer and do."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from cxportal.portal.homes import client_home, staff_home


@require_safe
@login_required
def home(request: PersonRequest) -> HttpResponse:
    now = timezone.now()
    local = timezone.localtime(now)
    context = {"hour": local.hour, "today": local.date()}
    if request.user.is_our_staff:
        return render(request, "portal/home_staff.html", {**context, "home": staff_home(request.user, now)})
    return render(request, "portal/home_client.html", {**context, "home": client_home(request.user, now)})
