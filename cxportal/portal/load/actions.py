"""Makes the load, step by step, in bulk; what it writes is what the actions would have written."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from clients.models import Client
from cxportal.portal.load import boards
from cxportal.portal.load import people as in_people
from cxportal.portal.load import threads as in_threads

COMPANY = "Load company"
FEWEST_STAFF = 4
Tell = Callable[[str], None]


class LoadRefused(ValueError):
    """These numbers make no portal; says why."""


@dataclass(frozen=True)
class Loaded:
    """What was made, in numbers."""

    clients: int
    projects: int
    tasks: int
    threads: int
    people: int


def seed_load(
    *,
    clients: int,
    projects: int,
    tasks: int,
    threads: int,
    people: int,
    seed: int = 1,
    due: int = 0,
    board_sizes: Sequence[int] = (),
    password: str = "",
    now: dt.datetime | None = None,
    tell: Tell = lambda line: None,
) -> Loaded:
    """Loads so many of each, the same for the same `seed` and `now` (aware; without it the present).

    `people` counts our staff (a tenth, at least four) and the contacts. Half of the projects are the first
    company's. `tasks` counts those of all boards: the first boards have `board_sizes` of them, the others share
    the rest. Of the clocks that run in the `threads`, `due` have their next reminder due at `now`, and the others
    none before a quarter of their time to answer has passed. Nobody can sign in without a `password`.

    With no clients, projects, tasks and people, the threads are added to a load that is there. `tell` gets a
    line for each step. Raises LoadRefused for numbers that do not go together.
    """
    now = now or timezone.now()
    _check(clients, projects, tasks, threads, people, due, board_sizes)
    if clients:
        with transaction.atomic():
            _make_portal(clients, projects, tasks, people, seed, board_sizes, password, now, tell)
    if threads:
        _make_threads(threads, due, seed, now, tell)
    _analyze(tell)
    return Loaded(clients, projects, tasks, threads, people)


def _check(
    clients: int, projects: int, tasks: int, threads: int, people: int, due: int, board_sizes: Sequence[int]
) -> None:
    if min(clients, projects, tasks, threads, people, due, *board_sizes) < 0:
        raise LoadRefused("Less than nothing cannot be made.")
    if due > threads:
        raise LoadRefused(f"Of {threads} threads not {due} can be due.")
    is_there = Client.objects.filter(name__startswith=COMPANY).exists()
    if not clients:
        if projects or tasks or people:
            raise LoadRefused("Projects, tasks and people need clients.")
        if not is_there:
            raise LoadRefused("There is no load to which threads could be added: give some clients.")
        return
    if is_there:
        raise LoadRefused("A load is there already. Only threads can be added to it.")
    if projects < clients:
        raise LoadRefused(f"Each of the {clients} clients needs a project.")
    if people - staff_among(people) < clients:
        raise LoadRefused(f"{clients} clients need {clients + FEWEST_STAFF} people or more.")
    if len(board_sizes) > projects or sum(board_sizes) > tasks:
        raise LoadRefused("The boards of given size hold more than all projects and tasks.")
    if tasks > sum(board_sizes) and len(board_sizes) == projects:
        raise LoadRefused("There is no project left for the rest of the tasks.")


def staff_among(people: int) -> int:
    """How many of so many people are ours."""
    return max(FEWEST_STAFF, people // 10)


def _make_portal(
    clients: int,
    projects: int,
    tasks: int,
    count: int,
    seed: int,
    board_sizes: Sequence[int],
    password: str,
    now: dt.datetime,
    tell: Tell,
) -> None:
    chance = random.Random(seed)  # noqa: S311 (it has to be repeatable)
    hashed = make_password(password) if password else ""
    staff = in_people.make_staff(staff_among(count), chance, now, hashed)
    companies = in_people.make_companies(clients, COMPANY, staff, now)
    made = boards.make_projects(companies, _sizes(projects, tasks, board_sizes), staff, now)
    contacts = in_people.make_contacts(count - len(staff.everyone), companies, chance, now, hashed)
    in_people.open_projects(contacts, made)
    tell(f"{len(companies)} clients, {len(made)} projects, {count} people")
    boards.make_tasks(made, seed, now, tell)


def _sizes(projects: int, tasks: int, board_sizes: Sequence[int]) -> list[int]:
    """How many tasks each project has."""
    others, rest = projects - len(board_sizes), tasks - sum(board_sizes)
    return [*board_sizes, *(rest // others + (place < rest % others) for place in range(others))]


def _make_threads(count: int, due: int, seed: int, now: dt.datetime, tell: Tell) -> None:
    companies = list(
        Client.objects.filter(name__startswith=COMPANY)
        .select_related("answer_policy", "manager")
        .order_by("pk")
    )
    places = in_threads.places_of(companies)
    in_threads.make_threads(places, companies, count=count, due=due, seed=seed, now=now, tell=tell)


def _analyze(tell: Tell) -> None:
    """The planner must know what it has before anything is measured."""
    tell("analyzing")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
