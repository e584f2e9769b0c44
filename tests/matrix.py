"""The access matrix: which route answers what to whom. A route that is not in here fails the build.

Every line says for one route who gets in (`allow`), which of the others know of the thing but have not the right
(`deny`: 403), and for whom it does not exist (everyone else: 404, like anything that was never there). The test
drives each line with every method, as every kind of person, against their own, foreign and internal objects.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clients.models import User
from cxportal.portal.weekly.links import stop_token
from projects.models import (
    ChecklistItem,
    Dependency,
    Milestone,
    Phase,
    Project,
    Task,
    TaskImport,
    TimeEntry,
)

if TYPE_CHECKING:
    from tests.world import World

Kwargs = Callable[["World"], dict[str, Any]]

CLIENTS: frozenset[str] = frozenset({"owner", "member", "viewer"})
TEAM: frozenset[str] = frozenset({"specialist", "manager", "admin"})
MANAGERS: frozenset[str] = frozenset({"manager", "admin"})
ADMINS: frozenset[str] = frozenset({"admin"})
# Those who know of `house`; for `stranger` and `outsider` it does not exist.
HOUSE: frozenset[str] = CLIENTS | TEAM
WRITERS: frozenset[str] = HOUSE - {"viewer"}
SIGNED_IN: frozenset[str] = HOUSE | {"stranger", "outsider"}
EVERYONE: frozenset[str] = SIGNED_IN | {"anonymous"}


def nothing(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Line:
    """`own`: arguments of the URL for something in `house`.

    `internal`: the same for something of `house` that is for staff alone; no client person may tell it from
    nothing. `foreign`: arguments that mix a parent of one company with a child of another: nobody gets in.
    `data`: a POST that would succeed for those who may. `methods`: what is driven besides the rest, which must
    answer 405 or be refused.
    """

    allow: frozenset[str]
    deny: frozenset[str] = frozenset()
    own: Kwargs = nothing
    internal: Kwargs | None = None
    foreign: tuple[Kwargs, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    methods: tuple[str, ...] = ("get", "post")
    # The first who may use it uses it up: for those who may, it is gone afterwards.
    uses_up: bool = False
    # Those who may read but not POST get 403 there.
    post_allow: frozenset[str] | None = None
    query: str = ""
    # The parameter that searches, where there is one.
    search: str = ""
    # A status that is an answer here, and no failure.
    answers: frozenset[int] = frozenset()
    # Instead of `data`: what a POST sends as JSON.
    body: Kwargs | None = None


def house(world: World) -> dict[str, Any]:
    return {"code": world.house.code}


def thread(world: World) -> dict[str, Any]:
    return {"uid": world.thread.uid}


def internal_thread(world: World) -> dict[str, Any]:
    return {"uid": world.internal_thread.uid}


def foreign_thread(world: World) -> dict[str, Any]:
    return {"uid": world.foreign_thread.uid}


def task(world: World) -> dict[str, Any]:
    return {"code": world.house.code, "number": world.task.number}


def internal_task(world: World) -> dict[str, Any]:
    return {"code": world.house.code, "number": world.internal_task.number}


def foreign_task(world: World) -> dict[str, Any]:
    """A number of another project under a project of one's own."""
    return {"code": world.house.code, "number": world.foreign_task.number}


def on_thread(allow: frozenset[str], **data: str) -> Line:
    """A verb on a conversation: a GET leads whoever reads it to its page."""
    return Line(
        HOUSE,
        own=thread,
        internal=internal_thread,
        foreign=(foreign_thread,),
        post_allow=allow,
        data=data,
    )


def checklist_item(world: World) -> dict[str, Any]:
    return {**task(world), "pk": ChecklistItem.objects.create(task=world.task, text="Measure").pk}


def foreign_checklist_item(world: World) -> dict[str, Any]:
    return {**task(world), "pk": ChecklistItem.objects.create(task=world.foreign_task, text="Measure").pk}


def hours(world: World) -> dict[str, Any]:
    return {**task(world), "pk": _hours_on(world.task, world.people["specialist"])}


