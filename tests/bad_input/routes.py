"""Where the monsters go: for every route a person who may use it, and data that is accepted.

Fields are not listed: the driver finds them in the forms a route really binds, and adds what `data` names besides.
A route that takes a POST and is not in FORMS fails the build, and so does one whose data are not accepted.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cxportal.portal.models import BoardSchedule
from feedback.actions import start_thread
from feedback.forms.writing import place_of
from tests.factories import PASSWORD
from tests.matrix import MATRIX, Kwargs
from tests.world import World

Data = Callable[[World], dict[str, Any]]


def nothing(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Form:
    """`data` are accepted when `who` sends them to the route as `own` names it.

    `in_place`: there is no page to show the form on again, so a refusal is told in a toast or by the status.
    """

    who: str = "manager"
    data: Data = nothing
    own: Kwargs | None = None
    in_place: bool = True
    # Fields that are never shown again: secrets, files, and what the form only carries along.
    unkept: frozenset[str] = field(default_factory=frozenset)


def just(**data: Any) -> Data:
    return lambda world: data


def file(name: str = "roof.txt", content: bytes = b"tiles") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def words(prefix: str = "") -> Data:
    dash = f"{prefix}-" if prefix else ""
    return lambda world: {
        f"{dash}body": "Hello, when do the tiles come?",
        f"{dash}form_key": str(uuid.uuid4()),
        f"{dash}files": [file()],
    }


def call_words(world: World) -> dict[str, Any]:
    return {"call-body": "We agreed on Tuesday.", "call-form_key": str(uuid.uuid4())}


def question(world: World) -> dict[str, Any]:
    about = place_of(world.house)
    return {
        **words()(world),
        "about": about,
        "named_for": about,
        "kind": "question",
        "subject": "Tiles",
        "audience": "company",
        "urgency": "",
    }


def new_task(world: World) -> dict[str, Any]:
    return {
        "title": "Order the tiles",
        "description": "**Red** ones",
        "starts_on": "2026-11-02",
        "due_on": "2026-11-20",
        "assignees": [world.people["specialist"].pk],
        "phase": "",
        "milestone": world.milestone.pk,
        "priority": "2",
        "new_labels": "roof, red",
        "estimate_hours": "2.5",
        "is_internal": "",
    }


def edited_task(world: World) -> dict[str, Any]:
    data = {name: value for name, value in new_task(world).items() if name != "is_internal"}
    return {**data, "version": world.task.version, "percent_done": "40", "date_reason": "It rains"}


def moved(world: World) -> dict[str, Any]:
    return {"column": world.house.columns.first().pk, "place": "end"}  # type: ignore[union-attr]


def dependency(world: World) -> dict[str, Any]:
    return {
        "after": world.milestone.name,
        "before": f"{world.house.code}-{world.task.number}",
        "kind": "FS",
        "lag_days": "2",
    }


def with_schedule(world: World) -> dict[str, Any]:
    BoardSchedule.objects.get_or_create(user=world.people["owner"], defaults={"is_on": True})
    return {"form_key": str(uuid.uuid4()), "users": [world.people["owner"].pk]}


def password_change(world: World) -> dict[str, Any]:
    person = world.people["manager"]
    person.set_password(PASSWORD)
    person.save()
    return {"oldpassword": PASSWORD, "password1": "seven quiet herons at dawn"}


def sign_in(world: World) -> dict[str, Any]:
    person = world.people["owner"]
    person.set_password(PASSWORD)
    person.save()
    return {"login": person.email, "password": PASSWORD, "remember": "on", "next": "/projects/"}


def plan_file(world: World) -> dict[str, Any]:
    return {"file": file("plan.csv", b"id,title\n1,Walls\n")}


def reset_link(world: World) -> dict[str, Any]:
    person = world.people["owner"]
    return {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}


def due_tomorrow(world: World) -> dict[str, Any]:
    tomorrow = timezone.now() + dt.timedelta(days=1)
    return {"reason": "We ask", "due_at": f"{tomorrow:%Y-%m-%dT%H:%M}"}


def waiting_thread(world: World) -> dict[str, Any]:
    """A question that nobody answered yet."""
    asked = start_thread(
        by=world.people["owner"],
        client=world.client,
        project=world.house,
        subject="Socket",
        body="Can we move the socket?",
    )
    return {"uid": asked.uid}


FORMS: dict[str, Form] = {
    "preferences": Form(data=just(name="New Name", language="en", time_zone="Europe/Berlin")),
    "set_theme": Form("anonymous", just(theme="dark", next="/projects/"), in_place=False),
    "choose_language": Form("owner", just(language="en", next="/projects/"), in_place=False),
    # Projects and tasks
    "board": Form(data=just(title="Order the tiles", is_internal="")),
    "task_move": Form(data=moved, in_place=False),
    "task_new": Form(data=new_task),
    "task_edit": Form(data=edited_task, unkept=frozenset({"version"})),
    "task_show": Form(),
    "task_hide": Form(own=MATRIX["task_hide"].own),
    "task_wait": Form(data=just(waiting_for="Choose the tiles")),
    "task_go_on": Form(),
    "checklist_add": Form(data=just(text="Measure")),
    "checklist_tick": Form(data=just(done="yes"), in_place=False),
    "checklist_remove": Form(),
    "hours_add": Form(data=just(minutes="1:30", day="2026-11-02", note="Rain")),
    "hours_remove": Form(),
    "file_add": Form(data=lambda world: {"files": [file()], "is_shown": ""}),
    "file_show": Form(),
    "file_hide": Form(),
    "file_delete": Form(),
    # The plan
    "phase_add": Form(data=just(name="Garden")),
    "phase_rename": Form(data=just(name="Building")),
    "milestone_new": Form(data=just(name="Keys", due_on="2026-12-18", phase="", is_internal="")),
    "milestone_edit": Form(
        data=just(name="Keys", due_on="2026-12-18", reason="Rain", phase="", is_internal="")
    ),
    "milestone_reach": Form(),
    "milestone_unreach": Form(),
    "dependencies": Form(data=dependency),
    "dependency_remove": Form(),
    "import_tasks": Form(data=plan_file),
    "import_confirm": Form(),
    # The weekly board
    "my_weekly": Form(
        "owner",
        lambda world: {
            "is_on": "on",
            "weekday": "5",
            "hour": "16",
            "time_zone": "Europe/Berlin",
            "projects": [world.house.pk],
            "skip_quiet_weeks": "",
        },
    ),
    "weekly": Form(data=just(text="We are glad.", language="en")),
    "weekly_send": Form(data=with_schedule, in_place=False),
    "weekly_stop": Form("anonymous"),
    "weekly_again": Form("anonymous"),
    # Conversations
    "thread_new": Form("owner", question, unkept=frozenset({"named_for"})),
    "thread_write": Form("owner", words()),
    "thread_note": Form(data=words("note")),
    "thread_call": Form(data=call_words),
    "thread_assign": Form(data=lambda world: {"assign-assignee": world.people["manager"].pk}),
    "thread_no_reply": Form(own=waiting_thread, data=just(**{"no_reply-reason": "Thanks"})),
    "thread_due": Form(own=waiting_thread, data=due_tomorrow),
    "thread_close": Form(),
    "thread_reopen": Form(),
    "thread_audience": Form("owner", just(**{"audience-audience": "owners"})),
    "thread_follow": Form(data=just(follow="yes"), in_place=False),
    "message_take_back": Form("owner"),
    "message_delete": Form(own=lambda world: {"uid": world.note.uid}),
    "task_conversation_write": Form("owner", words()),
    "task_conversation_note": Form(data=words("note")),
    # The account
    "api_tokens": Form("owner", just(name="Script", scope="read", days="30")),
    "api_token_revoke": Form("owner"),
    "account_login": Form("anonymous", sign_in),
    "account_logout": Form(),
    "account_change_password": Form(data=password_change),
    "account_set_password": Form(data=just(password1="seven quiet herons at dawn")),
    "account_reset_password": Form("anonymous", just(email="owner@example.com")),
    "account_reset_password_from_key": Form(
        "anonymous", just(password1="seven quiet herons at dawn"), own=reset_link
    ),
}

# Pages of django-allauth that only show something; their POST is answered 405.
ONLY_SHOWN = {
    "account_inactive",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
}

# The parameters each page reads from its address, besides those any page may be sent (`next`, `page`).
QUERIES: dict[str, tuple[str, ...]] = {
    "projects": ("status", "page"),
    "board": (
        "q", "person", "label", "milestone", "waiting", "overdue", "filter", "column", "start", "shown",
    ),
    "task_list": (
        "q", "person", "label", "milestone", "waiting", "overdue", "filter", "column", "sort", "page",
    ),
    "task_list_csv": ("q", "person", "label", "milestone", "waiting", "overdue", "column", "sort"),
    "task": ("panel",),
    "task_history": ("page",),
    "plan": ("phase", "page"),
    "dependencies": ("page",),
    "weekly_preview": ("part",),
    "threads": ("status", "project", "kind", "mine", "unassigned", "late", "q", "page"),
    "project_threads": ("status", "kind", "mine", "unassigned", "late", "q", "page"),
    "thread_new": ("about", "task", "project", "audience"),
    "thread": ("place",),
    "task_conversation": ("place",),
    "account_login": ("next",),
    "account_logout": ("next",),
}  # fmt: skip
