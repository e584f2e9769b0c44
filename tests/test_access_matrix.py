"""Drives every route with every kind of person, and fails on a route nobody listed in tests/matrix.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from clients.tokens import make_token
from conftest import SignedIn
from tests.matrix import CLIENTS, GUARDED_TREES, MATRIX, SIGNED_IN, Line
from tests.world import World

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(path, name) of every route of the installation."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.name or ""


ROUTES_OF_API = sorted(name for path, name in routes() if path.startswith("api/v1/"))


def test_every_route_is_listed() -> None:
    unlisted = {
        (path, name)
        for path, name in routes()
        if name not in MATRIX and not path.startswith(tuple(GUARDED_TREES))
    }
    assert not unlisted, "add these to tests/matrix.py"


def test_every_line_is_a_route() -> None:
    assert not set(MATRIX) - {name for _, name in routes()}


@pytest.fixture
def browsers(world: World) -> dict[str, Browser]:
    signed_in: dict[str, Browser] = {who: SignedIn(user) for who, user in world.people.items()}
    for browser in signed_in.values():
        browser.raise_request_exception = False
    return {**signed_in, "anonymous": Browser(raise_request_exception=False)}


@pytest.fixture
def programs(world: World) -> dict[str, Browser]:
    """The same people, who ask with a token instead of a session."""
    tokens = {
        who: make_token(user=user, name="Script", scope="write", days=7)[1]
        for who, user in world.people.items()
    }
    return {
        who: Browser(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
        for who, token in tokens.items()
    }


def _call(browser: Browser, method: str, url: str, line: Line, world: World) -> Any:
    if method == "post" and line.body is not None:
        return browser.post(url, line.body(world), content_type="application/json")
    if method == "post":
        return browser.post(url, line.data)
    return getattr(browser, method)(url)


def _expected(line: Line, who: str, method: str) -> str:
    allow = line.allow
    if method == "post" and line.post_allow is not None:
        allow = line.post_allow
    if who in allow:
        return "in"
    if who == "anonymous":
        return "login"
    if who in line.deny or who in line.allow:
        return "403"
    return "404"


def _got(response: Any, answers: frozenset[int] = frozenset()) -> str:
    """What an answer says about access: "in", "login", "403", "404", "405" or the failing status."""
    status = response.status_code
    if status == 302 and response.headers["Location"].startswith("/accounts/login/"):
        return "login"
    if status == 401:
        return "login"
    if status in {403, 404, 405}:
        return str(status)
    return "in" if status < 400 or status in {400, 409, 413, 422} | answers else f"failed with {status}"


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_route(name: str, world: World, browsers: dict[str, Browser]) -> None:
    _drive(name, world, browsers)


@pytest.mark.parametrize("name", ROUTES_OF_API)
def test_route_with_a_token(name: str, world: World, programs: dict[str, Browser]) -> None:
    _drive(name, world, programs)


def _drive(name: str, world: World, browsers: dict[str, Browser]) -> None:
    line = MATRIX[name]
    url = reverse(name, kwargs=line.own(world)) + line.query
    wrong = []
    used = False
    for who, browser in browsers.items():
        for method in METHODS:
            got = _got(_call(browser, method, url, line, world), line.answers)
            expected = _expected(line, who, method)
            driven = method in line.methods or (method == "head" and "get" in line.methods)
            acceptable = {expected} if driven else {expected, "405", "404", "403", "login"} - {"in"}
            if line.uses_up and driven and who in line.allow and used:
                acceptable |= {"404"}
            used = used or (driven and got == "in")
            if got not in acceptable:
                wrong.append(f"{who} {method}: {got}, not {expected if driven else '405'}")
    assert not wrong, f"{name} {url}\n" + "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(name for name, line in MATRIX.items() if line.internal))
def test_internal_objects_do_not_exist_for_clients(
    name: str, world: World, browsers: dict[str, Browser], programs: dict[str, Browser]
) -> None:
    line = MATRIX[name]
    assert line.internal
    url = reverse(name, kwargs=line.internal(world)) + line.query
    wrong = [
        f"{who} {method}: {got}"
        for asking in (browsers, programs if name in ROUTES_OF_API else {})
        for who in asking.keys() & (CLIENTS | {"stranger", "outsider"})
        for method in line.methods
        if (got := _got(_call(asking[who], method, url, line, world))) != "404"
    ]
    assert not wrong, f"{name} {url}\n" + "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(name for name, line in MATRIX.items() if line.foreign))
def test_a_child_of_another_parent_does_not_exist(
    name: str, world: World, browsers: dict[str, Browser], programs: dict[str, Browser]
) -> None:
    line = MATRIX[name]
    wrong = []
    for kwargs in line.foreign:
        url = reverse(name, kwargs=kwargs(world)) + line.query
        for asking in (browsers, programs if name in ROUTES_OF_API else {}):
            for who in asking.keys() & (SIGNED_IN - {"manager", "admin", "stranger", "outsider"}):
                for method in line.methods:
                    got = _got(_call(asking[who], method, url, line, world))
                    if got != "404":
                        wrong.append(f"{who} {method} {url}: {got}")
    assert not wrong, f"{name}\n" + "\n".join(wrong)


def test_the_admin_is_for_administrators(world: World, browsers: dict[str, Browser]) -> None:
    for who, browser in browsers.items():
        for path in (
            "/admin/",
            "/admin/clients/user/",
            "/admin/notifications/outgoingmail/",
            "/admin/system/",
        ):
            got = browser.get(path).status_code
            if who == "admin":
                assert got in {200, 404}, (who, path, got)
            else:
                assert got in {302, 403}, (who, path, got)
