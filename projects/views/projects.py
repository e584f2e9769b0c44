"""All projects that someone may see."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, QuerySet, When
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from projects.models import Milestone, Project
from projects.progress import Health, Progress, health_of, next_milestones, progress_of

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Line:
    project: Project
    health: Health
    progress: Progress
    milestone: Milestone | None  # the next one


@login_required
@require_safe
def projects(request: PersonRequest) -> HttpResponse:
    """Those that are still looked at, or of the one status that was asked for."""
    status = request.GET.get("status", "")
    seen = Project.objects.visible_to(request.user)
    if status not in Project.Status.values:
        status, seen = "", seen.current()
    else:
        seen = seen.filter(status=status)
    page = Paginator(in_order(seen).select_related("client"), AT_ONCE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    today = timezone.localdate()
    health = health_of(shown, request.user, today)
    progress = progress_of(shown, request.user)
    milestones = next_milestones(shown, request.user)
    context = {
        "page_obj": page,
        "lines": [
            Line(project, health[project.pk], progress[project.pk], milestones.get(project.pk))
            for project in shown
        ],
        "status": status,
        "statuses": [choice for choice in Project.Status.choices if _may_ask(request, choice[0])],
        "today": today,
    }
    return render(request, "projects/projects.html", context)


def _may_ask(request: PersonRequest, status: str) -> bool:
    """A client person never hears of drafts."""
    return request.user.is_our_staff or status != Project.Status.DRAFT


def in_order(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Active ones first, then as their life goes; each by name."""
    order = (Project.Status.ACTIVE, Project.Status.PAUSED, Project.Status.DRAFT, Project.Status.FINISHED)
    places = [When(status=status, then=place) for place, status in enumerate(order)]
    place = Case(*places, default=len(order), output_field=IntegerField())
    return projects.order_by(place, "name", "pk")