def foreign_hours(world: World) -> dict[str, Any]:
    return {**task(world), "pk": _hours_on(world.foreign_task, world.people["outsider"])}


def _hours_on(task: Task, user: User) -> int:
    return TimeEntry.objects.create(task=task, user=user, day=dt.date(2026, 11, 2), minutes=60).pk


def phase(world: World) -> dict[str, Any]:
    made = Phase.objects.create(project=world.house, name="Construction")
    Task.objects.filter(pk=world.task.pk).update(phase=made)
    return {**house(world), "pk": made.pk}


def internal_phase(world: World) -> dict[str, Any]:
    return {**house(world), "pk": Phase.objects.create(project=world.house, name="Margin").pk}


def foreign_phase(world: World) -> dict[str, Any]:
    return {**house(world), "pk": Phase.objects.create(project=world.other_project, name="Shelves").pk}


def milestone(world: World) -> dict[str, Any]:
    return {**house(world), "pk": world.milestone.pk}


def internal_milestone(world: World) -> dict[str, Any]:
    return {**house(world), "pk": world.internal_milestone.pk}


def foreign_milestone(world: World) -> dict[str, Any]:
    return {**house(world), "pk": world.foreign_milestone.pk}


def dependency(world: World) -> dict[str, Any]:
    return _dependency(world.house, world.task, world.milestone)


def internal_dependency(world: World) -> dict[str, Any]:
    return _dependency(world.house, world.internal_task, world.milestone)


def foreign_dependency(world: World) -> dict[str, Any]:
    return house(world) | {
        "pk": _dependency(world.other_project, world.foreign_task, world.foreign_milestone)["pk"]
    }


def _dependency(project: Project, before: Task, after: Milestone) -> dict[str, Any]:
    made = Dependency.objects.create(project=project, from_task=before, to_milestone=after)
    return {"code": project.code, "pk": made.pk}


def uploaded_plan(world: World) -> dict[str, Any]:
    """Looked at by the manager, who alone may confirm it."""
    uploaded = TaskImport.objects.create(
        project=world.house,
        by=world.people["manager"],
        name="plan.csv",
        digest="x",
        content=b"id,title\n1,Walls\n",
    )
    return {**house(world), "uid": uploaded.uid}


def foreign_uploaded_plan(world: World) -> dict[str, Any]:
    return {**uploaded_plan(world), "code": world.other_project.code}


def attachment(world: World) -> dict[str, Any]:
    return {"uid": world.attachment.uid}


def internal_attachment(world: World) -> dict[str, Any]:
    return {"uid": world.internal_attachment.uid}


def foreign_attachment(world: World) -> dict[str, Any]:
    return {"uid": world.foreign_attachment.uid}


def on_task(**more: Any) -> Line:
    """A verb of our staff on a task."""
    return Line(
        **{
            "allow": TEAM,
            "deny": CLIENTS,
            "own": task,
            "internal": internal_task,
            "foreign": (foreign_task,),
            "methods": ("post",),
            **more,
        }
    )


def on_milestone(**more: Any) -> Line:
    """A verb of managers on a milestone."""
    return Line(
        **{
            "allow": MANAGERS,
            "deny": CLIENTS | {"specialist"},
            "own": milestone,
            "internal": internal_milestone,
            "foreign": (foreign_milestone,),
            "methods": ("post",),
            **more,
        }
    )


def on_file(**more: Any) -> Line:
    """A verb of our staff on a file of a task."""
    return Line(
        TEAM,
        deny=CLIENTS,
        own=attachment,
        internal=internal_attachment,
        foreign=(foreign_attachment,),
        methods=("post",),
        **more,
    )


# Routes of django-allauth and Django that handle access themselves, with the reason.
PUBLIC = EVERYONE

