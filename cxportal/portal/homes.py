"""What stands on the two homes. Each answers its reader's questions in a number of queries that never grows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When, Window
from django.utils import timezone

from clients.models import Membership, User
from clients.readers import StatementsForReaders
from cxportal.lib.database import IsOneOf, Slot, Statement
from feedback.models import AnswerClock, Thread
from feedback.standing import Standing, share_of, standing_of, standings_of
from projects.models import Milestone, Project, Task
from projects.progress import Health, Progress, health_of, next_milestones, progress_of

MOST_TASKS = 8
MOST_QUESTIONS = 5
MOST_TO_ANSWER = 12
MOST_BY_WORRY = 12
MOST_OF_A_CLIENT = 8
_WORRY: dict[str, int] = {Project.Health.LATE: 0, Project.Health.AT_RISK: 1, Project.Health.ON_TRACK: 2}


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project on a home. `late_answers` are counted for our staff alone."""

    project: Project
    progress: Progress
    health: Health
    milestone: Milestone | None
    late_answers: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that waits for the client, for so many `days` of the reader's calendar."""

    task: Task
    days: int


@dataclass(frozen=True, slots=True)
class ClientHome:
    """ "How is my project, what do you need from me, when do I hear from you?" """

    waiting: list[Waiting]
    waiting_total: int
    projects: list[ProjectLine]
    projects_total: int
    questions: list[tuple[Thread, Standing]]
    memberships: list[Membership]

    @property
    def projects_more(self) -> int:
        return self.projects_total - len(self.projects)

    @property
    def waiting_more(self) -> int:
        return self.waiting_total - len(self.waiting)

    @property
    def may_ask(self) -> bool:
        return any(one.role != Membership.Role.VIEWER for one in self.memberships)

    @property
    def is_new(self) -> bool:
        """Nothing is opened to this person yet."""
        return not self.projects and not self.questions


@dataclass(frozen=True, slots=True)
class ToAnswer:
    """A question that waits: `share` of the time to answer is used, 1 and more when it is late."""

    clock: AnswerClock
    share: float
    standing: Standing

    @property
    def thread(self) -> Thread:
        return self.clock.thread


@dataclass(frozen=True, slots=True)
class StaffHome:
    """ "What must I answer, do, prepare?"

    For managers also what nobody has taken on (and is not in `to_answer` already), and what others are on.
    """

    to_answer: list[ToAnswer]
    unassigned: list[ToAnswer]
    with_others: list[ToAnswer]
    tasks: list[Task]
    projects: list[ProjectLine]


def client_home(user: User, now: dt.datetime | None = None) -> ClientHome:
    """The home of a contact, in at most nine queries."""
    now = now or timezone.now()
    waiting = _WAITING.to(user).objects(reader=user.pk)
    threads = _questions(user)
    standings = standings_of(threads, now)
    projects = _PROJECTS.to(user).objects(reader=user.pk)
    return ClientHome(
        waiting=[Waiting(task, _days_since(task.waiting_since, now)) for task in waiting],
        waiting_total=waiting[0].how_many if waiting else 0,
        projects=_by_worry(projects, user, now, most=MOST_OF_A_CLIENT),
        projects_total=len(projects),
        questions=[(thread, standings[thread.pk]) for thread in threads],
        memberships=_MEMBERSHIPS.objects(reader=user.pk),
    )


def _waiting_for(reader: User) -> QuerySet[Task, Any]:
    return (
        Task.objects.visible_to(reader)
        .waiting_on_client()
        .exclude(project__status=Project.Status.ARCHIVED)
        .select_related("project")
        .annotate(how_many=Window(Count("pk")))
        .order_by(F("due_on").asc(nulls_last=True), "waiting_since", "pk")[:MOST_TASKS]
    )


def _questions(user: User) -> list[Thread]:
    """Which, then what is told of them: in one query the database plans for longer than it fetches twice."""
    ids = [pk for (pk,) in _QUESTIONS.to(user).rows(reader=user.pk)]
    found = {thread.pk: thread for thread in _THREADS.objects(threads=ids)} if ids else {}
    return [found[pk] for pk in ids if pk in found]


def _questions_of(reader: User) -> QuerySet[Thread, Any]:
    seen = Thread.objects.visible_to(reader).with_words_for(reader)
    return seen.by_due_time().values_list("pk")[:MOST_QUESTIONS]


