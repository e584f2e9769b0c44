"""What one person may see and why, and what they get: for an administrator who has to explain it.

What they see is asked of the same doors as every page (`visible_to`); only the reasons are worked out here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.models import Absence, Membership, StaffProfile, User
from clients.ways_in import session_keys_of
from cxportal.portal.models import BoardSchedule
from feedback.models import AnswerClock, Thread
from projects.models import Project

MOST = 50  # of a list; the page says how many more there are
Words = str | Promise

NARROWED: dict[str, Words] = {
    Thread.Audience.OWNERS: gettext_lazy("its author opened it to owners only"),
    Thread.Audience.AUTHOR: gettext_lazy("its author kept it for themself and the team"),
}


@dataclass(frozen=True)
class Place:
    """A project or a conversation, and why the person sees it, or does not."""

    thing: Project | Thread
    why: str


@dataclass(frozen=True)
class Some:
    """The first MOST of several, and how many there are in all."""

    rows: list[Place]
    total: int

    @property
    def left(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True)
class Gets:
    """What comes to the person by mail: the weekly board, answers they follow, reminders."""

    board: BoardSchedule | None
    follows: int
    assigned: list[AnswerClock]
    backs_up: list[User]
    backup: User | None
    away: Absence | None


@dataclass(frozen=True)
class Access:
    person: User
    memberships: list[Membership]
    projects: Some
    unseen_projects: Some
    threads: int
    unseen_threads: Some
    sessions: int | None  # None: nobody counted
    gets: Gets


def access_of(person: User, now: dt.datetime, *, count_sessions: bool = False) -> Access:
    """All of it, in a constant number of queries. To count sessions all running ones are read: only when asked."""
    memberships = list(person.memberships.select_related("client").prefetch_related("projects"))
    return Access(
        person=person,
        memberships=memberships,
        projects=_projects(person, memberships),
        unseen_projects=_unseen_projects(person),
        threads=Thread.objects.visible_to(person).with_words_for(person).count(),
        unseen_threads=_unseen_threads(person, memberships),
        sessions=len(session_keys_of(person)) if count_sessions else None,
        gets=_gets(person, now),
    )


def _projects(person: User, memberships: list[Membership]) -> Some:
    seen = Project.objects.visible_to(person).select_related("client", "manager").order_by("name", "pk")
    teams = set(person.teams.values_list("pk", flat=True))
    return _some(seen, lambda project: _why_seen(project, person, memberships, teams))


def _why_seen(project: Project, person: User, memberships: list[Membership], teams: set[int]) -> str:
    reasons = []
    if person.is_our_staff:
        if person.runs_projects:
            reasons.append(_("runs all projects"))
        if project.manager_id == person.pk:
            reasons.append(_("its manager"))
        if project.pk in teams:
            reasons.append(_("on the team"))
    for membership in memberships:
        if membership.client_id != project.client_id:
            continue
        if membership.role == Membership.Role.OWNER:
            reasons.append(_("owner of %(client)s") % {"client": membership.client.name})
        elif project in membership.projects.all():
            reasons.append(
                _("opened to them (%(role)s)") % {"role": str(membership.get_role_display()).lower()}
            )
    return ", ".join(reasons)


def _unseen_projects(person: User) -> Some:
    """Those of their companies that they do not see; of our staff nobody asks for what they are not on."""
    if person.is_our_staff:
        return Some([], 0)
    seen = Project.objects.visible_to(person)
    theirs = Project.objects.filter(client__memberships__user=person).exclude(pk__in=seen.values("pk"))
    theirs = theirs.select_related("client", "manager").order_by("name", "pk")

    def why(project: Project) -> str:
        if not project.client.is_active:
            return _("the company is switched off")
        if project.status == Project.Status.DRAFT:
            return _("still a draft")
        return _("not opened to them")

    return _some(theirs, why)


def _unseen_threads(person: User, memberships: list[Membership]) -> Some:
    """Conversations of their companies that they do not see, and which of the rules keeps them out."""
    if person.is_our_staff:
        return Some([], 0)
    companies = [membership.client_id for membership in memberships]
    seen = Thread.objects.visible_to(person).filter(client__in=companies)
    # What is about an internal task is no one's business there: it does not count as kept from this person.
    shown = Q(task=None) | Q(task__is_internal=False)
    theirs = Thread.objects.filter(shown, client__in=companies, merged_into=None)
    theirs = theirs.exclude(pk__in=seen.values("pk")).select_related("client", "project", "author")
    projects = set(Project.objects.visible_to(person).values_list("pk", flat=True))

    def why(thread: Thread) -> str:
        if not thread.client.is_active:
            return _("the company is switched off")
        if thread.project_id is not None and thread.project_id not in projects:
            return _("does not see the project")
        return str(NARROWED.get(thread.audience, ""))

    return _some(theirs.order_by("-last_message_at", "-pk"), why)


def _gets(person: User, now: dt.datetime) -> Gets:
    clocks = AnswerClock.objects.visible_to(person).running().filter(thread__assignee=person)
    profile = StaffProfile.objects.filter(user=person).select_related("backup").first()
    today = now.astimezone(person.zone()).date()
    return Gets(
        board=BoardSchedule.objects.visible_to(person).first(),
        follows=Thread.objects.visible_to(person).filter(followers=person).count(),
        assigned=list(clocks.select_related("thread__client").by_due_time()[:MOST]),
        backs_up=list(User.objects.filter(staff_profile__backup=person)),
        backup=profile.backup if profile else None,
        away=Absence.objects.filter(user=person).on(today).first(),
    )


def _some(rows: QuerySet[Any], why: Callable[[Any], str]) -> Some:
    return Some([Place(row, why(row)) for row in rows[:MOST]], rows.count())
