"""What the clients of the demo agency asked, and what was answered."""

from __future__ import annotations

import datetime as dt

from cxportal.portal.demo.people import Agency
from feedback.actions import assign, note_on_task, post_message, post_on_task, start_thread, write_note
from projects.models import Project

HOUR = dt.timedelta(hours=1)


def make_talks(agency: Agency, house: Project, now: dt.datetime) -> None:
    """An answered question, an open one with its clock running, and the conversation of a task."""
    people = agency.people
    socket = start_thread(
        by=people["client"],
        client=agency.family,
        project=house,
        subject="Can we move the socket in the kitchen?",
        body="On the plan it is right behind the fridge. Could it sit **30 cm to the left**?",
        now=now - 50 * HOUR,
    )
    assign(thread=socket, by=people["manager"], assignee=people["specialist"], now=now - 49.5 * HOUR)
    write_note(
        thread=socket,
        by=people["manager"],
        body="No extra cost as long as the wall is not plastered. Please tell them so.",
        now=now - 49 * HOUR,
    )
    post_message(
        thread=socket,
        by=people["specialist"],
        body="Yes, that is easy before plastering. It is in the drawing now: 30 cm to the left, same height.",
        now=now - 50 * HOUR + dt.timedelta(hours=2, minutes=10),
    )
    windows = start_thread(
        by=people["irina"],
        client=agency.family,
        project=house,
        subject="Когда привезут окна?",
        body="Мы хотим приехать и посмотреть, как их ставят. Какой день нам освободить?",
        now=now - 5 * HOUR,
    )
    assign(thread=windows, by=people["manager"], assignee=people["specialist"], now=now - 4.5 * HOUR)
    walls = house.tasks.get(title="Ground floor")
    post_on_task(
        task=walls,
        by=people["specialist"],
        body="The walls of the ground floor stand up to the lintels. Next week the ceiling is poured.",
        now=now - 28 * HOUR,
    )
    note_on_task(
        task=walls,
        by=people["manager"],
        body="The crane is booked for one day only. Do not promise more.",
        now=now - 27 * HOUR,
    )
