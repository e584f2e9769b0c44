from __future__ import annotations

from collections.abc import Callable

import pytest

from cxportal.lib import sharing as module
from cxportal.lib.sharing import shared, sharing


def numbers() -> Callable[[], int]:
    counter = iter(range(1000))
    return lambda: next(counter)


def test_outside_of_sharing_everything_is_found_anew() -> None:
    find = numbers()
    assert [shared("key", find), shared("key", find)] == [0, 1]


def test_what_was_found_for_a_key_serves_again() -> None:
    find = numbers()
    with sharing():
        assert [shared("key", find), shared("key", find), shared("other", find)] == [0, 0, 1]


def test_nothing_outlasts_its_sharing() -> None:
    find = numbers()
    with sharing():
        assert shared("key", find) == 0
    with sharing():
        assert shared("key", find) == 1


def test_after_a_second_it_is_found_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    find, now = numbers(), [100.0]
    monkeypatch.setattr("cxportal.lib.sharing.time.monotonic", lambda: now[0])
    with sharing():
        assert shared("key", find) == 0
        now[0] += 1
        assert shared("key", find) == 0
        now[0] += 0.01
        assert shared("key", find) == 1


def test_no_more_than_some_are_kept() -> None:
    find = numbers()
    with sharing():
        for key in range(module.MOST + 1):
            shared(key, find)
        assert shared(0, find) == module.MOST + 1
