"""Who gets the weekly board when: schedules, and the sweep that queues what is due."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from clients.models import Client, Membership, User
from cxportal.lib.sharing import sharing
from cxportal.lib.slots import Join, Schedule, Send, Window, decide, first_slot, window
from cxportal.notifications.mail import queue
from cxportal.portal.models import BoardSchedule, SentBoard
from cxportal.portal.weekly.content import Board, chosen_projects, gather
from cxportal.portal.weekly.mails import WEEKLY_BOARD, introductions_told
from projects.models import Project

BATCH = 100


def ensure_schedule(membership: Membership, now: dt.datetime) -> BoardSchedule:
    """The schedule of a contact: made with their first membership, `first_schedule`."""
    schedule, _made = BoardSchedule.objects.get_or_create(
        user=membership.user,
        defaults={
            field: getattr(first_schedule(membership, now), field)
            for field in ("is_on", "time_zone", "next_slot_at")
        },
    )
    return schedule


def first_schedule(membership: Membership, now: dt.datetime) -> BoardSchedule:
    """What a contact begins with, not saved: Friday 16:00 in the company's zone.

    Owners and members get the board by default, viewers when they ask for it.
    """
    zone_name = membership.client.time_zone
    return BoardSchedule(
        user=membership.user,
        is_on=membership.role != Membership.Role.VIEWER,
        time_zone=zone_name,
        next_slot_at=first_slot(Schedule(4, 16, zone_name), now),
    )


@transaction.atomic
def change_schedule(
    *,
    user: User,
    is_on: bool,
    weekday: int,
    hour: int,
    time_zone: str,
    skip_quiet_weeks: bool,
    left_out: list[Project],
    now: dt.datetime | None = None,
) -> BoardSchedule:
    """Sets when and of what `user` gets the board. The next slot lies strictly in the future.

    Turned off and on again, the first mail takes seven days: what lay between was not wanted.
    """
    now = now or timezone.now()
    wanted = Schedule(weekday, hour, time_zone)
    BoardSchedule.objects.get_or_create(user=user, defaults={"time_zone": time_zone, "is_on": False})
    schedule = BoardSchedule.objects.select_for_update().get(user=user)
    if is_on and not schedule.is_on:
        schedule.covered_until = None
    if schedule.next_slot_at is None or schedule.slots() != wanted or (is_on and not schedule.is_on):
        schedule.next_slot_at = first_slot(wanted, now, _last_mail_at(user))
    schedule.is_on, schedule.skip_quiet_weeks = is_on, skip_quiet_weeks
    schedule.weekday, schedule.hour, schedule.time_zone = weekday, hour, time_zone
    schedule.save()
    schedule.left_out.set(left_out)
    return schedule


@transaction.atomic
def stop_board(*, user: User) -> None:
    """No weekly board any more, until the person turns it on again."""
    BoardSchedule.objects.select_for_update().filter(user=user).update(is_on=False)


def turn_on_board(*, user: User, now: dt.datetime | None = None) -> None:
    """The weekly board again, as it was set before."""
    schedule = BoardSchedule.objects.get(user=user)
    change_schedule(
        user=user,
        is_on=True,
        weekday=schedule.weekday,
        hour=schedule.hour,
        time_zone=schedule.time_zone,
        skip_quiet_weeks=schedule.skip_quiet_weeks,
        left_out=list(schedule.left_out.all()),
        now=now,
    )


def _last_mail_at(user: User) -> dt.datetime | None:
    last = SentBoard.objects.filter(user=user, is_extra=False, outcome=SentBoard.Outcome.QUEUED).first()
    return last.created_at if last else None


def follow_company_zone(client: Client, old_zone: str, now: dt.datetime) -> None:
    """A company that moved to another zone takes along the boards that were at its old hour."""
    for schedule in BoardSchedule.objects.filter(
        user__memberships__client=client, time_zone=old_zone, weekday=4, hour=16
    ).distinct():
        schedule.time_zone = client.time_zone
        schedule.next_slot_at = first_slot(schedule.slots(), now, _last_mail_at(schedule.user))
        schedule.save(update_fields=["time_zone", "next_slot_at"])


def queue_due_boards(now: dt.datetime | None = None, limit: int = 10_000) -> int:
    """Queues the board of every recipient whose slot has come. Returns how many mails were queued.

    Safe to run at any time by any number of processes: a schedule is claimed under lock, its slot has one row.
    """
    now = now or timezone.now()
    queued = handled = 0
    while handled < limit:
        with transaction.atomic(), sharing():
            due = list(
                BoardSchedule.objects.due(now)
                .select_related("user")
                .prefetch_related("left_out")
                .select_for_update(skip_locked=True, of=("self",))
                .order_by("next_slot_at", "pk")[: min(BATCH, limit - handled)]
            )
            queued += sum(_take_slot(schedule, now) for schedule in due)
        handled += len(due)
        if not due:
            break
    return queued


def join_due_slots(now: dt.datetime | None = None) -> int:
    """Lets every slot that has come join the next one, without a mail, and returns how many.

    After a restore: whether its board was sent since the backup nobody knows any more. What it would have told
    stands in the next one.
    """
    now = now or timezone.now()
    joined = 0
    with transaction.atomic():
        for schedule in BoardSchedule.objects.due(now).select_related("user").select_for_update(of=("self",)):
            assert schedule.next_slot_at is not None
            due_slot, following = schedule.next_slot_at, first_slot(schedule.slots(), now)
            _write_down(schedule, due_slot, following, SentBoard.Outcome.JOINED)
            schedule.covered_until = window(schedule.covered_until, due_slot).start
            schedule.next_slot_at = following
            schedule.save(update_fields=["next_slot_at", "covered_until"])
            joined += 1
    return joined


def _take_slot(schedule: BoardSchedule, now: dt.datetime) -> bool:
    """Decides about one due slot, under the schedule's lock. True when a mail was queued."""
    assert schedule.next_slot_at is not None
    due_slot = schedule.next_slot_at
    match decide(schedule.slots(), due_slot, now):
        case Join(following):
            _write_down(schedule, due_slot, following, SentBoard.Outcome.JOINED)
            # Also the seven days of a very first slot are told in the next one.
            schedule.covered_until = window(schedule.covered_until, due_slot).start
            schedule.next_slot_at = following
            schedule.save(update_fields=["next_slot_at", "covered_until"])
            return False
        case Send(slot, following):
            return _send_slot(schedule, slot, following, now)
    raise AssertionError("decide answers Send or Join")


