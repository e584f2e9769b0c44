"""Words that stand only where a client person must not read: no answer of any route may carry them."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from conftest import SignedIn
from tests.matrix import CLIENTS, MATRIX
from tests.world import FOREIGN_CANARY, INTERNAL_CANARY, PRIVATE_CANARY, World


def _content(response: Any) -> bytes:
    body: bytes = b"".join(response.streaming_content) if response.streaming else response.content
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    return body + repr(headers).encode()


@pytest.mark.parametrize("name", sorted(name for name, line in MATRIX.items() if "get" in line.methods))
def test_no_page_tells_a_client_person_what_is_not_theirs(name: str, world: World) -> None:
    line = MATRIX[name]
    url = reverse(name, kwargs=line.own(world)) + line.query
    for who in sorted(CLIENTS):
        browser = SignedIn(world.people[who])
        for headers in ({}, {"HX-Request": "true"}):
            content = _content(browser.get(url, headers=headers))
            assert INTERNAL_CANARY.encode() not in content, (who, url)
            assert FOREIGN_CANARY.encode() not in content, (who, url)
            if who != "owner":
                assert PRIVATE_CANARY.encode() not in content, (who, url)


@pytest.mark.parametrize("word", [INTERNAL_CANARY, FOREIGN_CANARY, PRIVATE_CANARY])
@pytest.mark.parametrize(
    "name", sorted(name for name, line in MATRIX.items() if "get" in line.methods and line.search)
)
def test_a_search_for_it_looks_like_a_search_for_nothing(name: str, word: str, world: World) -> None:
    """Search, filters and counts are no oracle: the answer is that of a word nobody ever wrote."""
    line = MATRIX[name]
    browser = SignedIn(world.people["member"])
    url = reverse(name, kwargs=line.own(world))
    asked = _content(browser.get(url, {line.search: word})).replace(word.encode(), b"")
    nothing = "n" * len(word)
    unknown = _content(browser.get(url, {line.search: nothing})).replace(nothing.encode(), b"")
    assert _without_changing(asked) == _without_changing(unknown)


def _without_changing(content: bytes) -> list[bytes]:
    """The lines that do not carry what is new in each answer: nonces, form keys, tokens."""
    return [
        line
        for line in content.splitlines()
        if not any(mark in line for mark in (b"nonce", b"csrf", b"form_key", b"CSRF"))
    ]
