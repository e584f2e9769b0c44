"""What one person's weekly board says, as plain values.

`gather` reads it through the same access doors as the pages, in a number of queries that does not depend on how
many projects there are. Equal sections are equal values: what is the same for several recipients is rendered once.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import get_language

from clients.models import User
from clients.readers import StatementsForReaders
from cxportal.lib.database import IsOneOf, Slot, Statement
from cxportal.lib.sharing import shared
from cxportal.notifications.rendering import absolute
from cxportal.portal.models import BoardIntroduction, BoardSchedule, SentBoard
from feedback.models import AnswerClock, Thread
from projects.models import DateChange, Milestone, Project, Task
from projects.progress import health_of, progress_of

NEXT_TASKS = 5
MOST_LINES = 30  # of one group; the rest is a number and a link


@dataclass(frozen=True)
class TaskLine:
    key: str
    title: str
    url: str
    due_on: dt.date | None = None
    is_overdue: bool = False
    reopened: bool = False
    waiting_for: str = ""
    waiting_since: dt.datetime | None = None


@dataclass(frozen=True)
class Group:
    """Some lines of a list, and how many there are in all."""

    lines: tuple[TaskLine, ...] = ()
    total: int = 0

    @property
    def more(self) -> int:
        return max(0, self.total - len(self.lines))


@dataclass(frozen=True)
class Move:
    """A date that was moved in the window: from the first to the last one, with the last reason given."""

    name: str
    old: dt.date | None
    new: dt.date | None
    reason: str = ""


@dataclass(frozen=True)
class MilestoneLine:
    name: str
    due_on: dt.date | None
    reached_on: dt.date | None = None
    is_overdue: bool = False
    move: Move | None = None


@dataclass(frozen=True)
class QuestionLine:
    subject: str
    url: str
    asked_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    is_late: bool = False
    answered_in: dt.timedelta | None = None


@dataclass(frozen=True)
class Introduction:
    text: str
    language: str
    author: str


@dataclass(frozen=True)
class Section:
    """One project. `about` is "active", "paused" (one line) or "finished" (its last mail, a summary)."""

    project_id: int
    code: str
    name: str
    url: str
    about: str
    health: str = ""
    health_reason: str = ""
    done_count: int = 0
    total: int = 0
    introduction: Introduction | None = None
    done: Group = field(default_factory=Group)
    in_progress: Group = field(default_factory=Group)
    to_do: Group = field(default_factory=Group)
    waiting: Group = field(default_factory=Group)
    milestones: tuple[MilestoneLine, ...] = ()
    moves: tuple[Move, ...] = ()
    questions: tuple[QuestionLine, ...] = ()

    @property
    def percent(self) -> int:
        """Rounded down: 100 means that nothing is left."""
        return self.done_count * 100 // self.total if self.total else 0

    @property
    def is_quiet(self) -> bool:
        """Nothing happened in the window."""
        return not (
            self.done.total
            or self.moves
            or self.questions
            or self.introduction
            or any(line.reopened for line in (*self.in_progress.lines, *self.to_do.lines))
            or any(line.reached_on or line.move for line in self.milestones)
        )

    @property
    def needs_attention(self) -> bool:
        """Something is late or waits for the client: then it is never skipped."""
        return bool(self.waiting.total) or self.health == Project.Health.LATE or self.has_late_answer

    @property
    def has_late_answer(self) -> bool:
        return any(question.is_late for question in self.questions)

    @property
    def worry(self) -> tuple[bool, bool, bool, bool, str]:
        """Sorts the section that needs attention first: late, waiting for the client, at risk, the others."""
        return (
            self.health != Project.Health.LATE,
            not self.waiting.total,
            self.health != Project.Health.AT_RISK,
            not self.has_late_answer,
            self.name,
        )


@dataclass(frozen=True)
class Board:
    """A whole mail: its sections, the one that needs attention first, and questions about no project."""

    sections: tuple[Section, ...]
    questions: tuple[QuestionLine, ...]
    window_start: dt.datetime
    window_end: dt.datetime

    @property
    def is_empty(self) -> bool:
        return not self.sections

    @property
    def is_quiet(self) -> bool:
        return not self.questions and all(section.is_quiet for section in self.sections)

    @property
    def needs_attention(self) -> bool:
        return any(section.needs_attention for section in self.sections) or any(
            question.is_late for question in self.questions
        )


def chosen_projects(user: User, schedule: BoardSchedule | None) -> list[Project]:
    """The projects a person's board tells of: those they see, less what they left out.

    Drafts and archived ones tell nobody anything; a finished one comes once more and then never again.
    """
    projects = _SEEN.to(user).objects(reader=user.pk)
    if schedule is not None and schedule.pk:
        left_out = set(
            schedule.left_out.through.objects.filter(boardschedule=schedule.pk).values_list(
                "project", flat=True
            )
        )
        projects = [project for project in projects if project.pk not in left_out]
    finished = [project for project in projects if project.status == Project.Status.FINISHED]
    if not finished:
        return projects
    told = SentBoard.objects.filter(user=user, is_extra=False, outcome=SentBoard.Outcome.QUEUED)
    last_told = dict(
        told.filter(projects__in=finished).order_by("window_end").values_list("projects", "window_end")
    )
    return [
        project
        for project in projects
        if project.status != Project.Status.FINISHED
        or project.finished_at is None
        or (end := last_told.get(project.pk)) is None
        or end <= project.finished_at
    ]


def _with_news(reader: User) -> QuerySet[Project]:
    """Drafts and archived projects tell nobody anything."""
    return Project.objects.visible_to(reader).exclude(
        status__in=[Project.Status.DRAFT, Project.Status.ARCHIVED]
    )


_SEEN = StatementsForReaders(lambda reader: _with_news(reader).order_by("pk"))


def monday_of(instant: dt.datetime, zone: dt.tzinfo) -> dt.date:
    """The Monday of the week an instant lies in, in a zone: what introductions are kept under."""
    day = instant.astimezone(zone).date()
    return day - dt.timedelta(days=day.weekday())


def gather(
    user: User,
    projects: Iterable[Project],
    *,
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime,
    zone: dt.tzinfo,
    told: frozenset[int] = frozenset(),
    week: dt.date | None = None,
) -> Board:
    """What `user` is told of `projects` about `start <= instant < end`.

    The projects are narrowed to those `user` may see at this moment, whatever was asked for. What is in progress,
    to do or waiting is as of `now`. `zone` decides what day it is for the reader; `told` are introductions they
    already had; `week` is the Monday of the week whose introductions are used, without it that of `end`.
    """
    chosen = _TOLD_OF.to(user).objects(reader=user.pk, projects=[project.pk for project in projects])
    week = week or monday_of(end, zone)

    def told_to_all() -> list[Section]:
        reader = _Reader(user, chosen, start=start, end=end, now=now, zone=zone, told=told, week=week)
        return [reader.section(project) for project in chosen]

    # Which projects and questions is a matter of the person, and asked for each. What else stands in a project is
    # the same for all contacts.
    seen = tuple(project.pk for project in chosen)
    key = ("sections", user.is_our_staff, seen, start, end, str(zone), told, week, get_language())
    questions = _questions(user, chosen, start=start, end=end, now=now)
    sections = sorted(
        (
            replace(section, questions=tuple(questions.get(section.project_id, ())))
            for section in shared(key, told_to_all)
        ),
        key=lambda section: section.worry,
    )
    return Board(
        sections=tuple(sections),
        questions=tuple(questions.get(None, ())),
        window_start=start,
        window_end=end,
    )


def _told_of(reader: User) -> QuerySet[Project]:
    return _with_news(reader).filter(IsOneOf("pk", Slot("projects"))).order_by("name", "pk")


_TOLD_OF = StatementsForReaders(_told_of)


class _Reader:
    """Fetches everything for all projects at once, then hands out each project's share."""

    def __init__(
        self,
        user: User,
        projects: Sequence[Project],
        *,
        start: dt.datetime,
        end: dt.datetime,
        now: dt.datetime,
        zone: dt.tzinfo,
        told: frozenset[int],
        week: dt.date,
    ) -> None:
        self.week = week
        self.user, self.start, self.end, self.now, self.zone = user, start, end, now, zone
        self.today = now.astimezone(zone).date()
        self.projects = projects
        working = [p for p in projects if p.status != Project.Status.PAUSED]
        self.progress = progress_of(working, user)
        self.health = health_of(working, user, self.today)
        self.tasks = self._tasks(working)
        self.milestones = self._milestones(working)
        self.changes = self._changes(working)
        self.introductions = self._introductions(working, told)

    def _tasks(self, projects: Sequence[Project]) -> dict[int, list[Task]]:
        mine = Task.objects.visible_to(self.user).filter(project__in=projects)
        shown = (
            mine.filter(
                Q(column__kind="doing")
                | Q(waiting_since__isnull=False) & ~Q(column__kind="done")
                | Q(column__kind="done", done_at__gte=self.start, done_at__lt=self.end)
            )
            .select_related("column")
            .order_by("project", F("due_on").asc(nulls_last=True), "rank", "pk")
        )
        coming = (
            mine.to_do()
            .filter(waiting_since=None)
            .annotate(
                place=Window(
                    RowNumber(),
                    partition_by=F("project"),
                    order_by=[F("due_on").asc(nulls_last=True), F("rank").asc(), F("id").asc()],
                )
            )
            .filter(place__lte=NEXT_TASKS)
            .select_related("column")
            .order_by("project", "place")
        )
        found: dict[int, list[Task]] = defaultdict(list)
        for task in (*shown, *coming):
            found[task.project_id].append(task)
        return found

    def _milestones(self, projects: Sequence[Project]) -> dict[int, list[Milestone]]:
        reached = Q(reached_on__gte=self._day(self.start), reached_on__lte=self._day(self.end))
        found: dict[int, list[Milestone]] = defaultdict(list)
        for milestone in (
            Milestone.objects.visible_to(self.user)
            .filter(Q(reached_on=None) | reached, project__in=projects)
            .order_by(F("due_on").asc(nulls_last=True), "position", "pk")
        ):
            found[milestone.project_id].append(milestone)
        return found

    def _changes(self, projects: Sequence[Project]) -> dict[int, list[DateChange]]:
        found: dict[int, list[DateChange]] = defaultdict(list)
        for change in (
            DateChange.objects.visible_to(self.user)
            .filter(project__in=projects, at__gte=self.start, at__lt=self.end, field=DateChange.Field.DUE)
            .select_related("task", "milestone")
            .order_by("at", "pk")
        ):
            found[change.project_id].append(change)
        return found

    def _introductions(self, projects: Sequence[Project], told: frozenset[int]) -> dict[int, Introduction]:
        return {
            words.project_id: Introduction(
                words.text, words.language, words.author.name if words.author else ""
            )
            for words in BoardIntroduction.objects.filter(project__in=projects, week_of=self.week)
            .exclude(pk__in=told)
            .exclude(text="")
            .select_related("author")
        }

    def section(self, project: Project) -> Section:
        """What is told of `project` but for its questions, which are the reader's own."""
        if project.status == Project.Status.PAUSED:
            return Section(
                project_id=project.pk,
                code=project.code,
                name=project.name,
                url=absolute(project.get_absolute_url()),
                about="paused",
            )
        progress, health = self.progress[project.pk], self.health[project.pk]
        tasks = self.tasks[project.pk]
        waiting = [task for task in tasks if task.is_waiting]
        doing = [task for task in tasks if task.column.kind == "doing" and not task.is_waiting]
        coming = [task for task in tasks if task.column.kind == "todo" and not task.is_waiting]
        done = [task for task in tasks if task.is_done]
        milestones, moves = self._plan(project)
        finished = project.status == Project.Status.FINISHED
        return Section(
            project_id=project.pk,
            code=project.code,
            name=project.name,
            url=absolute(project.get_absolute_url()),
            about="finished" if finished else "active",
            health="" if finished else str(health.status),
            health_reason="" if finished else str(health.reason),
            done_count=progress.done,
            total=progress.total,
            introduction=self.introductions.get(project.pk),
            done=self._group(project, done),
            in_progress=self._group(project, doing),
            to_do=self._group(project, coming, total=progress.to_do),
            waiting=self._group(project, waiting),
            milestones=milestones,
            moves=moves,
        )

    def _group(self, project: Project, tasks: Sequence[Task], total: int | None = None) -> Group:
        lines = tuple(self._line(project, task) for task in tasks[:MOST_LINES])
        return Group(lines=lines, total=len(tasks) if total is None else total)

    def _line(self, project: Project, task: Task) -> TaskLine:
        task.project = project  # fetched once for all of them
        return TaskLine(
            key=task.key,
            title=task.title,
            url=absolute(task.get_absolute_url()),
            due_on=None if task.is_done else task.due_on,
            is_overdue=task.is_overdue(self.today),
            reopened=bool(
                not task.is_done and task.reopened_at and self.start <= task.reopened_at < self.end
            ),
            waiting_for=task.waiting_for if task.is_waiting else "",
            waiting_since=task.waiting_since if task.is_waiting else None,
        )

    def _plan(self, project: Project) -> tuple[tuple[MilestoneLine, ...], tuple[Move, ...]]:
        by_milestone: dict[int, Move] = {}
        by_task: dict[int, Move] = {}
        for change in self.changes[project.pk]:
            moves, pk = (
                (by_milestone, change.milestone_id) if change.milestone_id else (by_task, change.task_id)
            )
            assert pk is not None
            before = moves.get(pk)
            moves[pk] = Move(
                name=str(change.milestone or (change.task and change.task.title)),
                old=before.old if before else change.old,
                new=change.new,
                reason=change.reason or (before.reason if before else ""),
            )
        lines = tuple(
            MilestoneLine(
                name=milestone.name,
                due_on=milestone.due_on,
                reached_on=milestone.reached_on,
                is_overdue=bool(
                    milestone.due_on and not milestone.reached_on and milestone.due_on < self.today
                ),
                move=_real(by_milestone.get(milestone.pk)),
            )
            for milestone in self.milestones[project.pk]
        )
        return lines, tuple(move for move in by_task.values() if _real(move))

    def _day(self, instant: dt.datetime) -> dt.date:
        return instant.astimezone(self.zone).date()