MATRIX: dict[str, Line] = {
    "healthz": Line(EVERYONE, methods=("get",)),
    "readyz": Line(EVERYONE, methods=("get",), answers=frozenset({503})),
    "home": Line(SIGNED_IN, methods=("get",)),
    "preferences": Line(SIGNED_IN, data={"name": "New Name", "language": "en", "time_zone": "Europe/Berlin"}),
    "set_theme": Line(EVERYONE, data={"theme": "dark"}, methods=("post",)),
    "projects": Line(SIGNED_IN, methods=("get",)),
    "task_list": Line(HOUSE, own=house, methods=("get",), search="q"),
    "task_list_csv": Line(HOUSE, own=house, methods=("get",), search="q"),
    "board": Line(HOUSE, own=house, data={"title": "Order the tiles"}, post_allow=TEAM, search="q"),
    "task_move": Line(
        TEAM, deny=CLIENTS, own=task, internal=internal_task, foreign=(foreign_task,), methods=("post",)
    ),
    # Tasks
    "task": Line(HOUSE, own=task, internal=internal_task, foreign=(foreign_task,), methods=("get",)),
    "task_history": Line(HOUSE, own=task, internal=internal_task, foreign=(foreign_task,), methods=("get",)),
    "task_new": Line(TEAM, deny=CLIENTS, own=house, data={"title": "Order the tiles", "priority": 2}),
    "task_edit": on_task(data={"title": "Order the tiles"}, methods=("get", "post")),
    "task_show": on_task(allow=MANAGERS, deny=CLIENTS | {"specialist"}),
    "task_hide": on_task(allow=MANAGERS, deny=frozenset({"specialist"}), own=internal_task),
    "task_wait": on_task(data={"waiting_for": "Choose the tiles"}),
    "task_go_on": on_task(),
    "checklist_add": on_task(data={"text": "Measure"}),
    "checklist_tick": on_task(own=checklist_item, internal=None, foreign=(foreign_checklist_item,)),
    "checklist_remove": on_task(
        own=checklist_item, internal=None, foreign=(foreign_checklist_item,), uses_up=True
    ),
    "hours_add": on_task(data={"minutes": "1:30", "day": "2026-11-02"}),
    # Hours do not exist for the client.
    "hours_remove": on_task(
        deny=frozenset(), own=hours, internal=hours, foreign=(foreign_hours,), uses_up=True
    ),
    "file_add": on_task(),
    "attachment": Line(
        HOUSE, own=attachment, internal=internal_attachment, foreign=(foreign_attachment,), methods=("get",)
    ),
    "file_show": on_file(),
    "file_hide": Line(
        TEAM,
        own=internal_attachment,
        internal=internal_attachment,
        foreign=(foreign_attachment,),
        methods=("post",),
    ),
    "file_delete": on_file(uses_up=True),
    # The plan
    "plan": Line(HOUSE, own=house, methods=("get",)),
    "plan_csv": Line(HOUSE, own=house, methods=("get",)),
    "phase_add": Line(
        MANAGERS, deny=CLIENTS | {"specialist"}, own=house, data={"name": "Garden"}, methods=("post",)
    ),
    "phase_rename": Line(
        MANAGERS,
        deny=CLIENTS | {"specialist"},
        own=phase,
        internal=internal_phase,
        foreign=(foreign_phase,),
        data={"name": "Building"},
        methods=("post",),
    ),
    "milestone_new": Line(MANAGERS, deny=CLIENTS | {"specialist"}, own=house, data={"name": "Keys"}),
    "milestone_edit": on_milestone(data={"name": "Keys"}, methods=("get", "post")),
    "milestone_reach": on_milestone(),
    "milestone_unreach": on_milestone(),
    "dependencies": Line(MANAGERS, deny=CLIENTS | {"specialist"}, own=house, data={"kind": "FS"}),
    "dependency_remove": Line(
        MANAGERS,
        deny=CLIENTS | {"specialist"},
        own=dependency,
        internal=internal_dependency,
        foreign=(foreign_dependency,),
        methods=("post",),
        uses_up=True,
    ),
    "import_tasks": Line(MANAGERS, deny=CLIENTS | {"specialist"}, own=house),
    "import_confirm": Line(
        frozenset({"manager"}), own=uploaded_plan, internal=uploaded_plan, foreign=(foreign_uploaded_plan,)
    ),
    "choose_language": Line(EVERYONE, data={"language": "en"}, methods=("post",)),
    "my_weekly": Line(CLIENTS | {"stranger"}, deny=TEAM | {"outsider"}),
    "weekly": Line(MANAGERS, deny=CLIENTS | {"specialist"}, own=house, data={"text": "", "language": "en"}),
    "weekly_preview": Line(
        MANAGERS,
        deny=CLIENTS | {"specialist"},
        own=lambda world: {**house(world), "pk": world.people["owner"].pk},
        foreign=(lambda world: {"code": world.other_project.code, "pk": world.people["owner"].pk},),
        methods=("get",),
    ),
    "weekly_send": Line(MANAGERS, deny=CLIENTS | {"specialist"}, own=house, methods=("post",)),
    # The token is the right, whoever holds it: it stops one person's weekly board and nothing else.
    "weekly_stop": Line(EVERYONE, own=lambda world: {"token": stop_token(world.people["owner"])}),
    "weekly_again": Line(
        EVERYONE, own=lambda world: {"token": stop_token(world.people["owner"])}, methods=("post",)
    ),
    "threads": Line(SIGNED_IN, methods=("get",), search="q"),
    "thread_new": Line(SIGNED_IN - {"viewer"}, deny=frozenset({"viewer"})),
    "thread": Line(HOUSE, own=thread, internal=internal_thread, foreign=(foreign_thread,), methods=("get",)),
    "thread_write": on_thread(WRITERS, body="Hello"),
    "thread_note": on_thread(TEAM, **{"note-body": "Careful"}),
    "thread_call": on_thread(TEAM, **{"call-body": "We agreed."}),
    "thread_assign": on_thread(TEAM, **{"assign-assignee": ""}),
    "thread_no_reply": on_thread(TEAM, **{"no_reply-reason": "Thanks"}),
    "thread_due": on_thread(MANAGERS, reason="We ask", due_at="2099-01-01T10:00"),
    "thread_close": on_thread(TEAM | {"owner"}),
    "thread_reopen": on_thread(WRITERS),
    "thread_audience": on_thread(frozenset({"owner"})),  # without a choice, which would hide it from others
    "thread_follow": on_thread(HOUSE),
    "message_take_back": Line(
        HOUSE,
        post_allow=frozenset({"owner"}),  # its author
        own=lambda world: {"uid": world.thread.messages.earliest("pk").uid},
        internal=lambda world: {"uid": world.note.uid},
        foreign=(lambda world: {"uid": world.foreign_thread.messages.earliest("pk").uid},),
    ),
    "message_delete": Line(
        HOUSE,
        own=lambda world: {"uid": world.thread.messages.earliest("pk").uid},
        internal=lambda world: {"uid": world.note.uid},
        foreign=(lambda world: {"uid": world.foreign_thread.messages.earliest("pk").uid},),
        post_allow=frozenset(),  # words of a client are never deleted
    ),
    "message_file": Line(
        HOUSE,
        own=lambda world: {"uid": world.extra["message_file"].uid},
        internal=lambda world: {"uid": world.extra["note_file"].uid},
        foreign=(lambda world: {"uid": world.extra["foreign_message_file"].uid},),
        methods=("get",),
    ),
    "project_threads": Line(
        HOUSE, own=house, foreign=(lambda world: {"code": world.other_project.code},), methods=("get",)
    ),
    "task_conversation": Line(
        HOUSE, own=task, internal=internal_task, foreign=(foreign_task,), methods=("get",)
    ),
    "task_conversation_write": Line(
        HOUSE,
        own=task,
        internal=internal_task,
        foreign=(foreign_task,),
        post_allow=WRITERS,
        data={"body": "Hello"},
    ),
    "task_conversation_note": Line(
        HOUSE,
        own=task,
        internal=internal_task,
        foreign=(foreign_task,),
        post_allow=TEAM,
        data={"note-body": "Careful"},
    ),
}

# Whole trees of URLs guarded in one place, tested there.
GUARDED_TREES = {
    "admin/": "Django's admin: administrators only (test_the_admin_is_for_administrators)",
    "accounts/": "django-allauth's own pages for signing in",
}

from tests.matrix_api import API  # noqa: E402 - which is made of the parts above

MATRIX |= API
