"""Fetches the people around conversations for `feedback.chain`: a fixed number of queries, however many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from clients.models import Absence, StaffProfile, User
from feedback.chain import Circle, Person
from feedback.models import Thread
from feedback.quiet import quiet_until
from projects.models import Project


@dataclass(slots=True)
class Circles:
    """`of` gives the circle of a conversation, `people` the person to an id in it."""

    now: dt.datetime
    people: dict[int, User] = field(default_factory=dict)
    team: set[tuple[int, int]] = field(default_factory=set)
    upper: Sequence[User] | None = None

    def of(self, thread: Thread) -> Circle:
        assignee = self.people.get(thread.assignee_id) if thread.assignee_id else None
        backup_id = _backup_of(assignee) if assignee else None
        backup = self.people.get(backup_id) if backup_id else None
        project_manager = self.people.get(thread.project.manager_id) if thread.project else None
        client_manager = self.people.get(thread.client.manager_id)
        circle = Circle(
            assignee=self._person(assignee, thread),
            backup=self._person(backup, thread),
            project_manager=self._person(project_manager, thread),
            client_manager=self._person(client_manager, thread),
        )
        if any(person.is_eligible for level in circle.above_manager() for person in level):
            return circle  # the levels above are never asked: spare the query
        upper = self._upper()
        return Circle(
            assignee=circle.assignee,
            backup=circle.backup,
            project_manager=circle.project_manager,
            client_manager=circle.client_manager,
            managers=tuple(self._sure(u, thread) for u in upper if u.staff_role == User.StaffRole.MANAGER),
            admins=tuple(self._sure(u, thread) for u in upper if u.is_admin),
        )

    def quiet_until(self, person_id: int) -> dt.datetime | None:
        """When the person's quiet hours end, if they have them now."""
        person = self.people[person_id]
        profile = getattr(person, "staff_profile", None)
        if profile is None:
            return None
        return quiet_until(profile.quiet_from, profile.quiet_until, person.zone(), self.now)

    def _person(self, user: User | None, thread: Thread) -> Person | None:
        return self._sure(user, thread) if user is not None else None

    def _sure(self, user: User, thread: Thread) -> Person:
        return Person(user.pk, self._obstacle(user, thread))

    def _obstacle(self, user: User, thread: Thread) -> str:
        if not user.is_active:
            return "inactive"
        if not user.is_our_staff:
            return "not_staff"
        if not (
            user.runs_projects
            or thread.assignee_id == user.pk
            or (thread.project_id is not None and (thread.project_id, user.pk) in self.team)
        ):
            return "no_access"
        today = self.now.astimezone(user.zone()).date().isoformat()
        away: list[dict[str, str]] = user.away  # type: ignore[attr-defined]
        return "absent" if any(one["first"] <= today <= one["last"] for one in away) else ""

    def _upper(self) -> Sequence[User]:
        if self.upper is None:
            roles = (User.StaffRole.MANAGER, User.StaffRole.ADMIN)
            self.upper = list(_with_absences(User.objects.active().filter(staff_role__in=roles), self.now))
            for user in self.upper:
                self.people.setdefault(user.pk, user)
        return self.upper


def load_circles(threads: Iterable[Thread], now: dt.datetime) -> Circles:
    """The people around `threads`, whose client and project were fetched along.

    One query, a second one where a specialist may be told, a third where only the managers at large are left.
    """
    threads = list(threads)
    circles = Circles(now)
    assignees = {thread.assignee_id for thread in threads if thread.assignee_id}
    meant = assignees | {thread.client.manager_id for thread in threads}
    meant |= {thread.project.manager_id for thread in threads if thread.project}
    wanted = Q(pk__in=meant)
    if assignees:
        backups = StaffProfile.objects.filter(user__in=assignees, backup__isnull=False)
        wanted |= Q(pk__in=backups.values("backup"))
    circles.people = {user.pk: user for user in _with_absences(User.objects.filter(wanted), now)}
    specialists = [pk for pk, user in circles.people.items() if user.is_our_staff and not user.runs_projects]
    projects = {thread.project_id for thread in threads if thread.project_id}
    if specialists and projects and set(specialists) - (assignees if len(threads) == 1 else set()):
        team = Project.team.through.objects.filter(user__in=specialists, project__in=projects)
        circles.team = set(team.values_list("project_id", "user_id"))
        circles.team |= {(t.project_id, t.project.manager_id) for t in threads if t.project}  # type: ignore[misc]
    return circles


def _with_absences(users: QuerySet[User], now: dt.datetime) -> QuerySet[User]:
    """With their profile, and in `away` the absences of the days that `now` is anywhere on earth."""
    day, one = now.astimezone(dt.UTC).date(), dt.timedelta(days=1)
    away: QuerySet[Any] = Absence.objects.filter(
        user=OuterRef("pk"), starts_on__lte=day + one, ends_on__gte=day - one
    )
    return users.select_related("staff_profile").annotate(
        away=ArraySubquery(away.values(days=JSONObject(first="starts_on", last="ends_on")))
    )


def _backup_of(user: User) -> int | None:
    profile = getattr(user, "staff_profile", None)
    return profile.backup_id if profile is not None else None
