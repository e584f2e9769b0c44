"""Short news at the edge of the page, with a way back: undo instead of "are you sure"."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import Promise

_UNDO = "undo:"


def toast(
    request: HttpRequest, text: str | Promise, *, level: int = messages.SUCCESS, undo_url: str = ""
) -> None:
    """Shows `text` once, on this page or the next. `undo_url` takes a POST that reverses what was done."""
    messages.add_message(request, level, str(text), extra_tags=_UNDO + undo_url if undo_url else "")


def undo_url_of(extra_tags: str | None) -> str:
    return extra_tags.removeprefix(_UNDO) if extra_tags and extra_tags.startswith(_UNDO) else ""
