"""What stands on a board: its columns with the cards one sees first.

What waits for the client stands in a group of its own, before what is done, whatever column it is in; so each
task stands once, and the numbers over the groups add up. A column shows its first cards, a column of kind *done*
its latest, the waiting group the longest waiting; the rest is fetched as one scrolls.

The cost of a board is bounded by what it shows, not by what the project holds: two queries, and one in each app
that counts something on cards. The cards are fetched by SQL of our own: one statement for all groups, each cut
off after its first rows, with faces and files along; put together by the ORM it would cost more than to render
the cards. Which tasks a reader sees, and which people they know of, is still said by querysets, which are
compiled into it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clients.models import User
from projects.cards import Card, CardMaker, Row, html_of
from projects.models import Column, Project
from projects.models.tasks import TaskQuerySet
from projects.people import KNOWN, managers_of
from projects.progress import Progress, columns_with_counts, progress_over, with_counts

PAGE = 50  # cards of a column that one sees first, and that each further step brings
MOST = 1000  # cards of a column in one answer, however far someone has scrolled
WAITING = "waiting"


@dataclass(slots=True)
class Group:
    """A column, or the group of what waits for the client (then `key` and `kind` are "waiting")."""

    key: str
    kind: str
    label: str
    total: int
    done_this_week: int = 0
    cards: list[Card] = field(default_factory=list)
    start: int = 0  # how many of its cards stand before these

    @property
    def cards_html(self) -> SafeString:
        return html_of(self.cards)

    @property
    def shown(self) -> int:
        """How many cards one has seen with these."""
        return self.start + len(self.cards)

    @property
    def left(self) -> int:
        return max(0, self.total - self.shown)

    @property
    def next_page(self) -> int:
        """The page of the list on which it goes on, or 0 where these were the last."""
        return self.shown // PAGE + 1 if self.left else 0


@dataclass(frozen=True, slots=True)
class Board:
    groups: list[Group]
    progress: Progress  # of the whole project, whatever the board is narrowed to

    @property
    def first_column(self) -> str:
        """The key of the column into which a new task goes, as `add_task` chooses it."""
        keys = [group.key for group in self.groups if group.kind != WAITING]
        to_do = [group.key for group in self.groups if group.kind == Column.Kind.TO_DO]
        return next(iter([*to_do, *keys]), "")

    @property
    def total(self) -> int:
        """How many tasks the board holds, those not shown yet included."""
        return sum(group.total for group in self.groups)


def board_of(
    project: Project,
    user: User,
    tasks: TaskQuerySet,
    today: dt.date,
    *,
    narrowed: bool = True,
    shown: Mapping[str, int] | None = None,
) -> Board:
    """The board of `project` with `tasks`: those that `user` sees in it, perhaps `narrowed` to fewer.

    `today` is a date in the reader's zone. `shown` says how many cards of a group (by its key) someone has already
    on the page; without it each group shows its first PAGE.
    """
    columns = list(_columns(project, user, tasks if narrowed else None))
    groups = _groups(columns, user)
    sizes = {group.key: _size((shown or {}).get(group.key, 0)) for group in groups}
    _deal([group for group in groups if group.total], sizes, project, user, tasks, today)
    return Board(groups, progress_over(columns, project, user))


def more_of(
    project: Project, user: User, tasks: TaskQuerySet, today: dt.date, key: str, start: int
) -> Group | None:
    """The next PAGE cards of the group `key` after the first `start`; None for a group the project does not have."""
    groups = _groups(list(_columns(project, user, tasks)), user)
    group = next((group for group in groups if group.key == key), None)
    if group is None:
        return None
    group.start = start
    _deal([group], {key: PAGE}, project, user, tasks, today)
    return group


def _columns(project: Project, user: User, tasks: TaskQuerySet | None) -> Any:
    """The columns with the counts of progress, and of `tasks` in them where they are fewer than those."""
    if tasks is None:
        return columns_with_counts(project, user)
    columns = with_counts(Column.objects.all(), project, user)
    among = Q(tasks__in=tasks.order_by().values("pk"))
    waits = Q(tasks__waiting_since__isnull=False)
    return columns.annotate(
        listed=Count("tasks", filter=among), listed_waiting=Count("tasks", filter=among & waits)
    )


def _groups(columns: list[Any], user: User) -> list[Group]:
    groups = []
    waiting = Group(
        WAITING, WAITING, _("Waiting for the client") if user.is_our_staff else _("Waiting for you"), 0
    )
    for column in columns:
        listed = getattr(column, "listed", column.done + column.in_progress + column.to_do + column.waiting)
        waits = 0 if column.kind == Column.Kind.DONE else getattr(column, "listed_waiting", column.waiting)
        waiting.total += waits
        groups.append(Group(str(column.pk), column.kind, column.label, listed - waits, column.done_this_week))
    before = next(
        (place for place, group in enumerate(groups) if group.kind == Column.Kind.DONE), len(groups)
    )
    return [*groups[:before], waiting, *groups[before:]]


def _size(shown: int) -> int:
    """Whole pages, at least one, that hold the cards someone has on the page."""
    return min(max(PAGE, -(-shown // PAGE) * PAGE), MOST)


# Which tasks stand in a group of some kind, and in what order.
_PLACES = {
    WAITING: (
        "task.waiting_since IS NOT NULL AND task.column_id IN "
        "(SELECT id FROM projects_column WHERE project_id = %s AND kind <> 'done')",
        "task.waiting_since, task.id",
    ),
    Column.Kind.DONE: ("task.column_id = %s", "task.done_at DESC NULLS LAST, task.id DESC"),
    "": ("task.column_id = %s AND task.waiting_since IS NULL", "task.rank, task.id"),
}
_PART = """
    (SELECT %s AS place, row_number() OVER (ORDER BY {order}) AS turn, task.id, task.number, task.title,
            task.due_on, task.is_internal, task.waiting_since, task.waiting_for
     FROM projects_task AS task
     WHERE {stands_there} AND task.id IN (SELECT id FROM seen)
     ORDER BY {order} OFFSET %s LIMIT %s)
