"""Every error of the API is a problem after RFC 9457, and tells nothing it should not."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from pytest_django import Settings

from cxportal.lib import cache as steady_cache
from cxportal.lib.api import parsing
from tests.api_support import Program
from tests.factories import make_project
from tests.world import World


def the_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
    assert problem["status"] == status
    assert "no-store" in answer["Cache-Control"]
    return problem


def test_unknown_foreign_and_hidden_answer_with_the_same_bytes(world: World) -> None:
    member = Program(world.people["member"])
    paths = [
        "/api/v1/projects/NOPE/",
        "/api/v1/projects/NORD/",
        "/api/v1/projects/NORD/tasks/",
        f"/api/v1/projects/HOUSE/tasks/{world.internal_task.number}/",
        f"/api/v1/projects/HOUSE/tasks/{world.foreign_task.number}/",
        "/api/v1/projects/HOUSE/tasks/999999/",
        "/api/v1/projects/HOUSE/tasks/99999999999999999999999999/",
        f"/api/v1/threads/{world.foreign_thread.uid}/",
        f"/api/v1/threads/{world.internal_thread.uid}/",
        f"/api/v1/threads/{world.private_thread.uid}/messages/",
        f"/api/v1/messages/{world.note.uid}/",
        f"/api/v1/messages/{uuid.uuid4()}/",
        "/api/v1/no/such/address/",
        "/api/v1/me",
        "/api/v2/",
    ]
    bodies = set()
    for path in paths:
        answer = member.get(path)
        problem = the_problem(answer, 404)
        assert problem["instance"] == path
        bodies.add(answer.content.replace(path.encode(), b""))
    assert len(bodies) == 1


def test_a_post_without_the_last_slash_is_not_turned_into_a_get(world: World) -> None:
    answer = Program(world.people["member"]).send(
        f"/api/v1/threads/{world.thread.uid}/messages", {"body": "Hi"}
    )
    the_problem(answer, 404)


def test_each_status_is_a_problem(world: World) -> None:
    member, manager = Program(world.people["member"]), Program(world.people["manager"])
    messages = f"/api/v1/threads/{world.thread.uid}/messages/"
    move = f"/api/v1/projects/HOUSE/tasks/{world.task.number}/move/"
    the_problem(Browser().get("/api/v1/me/"), 401)
    the_problem(member.send(move, {"column": 1}), 403)
    answer = member.delete("/api/v1/me/")
    the_problem(answer, 405)
    assert answer["Allow"] == "GET, HEAD"
    the_problem(member.options("/api/v1/me/"), 405)
    the_problem(member.get("/api/v1/me/", headers={"Accept": "text/html"}), 406)
    the_problem(member.post(messages, {"body": "Hi"}), 415)
    problem = the_problem(member.send(messages, {"body": "  "}), 422)
    assert list(problem["errors"]) == ["body"]
    problem = the_problem(manager.send(move, {"column": "1", "after": -1, "ends_waiting": "no"}), 422)
    assert set(problem["errors"]) == {"column", "after", "ends_waiting"}
    the_problem(manager.send(move, [1, 2]), 422)
    problem = the_problem(member.get("/api/v1/projects/?page=0&status=nonsense&page_size=9999"), 422)
    assert set(problem["errors"]) == {"page", "status", "page_size"}
    the_problem(member.get("/api/v1/projects/?page=99"), 404)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "",
        '{"body": NaN}',
        '{"body": "\\u0000"}',
        '{"body": "\\ud800"}',
        '{"\\udfff": 1}',
        '{"body": ' + "1" * 5000 + "}",
        '{"body": ' + "[" * 40 + "]" * 40 + "}",
        "[" * 100_000,
        b'{"body": "\xff"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=str,
)
def test_what_is_no_json_of_ours_is_refused_and_changes_nothing(body: Any, world: World) -> None:
    before = world.thread.messages.count()
    member = Program(world.people["member"])
    path = f"/api/v1/threads/{world.thread.uid}/messages/"
    answer = member.post(path, body, content_type="application/json")
    the_problem(answer, 422 if body == "" else 400)
    assert world.thread.messages.count() == before


def test_a_body_that_is_too_large_is_not_read(world: World) -> None:
    member = Program(world.people["member"])
    body = {"body": "x" * parsing.MOST_BYTES}
    the_problem(member.send(f"/api/v1/threads/{world.thread.uid}/messages/", body), 413)


def test_a_rule_that_refuses_answers_409_with_its_words(world: World) -> None:
    done = make_project(world.client, code="OLD", status="finished")
    task = done.tasks.create(project=done, number=1, title="Floor", column=done.columns.all()[0])
    to = done.columns.all()[1]
    manager = Program(world.people["manager"])
    problem = the_problem(
        manager.send(f"/api/v1/projects/OLD/tasks/{task.number}/move/", {"column": to.pk}), 409
    )
    assert problem["type"] == "urn:cxportal:problem:refused"
    assert "finished" in problem["detail"]
    task.refresh_from_db()
    assert task.column != to


def test_what_breaks_is_a_problem_without_details(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("clients.api.views.answer", broken)
    answer = Program(world.people["member"], raise_request_exception=False).get("/api/v1/me/")
    the_problem(answer, 500)
    assert b"hunter2" not in answer.content


def test_a_host_that_is_not_ours_is_a_problem() -> None:
    the_problem(Browser().get("/api/v1/schema/", headers={"Host": "evil.example"}), 400)


def test_problems_speak_the_language_of_the_person_else_of_the_program(world: World) -> None:
    member = world.people["member"]
    english = the_problem(Program(member).get("/api/v1/projects/NORD/"), 404)
    member.language = "ru"
    member.save()
    answer = Program(member).get("/api/v1/projects/NORD/", headers={"Accept-Language": "en"})
    russian = the_problem(answer, 404)
    assert english["title"] != russian["title"] == "Не найдено"
    assert answer["Content-Language"] == "ru"
    anonymous = the_problem(Browser().get("/api/v1/me/", headers={"Accept-Language": "ru"}), 401)
    assert anonymous["title"] == "Вы не вошли"


def test_links_begin_with_base_url_whatever_host_was_asked(world: World, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    member = Program(world.people["owner"])
    make_project(world.client, code="TWO")
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    page = member.get("/api/v1/projects/?page_size=1", headers=headers)
    assert page.json()["next"] == f"{settings.BASE_URL}/api/v1/projects/?page_size=1&page=2"
    assert b"evil" not in page.content


@pytest.fixture
def narrow(settings: Settings) -> Any:
    settings.API_RATES = {"person": "3/min", "address": "2/min"}
    cache.clear()
    yield
    cache.clear()


def _asked(browsers: list[Browser], path: str = "/api/v1/me/") -> list[int]:
    return [browser.get(path).status_code for browser in browsers]


def test_a_person_may_ask_so_often_with_however_many_tokens(narrow: None, world: World) -> None:
    one, other = Program(world.people["member"]), Program(world.people["member"])
    assert _asked([one, other, one, other]) == [200, 200, 200, 429]
    answer = one.get("/api/v1/me/")
    the_problem(answer, 429)
    assert 0 < int(answer["Retry-After"]) <= 60
    assert _asked([Program(world.people["owner"])]) == [200]


def test_who_guesses_tokens_is_counted_by_address(narrow: None, db: None) -> None:
    guesses = [Browser(headers={"Authorization": f"Bearer cxp_{n}"}) for n in range(3)]
    assert _asked(guesses) == [401, 401, 429]


def test_without_redis_the_api_answers_and_still_counts(
    narrow: None, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey?db=0"}}
    monkeypatch.setattr(steady_cache, "_down_until", 0.0)
    monkeypatch.setattr(steady_cache, "PAUSE", 300.0)
    assert _asked([Program(world.people["member"])] * 4) == [200, 200, 200, 429]
