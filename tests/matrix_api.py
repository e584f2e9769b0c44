"""The lines of the access matrix for the REST API, driven with sessions and with tokens."""

from __future__ import annotations

from typing import Any

from clients.models import User
from clients.tokens import make_token
from tests.factories import PASSWORD
from tests.matrix import (
    CLIENTS,
    EVERYONE,
    HOUSE,
    SIGNED_IN,
    TEAM,
    WRITERS,
    Line,
    foreign_task,
    foreign_thread,
    house,
    internal_task,
    internal_thread,
    task,
    thread,
)
from tests.world import World


def signed_in_as_owner(world: World) -> dict[str, Any]:
    owner = world.people["owner"]
    if not owner.has_usable_password():
        owner.set_password(PASSWORD)
        owner.save()
    return {"email": owner.email, "password": PASSWORD}


def to_first_column(world: World) -> dict[str, Any]:
    return {"column": world.house.columns.all()[0].pk}


def hello(world: World) -> dict[str, Any]:
    return {"body": "Hello"}


def message(world: World) -> dict[str, Any]:
    return {"uid": world.thread.messages.earliest("pk").uid}


def foreign_message(world: World) -> dict[str, Any]:
    return {"uid": world.foreign_thread.messages.earliest("pk").uid}


def own_token(world: World) -> dict[str, Any]:
    return _token_of(world.people["owner"])


def foreign_token(world: World) -> dict[str, Any]:
    return _token_of(world.people["stranger"])


def token_of_ours(world: World) -> dict[str, Any]:
    return _token_of(world.people["manager"])


def _token_of(user: User) -> dict[str, Any]:
    return {"pk": make_token(user=user, name="Script", scope="write", days=7)[0].pk}


def foreign_house(world: World) -> dict[str, Any]:
    return {"code": world.other_project.code}


API: dict[str, Line] = {
    "api_reference": Line(EVERYONE, methods=("get",)),
    "api_index": Line(EVERYONE, methods=("get",)),
    "api_schema": Line(EVERYONE, methods=("get",)),
    "api_login": Line(EVERYONE, body=signed_in_as_owner, methods=("post",)),
    "api_logout": Line(SIGNED_IN, methods=("post",)),
    "api_me": Line(SIGNED_IN, methods=("get",)),
    "api_tokens": Line(SIGNED_IN, data={"name": "Script", "scope": "read", "days": "30"}),
    # A person's own, whoever else asks.
    "api_token_revoke": Line(
        frozenset({"owner"}),
        own=own_token,
        internal=token_of_ours,
        foreign=(foreign_token,),
        methods=("post",),
        uses_up=True,
    ),
    "api_projects": Line(SIGNED_IN, methods=("get",)),
    "api_project": Line(HOUSE, own=house, foreign=(foreign_house,), methods=("get",)),
    "api_tasks": Line(HOUSE, own=house, foreign=(foreign_house,), methods=("get",), search="q"),
    "api_task": Line(HOUSE, own=task, internal=internal_task, foreign=(foreign_task,), methods=("get",)),
    "api_task_move": Line(
        TEAM,
        deny=CLIENTS,
        own=task,
        internal=internal_task,
        foreign=(foreign_task,),
        body=to_first_column,
        methods=("post",),
    ),
    "api_threads": Line(SIGNED_IN, methods=("get",), search="q"),
    "api_thread": Line(
        HOUSE, own=thread, internal=internal_thread, foreign=(foreign_thread,), methods=("get",)
    ),
    "api_messages": Line(
        HOUSE,
        own=thread,
        internal=internal_thread,
        foreign=(foreign_thread,),
        post_allow=WRITERS,
        body=hello,
    ),
    "api_notes": Line(
        TEAM,
        deny=CLIENTS,
        own=thread,
        internal=internal_thread,
        foreign=(foreign_thread,),
        body=hello,
        methods=("post",),
    ),
    "api_message": Line(
        HOUSE,
        own=message,
        internal=lambda world: {"uid": world.note.uid},
        foreign=(foreign_message,),
        methods=("get",),
    ),
}
