"""Moving due times in the admin: of one clock or of several at once, through the action that managers use."""

from __future__ import annotations

import datetime as dt
from typing import cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clients.models import User
from cxportal.lib.admin import confirm_page
from cxportal.notifications.audit import write_down
from feedback.actions import move_due
from feedback.errors import ActionRefused
from feedback.forms.handling import DueForm
from feedback.models import AnswerClock

LIST = "admin:feedback_answerclock_changelist"


class MovesDueTimes:
    """For the ModelAdmin of answer clocks."""

    admin_site: admin.AdminSite

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Administrators; nobody else gets into the admin."""
        return self.has_view_permission(request)  # type: ignore[attr-defined]

    @admin.action(description=_("Move the due time, with a reason the client reads"), permissions=["manage"])
    def move_selected(self, request: HttpRequest, queryset: QuerySet[AnswerClock]) -> HttpResponse:
        ids = ",".join(str(pk) for pk in queryset.order_by("pk").values_list("pk", flat=True))
        return redirect("admin:feedback_answerclock_move", ids=ids)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(move_view)
        own = path("<str:ids>/move/", view, name="feedback_answerclock_move")
        return [own, *super().get_urls()]  # type: ignore[misc]


def move_view(request: HttpRequest, ids: str) -> HttpResponse:
    """Asks for the new due time and the reason, and moves the clocks that still run."""
    numbers = [int(number) for number in ids.split(",") if number.isdecimal() and len(number) < 19]
    clocks = list(
        AnswerClock.objects.filter(pk__in=numbers).select_related("thread__client").order_by("due_at", "pk")
    )
    if not clocks:
        raise Http404
    back = (
        reverse("admin:feedback_answerclock_change", args=[clocks[0].pk])
        if len(clocks) == 1
        else reverse(LIST)
    )
    form = DueForm(request.POST) if request.method == "POST" else DueForm.at(clocks[-1].due_at)
    if request.method == "POST" and form.is_valid():
        _move(request, clocks, form.cleaned_data["due_at"], form.cleaned_data["reason"])
        return redirect(back)
    return confirm_page(
        request,
        title=_("Move the due time"),
        form=form,
        button=_("Move the due time"),
        back=back,
        notes=[
            _(
                "The client reads the new time and the reason. Reminders follow. What was late stays marked so."
            ),
        ],
        things=[_about(clock) for clock in clocks],
    )


def _about(clock: AnswerClock) -> str:
    due = date_format(localtime(clock.due_at), "SHORT_DATETIME_FORMAT")
    return f"{clock.thread.client.name}: {clock.thread.subject} ({due})"


def _move(request: HttpRequest, clocks: list[AnswerClock], due_at: dt.datetime, reason: str) -> None:
    """Each by itself: one that was answered meanwhile keeps no other from moving."""
    by, moved = cast(User, request.user), 0
    for clock in clocks:
        try:
            with transaction.atomic():
                change = move_due(clock=clock, by=by, due_at=due_at, reason=reason)
                write_down(
                    "clock.moved",
                    by=by,
                    thing=f"{clock.thread.client.name}: {clock.thread.subject}",
                    reason=reason,
                    clock=clock.pk,
                    old=change.old.isoformat(),
                    new=due_at.isoformat(),
                )
        except (ActionRefused, PermissionDenied) as refused:
            messages.error(request, f"{clock.thread.subject}: {refused}")
        else:
            moved += 1
    if moved:
        words = ngettext("%(count)d due time moved.", "%(count)d due times moved.", moved)
        messages.success(request, words % {"count": moved})
