"""The house: the plan of `projects/demo/house.csv`, moved by whole weeks so that today lies in its middle.

What lies before today is done, and one real slip has its reason: frost after the foundation moved all that
follows by a week.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from cxportal.portal.demo.people import Agency
from projects.actions import (
    add_checklist_item,
    add_task,
    create_project,
    edit_task,
    import_tasks,
    move_milestone,
    move_task,
    reach_milestone,
    set_waiting,
)
from projects.demo import HOUSE
from projects.models import Column, Project, Task
from projects.workdays import last_working_day

WEEK = dt.timedelta(days=7)
# Of the plan as it stands in the file: half of its 20 weeks, and the day the foundation ends.
MIDDLE = dt.date(2021, 4, 14)
FROST = dt.date(2021, 3, 26)
SLIP_AFTER = "Foundation"
SLIP_REASON = "Night frost: the concrete of the foundation needs a week longer before walls may stand on it."


def make_house(agency: Agency, now: dt.datetime) -> Project:
    """The project with its whole plan, as it stands at `now` (aware)."""
    today = now.astimezone(agency.people["manager"].zone()).date()
    manager = agency.people["manager"]
    shift = (today - MIDDLE) // WEEK * WEEK
    house = create_project(
        project=Project(
            client=agency.family,
            code="HOUSE",
            name="House in Petrovka",
            description="A family house of two floors, from the first draft to moving in.",
            manager=manager,
            status=Project.Status.ACTIVE,
            starts_on=dt.date(2021, 2, 1) + shift,
            due_on=dt.date(2021, 6, 28) + shift,
        ),
        by=manager,
        team=[agency.people["specialist"]],
        now=_morning(dt.date(2021, 1, 25) + shift),
    )
    import_tasks(project=house, by=manager, name="house.csv", data=_plan_at(shift, today), now=now)
    _slip(house, agency, _morning(dt.date(2021, 3, 24) + shift))
    _what_is_done(house, agency, today)
    _what_goes_on(house, agency, now)
    return house


def _morning(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(8, 30), tzinfo=dt.UTC)


def _plan_at(shift: dt.timedelta, today: dt.date) -> bytes:
    """The file with its dates moved, and as much done as the days that have passed."""
    rows = list(csv.DictReader(io.StringIO(HOUSE.read_text(encoding="utf-8"))))
    for row in rows:
        start = dt.date.fromisoformat(row["start"]) + shift
        row["start"] = start.isoformat()
        if row["kind"] == "task":
            begun = start + WEEK if start > FROST + shift else start  # it slips: see below
            row["percent_complete"] = str(_percent(begun, int(row["working_days"]), today))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _percent(start: dt.date, working_days: int, today: dt.date) -> int:
    end = last_working_day(start, working_days)
    if today > end:
        return 100
    passed = max(0, (today - start).days)
    return min(95, passed * 100 // ((end - start).days + 1))


def _slip(house: Project, agency: Agency, at: dt.datetime) -> None:
    """One week of frost, written down when it was known, for all that comes after the foundation."""
    manager = agency.people["manager"]
    foundation = house.tasks.get(title=SLIP_AFTER)
    assert foundation.due_on is not None
    for task in house.tasks.filter(starts_on__gt=foundation.due_on).order_by("number"):
        assert task.starts_on is not None
        assert task.due_on is not None
        edit_task(
            task=task,
            by=manager,
            version=task.version,
            changes={"starts_on": task.starts_on + WEEK, "due_on": task.due_on + WEEK},
            date_reason=SLIP_REASON,
            now=at,
        )
    for milestone in house.milestones.filter(due_on__gt=foundation.due_on):
        assert milestone.due_on is not None
        move_milestone(
            milestone=milestone, by=manager, due_on=milestone.due_on + WEEK, reason=SLIP_REASON, now=at
        )


def _what_is_done(house: Project, agency: Agency, today: dt.date) -> None:
    for milestone in house.milestones.filter(due_on__lt=today):
        assert milestone.due_on is not None
        reach_milestone(
            milestone=milestone,
            by=agency.people["manager"],
            on=milestone.due_on,
            now=_morning(milestone.due_on),
        )


def _what_goes_on(house: Project, agency: Agency, now: dt.datetime) -> None:
    """Small things between the big steps: done this week, waiting for the client, internal."""
    manager, specialist = agency.people["manager"], agency.people["specialist"]
    columns: dict[str, Column] = {column.kind: column for column in house.columns.all()}

    def small(title: str, kind: str, days_ago: int, **fields: Any) -> Task:
        return add_task(
            project=house,
            by=manager,
            title=title,
            column=columns[kind],
            now=now - dt.timedelta(days=days_ago),
            **fields,
        )

    for title, hours_ago in {"Scaffolding up": 98, "Order the windows": 26, "Water for the site": 3}.items():
        task = small(title, "doing", 11, assignees=[specialist])
        then = now - dt.timedelta(hours=hours_ago)
        move_task(task=task, by=specialist, column=columns["done"], after=None, now=then)
    stairs = small("Drawings of the stairs", "doing", 4, assignees=[specialist], estimate_hours=12)
    for text in ("Measure the opening", "Draw two variants", "Check the headroom"):
        add_checklist_item(task=stairs, by=specialist, text=text, now=now - dt.timedelta(days=4))
    stairs.checklist.filter(text="Measure the opening").update(is_done=True)
    tiles = small("Choose the tiles for the bathroom", "todo", 9)
    set_waiting(
        task=tiles,
        by=manager,
        waiting_for="Grey or sand? The samples lie in the site office; we order on Monday.",
        now=now - dt.timedelta(days=3),
    )
    small(
        "Compare the offers of three roofers",
        "todo",
        6,
        assignees=[manager],
        is_internal=True,
        description="The cheapest is 8 % below the second. Our margin is planned with the second.",
    )
