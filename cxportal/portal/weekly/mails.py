"""The mail that carries the weekly board: what it looks like, and who may still get it."""

from __future__ import annotations

import datetime as dt
import secrets
import zoneinfo
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from clients.models import User
from clients.readers import StatementsForReaders
from cxportal.lib.database import Slot, Statement
from cxportal.lib.sharing import shared
from cxportal.lib.slots import next_slot, window
from cxportal.notifications.mail import MailKind, Rendered, register
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.rendering import absolute, render_mail
from cxportal.portal.models import BoardIntroduction, BoardSchedule, SentBoard
from cxportal.portal.weekly.content import Board, Section, chosen_projects, gather, monday_of
from cxportal.portal.weekly.links import stop_token
from projects.models import Project


def introductions_told(user: User) -> frozenset[int]:
    """Introductions `user` already read in a mail sent by hand: words are used once."""
    return frozenset(pk for (pk,) in _INTRODUCTIONS_TOLD.rows(user=user.pk))


def _introductions_told() -> QuerySet[BoardIntroduction, Any]:
    return BoardIntroduction.objects.filter(
        project__sent_boards__user=cast(int, Slot("user")),
        project__sent_boards__is_extra=True,
        project__sent_boards__created_at__gte=F("updated_at"),
    ).values_list("pk")


_INTRODUCTIONS_TOLD = Statement(_introductions_told)


def render_board(
    user: User,
    board: Board,
    *,
    zone: str,
    next_at: dt.datetime | None,
    is_extra: bool = False,
) -> Rendered:
    """The mail of one person, in their language, its times in `zone`. `next_at`: when the next one comes."""
    written = shared(
        ("board mail", board, user.language, zone, next_at, is_extra),
        lambda: _written(board, user.language, zone=zone, next_at=next_at, is_extra=is_extra),
    )
    # All that is a reader's own in it is the way to stop it; whose board says something else, it is another board.
    token = stop_token(user)
    return replace(
        written,
        text=written.text.replace(_ANY_TOKEN, token),
        html=written.html.replace(_ANY_TOKEN, token),
        headers={name: value.replace(_ANY_TOKEN, token) for name, value in written.headers.items()},
    )


# Stands where a reader's own token goes; nobody's words can hold it.
_ANY_TOKEN = secrets.token_hex(16)


def _written(
    board: Board, language: str, *, zone: str, next_at: dt.datetime | None, is_extra: bool
) -> Rendered:
    """The mail to whoever is told this board."""
    stop = absolute(reverse("weekly_stop", args=[_ANY_TOKEN]))
    with translation.override(language), timezone.override(zoneinfo.ZoneInfo(zone)):
        sections = [rendered_section(section, language, zone) for section in board.sections]
        subject = subject_of(board, is_extra=is_extra)
    return render_mail(
        "mail/weekly_board",
        {
            "board": board,
            "html_sections": [html for html, _text in sections],
            "text_sections": [text for _html, text in sections],
            "next_at": next_at,
            "is_extra": is_extra,
            "stop_url": stop,
            "preferences_url": absolute(reverse("my_weekly")),
        },
        subject=subject,
        language=language,
        zone=zone,
        headers={
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": f"<weekly-board.{_host()}>",
        },
    )


@lru_cache(maxsize=256)
def rendered_section(section: Section, language: str, zone: str) -> tuple[SafeString, SafeString]:
    """One project's part as (HTML, text). Equal sections are equal for all who read the same language and zone.

    Must be called with that language and zone active.
    """
    context: dict[str, Any] = {"section": section}
    html = render_to_string("mail/_board_section.html", context)
    text = render_to_string("mail/_board_section.txt", context)
    return mark_safe(html), mark_safe(text)  # noqa: S308 (made by our own templates, which escape)


