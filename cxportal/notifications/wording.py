"""What stands in the table of mails, said to whoever reads it in the administration."""

from __future__ import annotations

from django.utils.translation import gettext


def in_words(reason: str) -> str:
    """A reason or an answer of the server in the reader's language, as far as it is ours.

    Several reasons stand in one text, with commas between.
    """
    return ", ".join(gettext(part) for part in reason.split(", ") if part) if reason else ""
