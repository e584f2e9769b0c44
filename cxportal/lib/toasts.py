"""Short news at the edge of the page, with a way back: undo instead of "are you sure"."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Extras:
    """What a toast carries besides its text.

    `undo_url` takes a POST that reverses what was done, for `undo_seconds` (0: as long as the toast stands there).
    Its answer is a page, or for `undo_target` (a CSS selector) the fragment that takes that element's place.
    `forget_draft` names the text that the browser need not keep any more (`data-draft` of its field).
    """

    undo_url: str = ""
    undo_seconds: int = 0
    undo_target: str = ""
    forget_draft: str = ""


def toast(
    request: HttpRequest,
    text: str | Promise,
    *,
    level: int = messages.SUCCESS,
    undo_url: str = "",
    undo_seconds: int = 0,
    undo_target: str = "",
    forget_draft: str = "",
) -> None:
    """Shows `text` once, on this page or the next, with the `Extras` given."""
    extras = {
        "undo_url": undo_url,
        "undo_seconds": str(undo_seconds) if undo_url and undo_seconds else "",
        "undo_target": undo_target,
        "forget_draft": forget_draft,
    }
    messages.add_message(
        request,
        level,
        str(text),
        extra_tags=urlencode({name: value for name, value in extras.items() if value}),
    )


def extras_of(extra_tags: str | None) -> Extras:
    """What `toast` put into a message's extra tags; nothing for a message that came another way."""
    values = {name: found[0] for name, found in parse_qs(extra_tags or "").items()}
    seconds = values.get("undo_seconds", "")
    return Extras(
        undo_url=values.get("undo_url", ""),
        undo_seconds=int(seconds) if seconds.isdecimal() else 0,
        undo_target=values.get("undo_target", ""),
        forget_draft=values.get("forget_draft", ""),
    )