"""
_STATEMENT = """
    WITH seen AS NOT MATERIALIZED ({seen})
    SELECT card.*,
           (SELECT count(*) FROM projects_attachment AS file
            WHERE file.task_id = card.id AND (%s OR NOT file.is_internal)),
           ARRAY(
               SELECT person.name FROM projects_task_assignees AS assigned
               JOIN clients_user AS person ON person.id = assigned.user_id
               WHERE assigned.task_id = card.id AND person.id IN ({known})
               UNION ALL
               SELECT person.name FROM projects_task_placeholders AS named
               JOIN projects_placeholder AS person ON person.id = named.placeholder_id
               WHERE named.task_id = card.id
               ORDER BY name)
    FROM ({parts}) AS card
    ORDER BY card.place, card.turn
"""


def _deal(
    groups: list[Group],
    sizes: Mapping[str, int],
    project: Project,
    user: User,
    tasks: TaskQuerySet,
    today: dt.date,
) -> None:
    """Fetches the next cards of each group, as many as `sizes` says, and puts them in."""
    by_key = {group.key: group for group in groups}
    rows = _rows(groups, sizes, project, user, tasks)
    maker = CardMaker(project, user, today, [row.pk for row in rows])
    for row in rows:
        group = by_key[row.place]
        group.cards.append(maker.card(row, group.kind))


def _rows(
    groups: list[Group], sizes: Mapping[str, int], project: Project, user: User, tasks: TaskQuerySet
) -> list[Row]:
    try:
        seen, seen_parameters = tasks.order_by().values("id").query.sql_with_params()
    except EmptyResultSet:
        groups = []
    if not groups:
        return []
    parts: list[str] = []
    part_parameters: list[Any] = []
    for group in groups:
        stands_there, order = _PLACES.get(group.kind) or _PLACES[""]
        parts.append(_PART.format(stands_there=stands_there, order=order))
        of = project.pk if group.key == WAITING else int(group.key)
        part_parameters += [group.key, of, group.start, sizes[group.key]]
    known, known_parameters = KNOWN.to(user).filled(project=project.pk, managers=managers_of(project))
    statement = _STATEMENT.format(seen=seen, known=known, parts=" UNION ALL ".join(parts))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*seen_parameters, user.is_our_staff, *known_parameters, *part_parameters])
        return [Row(*row) for row in cursor.fetchall()]
