"""One's own weekly board: when, of what, or not at all; and the link that stops it from a mail."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from clients.http import PersonRequest
from clients.models import User
from cxportal.portal.models import BoardSchedule
from cxportal.portal.weekly.forms import ScheduleForm
from cxportal.portal.weekly.links import holder_of
from cxportal.portal.weekly.schedules import change_schedule, my_schedule, stop_board, turn_on_board


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def my_weekly(request: PersonRequest) -> HttpResponse:
    if request.user.is_our_staff:
        raise PermissionDenied
    schedule = my_schedule(request.user)
    form = ScheduleForm(
        request.POST if request.method == "POST" else None, instance=schedule, user=request.user
    )
    if request.method == "POST" and form.is_valid():
        wanted = {name: form.cleaned_data[name] for name in ("is_on", "weekday", "hour", "time_zone")}
        change_schedule(
            user=request.user,
            **wanted,
            skip_quiet_weeks=form.cleaned_data["skip_quiet_weeks"],
            left_out=form.left_out(),
        )
        messages.success(request, _("Saved."))
        return redirect("my_weekly")
    context = {"form": form, "schedule": schedule}
    return render(request, "portal/my_weekly.html", context, status=422 if form.errors else 200)


@csrf_exempt  # RFC 8058: mail programs post this without having seen a page; the token alone is the right
@require_http_methods(["GET", "HEAD", "POST"])
def weekly_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Asks on GET, stops on POST. Works without signing in, for this one thing."""
    user = _holder(token)
    with translation.override(user.language):
        if request.method == "POST":
            stop_board(user=user)
        stopped = not BoardSchedule.objects.visible_to(user).filter(is_on=True).exists()
        return render(request, "portal/weekly_stop.html", {"token": token, "stopped": stopped})


@require_POST
def weekly_again(request: HttpRequest, token: str) -> HttpResponse:
    """Turns the board on again, from the page that said it was stopped."""
    user = _holder(token)
    with translation.override(user.language):
        turn_on_board(user=user)
        return render(request, "portal/weekly_stop.html", {"token": token, "stopped": False, "again": True})


def _holder(token: str) -> User:
    user = holder_of(token)
    if user is None:
        raise Http404
    return user
