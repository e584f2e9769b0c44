"""The people of the demo agency and of its two clients."""

from __future__ import annotations

from dataclasses import dataclass

from clients.models import Client, Membership, StaffProfile, User
from projects.models import Project

DOMAIN = "demo.example"
# Those whose logins are shown; the order is that of the list.
LOGINS = {
    "client": "client, owner",
    "member": "client, member",
    "viewer": "client, viewer",
    "other": "owner of another company",
    "specialist": "our specialist",
    "manager": "our manager",
    "admin": "our administrator",
}
# (login, name, role in our company, language, time zone)
_PEOPLE = [
    ("manager", "Maria Keller", "manager", "en", "Europe/Berlin"),
    ("specialist", "Anna Weber", "specialist", "en", "Europe/Berlin"),
    ("admin", "Jonas Brandt", "admin", "en", "Europe/Berlin"),
    ("client", "Olga Petrova", "", "en", "Europe/Berlin"),
    ("member", "Paul Petrov", "", "en", "Europe/Berlin"),
    ("viewer", "Lena Hoffmann", "", "en", "Europe/Berlin"),
    ("irina", "Ирина Соколова", "", "ru", "Europe/Moscow"),
    ("other", "Erik Lund", "", "en", "Europe/Stockholm"),
]


@dataclass(frozen=True)
class Agency:
    people: dict[str, User]
    family: Client
    nord: Client


def make_agency(password: str) -> Agency:
    """All people, with one password, and the two client companies; memberships come with the projects."""
    people = {}
    for login, name, role, language, zone in _PEOPLE:
        people[login] = User.objects.create_user(
            f"{login}@{DOMAIN}", password, name=name, staff_role=role, language=language, time_zone=zone
        )
    for login, title in {"manager": "Project manager", "specialist": "Architect", "admin": ""}.items():
        StaffProfile.objects.create(user=people[login], job_title=title)
    StaffProfile.objects.filter(user=people["specialist"]).update(backup=people["manager"])
    family = Client.objects.create(
        name="Petrov family", manager=people["manager"], time_zone="Europe/Berlin", is_demo=True
    )
    nord = Client.objects.create(
        name="Nord Logistics", manager=people["manager"], time_zone="Europe/Stockholm", is_demo=True
    )
    return Agency(people, family, nord)


def open_to(agency: Agency, house: Project) -> None:
    """Makes the contacts of both companies: the owners see everything, the others what is opened here."""
    for login, role in {"client": "owner", "member": "member", "viewer": "viewer", "irina": "member"}.items():
        membership = Membership.objects.create(client=agency.family, user=agency.people[login], role=role)
        if role != "owner":
            membership.projects.set([house])
    Membership.objects.create(client=agency.nord, user=agency.people["other"], role="owner")
