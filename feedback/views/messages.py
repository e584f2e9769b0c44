"""Taking words back, and deleting an answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _

from clients.access import require_staff
from clients.http import PersonRequest
from cxportal.lib.errors import ActionRefused
from cxportal.lib.toasts import toast
from feedback.actions import delete_answer
from feedback.actions import take_back as take_words_back
from feedback.drafts import keep
from feedback.models import Message
from feedback.views._doors import place_of, verb_on_message
from feedback.views._page import back


@verb_on_message
def take_back(request: PersonRequest, message: Message) -> HttpResponse:
    """The words go back into the form they came from, to be written better."""
    try:
        take_words_back(message=message, by=request.user)
        _back_into_form(request, message)
        toast(request, _("Taken back. Your words are in the form again."))
    except ActionRefused as refusal:
        toast(request, refusal.message, level=messages.ERROR)
    return back(request, message.thread)


@verb_on_message
def delete(request: PersonRequest, message: Message) -> HttpResponse:
    require_staff(request.user)
    delete_answer(message=message, by=request.user)
    toast(request, _("Deleted. The client does not see it any more."))
    return back(request, message.thread)


def _back_into_form(request: PersonRequest, message: Message) -> None:
    form = "note" if message.is_note else "call" if message.via == Message.Via.PHONE else "write"
    keep(request, form, place_of(request, message.thread), str(request.user.pk), {"body": message.body})
