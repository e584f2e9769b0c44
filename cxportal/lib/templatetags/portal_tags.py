"""Tags and filters that every template has, without {% load %}."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cxportal.lib import dates
from cxportal.lib.icons import icon_html
from cxportal.lib.markdown import render as render_markdown
from cxportal.lib.toasts import Extras, extras_of

register = template.Library()

AVATAR_COLOURS = 8
_HEALTH = {
    "on_track": ("good", "circle-check", _("On track")),
    "at_risk": ("warn", "alert-triangle", _("At risk")),
    "late": ("bad", "clock-exclamation", _("Late")),
}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon by its Tabler name; give `label` only where no text beside it says the same."""
    return icon_html(name, label)


@register.simple_tag
def avatar(user: Any, size: str = "", label: bool = True) -> SafeString:
    """A person's face: their initials on a colour that stays theirs. `size` is "", "sm" or "lg".

    `user` has `name` and `initials`. Without `label` it is decoration, for where the name stands beside it.
    """
    colour = zlib.crc32((user.name or "").encode()) % AVATAR_COLOURS
    classes = f"cx-avatar cx-avatar-{colour}" + (f" cx-avatar-{size}" if size else "")
    if label:
        return format_html(
            '<span class="{}" role="img" aria-label="{}" title="{}">{}</span>',
            classes, user.name, user.name, user.initials,
        )  # fmt: skip
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, user.initials)


@register.simple_tag
def progress_bar(value: int, total: int, doing: int = 0, label: str = "") -> SafeString:
    """How much of `total` is done (`value`) and in work (`doing`). Drawn as SVG, so that it also prints."""
    done_share = 100 * value / total if total else 0
    doing_share = 100 * doing / total if total else 0
    return format_html(
        '<svg class="cx-progress" role="img" aria-label="{}">'
        '<rect class="cx-progress-ground" width="100%" height="100%"/>'
        '<rect class="cx-progress-doing" width="{}%" height="100%"/>'
        '<rect class="cx-progress-done" width="{}%" height="100%"/></svg>',
        label or gettext("%(done)s of %(total)s done") % {"done": value, "total": total},
        f"{min(100.0, done_share + doing_share):.4g}",
        f"{min(100.0, done_share):.4g}",
    )


@register.simple_tag
def time_bar(share: float) -> SafeString:
    """How much of the time to answer is used: `share` 0 to 1, more when it is late."""
    near = " cx-time-late" if share >= 1 else " cx-time-near" if share >= 0.75 else ""
    return format_html(
        '<svg class="cx-time{}" role="img" aria-label="{}">'
        '<rect class="cx-time-ground" width="100%" height="100%"/>'
        '<rect class="cx-time-used" width="{}%" height="100%"/></svg>',
        near,
        gettext("%(percent)s %% of the time is used") % {"percent": int(share * 100)},
        f"{min(100.0, share * 100):.4g}",
    )


@register.simple_tag
def health_badge(status: str, reason: str = "") -> SafeString:
    """On track, at risk or late, in colour, sign and word; `reason` is told on hover."""
    kind, name, word = _HEALTH[status]
    title = format_html(' title="{}"', reason) if reason else ""
    return format_html('<span class="cx-badge cx-badge-{}"{}>{}{}</span>', kind, title, icon_html(name), word)


@register.simple_tag
def internal_badge() -> SafeString:
    """The word every internal thing carries."""
    return format_html(
        '<span class="cx-badge cx-badge-internal">{}{}</span>', icon_html("lock"), _("Internal")
    )


@register.simple_tag
def empty_state(name: str, title: str, text: str = "", *, url: str = "", action: str = "") -> SafeString:
    """What an empty page shows: icon, what will be here, and the first step (`action`, leading to `url`)."""
    context = {"name": name, "title": title, "text": text, "url": url, "action": action}
    return render_to_string("_empty.html", context)


@register.filter
def names(people: Any) -> str | SafeString:
    """People, or any list, as "Olga, Petr, team"; a text stays as it is."""
    if isinstance(people, str) or not isinstance(people, Iterable):
        return str(people)
    return format_html_join(", ", "{}", ((str(person),) for person in people))


@register.filter
def names_for(people: Iterable[Any], reader: Any) -> SafeString:
    """People as "you, Petr, Vera": whoever reads it is "you"."""
    return format_html_join(
        ", ", "{}", ((gettext("you") if person == reader else str(person),) for person in people)
    )


@register.filter
def extras(message: Message) -> Extras:
    """What a toast carries besides its text: where its Undo posts to, for how long."""
    return extras_of(message.extra_tags)


@register.filter
def people_time(instant: dt.datetime | None) -> str | SafeString:
    """A moment as people say it ("today 17:40, in 3 hours"), in the reader's zone; the exact one on hover."""
    if instant is None:
        return ""
    said = dates.people_time(instant)
    return format_html('<time datetime="{}" title="{}">{}</time>', said.iso, said.exact, said.text)


@register.filter
def people_date(day: dt.date | None) -> str | SafeString:
    """A date as people say it: "today", "Fri 27 Nov". No time zone moves it; today is the reader's."""
    if day is None:
        return ""
    text = dates.people_date(day, timezone.localdate())
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), text)


@register.filter
def time_left(due: dt.datetime | None) -> str | SafeString:
    """How long until a due time or since ("in 2 h 10 min", "late by 20 min"); the exact one on hover."""
    if due is None:
        return ""
    moment = dates.people_time(due)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.iso, moment.exact, dates.time_left(due)
    )


@register.filter
def duration(length: dt.timedelta | None) -> str:
    """A length of time in its two largest units: "2 h 10 min"."""
    return "" if length is None else dates.humanize_duration(length)


@register.filter
def markdown(text: str | None) -> SafeString:
    """What people wrote in Markdown, as safe HTML in a block of class cx-prose."""
    return format_html('<div class="cx-prose">{}</div>', render_markdown(text or ""))
