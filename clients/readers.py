"""Whoever will read, for statements that are written once (`cxportal.lib.database.Statement`)."""

from __future__ import annotations

from typing import cast

from clients.models import User
from cxportal.lib.database import Slot


class _AnyReader(Slot):
    def __init__(self, is_our_staff: bool) -> None:
        super().__init__("reader")
        self.is_our_staff = is_our_staff


def any_reader(*, is_our_staff: bool) -> User:
    """Stands for any of our staff, or for any contact, in what a queryset asks of its reader.

    Knows nothing but the side it is on: a rule that asks for more fails when the statement is written. The slot
    `reader` is filled with the id of the person.
    """
    return cast(User, _AnyReader(is_our_staff))
