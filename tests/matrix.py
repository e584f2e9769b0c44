"""The access matrix: which route answers what to whom. A route that is not in here fails the build.

Every line says for one route who gets in (`allow`), which of the others know of the thing but have not the right
(`deny`: 403), and for whom it does not exist (everyone else: 404, like anything that was never there). The test
drives each line with every method, as every kind of person, against their own, foreign and internal objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cxportal.portal.weekly.links import stop_token

if TYPE_CHECKING:
    from tests.world import World

Kwargs = Callable[["World"], dict[str, Any]]

CLIENTS = frozenset({"owner", "member", "viewer"})
TEAM = frozenset({"specialist", "manager", "admin"})
MANAGERS = frozenset({"manager", "admin"})
ADMINS = frozenset({"admin"})
# Those who know of `house`; for `stranger` and `outsider` it does not exist.
HOUSE = CLIENTS | TEAM
WRITERS = HOUSE - {"viewer"}
SIGNED_IN = HOUSE | {"stranger", "outsider"}
EVERYONE = SIGNED_IN | {"anonymous"}


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
    # Those who may read but not POST get 403 there.
    post_allow: frozenset[str] | None = None
    query: str = ""
    # The parameter that searches, where there is one.
    search: str = ""


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


# Routes of django-allauth and Django that handle access themselves, with the reason.
PUBLIC = EVERYONE

MATRIX: dict[str, Line] = {
    "healthz": Line(EVERYONE, methods=("get",)),
    "home": Line(SIGNED_IN, methods=("get",)),
    "preferences": Line(SIGNED_IN, data={"name": "New Name", "language": "en", "time_zone": "Europe/Berlin"}),
    "set_theme": Line(EVERYONE, data={"theme": "dark"}, methods=("post",)),
    "projects": Line(SIGNED_IN, methods=("get",)),
    "task_list": Line(HOUSE, own=house, methods=("get",)),
    "task_list_csv": Line(HOUSE, own=house, methods=("get",)),
    "board": Line(HOUSE, own=house, data={"title": "Order the tiles"}, post_allow=TEAM),
    "task_move": Line(
        TEAM, deny=CLIENTS, own=task, internal=internal_task, foreign=(foreign_task,), methods=("post",)
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
    "threads": Line(SIGNED_IN, methods=("get",)),
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