def subject_of(board: Board, *, is_extra: bool = False) -> str:
    """Says how it stands: "House in Petrovka: 3 done, 2 in progress, on track"."""
    if not board.sections:
        subject = _("Weekly board")
    elif len(board.sections) == 1:
        subject = _one_project(board.sections[0])
    else:
        done = sum(section.done.total for section in board.sections)
        worst = board.sections[0]
        count = len(board.sections)
        projects = ngettext("%(count)d project", "%(count)d projects", count) % {"count": count}
        finished = ngettext("%(count)d task done", "%(count)d tasks done", done) % {"count": done}
        if worst.health and worst.health != Project.Health.ON_TRACK:
            health = Project.Health(worst.health).label
            subject = _("%(projects)s: %(done)s, %(name)s %(health)s") % {
                "projects": projects,
                "done": finished,
                "name": worst.name,
                "health": str(health).lower(),
            }
        else:
            subject = f"{projects}: {finished}"
    return _("%(subject)s (sent in between)") % {"subject": subject} if is_extra else subject


def _one_project(section: Section) -> str:
    if section.about == "paused":
        return _("%(name)s: paused") % {"name": section.name}
    if section.about == "finished":
        return _("%(name)s: finished, %(done)d of %(total)d done") % {
            "name": section.name,
            "done": section.done_count,
            "total": section.total,
        }
    return _("%(name)s: %(done)d done, %(doing)d in progress, %(health)s") % {
        "name": section.name,
        "done": section.done.total,
        "doing": section.in_progress.total,
        "health": str(Project.Health(section.health).label).lower(),
    }


def _host() -> str:
    return absolute("").split("//", 1)[1].split("/", 1)[0].split(":", 1)[0]


def _render(mail: OutgoingMail) -> Rendered:
    sent = SentBoard.objects.select_related("user").get(pk=mail.data["board"])
    schedule = BoardSchedule.objects.filter(user=sent.user).first()
    zone = schedule.time_zone if schedule else sent.user.time_zone
    next_at = next_of(schedule, sent.window_end)
    with translation.override(sent.user.language):
        board = gather(
            sent.user,
            list(sent.projects.all()),
            start=sent.window_start,
            end=sent.window_end,
            now=timezone.now(),
            zone=zoneinfo.ZoneInfo(zone),
            told=frozenset() if sent.is_extra else introductions_told(sent.user),
            week=monday_of(next_at, zoneinfo.ZoneInfo(zone)) if sent.is_extra and next_at else None,
        )
    return render_board(sent.user, board, zone=zone, next_at=next_at, is_extra=sent.is_extra)


def next_of(schedule: BoardSchedule | None, after: dt.datetime) -> dt.datetime | None:
    """When the next board comes for someone who was told until `after`; None where none will."""
    from_schedule = schedule and schedule.is_on
    return next_slot(schedule.slots(), after) if schedule and from_schedule else None


def _still_seen(reader: User) -> QuerySet[Project, Any]:
    told = SentBoard.projects.through.objects.filter(sentboard=Slot("board")).values("project")
    return Project.objects.visible_to(reader).filter(pk__in=told).order_by().values_list("pk")[:1]


_STILL_SEEN = StatementsForReaders(_still_seen)


def _why_not(mail: OutgoingMail) -> str:
    sent = SentBoard.objects.select_related("user").filter(pk=mail.data["board"]).first()
    if sent is None:
        return gettext_noop("the board was deleted")
    user = sent.user
    if not user.is_active or user.is_our_staff:
        return gettext_noop("may not sign in any more")
    if not sent.is_extra and not BoardSchedule.objects.filter(user=user, is_on=True).exists():
        return gettext_noop("does not want the weekly board any more")
    if not _STILL_SEEN.to(user).rows(reader=user.pk, board=sent.pk):
        return gettext_noop("sees none of these projects any more")
    return ""


WEEKLY_BOARD = register(MailKind(name="weekly_board", render=_render, why_not=_why_not))


def preview_of(schedule: BoardSchedule, now: dt.datetime) -> Rendered:
    """Exactly the mail the recipient's next slot would bring, if it came at this moment."""
    user, zone = schedule.user, zoneinfo.ZoneInfo(schedule.time_zone)
    with translation.override(user.language):
        board = gather(
            user,
            chosen_projects(user, schedule),
            start=window(schedule.covered_until, now).start,
            end=now,
            now=now,
            zone=zone,
            told=introductions_told(user),
            week=monday_of(schedule.next_slot_at or now, zone),
        )
    following = next_slot(schedule.slots(), schedule.next_slot_at or now)
    return render_board(user, board, zone=schedule.time_zone, next_at=following)
