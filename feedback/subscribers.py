"""What follows here from what happens to people."""

from __future__ import annotations

from cxportal.notifications.events import subscribe
from cxportal.notifications.models import Event
from feedback.standing_in import pass_on


@subscribe("person.locked_out")
def pass_on_conversations(event: Event) -> None:
    """Whoever stands in for a person who was locked out hears at once of the clocks that run with them."""
    pass_on(event.data["person"], now=event.at)
