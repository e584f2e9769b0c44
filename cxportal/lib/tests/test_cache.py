from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings

from cxportal.lib import cache as steady_cache


@pytest.fixture
def redis_down(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey?db=0"}}
    monkeypatch.setattr(steady_cache, "_down_until", 0.0)
    yield
    cache.clear()


def use_everything() -> None:
    cache.set("a", 1)
    assert cache.get("a") == 1
    assert not cache.add("a", 2)
    assert cache.incr("a") == 2
    assert "a" in cache
    assert cache.touch("a", 60)
    assert cache.set_many({"b": 3, "c": 4}) == []
    assert cache.get_many(["a", "b", "c"]) == {"a": 2, "b": 3, "c": 4}
    assert cache.get_or_set("d", lambda: 5) == 5
    assert cache.delete("a")
    cache.delete_many(["b", "c"])
    assert cache.get("b", "gone") == "gone"


def test_the_cache_works_with_redis() -> None:
    use_everything()
    cache.delete("d")


def test_the_cache_works_without_redis(redis_down: None) -> None:
    use_everything()


def test_a_redis_that_is_back_is_used_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, redis_down: None
) -> None:
    cache.set("only-in-memory", 1)
    assert cache.get("only-in-memory") == 1
    monkeypatch.setattr(steady_cache, "_down_until", 0.0)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    assert cache.get("only-in-memory") is None
