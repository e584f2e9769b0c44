"""Why somebody was not reminded: short words in the table, sentences in the reader's language on the page."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext_lazy as _

REASONS = {
    "unassigned": _("nobody is assigned"),
    "no_backup": _("the assignee has no backup"),
    "no_manager": _("there is no responsible manager"),
    "nobody": _("nobody could be told"),
    "inactive": _("may not sign in"),
    "not_staff": _("is not our staff any more"),
    "absent": _("is away from work"),
    "no_access": _("does not see the conversation"),
    "together": _("reminded together with a later one"),
    "self": _("took it on themselves"),
    "superseded": _("a later reminder was sent"),
    "answered": _("the clock had ended"),
    "not_in_charge": _("was not in charge any more"),
    "gone": _("the conversation does not exist any more"),
    "taken_back": _("the message was taken back"),
    "quiet": _("sent when their quiet hours ended"),
    "broken": _("the next reminder could not be computed"),
}


def in_english(reason: str) -> str:
    """The same as it is kept with a mail: in English, to be translated for whoever reads it."""
    with translation.override("en"):
        return in_words(reason)


def in_words(reason: str) -> str:
    """The sentence for what stands in the table: one or more words of REASONS, with spaces between."""
    return ", ".join(str(REASONS.get(word, word)) for word in reason.split())
