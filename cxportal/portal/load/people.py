"""The people of a load: our staff, the companies and their contacts."""

from __future__ import annotations

import datetime as dt
import random
import string
from dataclasses import dataclass

from clients.models import AnswerPolicy, Client, Membership, StaffProfile, User, WorkingSpan
from cxportal.portal.models import BoardSchedule
from cxportal.portal.weekly.schedules import first_schedule
from projects.models import Project

DOMAIN = "load.example"
ZONES = ("Europe/Berlin", "Europe/Moscow", "Europe/London")
FIRST_NAMES = ("Anna", "Boris", "Clara", "Dmitri", "Elena", "Felix", "Галина", "Игорь", "Irina", "Jonas")
LAST_NAMES = ("Keller", "Weber", "Lund", "Hoffmann", "Schmidt", "Novak", "Rossi", "Соколов", "Berg")
OWNER, MEMBER, VIEWER = Membership.Role.OWNER, Membership.Role.MEMBER, Membership.Role.VIEWER
ROLES_TO_COME = (MEMBER, MEMBER, VIEWER, OWNER)  # after each company's first owner, member and viewer
BATCH = 2000


@dataclass(frozen=True)
class Staff:
    admins: list[User]
    managers: list[User]
    specialists: list[User]

    @property
    def everyone(self) -> list[User]:
        return [*self.admins, *self.managers, *self.specialists]


def make_staff(count: int, chance: random.Random, now: dt.datetime, password: str) -> Staff:
    """One admin, a manager for each five, the rest specialists who are each other's backup."""
    managers = max(1, count // 5)
    roles = ["admin", *["manager"] * managers, *["specialist"] * (count - managers - 1)]
    users = _people(roles, chance, now, password)
    of_role = {
        role: [user for user in users if user.staff_role == role]
        for role in ("admin", "manager", "specialist")
    }
    specialists = of_role["specialist"]
    backups = dict(zip(specialists, [*specialists[1:], *specialists[:1]], strict=True))
    StaffProfile.objects.bulk_create(
        [
            StaffProfile(
                user=user,
                job_title="Engineer" if user in backups else "",
                backup=backups.get(user),
                quiet_from=dt.time(22) if place % 3 == 0 else None,
                quiet_until=dt.time(7) if place % 3 == 0 else None,
            )
            for place, user in enumerate(users)
        ],
        batch_size=BATCH,
    )
    return Staff(of_role["admin"], of_role["manager"], specialists)


def make_companies(count: int, name: str, staff: Staff, now: dt.datetime) -> list[Client]:
    """Companies of all three kinds of promise: 24 hours, 8 hours day and night, two working days."""
    policies = [None, *_policies()]
    return Client.objects.bulk_create(
        [
            Client(
                name=f"{name} {number}",
                manager=staff.managers[number % len(staff.managers)],
                language="ru" if number % 3 == 2 else "en",
                time_zone=ZONES[number % len(ZONES)],
                answer_policy=policies[number % len(policies)],
                created_at=now - dt.timedelta(days=200),
            )
            for number in range(1, count + 1)
        ],
        batch_size=BATCH,
    )


def _policies() -> list[AnswerPolicy]:
    quick = AnswerPolicy.objects.create(name="Load: 8 hours", minutes=8 * 60)
    working = AnswerPolicy.objects.create(
        name="Load: 16 working hours",
        kind=AnswerPolicy.Kind.WORKING,
        minutes=16 * 60,
        time_zone="Europe/Berlin",
        holidays_country="DE",
    )
    WorkingSpan.objects.bulk_create(
        [
            WorkingSpan(policy=working, weekday=weekday, starts_at=dt.time(begin), ends_at=dt.time(end))
            for weekday in range(5)
            for begin, end in ((9, 13), (14, 18))
        ]
    )
    return [quick, working]


def make_contacts(
    count: int, companies: list[Client], chance: random.Random, now: dt.datetime, password: str
) -> list[Membership]:
    """Contacts of the companies in turn, with their weekly boards; each company has an owner first of all."""
    roles = [_role(number // len(companies)) for number in range(count)]
    users = _people(roles, chance, now, password)
    memberships = Membership.objects.bulk_create(
        [
            Membership(client=companies[place % len(companies)], user=user, role=roles[place])
            for place, user in enumerate(users)
        ],
        batch_size=BATCH,
    )
    # What the first membership of a person brings along, whoever makes it.
    BoardSchedule.objects.bulk_create(
        [first_schedule(membership, now) for membership in memberships], batch_size=BATCH
    )
    return memberships


def open_projects(memberships: list[Membership], projects: list[Project]) -> None:
    """The first member of a company sees all its projects, the others and the viewers every second one."""
    of_client: dict[int, list[int]] = {}
    for project in projects:
        of_client.setdefault(project.client_id, []).append(project.pk)
    met: set[int] = set()
    links = Membership.projects.through
    rows = []
    for number, membership in enumerate(memberships):
        if membership.role == OWNER:
            continue
        seen = of_client[membership.client_id]
        if membership.role == MEMBER and membership.client_id not in met:
            met.add(membership.client_id)
        elif len(seen) > 1:
            seen = seen[number % 2 :: 2]
        rows += [links(membership_id=membership.pk, project_id=project) for project in seen]
    links.objects.bulk_create(rows, batch_size=BATCH)


def _role(round_number: int) -> str:
    first = (OWNER, MEMBER, VIEWER)
    if round_number < len(first):
        return first[round_number]
    return ROLES_TO_COME[(round_number - len(first)) % len(ROLES_TO_COME)]


def _people(roles: list[str], chance: random.Random, now: dt.datetime, password: str) -> list[User]:
    """People whose addresses say their role: owner1@…, member1@…, manager1@…"""
    numbers: dict[str, int] = {}
    users = []
    for role in roles:
        numbers[role] = number = numbers.get(role, 0) + 1
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
        users.append(
            User(
                email=f"{role}{number}@{DOMAIN}",
                name=name,
                staff_role=role if role in User.StaffRole.values else "",
                language="ru" if any(letter >= "А" for letter in name) else "en",
                time_zone=ZONES[number % len(ZONES)],
                created_at=now - dt.timedelta(days=200),
                # As `set_unusable_password` writes it, but the same for the same seed.
                password=password or "!" + "".join(chance.choices(string.ascii_letters, k=40)),
            )
        )
    return User.objects.bulk_create(users, batch_size=BATCH)
