"""Bad addresses: every parameter a page reads from its query, and every argument of a route, at its extremes."""

from __future__ import annotations

import inspect
import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client as Browser
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from conftest import SignedIn
from tests.bad_input.drive import error_of, fingerprint
from tests.bad_input.monsters import BEYOND_BIGINT, HUGE, LONG, SCRIPT
from tests.bad_input.routes import ONLY_SHOWN, QUERIES
from tests.matrix import MATRIX
from tests.test_access_matrix import routes
from tests.world import World

pytestmark = pytest.mark.django_db

# As they stand in an address, quoted.
VALUES = [
    "abc", "-1", str(10**30), HUGE[:4400], "%00", "1%00", "%FF%ED%A0%80", quote("٣²\u202e"), quote(SCRIPT),
    "u" + "9" * 30, "999:999,waiting:-1,:,,1:" + "9" * 40, "//evil.example/", "/%5Cevil.example",
]  # fmt: skip
MORE_VALUES = [
    "", "0", "1000000000", BEYOND_BIGINT, "1e9", "NaN", quote("1\u200b"), quote("²"), "u1,p1", "p-1", "x" * 3000,
    quote("%s{0}%(a)s"), quote("\\' OR 1=1 --"), "https:evil.example", "HOUSE-", "HOUSE-" + "9" * 12, "%2B2AA-",
]  # fmt: skip
if LONG:
    VALUES += MORE_VALUES
MANY = 3000  # parameters in one address


def getting() -> list[str]:
    """Names of the routes that answer a GET."""
    named = {
        name
        for path, name in routes()
        if not path.startswith("admin/") and (name not in MATRIX or "get" in MATRIX[name].methods)
    }
    return sorted(named - ONLY_SHOWN)


def visitor(name: str, world: World) -> Browser:
    allow = MATRIX[name].allow if name in MATRIX else {"anonymous"}
    who = next(one for one in ("manager", "owner", "anonymous") if one in allow)
    browser = Browser() if who == "anonymous" else SignedIn(world.people[who])
    browser.raise_request_exception = False
    return browser


def own(name: str, world: World) -> dict[str, Any]:
    if name == "account_reset_password_from_key":
        return {"uidb36": "1", "key": "x-y"}
    return MATRIX[name].own(world) if name in MATRIX else {}


@pytest.mark.parametrize("name", getting())
def test_a_bad_query_breaks_no_page_and_changes_nothing(name: str, world: World) -> None:
    url = reverse(name, kwargs=own(name, world))
    browser = visitor(name, world)
    browser.get(url)
    meant = MATRIX[name].answers if name in MATRIX else frozenset()
    before, wrong = fingerprint(), []
    for parameter in QUERIES.get(name, ("page",)):
        for value in VALUES if name in QUERIES else VALUES[:5]:
            for htmx in (False, True) if parameter in {"column", "page"} else (False,):
                headers = {"HX-Request": "true"} if htmx else {}
                response = browser.get(f"{url}?{parameter}={value}", headers=headers)
                body = b"" if response.streaming else response.content
                if response.status_code >= 500 and response.status_code not in meant:
                    wrong.append(f"{parameter}={value[:40]}: {error_of(response)}")
                if b"<script>alert(1)" in body:
                    wrong.append(f"{parameter}={value[:40]}: echoes markup")
                if _leads_away(response.headers.get("Location", "")):
                    wrong.append(f"{parameter}={value[:40]}: leads to {response.headers['Location']}")
    assert not wrong, f"{url}\n" + "\n".join(wrong)
    assert fingerprint() == before


def _leads_away(location: str) -> bool:
    """As a browser reads it: a backslash is a slash to it."""
    return bool(urlsplit(location.replace("\\", "/")).netloc)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_all_parameters_together_and_many_times_break_no_page(name: str, world: World) -> None:
    url = reverse(name, kwargs=own(name, world))
    browser = visitor(name, world)
    for value in ("1%00", BEYOND_BIGINT):
        query = "&".join(f"{parameter}={value}" for parameter in QUERIES[name] for _twice in range(2))
        assert browser.get(f"{url}?{query}").status_code < 500
    many = "&".join(f"{QUERIES[name][0]}={number}" for number in range(MANY))
    assert browser.get(f"{url}?{many}").status_code in {200, 302, 413}


