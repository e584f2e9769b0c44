"""What follows here from what happens to people."""

from __future__ import annotations

from cxportal.notifications.events import subscribe
from cxportal.notifications.models import Event
from feedback import mails
from feedback.models import AnswerClock, Thread


@subscribe("person.locked_out")
def pass_on_conversations(event: Event) -> None:
    """Whoever stands in for a person who was locked out hears at once of the clocks that run with them."""
    threads = (
        Thread.objects.filter(assignee=event.data["person"], clocks__ended_at=None, clocks__isnull=False)
        .select_related("client", "project")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    for thread in threads:
        clock = AnswerClock.objects.running().filter(thread=thread).select_for_update(no_key=True).first()
        if clock is not None:
            mails.call_holder(clock, thread, by=None, now=event.at)
