"""What a text must be to be kept: the one place that says so for everything people write in conversations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from feedback.errors import TextRefused

BODY_MAX = 50_000
SUBJECT_MAX = 200
REASON_MAX = 300


def clean_body(text: str) -> str:
    """The words of a message or note: up to 50,000 characters in lines. Raises TextRefused."""
    return _clean(text, field="body", limit=BODY_MAX)


def clean_subject(text: str) -> str:
    """A subject: up to 200 characters on one line. Raises TextRefused."""
    return _clean(" ".join(text.split()), field="subject", limit=SUBJECT_MAX)


def clean_reason(text: str) -> str:
    """A reason: up to 300 characters on one line. Raises TextRefused."""
    return _clean(" ".join(text.split()), field="reason", limit=REASON_MAX)


def _clean(text: str, *, field: str, limit: int) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise TextRefused(_("Please write something."), field=field)
    if len(text) > limit:
        message = ngettext_lazy(
            "Please shorten this to %(limit)d character.",
            "Please shorten this to %(limit)d characters.",
            "limit",
        )
        raise TextRefused(message % {"limit": limit}, field=field)
    # PostgreSQL keeps neither, and no mail or page could show them.
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise TextRefused(
            _("This text has characters that cannot be shown. Please type it again."), field=field
        )
    return text