def _send_slot(schedule: BoardSchedule, slot: dt.datetime, following: dt.datetime, now: dt.datetime) -> bool:
    told = window(schedule.covered_until, slot)
    projects = chosen_projects(schedule.user, schedule) if _may_be_told(schedule.user) else []
    schedule.next_slot_at = following
    if not projects:
        outcome = SentBoard.Outcome.NOBODY
    elif schedule.skip_quiet_weeks and _is_skipped(schedule, told, now):
        outcome = SentBoard.Outcome.QUIET
    else:
        outcome = SentBoard.Outcome.QUEUED
        schedule.covered_until = slot
    schedule.save(update_fields=["next_slot_at", "covered_until"])
    sent = _write_down(schedule, slot, slot, outcome, start=told.start)
    if sent is None or outcome != SentBoard.Outcome.QUEUED:
        return False
    queue_board(sent, [project.pk for project in projects])
    return True


def _is_skipped(schedule: BoardSchedule, told: Window, now: dt.datetime) -> bool:
    """Whether the slot is one of a quiet week. Only who skips those needs a board before it is sent."""
    board = board_of(schedule, start=told.start, end=told.end, now=now)
    return board is None or (board.is_quiet and not board.needs_attention)


def _write_down(
    schedule: BoardSchedule,
    slot: dt.datetime,
    end: dt.datetime,
    outcome: str,
    start: dt.datetime | None = None,
) -> SentBoard | None:
    """The slot's row; None when another process already made it."""
    sent, made = SentBoard.objects.get_or_create(
        user=schedule.user,
        slot_at=slot,
        is_extra=False,
        defaults={
            "window_start": start or window(schedule.covered_until, end).start,
            "window_end": end,
            "outcome": outcome,
        },
    )
    return sent if made else None


def queue_board(sent: SentBoard, projects: Iterable[int]) -> None:
    """Queues the mail of a row of SentBoard, in its transaction."""
    told_of = SentBoard.projects.through
    told_of.objects.bulk_create(told_of(sentboard=sent, project_id=pk) for pk in projects)
    extra = "extra:" if sent.is_extra else ""
    sent.mail = queue(
        WEEKLY_BOARD,
        key=f"weekly_board:{extra}{sent.user_id}:{sent.slot_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        to=sent.user.email,
        recipient=sent.user,
        board=sent.pk,
    )
    sent.save(update_fields=["mail"])


def board_of(
    schedule: BoardSchedule, *, start: dt.datetime, end: dt.datetime, now: dt.datetime
) -> Board | None:
    """What the person would be told; None when nobody may be told (locked out, or no longer a contact)."""
    user = schedule.user
    if not _may_be_told(user):
        return None
    return gather(
        user,
        chosen_projects(user, schedule),
        start=start,
        end=end,
        now=now,
        zone=zoneinfo.ZoneInfo(schedule.time_zone),
        told=introductions_told(user),
    )


def _may_be_told(user: User) -> bool:
    return user.is_active and not user.is_our_staff


def my_schedule(user: User) -> BoardSchedule:
    """The schedule of a contact, or one that is off and not stored yet."""
    schedule = BoardSchedule.objects.visible_to(user).first()
    return schedule or BoardSchedule(user=user, is_on=False, time_zone=user.time_zone)