_WAITING = StatementsForReaders(_waiting_for)
_QUESTIONS = StatementsForReaders(_questions_of)
_THREADS = Statement(
    lambda: Thread.objects.filter(IsOneOf("pk", Slot("threads"))).select_related(
        "project", "task__project", "author"
    )
)
_PROJECTS = StatementsForReaders(lambda reader: Project.objects.visible_to(reader).current())
_MEMBERSHIPS = Statement(
    lambda: (
        Membership.objects.in_force()
        .filter(user=Slot("reader"))
        .select_related("client__manager")
        .order_by("pk")
    )
)


def staff_home(user: User, now: dt.datetime | None = None) -> StaffHome:
    """The home of one of our people, in at most ten queries; managers also see what others have to answer."""
    now = now or timezone.now()
    clocks = (
        AnswerClock.objects.visible_to(user)
        .running()
        .select_related(
            "message__author",
            "thread__client",
            "thread__project",
            "thread__task__project",
            "thread__author",
            "thread__assignee",
        )
        .order_by(_what_burns(now), "due_at", "pk")
    )
    mine = _for(user)
    theirs = clocks.exclude(mine) if user.runs_projects else clocks.none()
    return StaffHome(
        to_answer=_to_answer(clocks.filter(mine), now),
        unassigned=_to_answer(theirs.filter(thread__assignee=None), now),
        with_others=_to_answer(theirs.exclude(thread__assignee=None), now),
        tasks=list(
            Task.objects.visible_to(user)
            .still_open()
            .filter(assignees=user)
            .exclude(project__status=Project.Status.ARCHIVED)
            .select_related("project", "column")
            .order_by(F("due_on").asc(nulls_last=True), "-priority", "pk")[:MOST_TASKS]
        ),
        projects=_by_worry(
            list(Project.objects.visible_to(user).active().select_related("client")),
            user,
            now,
            late_answers=_late_answers(user, now),
            most=MOST_BY_WORRY,
        ),
    )


def _days_since(moment: dt.datetime | None, now: dt.datetime) -> int:
    return (timezone.localdate(now) - timezone.localdate(moment or now)).days


def _for(user: User) -> Q:
    """Clocks of conversations that `user` is on, or would be: nobody is, and the project or client is theirs."""
    theirs = Q(thread__project__in=Project.objects.filter(Q(team=user) | Q(manager=user)).values("pk"))
    without_project = Q(thread__project=None, thread__client__manager=user)
    return Q(thread__assignee=user) | (Q(thread__assignee=None) & (theirs | without_project))


def _what_burns(now: dt.datetime) -> Case:
    """Late ones first, then urgent ones."""
    return Case(
        When(due_at__lt=now, then=Value(0)),
        When(thread__urgency=Thread.Urgency.URGENT, then=Value(1)),
        default=Value(2),
    )


def _to_answer(clocks: QuerySet[AnswerClock], now: dt.datetime) -> list[ToAnswer]:
    return [
        ToAnswer(clock, share_of(clock, now), standing_of(clock, now)) for clock in clocks[:MOST_TO_ANSWER]
    ]


def _late_answers(user: User, now: dt.datetime) -> dict[int, int]:
    """How many answers are late, by project."""
    late = AnswerClock.objects.visible_to(user).late(now).order_by()
    counts = late.values("thread__project").annotate(how_many=Count("pk"))
    return {row["thread__project"]: row["how_many"] for row in counts}


def _by_worry(
    projects: list[Project],
    user: User,
    now: dt.datetime,
    *,
    late_answers: dict[int, int] | None = None,
    most: int | None = None,
) -> list[ProjectLine]:
    """What needs attention first: late answers, then health, those at rest last; then by name. Four queries."""
    late = late_answers or {}
    health = health_of(projects, user, timezone.localdate(now))

    def worry(project: Project) -> tuple[int, int, str]:
        return -late.get(project.pk, 0), _WORRY.get(health[project.pk].status, 3), project.name

    shown = sorted(projects, key=worry)[:most]
    progress, milestones = progress_of(shown, user, now), next_milestones(shown, user)
    return [
        ProjectLine(
            project,
            progress[project.pk],
            health[project.pk],
            milestones.get(project.pk),
            late.get(project.pk, 0),
        )
        for project in shown
    ]
