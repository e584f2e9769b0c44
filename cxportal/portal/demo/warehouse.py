"""The second client's project: small, to see that companies know nothing of each other."""

from __future__ import annotations

import datetime as dt

from cxportal.portal.demo.people import Agency
from projects.actions import add_milestone, add_task, create_project
from projects.models import Project


def make_warehouse(agency: Agency, now: dt.datetime) -> Project:
    manager = agency.people["manager"]
    today = now.date()
    warehouse = create_project(
        project=Project(
            client=agency.nord,
            code="NORD",
            name="Warehouse in Malmö",
            description="Offices and a new loading ramp for an old warehouse.",
            manager=manager,
            status=Project.Status.ACTIVE,
            starts_on=today - dt.timedelta(days=20),
        ),
        by=manager,
        now=now - dt.timedelta(days=20),
    )
    gate = add_milestone(
        project=warehouse, by=manager, name="Ramp in use", due_on=today + dt.timedelta(days=40)
    )
    for place, title in enumerate(
        ["Survey of the old ramp", "Permit for the works", "Break down the old ramp", "Pour the new ramp"]
    ):
        add_task(
            project=warehouse,
            by=manager,
            title=title,
            milestone=gate,
            column=warehouse.columns.all()[max(0, 2 - place)],
            due_on=today + dt.timedelta(days=7 * place + 3),
            now=now - dt.timedelta(days=15 if place else 4),
        )
    return warehouse