def test_every_parameter_a_view_reads_is_driven() -> None:
    """Looks into the source of each view module: a name read from `request.GET` stands in QUERIES."""
    driven = {parameter for parameters in QUERIES.values() for parameter in parameters}
    read: set[str] = set()
    for module in {inspect.getmodule(inspect.unwrap(view)) for view in _views(get_resolver())}:
        if module is not None and not module.__name__.startswith(("django.", "allauth.")):
            source = inspect.getsource(module)
            read |= set(re.findall(r"""GET(?:\.get(?:list)?\(|\[)["'](\w+)""", source))
            read |= set(re.findall(r"""["'](\w+)["'] in request\.GET""", source))
    assert read
    assert read <= driven, "add these to QUERIES in tests/bad_input/routes.py"


def _views(resolver: URLResolver) -> list[Any]:
    found = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver) and not str(pattern.pattern).startswith("admin/"):
            found += _views(pattern)
        elif isinstance(pattern, URLPattern):
            found.append(pattern.callback)
    return found


# --- The path itself ------------------------------------------------------------------------------

EXTREMES: dict[str, list[Any]] = {
    "pk": [0, 2**31, 2**63 - 1, 2**63, 10**30, int("9" * 400)],
    "number": [0, 2**31, 2**63, 10**30],
    "code": ["x", "house", "H" * 500, "HOUSE-1", "__"],
    "uid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "token": ["x", "a:b:c", "x" * 3000, "%s", "é\u202e", "..", "x" * 100_000],
    "uidb36": ["0", "zzzzzzzzzzzzz", "Z" * 300],
    "key": ["x", "x-y", "set-password", "é\x00", "x" * 5000],
}
# Where a text may stand: what no name can be.
ODD = ["%00", "%FF", "HOUSE%00", "%E2%80%AE", "%2e%2e", "a%20b", "%27%22%3C", "%F0%9F%8F%A0"]


def with_arguments() -> list[str]:
    return sorted(name for path, name in routes() if "<" in path and not path.startswith("admin/"))


@pytest.mark.parametrize("name", with_arguments())
def test_arguments_at_their_extremes_are_not_found(name: str, world: World) -> None:
    browser = visitor(name, world)
    kwargs = own(name, world)
    assert set(kwargs) <= set(EXTREMES), "a new kind of argument: say in EXTREMES what its extremes are"
    before, wrong = fingerprint(), []
    for argument, values in EXTREMES.items():
        for value in values if argument in kwargs else ():
            try:
                url = reverse(name, kwargs={**kwargs, argument: value})
            except NoReverseMatch:
                continue
            for method in ("get", "post"):
                response = getattr(browser, method)(url)
                fine = {404, 405} | (
                    {200, 302, 422} if name.startswith("account_") or value == "house" else set()
                )
                if value == "house" and response.status_code < 500:
                    continue
                if response.status_code not in fine:
                    wrong.append(f"{method} {url[:80]}: {response.status_code}")
    assert not wrong, "\n".join(wrong)
    assert fingerprint() == before or name.startswith("account_") or "code" in kwargs


@pytest.mark.parametrize(
    "path", ["projects/{}/", "projects/{}/weekly/", "projects/{}/questions/", "weekly/stop/{}/", "questions/{}/",
             "files/{}/", "projects/HOUSE/tasks/{}/", "accounts/password/reset/key/{}-{}/", "{}"],
)  # fmt: skip
def test_odd_characters_in_a_path_are_not_found(path: str, world: World) -> None:
    browser = SignedIn(world.people["manager"])
    browser.raise_request_exception = False
    for odd in ODD:
        response = browser.get("/" + path.format(odd, odd))
        fine = {404, 200} if path.startswith("accounts/") else {404}
        assert response.status_code in fine, (path, odd, response.status_code)
