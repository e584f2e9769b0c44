"""What a manager does about the weekly board: words on top, and a mail in between."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from clients.models import User
from cxportal.notifications.events import record
from cxportal.portal.models import BoardIntroduction, BoardSchedule, SentBoard
from cxportal.portal.weekly.content import gather, monday_of
from cxportal.portal.weekly.schedules import queue_board
from projects.models import Project


def recipients_of(project: Project) -> list[BoardSchedule]:
    """Schedules of the contacts who see `project`, want the board, and did not leave the project out."""
    schedules = (
        BoardSchedule.objects.filter(is_on=True, user__is_active=True, user__staff_role="")
        .filter(user__memberships__client=project.client_id)
        .exclude(left_out=project)
        .select_related("user")
        .distinct()
        .order_by("user__name", "pk")
    )
    owned_or_opened = set(
        project.client.memberships.in_force().owners().values_list("user", flat=True)
    ) | set(project.opened_to.in_force().filter(client=project.client_id).values_list("user", flat=True))
    if project.status in {Project.Status.DRAFT, Project.Status.ARCHIVED}:
        return []
    return [schedule for schedule in schedules if schedule.user_id in owned_or_opened]


def week_ahead(project: Project, now: dt.datetime) -> dt.date:
    """The Monday of the week whose boards go out next: what an introduction written at `now` is for."""
    zone = zoneinfo.ZoneInfo(project.client.time_zone)
    slots = [s.next_slot_at for s in recipients_of(project) if s.next_slot_at and s.next_slot_at > now]
    return monday_of(min(slots, default=now), zone)


@transaction.atomic
def write_introduction(
    *, project: Project, by: User, text: str, language: str, now: dt.datetime | None = None
) -> BoardIntroduction:
    """Sets the manager's own words on top of the next boards of `project`; an empty text takes them away."""
    now = now or timezone.now()
    words, _made = BoardIntroduction.objects.update_or_create(
        project=project,
        week_of=week_ahead(project, now),
        defaults={"text": text.strip(), "language": language, "author": by, "updated_at": now},
    )
    record(
        "board.introduced",
        actor=by,
        client=project.client,
        project=project,
        is_internal=True,
        now=now,
        week_of=words.week_of.isoformat(),
    )
    return words


@transaction.atomic
def send_now(
    *,
    project: Project,
    by: User,
    users: Iterable[User],
    form_key: uuid.UUID | None,
    now: dt.datetime | None = None,
) -> int:
    """Queues an extra board of `project` for each of `users` who gets its boards; it moves no slot.

    The same `form_key` queues nothing a second time. Returns how many mails were queued.
    """
    now = now or timezone.now()
    form_key = form_key or uuid.uuid4()
    wanted = {user.pk for user in users}
    queued = 0
    for schedule in recipients_of(project):
        if schedule.user_id not in wanted:
            continue
        queued += _send_extra(schedule, project, form_key, now)
    if queued:
        record(
            "board.sent_now",
            actor=by,
            client=project.client,
            project=project,
            is_internal=True,
            now=now,
            mails=queued,
        )
    return queued


def _send_extra(schedule: BoardSchedule, project: Project, form_key: uuid.UUID, now: dt.datetime) -> int:
    start = schedule.covered_until or now - dt.timedelta(days=7)
    sent, made = SentBoard.objects.get_or_create(
        form_key=form_key,
        user=schedule.user,
        is_extra=True,
        defaults={"slot_at": now, "window_start": start, "window_end": now, "created_at": now},
    )
    if not made:
        return 0
    board = gather(
        schedule.user,
        [project],
        start=start,
        end=now,
        now=now,
        zone=zoneinfo.ZoneInfo(schedule.time_zone),
    )
    queue_board(sent, [section.project_id for section in board.sections])
    return 1


def introduction_for(project: Project, now: dt.datetime) -> BoardIntroduction | None:
    """The words already written for the boards that go out next."""
    return BoardIntroduction.objects.filter(project=project, week_of=week_ahead(project, now)).first()
