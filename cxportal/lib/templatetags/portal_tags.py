"""Tags and filters that every template has, without {% load %}."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.template.loader import get_template
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cxportal.lib.icons import icon_html
from cxportal.lib.toasts import undo_url_of

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
    return get_template("_empty.html").render(context)


@register.filter
def names(people: Any) -> str | SafeString:
    """People, or any list, as "Olga, Petr, team"; a text stays as it is."""
    if isinstance(people, str) or not isinstance(people, Iterable):
        return str(people)
    return format_html_join(", ", "{}", ((str(person),) for person in people))


@register.filter
def undo_url(message: Message) -> str:
    """Where a toast's Undo posts to, or ""."""
    return undo_url_of(message.extra_tags)


@register.filter
def people_time(instant: dt.datetime | None) -> str | SafeString:
    """A moment as people say it, in the reader's zone; the exact one on hover."""
    if instant is None:
        return ""
    local = timezone.localtime(instant)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        instant.astimezone(dt.UTC).isoformat(timespec="seconds"),
        formats.date_format(local, "DATETIME_FORMAT"),
        formats.date_format(local, "SHORT_DATETIME_FORMAT"),
    )


@register.filter
def markdown(text: str | None) -> SafeString:
    """What people wrote in Markdown, as safe HTML in a block of class cx-prose."""
    paragraphs = (text or "").strip().split("\n\n")
    return format_html(
        '<div class="cx-prose">{}</div>', format_html_join("", "<p>{}</p>", ((p,) for p in paragraphs))
    )
