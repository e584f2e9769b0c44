"""Who is told of a client's message and of each reminder: a decision from plain values, without the database.

    50 %   the assignee
    75 %   the assignee and their backup
    90 %   the project's manager as well (without a project, the client company's)
    100 %  all of them, and so each working day after

Whoever cannot be told is stood in for. For the assignee, and for nobody assigned: the backup, else the project's
manager, else the client company's manager, else all managers, else the admins. For the manager of the 90 %: the
same chain from there on. Each higher rung reaches everybody a lower one would reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from feedback.clock import Rung


@dataclass(frozen=True, slots=True)
class Person:
    """One of our people; `obstacle` is a word of `feedback.reasons`, "" for someone who can be told."""

    id: int
    obstacle: str = ""

    @property
    def is_eligible(self) -> bool:
        return self.obstacle == ""


@dataclass(frozen=True, slots=True)
class Circle:
    """Our people around one conversation. `backup` is the assignee's; `project_manager` None without a project."""

    assignee: Person | None
    backup: Person | None
    project_manager: Person | None
    client_manager: Person | None
    managers: tuple[Person, ...] = ()
    admins: tuple[Person, ...] = ()

    def above_assignee(self) -> list[Sequence[Person]]:
        return [_some(self.backup), _some(self.project_manager), *self.above_manager()]

    def above_manager(self) -> list[Sequence[Person]]:
        return [_some(self.client_manager), self.managers, self.admins]


@dataclass(slots=True)
class Decision:
    """`told`: who is told, and of each whether as a stand-in, who is told at once whatever the hour.

    `left_out`: whom the rung meant and why they are not told; None stands for a place that nobody holds.
    """

    told: dict[int, bool] = field(default_factory=dict)
    left_out: dict[int | None, list[str]] = field(default_factory=dict)

    def tell(self, person: Person, *, stands_in: bool) -> None:
        # Who is meant anyway is no stand-in: their quiet hours hold.
        self.told[person.id] = self.told.get(person.id, True) and stands_in
        self.left_out.pop(person.id, None)

    def leave_out(self, person_id: int | None, reason: str) -> None:
        if person_id not in self.told:
            reasons = self.left_out.setdefault(person_id, [])
            if reason not in reasons:
                reasons.append(reason)


def who_is_told(circle: Circle, rung: int) -> Decision:
    """Who is to be reminded when `rung` percent of the time are used; below 50 who is told of a new message."""
    decision = Decision()
    _ask(decision, circle.assignee, "unassigned", circle.above_assignee())
    if rung >= Rung.THREE_QUARTERS and circle.assignee is not None:
        if circle.backup is None:
            decision.leave_out(None, "no_backup")
        elif circle.backup.is_eligible:
            decision.tell(circle.backup, stands_in=False)
        else:
            decision.leave_out(circle.backup.id, circle.backup.obstacle)
    if rung >= Rung.NINE_TENTHS:
        manager = circle.project_manager or circle.client_manager
        _ask(decision, manager, "no_manager", circle.above_manager())
    if not decision.told:
        # Better an admin on holiday than a client whom nobody hears.
        for person in circle.admins:
            if person.obstacle == "absent":
                decision.tell(person, stands_in=True)
    if not decision.told:
        decision.leave_out(None, "nobody")
    return decision


def _ask(decision: Decision, person: Person | None, missing: str, chain: list[Sequence[Person]]) -> None:
    """Tells `person`, or the first of the levels above on which somebody can be told."""
    if person is not None and person.is_eligible:
        decision.tell(person, stands_in=False)
        return
    if person is None:
        decision.leave_out(None, missing)
    else:
        decision.leave_out(person.id, person.obstacle)
    for level in chain:
        eligible = [one for one in level if one.is_eligible]
        for one in eligible:
            decision.tell(one, stands_in=True)
        if eligible:
            return
        for one in level:
            decision.leave_out(one.id, one.obstacle)


def _some(person: Person | None) -> Sequence[Person]:
    return () if person is None else (person,)
