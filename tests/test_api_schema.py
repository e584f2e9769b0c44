"""The API keeps what its description promises, whatever is sent: schemathesis drives the real application.

For each kind of person: first the cases that schemathesis derives from the description itself (each boundary, each
wrong type, each method that is not described), then random ones. Ids in addresses are real in half of them.

    SCHEMATHESIS_EXAMPLES=500 script/test tests/test_api_schema.py

tries more, and others each time.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from pytest_django import Settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import GenerationConfig, ProjectsConfig, SchemathesisConfig

from clients.tokens import make_token
from cxportal.portal.api.description import description
from tests.factories import PASSWORD
from tests.world import World

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES") or 0)
load_all_checks()
# Besides these there are checks of what we do not promise: that all that fits the description is accepted (a column
# of another project fits, and is refused), and those that need a second request.
PROMISES = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
    )
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture(scope="module")
def api() -> Any:
    config = SchemathesisConfig(
        projects=ProjectsConfig.from_dict(
            {"generation": {"with-security-parameters": False, "database": "none"}}
        )
    )
    schema = schemathesis.openapi.from_dict(description(), config=config)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # no static files were collected
        application = get_wsgi_application()

    def from_somewhere(environ: dict[str, Any], start_response: Any) -> Any:
        return application({"REMOTE_ADDR": "127.0.0.1", **environ}, start_response)

    schema.app = from_somewhere
    return schema


@pytest.fixture(autouse=True)
def many_attempts(settings: Settings) -> None:
    """The limits at the door have tests of their own; here they would hide what is behind them."""
    settings.ACCOUNT_RATE_LIMITS = {"login": "100000/m/ip", "login_failed": "100000/m/ip"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The application would put the connection away after each request, and with it the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def operations(api: Any) -> Iterator[Any]:
    for result in api.get_all_operations():
        yield result.ok()


def real_parts(operation: Any, world: World) -> dict[str, Any]:
    """Ids of the reader's own world for the address of `operation`."""
    uid = (
        world.thread.messages.earliest("pk").uid if "/messages/{uid}" in operation.path else world.thread.uid
    )
    known = {"code": world.house.code, "number": world.task.number, "uid": str(uid)}
    return {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}


def sent_as(world: World, who: str) -> Any:
    """A function that sends one case with a fresh token of theirs, and fails on a broken promise."""
    _token, secret = make_token(user=world.people[who], name="Schemathesis", scope="write", days=7)
    headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}

    def send(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=PROMISES)

    return send


PEOPLE = ("member", "owner", "specialist", "manager")


@pytest.mark.parametrize("who", PEOPLE)
def test_cases_made_from_the_description(who: str, world: World, api: Any) -> None:
    """Each case is sent by one of the four, in turn; by each of them where more examples are wanted."""
    count = 0
    api.coverage_unexpected_methods_seen.clear()
    for operation in operations(api):
        send = sent_as(world, who)
        parts = real_parts(operation, world)
        cases = api.iter_coverage_cases(
            operation, generation_modes=list(MODES), generation_config=GenerationConfig(codec="utf-8")
        )
        for number, case in enumerate(cases):
            if not EXAMPLES and number % len(PEOPLE) != PEOPLE.index(who):
                continue
            send(case)
            count += 1
            if parts and case.meta.generation.mode == GenerationMode.POSITIVE:
                case.path_parameters = parts
                send(case)
    assert count > 100, "schemathesis made hardly any cases"


@pytest.mark.parametrize("who", PEOPLE)
def test_random_cases(who: str, world: World, api: Any) -> None:
    for operation in operations(api):
        send = sent_as(world, who)
        real = real_parts(operation, world)
        for parts in (real, None) if EXAMPLES or who == "member" else (real,):
            for mode in MODES:
                cases = operation.as_strategy(generation_mode=mode, path_parameters=parts)
                with suppress(Unsatisfiable):  # nothing that could be wrong
                    _random(cases, send)


def _random(cases: Any, send: Any) -> None:
    @settings(
        max_examples=EXAMPLES or 2,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
    )
    @given(case=cases)
    def run(case: Any) -> None:
        send(case)

    run()


def test_the_owner_of_a_password_gets_a_token_that_fits_the_description(world: World, api: Any) -> None:
    owner = world.people["owner"]
    owner.set_password(PASSWORD)
    owner.save()
    operation = api["/api/v1/login/"]["POST"]
    case = operation.Case(body={"email": owner.email, "password": PASSWORD}, media_type="application/json")
    response = case.call_and_validate(checks=PROMISES)
    assert response.status_code == 201, response.text


def test_the_description_speaks_of_operations_not_of_our_code() -> None:
    told = str(description())
    assert "subclass" not in told
    assert "OPTIONS is not answered" not in told
    for path, methods in description()["paths"].items():
        assert all(operation.get("summary") for operation in methods.values()), path