def _real(move: Move | None) -> Move | None:
    """None for a date that was moved and moved back."""
    return move if move and move.old != move.new else None


def _questions(
    user: User, projects: Sequence[Project], *, start: dt.datetime, end: dt.datetime, now: dt.datetime
) -> dict[int | None, list[QuestionLine]]:
    """Questions that are open, or were asked or answered in the window, by project."""
    window: dict[str, Any] = {"start": start, "end": end}
    found: dict[int | None, list[QuestionLine]] = defaultdict(list)
    threads: list[Thread] = _ASKED.to(user).objects(
        reader=user.pk,
        projects=[project.pk for project in projects],
        companies=list({project.client_id for project in projects}),
        **window,
    )
    clocks: dict[int, AnswerClock] = {}
    if threads:
        for clock in _CLOCKS.objects(threads=[thread.pk for thread in threads], **window):
            clocks[clock.thread_id] = clock  # the last one stays
    for thread in threads:
        line = _question(thread, clocks[thread.pk], now)
        if line:
            found[thread.project_id].append(line)
    for lines in found.values():
        lines.sort(key=lambda line: (line.due_at is None, line.due_at or line.asked_at or now))
    return found


def _asked(reader: User) -> QuerySet[Thread]:
    in_reach = Q(IsOneOf("project", Slot("projects"))) | Q(IsOneOf("client", Slot("companies")), project=None)
    threads = Thread.objects.visible_to(reader).filter(in_reach, pk__in=_clocks_told_of().values("thread"))
    return threads.order_by("pk").distinct()


def _clocks_told_of() -> QuerySet[AnswerClock]:
    start, end = cast(dt.datetime, Slot("start")), cast(dt.datetime, Slot("end"))
    told_of = Q(ended_at=None) | Q(started_at__gte=start) | Q(ended_at__gte=start)
    return AnswerClock.objects.filter(told_of, started_at__lt=end).order_by()


_ASKED = StatementsForReaders(_asked)
_CLOCKS = Statement(
    lambda: _clocks_told_of().filter(IsOneOf("thread", Slot("threads"))).order_by("started_at", "pk")
)


def _question(thread: Thread, last: AnswerClock, now: dt.datetime) -> QuestionLine | None:
    if last.is_running:
        return QuestionLine(
            subject=thread.subject,
            url=absolute(thread.get_absolute_url()),
            asked_at=last.started_at,
            due_at=last.due_at,
            is_late=last.is_late(now),
        )
    if last.answered_in is None:  # taken back, or no answer was needed
        return None
    return QuestionLine(
        subject=thread.subject,
        url=absolute(thread.get_absolute_url()),
        asked_at=last.started_at,
        answered_in=last.answered_in,
    )
