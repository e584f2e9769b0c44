"""The weekly board of a project, as its manager sees it: words on top, preview, send now, who got it."""

from __future__ import annotations

from csp.constants import NONE, SELF
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.http import PersonRequest
from cxportal.portal.models import BoardSchedule, SentBoard
from cxportal.portal.weekly.actions import (
    introduction_for,
    recipients_of,
    send_now,
    week_ahead,
    write_introduction,
)
from cxportal.portal.weekly.forms import IntroductionForm, SendNowForm
from cxportal.portal.weekly.mails import preview_of
from projects.access import get_project, require_plan
from projects.frame import frame
from projects.models import Project

MAIL_IN_A_FRAME = {
    **dict.fromkeys(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]),
    "default-src": [NONE],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": [SELF],
    "sandbox": True,
}
SHOWN = 50  # lines of "who got it"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def weekly(request: PersonRequest, code: str) -> HttpResponse:
    project = get_project(request.user, code)
    require_plan(request.user, project)
    now = timezone.now()
    words = introduction_for(project, now)
    form = IntroductionForm(
        request.POST if request.method == "POST" else None,
        initial={
            "text": words.text if words else "",
            "language": words.language if words else project.client.language,
        },
    )
    if request.method == "POST" and form.is_valid():
        write_introduction(project=project, by=request.user, **form.cleaned_data, now=now)
        messages.success(request, _("Saved. These words go out with the next weekly boards."))
        return redirect("weekly", code=project.code)
    status = 422 if form.errors else 200
    return render(request, "portal/weekly.html", _context(request, project, form), status=status)


def _context(request: PersonRequest, project: Project, form: IntroductionForm) -> dict[str, object]:
    recipients = recipients_of(project)
    return {
        **frame(project, request.user, "weekly"),
        "recipients": recipients,
        "introduction_form": form,
        "send_form": SendNowForm(recipients=recipients),
        "week_of": week_ahead(project, timezone.now()),
        "sent_boards": (
            SentBoard.objects.visible_to(request.user)
            .filter(projects=project)
            .select_related("user", "mail")[:SHOWN]
        ),
    }


@require_safe
@login_required
def weekly_preview(request: PersonRequest, code: str, pk: int) -> HttpResponse:
    """The mail of one recipient as it would go out at this moment; `?part=html` is the mail alone, for the frame."""
    project = get_project(request.user, code)
    require_plan(request.user, project)
    schedule = _recipient(project, pk)
    mail = preview_of(schedule, timezone.now())
    if request.GET.get("part") == "html":
        response = HttpResponse(mail.html)
        # The mail's own inlined styles and nothing else: no script, no picture, no link that opens in the frame.
        response._csp_replace = MAIL_IN_A_FRAME  # type: ignore[attr-defined]
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return response
    context = {"project": project, "schedule": schedule, "mail": mail}
    page = render(request, "portal/weekly_preview.html", context)
    page._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
    return page


def _recipient(project: Project, pk: int) -> BoardSchedule:
    for schedule in recipients_of(project):
        if schedule.user_id == pk:
            return schedule
    raise Http404


@require_POST
@login_required
def weekly_send(request: PersonRequest, code: str) -> HttpResponse:
    project = get_project(request.user, code)
    require_plan(request.user, project)
    form = SendNowForm(request.POST, recipients=recipients_of(project))
    if not form.is_valid():
        messages.error(request, _("Choose at least one person."))
        return redirect("weekly", code=project.code)
    sent = send_now(
        project=project,
        by=request.user,
        users=form.cleaned_data["users"],
        form_key=form.cleaned_data["form_key"],
    )
    if sent:
        text = ngettext("%(count)d mail is on its way.", "%(count)d mails are on their way.", sent)
        messages.success(request, text % {"count": sent})
    else:
        messages.info(request, _("These mails were sent already."))
    return redirect("weekly", code=project.code)
